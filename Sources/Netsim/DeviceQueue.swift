import Foundation
import Synchronization

/// The threads that do the work of devices: few for all of them, one job of a device at a time.
final class DeviceCrew: Sendable {
    private let ready = Mutex<[DeviceQueue]>([])
    private let wake = DispatchSemaphore(value: 0)
    private let isStopped = Atomic(false)

    private let threadCount: Int

    init(threads: Int) {
        threadCount = max(1, threads)
        for _ in 0..<threadCount {
            let thread = Thread { [self] in work() }
            thread.name = "netsim-device"
            thread.stackSize = 8 << 20
            thread.start()
        }
    }

    /// Ends the threads once they are idle; jobs not begun are dropped.
    func stop() {
        isStopped.store(true, ordering: .releasing)
        for _ in 0..<threadCount { wake.signal() }
    }

    func post(_ queue: DeviceQueue) {
        ready.withLock { $0.append(queue) }
        wake.signal()
    }

    private func work() {
        while true {
            wake.wait()
            if isStopped.load(ordering: .acquiring) { return }
            let queue = ready.withLock { $0.isEmpty ? nil : $0.removeFirst() }
            // One job, then the next device's turn.
            if let queue, queue.runOne() { post(queue) }
        }
    }
}

/// The jobs of one device, in order.
final class DeviceQueue: Sendable {
    typealias Job = @Sendable () -> Void

    private struct State {
        var jobs: [Job] = []
        var isScheduled = false
        var processorTime: Int64 = 0
    }

    /// What the jobs of this device have taken so far, in microseconds of CPU.
    var processorTime: Int64 { state.withLock(\.processorTime) }

    private let crew: DeviceCrew
    private let state = Mutex(State())

    init(crew: DeviceCrew) { self.crew = crew }

    func run(_ job: @escaping Job) {
        let isNew = state.withLock { state in
            state.jobs.append(job)
            defer { state.isScheduled = true }
            return !state.isScheduled
        }
        if isNew { crew.post(self) }
    }

    /// Runs a job later; the device goes on with others meanwhile.
    func run(after milliseconds: Int, _ job: @escaping Job) {
        guard milliseconds > 0 else { return run(job) }
        DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(milliseconds)) { [self] in run(job) }
    }

    /// Whether there is more to do.
    func runOne() -> Bool {
        guard let job = state.withLock({ $0.jobs.isEmpty ? nil : $0.jobs.removeFirst() }) else { return false }
        let start = Self.threadTime()
        job()
        let time = Self.threadTime() - start
        return state.withLock { state in
            state.processorTime += time
            state.isScheduled = !state.jobs.isEmpty
            return state.isScheduled
        }
    }

    /// Work for the device on another thread, which needs no turn: counts as its own.
    func measured<Result>(_ work: () -> Result) -> Result {
        let start = Self.threadTime()
        let result = work()
        let time = Self.threadTime() - start
        state.withLock { $0.processorTime += time }
        return result
    }

    private static func threadTime() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000
    }
}
