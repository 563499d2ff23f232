import Foundation
import Synchronization

/// Runs an asynchronous function on the calling thread until it returns.
///
/// The certificate library's verifier is asynchronous although it waits for nothing. Its steps run here, on the thread
/// that asked, so that nothing depends on a free thread in the cooperative pool.
final class CallerThreadExecutor: TaskExecutor {
    private let jobs = Mutex([UnownedJob]())
    private let wake = DispatchSemaphore(value: 0)

    static func run<Value: Sendable>(_ body: @escaping @Sendable () async -> Value) -> Value {
        let executor = CallerThreadExecutor()
        let result = Result<Value>()
        Task(executorPreference: executor) {
            let value = await body()
            result.value.withLock { $0 = value }
            executor.wake.signal()
        }
        while true {
            executor.runJobs()
            if let value = result.value.withLock({ $0 }) { return value }
            executor.wake.wait()
        }
    }

    private final class Result<Value: Sendable>: Sendable {
        let value = Mutex<Value?>(nil)
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let unowned = UnownedJob(job)
        jobs.withLock { $0.append(unowned) }
        wake.signal()
    }

    private func runJobs() {
        while let job = jobs.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) {
            job.runSynchronously(on: asUnownedTaskExecutor())
        }
    }
}
