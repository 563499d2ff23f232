import Synchronization

/// How many bytes of text the devices of a model may keep besides their configurations: many devices would keep as much
/// again as they hold.
final class TextBudget: Sendable {
    private let left: Atomic<Int>
    /// A longer text is made anew each time.
    private static let longest = 256 << 10

    init(bytes: Int = 24 << 20) { left = Atomic(bytes) }

    /// Whether a text of that length may be kept; it counts until it is given back.
    func take(_ count: Int) -> Bool {
        guard count <= Self.longest else { return false }
        if left.subtract(count, ordering: .relaxed).newValue >= 0 { return true }
        giveBack(count)
        return false
    }

    func giveBack(_ count: Int) { left.add(count, ordering: .relaxed) }
}
