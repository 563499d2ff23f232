import Foundation

/// A value behind a lock that goes to whoever runs, for what dozens of threads want at once and hold for a moment.
///
/// `Synchronization.Mutex` on Linux is handed to the thread that waits longest (a futex with priority inheritance): until
/// the system lets that one run nobody has it, those who come meanwhile queue, and while they keep coming the queue does
/// not end. With a hundred threads on two processors that cost more than what the lock guards.
package final class BargingMutex<Value: Sendable>: @unchecked Sendable {
    private let lock = NSLock()
    private var value: Value

    package init(_ value: Value) { self.value = value }

    /// Runs `body` alone; it must neither wait nor take the lock again.
    package func withLock<Result, Failure: Error>(
        _ body: (inout Value) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        lock.lock()
        defer { lock.unlock() }
        return try body(&value)
    }
}
