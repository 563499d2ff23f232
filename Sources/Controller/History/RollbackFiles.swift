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
    }

    private let directory: String
    /// How many files are kept; the thread never has more in hand.
    private let historySize: Int
    private let host: String
    private let report: @Sendable (String) -> Void
    private let state = Mutex(State())
    private let work = DispatchSemaphore(value: 0)
    private let ended = DispatchSemaphore(value: 0)

    init(directory: String, historySize: Int, host: String, report: @escaping @Sendable (String) -> Void) {
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
            run()
            ended.signal()
        }
        thread.name = "rollback-files"
        thread.stackSize = 4 << 20
        thread.start()
    }

    private func isWritten(_ id: Int) -> Bool {
        var info = stat()
        return stat(directory + "/" + Self.name(id), &info) == 0 && info.st_size > 0
    }

    func add(_ commit: CommitSummary, _ change: CommittedChange) {
        state.withLock { state in
            state.jobs.append(Job(commit: commit, change: change))
            if state.jobs.count > historySize { state.jobs.removeFirst() }
        }
        work.signal()
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
            while let job = state.withLock({ $0.jobs.isEmpty ? nil : $0.jobs.removeFirst() }) { write(job) }
            if state.withLock({ $0.isStopping }) { return }
        }
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

    private func removeOld(latest: Int) {
        var id = latest - historySize
        while id > 10_000, unlink(directory + "/" + Self.name(id)) == 0 { id -= 1 }
    }
}
