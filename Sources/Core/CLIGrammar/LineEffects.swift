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

    private(set) var changes: [Change] = []
    /// Whether something may have become empty (`cli-delete-when-empty`).
    private(set) var isDeletion = false

    init(_ parser: LineParser) {
        if parser.isNo { deletions(parser) } else { settings(parser) }
    }

    private mutating func settings(_ parser: LineParser) {
        resets(parser)
        for operation in parser.operations {
            switch operation {
            case .node(let frame):
                let node = parser.frames[frame].node
                if node.kind == .list || node.isPresence { changes.append(.create(frame: frame)) }
            case .leaf(let frame, let node, let value, _):
                changes.append(.set(frame: frame, node, value ?? .none))
            case .values(let frame, let node, let values):
                if node.has(.replaceAll) { changes.append(.remove(frame: frame, node, nil)) }
                changes.append(.add(frame: frame, node, values))
            case .list: break
            }
        }
    }

    /// Siblings that a sequence or `cli-reset-container` takes away when it is given anew.
    private mutating func resets(_ parser: LineParser) {
        for (index, frame) in parser.frames.enumerated() {
            let node = frame.content
            let isSequence = node.has(.sequence) && node.has([.resetSiblings, .resetAllSiblings])
            guard isSequence || node.children.hasResetContainer else { continue }
            let given = parser.operations.compactMap { Self.slot(of: $0, in: index, parser) }
            guard !given.isEmpty else { continue }
            let nodes = node.children.nodes
            if isSequence {
                let sequence = nodes.filter { !$0.isHeader && $0.isConfig }
                guard let first = sequence.first, given.contains(first.slot) else { continue }
                let end = node.has(.resetAllSiblings) ? nil : sequence.firstIndex { $0.has(.breakSequence) }
                for child in sequence[..<(end ?? sequence.count)] where !given.contains(child.slot) {
                    changes.append(.remove(frame: index, child, nil))
                }
            } else if given.contains(where: { nodes[$0].has(.resetContainer) }) {
                for child in nodes where child.kind == .leaf && !child.isHeader && !given.contains(child.slot) {
                    changes.append(.remove(frame: index, child, nil))
                }
            }
        }
    }

    /// The slot of a frame's child that an operation is about.
    private static func slot(of operation: LineOperation, in index: Int, _ parser: LineParser) -> Int? {
        switch operation {
        case .node(let frame): parser.frames[frame].parent == index ? parser.frames[frame].node.slot : nil
        case .leaf(let frame, let node, _, false), .values(let frame, let node, _): frame == index ? node.slot : nil
        default: nil
        }
    }

    private mutating func deletions(_ parser: LineParser) {
        isDeletion = true
        for operation in parser.operations {
            switch operation {
            case .leaf(let frame, let node, let value, false):
                if node.has(.booleanNo), let value {
                    changes.append(.set(frame: frame, node, value))
                } else if node.has(.deleteContainerOnDelete) {
                    changes.append(.removeNode(frame: frame))
                } else {
                    changes.append(.remove(frame: frame, node, value))
                }
            case .values(let frame, let node, let values):
                changes.append(
                    values.isEmpty ? .remove(frame: frame, node, nil) : .removeValues(frame: frame, node, values))
            case .list(let frame, let node): changes.append(.remove(frame: frame, node, nil))
            default: break
            }
        }
        guard changes.isEmpty, case .node(let last)? = parser.operations.last else { return }
        let node = parser.frames[last].node
        for operation in parser.operations {
            guard case .node(let frame) = operation, parser.frames[frame].node == node,
                parser.frames[frame].parent == parser.frames[last].parent
            else { continue }
            changes.append(.removeNode(frame: frame))
        }
    }
}
