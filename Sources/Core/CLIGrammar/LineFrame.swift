import ConfigTree

/// A place in the data that a line has reached: a container, list entry or mount point, and how far its content went.
///
/// Nodes and grammars outlive every line that is read with them: whoever reads holds the outermost grammar, which holds
/// the rest. So frames do not count references to them.
struct LineFrame {
    /// The node itself.
    unowned(unsafe) var node: CLINode
    /// The node of which the children can follow: the root of the mounted model at a mount point.
    unowned(unsafe) var content: CLINode
    /// The grammar to which `content` belongs.
    unowned(unsafe) var grammar: CLIGrammar
    /// Index of the frame around it; -1 for the mode in which the line begins.
    var parent: Int
    var keys: [String] = []
    /// Slot of the last child given on the line; -1 before the first.
    var position = -1
    /// How many operations there were when the frame was entered.
    var mark = 0
}

/// What a line says of one node, whether it sets or (after `no`) deletes it.
enum LineOperation {
    /// The container, list entry or mount point of that frame is named.
    case node(frame: Int)
    /// A leaf; without a value only after `no`. A header leaf stands before the keys of an entry.
    case leaf(frame: Int, CLINode, String?, isHeader: Bool)
    /// Values of a leaf-list; none only after `no`.
    case values(frame: Int, CLINode, [String])
    /// After `no`: all entries of a list.
    case list(frame: Int, CLINode)

    var frame: Int {
        switch self {
        case .node(let frame), .leaf(let frame, _, _, _), .values(let frame, _, _), .list(let frame, _): frame
        }
    }
}

/// Why a line could not be read: the fault that lies furthest to the right.
struct LineFault {
    enum Reason: Equatable {
        case unknown, incomplete, ambiguous, tooComplex
        /// The line crosses a mount point below which no model is known.
        case noModel
        case badValue(String)
    }

    var token: Int
    var reason: Reason
}

/// A key that names several entries: `ce0..3`, `*`.
struct RangeRequest {
    var token: Int
    var list: CLINode
    /// Which key.
    var key: Int
    var parent: Int
    /// The way to it, as it was when the key was met.
    var frames: [LineFrame]
}
