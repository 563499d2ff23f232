import Synchronization

/// Tells whoever waits what long work is at: a line for each `step` of bytes, so that short work says nothing. One piece
/// of work comes after the other.
package final class WorkMeter: Sendable {
    /// How many bytes make a line: what takes a second or so.
    package static let step = 32 << 20

    private struct Piece {
        var name = ""
        var done = 0
    }

    private let piece = Mutex(Piece())
    private let line: @Sendable (String) -> Void

    package init(_ line: @escaping @Sendable (String) -> Void = { _ in }) { self.line = line }

    /// - Parameter name: what is done to what: `unpacking router-cli-1.0`.
    func begin(_ name: String) { piece.withLock { $0 = Piece(name: name) } }

    func add(_ bytes: Int) {
        let text = piece.withLock { piece -> String? in
            let before = piece.done / Self.step
            piece.done += bytes
            guard piece.done / Self.step > before, !piece.name.isEmpty else { return nil }
            return "\(piece.name): \(piece.done >> 20) MiB"
        }
        if let text { line(text) }
    }

    /// A line of its own, for work that is known to be long.
    package func say(_ text: String) { line(text) }
}
