import ConfigTree
import YANG

/// What a line read does to the data, without saying how the data is held.
struct LineEffects {
    enum Change {
        /// A presence container or list entry comes into being.
        case create(frame: Int)
        case set(frame: Int, CLINode, CLIBytes)
        case add(frame: Int, CLINode, Range<Int>)
        /// A child goes; with a value, only if it has that one.
        case remove(frame: Int, CLINode, CLIBytes?)
        case removeValues(frame: Int, CLINode, Range<Int>)
        /// The container or entry of the frame itself goes.
        case removeNode(frame: Int)
    }

    private typealias Body = (Change) -> Void

    /// Hands on the changes in order.
    static func forEach(of parser: borrowing LineParser, _ body: (Change) -> Void) {
        if parser.isNo { deletions(parser, body) } else { settings(parser, body) }
    }

    private static func settings(_ parser: borrowing LineParser, _ body: Body) {
        for index in parser.frames.indices { resets(parser, index, body) }
        for operation in parser.operations {
            switch operation {
            case .node(let frame):
                let node = parser.frames[frame].node
                if node.kind == .list || node.isPresence { body(.create(frame: frame)) }
            case .leaf(let frame, let node, let value, _):
                body(.set(frame: frame, node, value ?? .none))
            case .values(let frame, let node, let values):
                if node.has(.replaceAll) { body(.remove(frame: frame, node, nil)) }
                body(.add(frame: frame, node, values))
            case .list: break
            }
        }
    }

    /// Siblings that a sequence or `cli-reset-container` takes away when it is given anew.
    private static func resets(_ parser: borrowing LineParser, _ index: Int, _ body: Body) {
        let node = parser.frames[index].content
        let isSequence = node.has(.sequence) && node.has([.resetSiblings, .resetAllSiblings])
        guard isSequence || node.children.hasResetContainer else { return }
        let nodes = node.children.nodes
        if isSequence {
            let first = nodes.first { isInSequence($0) }
            guard let first, isGiven(first.slot, in: index, parser) else { return }
            for child in nodes where isInSequence(child) {
                if child.has(.breakSequence), !node.has(.resetAllSiblings) { return }
                if !isGiven(child.slot, in: index, parser) { body(.remove(frame: index, child, nil)) }
            }
        } else if nodes.contains(where: { $0.has(.resetContainer) && isGiven($0.slot, in: index, parser) }) {
            for child in nodes where child.kind == .leaf && !child.isHeader && !isGiven(child.slot, in: index, parser) {
                body(.remove(frame: index, child, nil))
            }
        }
    }

    private static func isInSequence(_ node: CLINode) -> Bool { !node.isHeader && node.isConfig }

    /// Whether the line gives the child in `slot` of a frame.
    private static func isGiven(_ slot: Int, in index: Int, _ parser: borrowing LineParser) -> Bool {
        parser.operations.contains { operation in
            switch operation {
            case .node(let frame): parser.frames[frame].parent == index && parser.frames[frame].node.slot == slot
            case .leaf(let frame, let node, _, false), .values(let frame, let node, _):
                frame == index && node.slot == slot
            default: false
            }
        }
    }

    private static func deletions(_ parser: borrowing LineParser, _ body: Body) {
        var isLeafGone = false
        for operation in parser.operations {
            switch operation {
            case .leaf(let frame, let node, let value, false):
                if node.has(.booleanNo), let value {
                    body(.set(frame: frame, node, value))
                } else if node.has(.deleteContainerOnDelete) {
                    body(.removeNode(frame: frame))
                } else {
                    body(.remove(frame: frame, node, value))
                }
            case .values(let frame, let node, let values):
                body(values.isEmpty ? .remove(frame: frame, node, nil) : .removeValues(frame: frame, node, values))
            case .list(let frame, let node): body(.remove(frame: frame, node, nil))
            default: continue
            }
            isLeafGone = true
        }
        guard !isLeafGone, case .node(let last)? = parser.operations.last else { return }
        let node = parser.frames[last].node
        for operation in parser.operations {
            guard case .node(let frame) = operation, parser.frames[frame].node == node,
                parser.frames[frame].parent == parser.frames[last].parent
            else { continue }
            body(.removeNode(frame: frame))
        }
    }
}
