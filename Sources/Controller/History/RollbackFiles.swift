import Basics
import ControlProtocol
import Foundation
import Synchronization

/// Writes `rollbackN` for each commit, on a thread of its own, and keeps the latest.
///
/// The files are for people and scripts: whatever is done with a rollback reads the log. So a commit's answer does not
/// wait for its file, a crash loses no rollback, and a start writes what is missing.
final class RollbackFiles: Sendable {
    private struct Job: Sendable {
        var commit: CommitSummary
        var change: CommittedChange
    }

    private struct State: Sendable {
        var jobs: [Job] = []
        var isStopping = false
        var isRunning = false
        var isResealing = false
        /// Commits follow each other so fast that some have lost their files to later ones.
        var isFlooded = false
    }

    /// How long the thread lets a flood pass before it writes, in seconds, and how often: what it would write goes soon.
    private static let calm = 0.05
    private static let calmLimit = 40

    private let directory: String
    /// How many files are kept; the thread never has more in hand.
    private let historySize: Int
    private let host: String
    /// A text with its secrets under the keys in use; nil if they are.
    private let resealed: @Sendable (String) -> String?
    private let report: @Sendable (String) -> Void
    private let state = Mutex(State())
    private let work = DispatchSemaphore(value: 0)
    private let ended = DispatchSemaphore(value: 0)

    init(
        directory: String, historySize: Int, host: String, resealed: @escaping @Sendable (String) -> String?,
        report: @escaping @Sendable (String) -> Void
    ) {
        self.resealed = resealed
        self.directory = directory
        self.historySize = historySize
        self.host = host
        self.report = report
    }

    static func name(_ id: Int) -> String { "rollback\(id)" }

    /// Starts the thread. What the latest commits lack is written first, as far as `change` can tell it.
    func start(_ latest: [CommitSummary], change: @escaping @Sendable (CommitSummary) -> CommittedChange?) {
        let missing = latest.prefix(historySize).filter { !isWritten($0.id) }
        state.withLock { $0.isRunning = true }
        let thread = Thread { [self] in
            for commit in missing.reversed() where !state.withLock({ $0.isStopping }) {
                if let change = change(commit) { write(Job(commit: commit, change: change)) }
            }
            // A rotation of keys may have been cut off here.
            resealAll(latest)
            run()
            ended.signal()
        }
        thread.name = "rollback-files"
        thread.stackSize = 4 << 20
        thread.start()
    }

    private func isWritten(_ id: Int) -> Bool {
        (try? FileStatus(path: directory + "/" + Self.name(id)))?.size ?? 0 > 0
    }

    func add(_ commit: CommitSummary, _ change: CommittedChange) {
        state.withLock { state in
            state.jobs.append(Job(commit: commit, change: change))
            if state.jobs.count > historySize {
                state.jobs.removeFirst()
                state.isFlooded = true
            }
        }
        work.signal()
    }

    /// Rewrites the files that have secrets under keys that are no longer in use.
    func reseal() {
        state.withLock { $0.isResealing = true }
        work.signal()
    }

    private func resealAll(_ latest: [CommitSummary]? = nil) {
        let names =
            latest?.prefix(historySize).map { Self.name($0.id) }
            ?? ((try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []).filter { name in
                name.hasPrefix("rollback") && Int(name.dropFirst("rollback".count)) != nil
            }
        for name in names {
            let path = directory + "/" + name
            guard let text = try? String(contentsOfFile: path, encoding: .utf8), let new = resealed(text) else {
                continue
            }
            do { try DurableFiles.replace(path, with: Array(new.utf8), mode: 0o600) } catch {
                report("\(error); the file keeps its secrets under the keys before")
            }
        }
    }

    /// Writes what is in hand and ends the thread.
    func stop() {
        let isRunning = state.withLock { state in
            state.isStopping = true
            defer { state.isRunning = false }
            return state.isRunning
        }
        guard isRunning else { return }
        work.signal()
        ended.wait()
    }

    private func run() {
        while true {
            work.wait()
            let wasFlooded = letFloodPass()
            while let job = state.withLock({ $0.jobs.isEmpty ? nil : $0.jobs.removeFirst() }) { write(job) }
            if wasFlooded { removeOld() }
            let isResealing = state.withLock { state in
                defer { state.isResealing = false }
                return state.isResealing
            }
            if isResealing { resealAll() }
            if state.withLock({ $0.isStopping }) { return }
        }
    }

    /// True if there was any.
    private func letFloodPass() -> Bool {
        func isFlooded() -> Bool {
            state.withLock { state in
                defer { state.isFlooded = false }
                return state.isFlooded && !state.isStopping
            }
        }
        guard isFlooded() else { return false }
        for _ in 0..<Self.calmLimit {
            Thread.sleep(forTimeInterval: Self.calm)
            if !isFlooded() { break }
        }
        return true
    }

    private func write(_ job: Job) {
        let text = RollbackText.text(job.commit, job.change, host: host)
        // No sync: what a crash takes away is written again, and a file under its name is whole.
        let path = directory + "/" + Self.name(job.commit.id)
        let isWritten = FileManager.default.createFile(
            atPath: path + ".new", contents: Data(text.utf8), attributes: [.posixPermissions: 0o600])
        if isWritten, rename(path + ".new", path) == 0 { return removeOld(latest: job.commit.id) }
        report("\(path): cannot write the file; the commit is in the log and can be rolled back without it")
    }

    /// Where files were left out, the older ones are not found one by one.
    private func removeOld() {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        let ids = names.compactMap { $0.hasPrefix("rollback") ? Int($0.dropFirst("rollback".count)) : nil }
        guard let latest = ids.max() else { return }
        for id in ids where id <= latest - historySize { unlink(directory + "/" + Self.name(id)) }
    }

    private func removeOld(latest: Int) {
        var id = latest - historySize
        while id > 10_000, unlink(directory + "/" + Self.name(id)) == 0 { id -= 1 }
    }
}
