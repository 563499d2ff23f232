import Foundation

/// The results of work that is done in any order and taken in the order of the work.
///
/// Invariant: no more than `window` results wait to be taken.
final class ResultLine: @unchecked Sendable {
    // @unchecked: everything that changes is touched with the condition's lock held.
    private let condition = NSCondition()
    private let count: Int
    private let window: Int
    private var begun = 0
    private var taken = 0
    private var waiting: [Int: DeviceResult] = [:]

    init(count: Int, window: Int) {
        self.count = count
        self.window = window
    }

    /// The next piece of work; nil when there is none. Waits while the one who takes is too far behind.
    func next() -> Int? {
        condition.lock()
        defer { condition.unlock() }
        while begun < count, begun >= taken + window { condition.wait() }
        guard begun < count else { return nil }
        defer { begun += 1 }
        return begun
    }

    func put(_ result: DeviceResult, at index: Int) {
        condition.lock()
        defer { condition.unlock() }
        waiting[index] = result
        condition.broadcast()
    }

    /// The result of the first piece of work that has not been taken yet.
    func takeFirst() -> DeviceResult {
        condition.lock()
        defer { condition.unlock() }
        while true {
            if let result = waiting.removeValue(forKey: taken) {
                taken += 1
                condition.broadcast()
                return result
            }
            condition.wait()
        }
    }
}
