import Foundation
import Synchronization

/// Brings news to a session in order, and waits until they are there: but not for a client that has stopped reading.
///
/// Whoever tells the news (an alarm, a broadcast, the daemon's end) must not hang on a terminal that somebody halted.
final class NewsDelivery: Sendable {
    private let queue = DispatchQueue(label: "session-news")
    private let state = Mutex<(waiting: Int, isStuck: Bool)>((waiting: 0, isStuck: false))

    private static let patience = DispatchTimeInterval.seconds(2)
    /// News beyond that are lost to a client that reads none of them.
    private static let limit = 1_000

    func deliver(_ work: @escaping @Sendable () -> Void) {
        let wasStuck: Bool? = state.withLock { state in
            guard state.waiting < Self.limit else { return nil }
            state.waiting += 1
            return state.isStuck
        }
        guard let wasStuck else { return }
        let isDelivered = DispatchSemaphore(value: 0)
        queue.async { [self] in
            work()
            state.withLock { state in
                state.waiting -= 1
                if state.waiting == 0 { state.isStuck = false }
            }
            isDelivered.signal()
        }
        guard !wasStuck, isDelivered.wait(timeout: .now() + Self.patience) == .timedOut else { return }
        state.withLock { if $0.waiting > 0 { $0.isStuck = true } }
    }
}
