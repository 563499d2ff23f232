import ConfigTree
import YANG

/// A place in the data that a line has reached: a container, list entry or mount point, and how far its content went.
///
/// Nodes and grammars outlive every line that is read with them: whoever reads holds the outermost grammar, which holds
/// the rest. So frames do not count references to them.
struct LineFrame {
    /// The node itself.
    var node: CLINode
    /// The node of which the children can follow: the root of the mounted model at a mount point.
    var content: CLINode
    private var grammarReference: Unmanaged<CLIGrammar>
    /// Index of the frame around it; -1 for the mode in which the line begins.
    var parent: Int
    /// The keys of a list entry, among the keys of the line.
    var keys = 0..<0
    /// Slot of the last child given on the line; -1 before the first.
    var position = -1
    /// How many operations there were when the frame was entered.
    var mark = 0

    init(node: CLINode, grammar: CLIGrammar, parent: Int) {
        self.node = node
        content = node
        grammarReference = .passUnretained(grammar)
        self.parent = parent
    }

    /// A container or list entry in another frame.
    init(node: CLINode, in frame: LineFrame, at parent: Int, keys: Range<Int>) {
        self = frame
        self.node = node
        content = node
        self.parent = parent
        self.keys = keys
        position = -1
    }

    /// The grammar to which `content` belongs.
    var grammar: CLIGrammar {
        get { grammarReference.takeUnretainedValue() }
        set { grammarReference = .passUnretained(newValue) }
    }

    /// As the mode in which further lines begin.
    var asBase: LineFrame {
        var base = self
        base.parent = -1
        base.keys = 0..<0
        base.position = -1
        base.mark = 0
        return base
    }
}

/// What a line says of one node, whether it sets or (after `no`) deletes it.
enum LineOperation {
    /// The container, list entry or mount point of that frame is named.
    case node(frame: Int)
    /// A leaf; without a value only after `no`. A header leaf stands before the keys of an entry.
    case leaf(frame: Int, CLINode, CLIBytes?, isHeader: Bool)
    /// Values of a leaf-list, among the values of the line; none only after `no`.
    case values(frame: Int, CLINode, Range<Int>)
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
    enum Reason {
        case unknown, incomplete, ambiguous, tooComplex
        /// The line crosses a mount point below which no model is known.
        case noModel
        /// A text that is no value of any leaf there.
        case badWord(CLIBytes)
        /// A text that a leaf refuses; the type says why, if somebody asks.
        case badValue(CLIBytes, LineFrame)
    }

    var token: Int
    var reason: Reason

    var isUnknown: Bool { if case .unknown = reason { true } else { false } }
}

extension LineFault {
    /// The fault in the operator's words.
    func message(_ line: CLILine) -> String {
        let word = token < line.tokens.count ? CLIText.string(line.text(token)) : ""
        switch reason {
        case .unknown: return token == 0 ? "unknown command" : "unknown argument: \(word)"
        case .noModel: return "no driver is loaded that knows what can stand here"
        case .incomplete: return "incomplete command"
        case .ambiguous: return "ambiguous: \(word)"
        case .tooComplex: return "too many ways to read the line"
        case .badWord(let text): return CLINode.invalid(CLIText.string(text))
        case .badValue(let text, let leaf):
            do throws(ValueError) {
                _ = try leaf.node.canonical(text, in: leaf.grammar.valueContext)
                return CLINode.invalid(CLIText.string(text))
            } catch {
                return error.message
            }
        }
    }
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
    var keys: [CLIBytes]
}
