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
        // For others nobody waits.
        if index == taken { condition.broadcast() }
    }

    /// The results of the first pieces of work that have not been taken yet: as many as there are without a gap, at least
    /// one.
    func takeFirst() -> [DeviceResult] {
        condition.lock()
        defer { condition.unlock() }
        while waiting[taken] == nil { condition.wait() }
        var results: [DeviceResult] = []
        while let result = waiting.removeValue(forKey: taken) {
            results.append(result)
            taken += 1
        }
        condition.broadcast()
        return results
    }
}
