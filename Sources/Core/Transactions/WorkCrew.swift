internal import Foundation
internal import Synchronization

/// Runs a piece of blocking work for each of some items on own threads, at most `limit` at a time.
package struct WorkCrew: Sendable {
    package let limit: Int

    package init(limit: Int) { self.limit = max(1, limit) }

    /// Returns when the work for every item has ended. Items are begun in order; one item runs on the caller's thread.
    package func run<Item: Sendable>(_ items: [Item], _ work: @escaping @Sendable (Item) -> Void) {
        let next = Mutex(0)
        let drain: @Sendable () -> Void = {
            while true {
                let index = next.withLock { index in
                    defer { index += 1 }
                    return index
                }
                guard index < items.count else { return }
                work(items[index])
            }
        }
        let helpers = min(limit, items.count) - 1
        guard helpers > 0 else { return drain() }
        let ended = DispatchSemaphore(value: 0)
        for _ in 0..<helpers {
            let thread = Thread {
                drain()
                ended.signal()
            }
            thread.stackSize = 8 << 20
            thread.start()
        }
        drain()
        for _ in 0..<helpers { ended.wait() }
    }
}
