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
        /// The entry with those keys goes from the list that a route leads to, if it is there.
        case removeEntry(frame: Int, CLIRoute, keys: Range<Int>)
        /// The container or entry of the frame goes if nothing is left in it.
        case vanish(frame: Int)
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
            let first = nodes.first { isInSequence($0, of: node) }
            guard let first, isGiven(first.slot, in: index, parser) else { return }
            for child in nodes where isInSequence(child, of: node) {
                if child.has(.breakSequence), !node.has(.resetAllSiblings) { return }
                if !isGiven(child.slot, in: index, parser) { body(.remove(frame: index, child, nil)) }
            }
        } else if nodes.contains(where: { $0.has(.resetContainer) && isGiven($0.slot, in: index, parser) }) {
            for child in nodes where child.kind == .leaf && !child.isHeader && !isGiven(child.slot, in: index, parser) {
                body(.remove(frame: index, child, nil))
            }
        }
    }

    /// Of a submode, the line that enters it is the sequence: what has lines of its own inside stays when that is given
    /// again.
    private static func isInSequence(_ node: CLINode, of owner: CLINode) -> Bool {
        !node.isHeader && node.isConfig && (!owner.isMode || node.has(.hideInSubmode))
    }

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
        var holders: [Int] = []
        for operation in parser.operations {
            switch operation {
            case .leaf(let frame, let node, let value, false):
                if node.has(.booleanNo), let value {
                    body(.set(frame: frame, node, value))
                    isLeafGone = true
                    continue
                }
                if node.has(.deleteContainerOnDelete) {
                    body(.removeNode(frame: frame))
                } else {
                    body(.remove(frame: frame, node, value))
                    if value == nil || node.isEmptyLeaf { namesakes(of: node, frame, parser, body) }
                }
            case .values(let frame, let node, let values):
                body(values.isEmpty ? .remove(frame: frame, node, nil) : .removeValues(frame: frame, node, values))
            case .list(let frame, let node): body(.remove(frame: frame, node, nil))
            default: continue
            }
            isLeafGone = true
            if let holder = operation.holder { holders.append(holder) }
        }
        if !holders.isEmpty { vanishing(parser, holders, body) }
        guard !isLeafGone, case .node(let last)? = parser.operations.last else { return }
        let node = parser.frames[last].node
        let parent = parser.frames[last].parent
        for operation in parser.operations {
            guard case .node(let frame) = operation, parser.frames[frame].node == node,
                parser.frames[frame].parent == parent
            else { continue }
            body(.removeNode(frame: frame))
            if node.kind == .list { namesakes(ofEntry: frame, parser, body) }
        }
        if node.kind == .container, parent >= 0 { namesakes(of: node, parent, parser, body) }
        vanishing(parser, [parent], body)
    }

    /// `no` and a name alone is about every form of it that a choice offers: `no set metric`, whichever metric is set.
    private static func namesakes(
        of node: CLINode, _ frame: Int, _ parser: borrowing LineParser, _ body: Body
    ) {
        let children = parser.frames[frame].content.children
        guard children.hasRivals, let rivals = children.rivals[node.slot] else { return }
        for slot in rivals where children.nodes[slot].word == node.word && !children.nodes[slot].has(.dropNodeName) {
            body(.remove(frame: frame, children.nodes[slot], nil))
        }
    }

    /// A device has one submode of a name, in whichever of several lists of that word the model keeps it: `no key chain
    /// x` is about the chain `x` of each kind.
    private static func namesakes(ofEntry entry: Int, _ parser: borrowing LineParser, _ body: Body) {
        let node = parser.frames[entry].node
        var start = parser.frames[entry].parent
        while start > 0, parser.frames[start].node.isWordlessContainer { start = parser.frames[start].parent }
        guard start >= 0 else { return }
        for route in parser.frames[start].content.children.routes(node.letters) {
            let other = route.target
            guard other != node, other.isMode, node.hasSameName(other) else { continue }
            body(.removeEntry(frame: start, route, keys: parser.frames[entry].keys))
        }
    }

    /// What cannot be there, or was only said along with the rest, once the line has taken away all that is in it.
    ///
    /// A presence container without a word could not be written when empty, what must have a leaf neither. Of a line
    /// that takes away more than what a presence container holds, it is a part as its leaves are: `no user u admin auth md5
    /// x` leaves no bare `auth`, while `no keepalive timer 5` leaves `keepalive`.
    private static func vanishing(_ parser: borrowing LineParser, _ holders: [Int], _ body: Body) {
        for frame in parser.frames.indices.dropFirst().reversed() where !parser.frames[frame].node.isMode {
            let node = parser.frames[frame].node
            var loses = false
            var isPartOfLine = false
            for holder in holders {
                if isInside(holder, frame, parser) { loses = true } else { isPartOfLine = true }
            }
            guard loses else { continue }
            if node.has(.deleteWhenEmpty)
                || (node.isPresence && (isPartOfLine || node.has(.dropNodeName))) || node.needsContent
            {
                body(.vanish(frame: frame))
            }
        }
    }

    /// Whether frame `inner` is `outer` or in it.
    private static func isInside(_ inner: Int, _ outer: Int, _ parser: borrowing LineParser) -> Bool {
        var here = inner
        while here > outer { here = parser.frames[here].parent }
        return here == outer
    }
}

extension LineOperation {
    /// The frame that holds the leaf, values or list that the operation is about; nil if it is about a node itself.
    fileprivate var holder: Int? {
        switch self {
        case .node: nil
        case .leaf(let frame, _, _, _), .values(let frame, _, _), .list(let frame, _): frame
        }
    }
}

extension CLINode {
    /// Whether entries of this list and of another one with its word are named by the same words: by as many keys, and by
    /// nothing before them, as `class-map type control x` is.
    func hasSameName(_ other: CLINode) -> Bool {
        guard kind == .list, other.kind == .list, !hasKeyFormat, !other.hasKeyFormat else { return false }
        let (mine, others) = (children, other.children)
        return mine.keys.count == others.keys.count && mine.header.count == mine.keys.count
            && others.header.count == others.keys.count
    }

    /// Whether lines pass through the container without naming it.
    var isWordlessContainer: Bool { kind == .container && has(.dropNodeName) }

    /// Whether a presence container or an entry cannot be empty: a leaf in it is mandatory.
    var needsContent: Bool {
        func isMandatory(_ node: SchemaNode) -> Bool {
            switch node.kind {
            case .leaf, .leafList, .choice: node.isMandatory && !node.isKey && node.annotation("cli-prefix-key") == nil
            case .container: node.isNonPresenceContainer && node.children.contains(where: isMandatory)
            default: false
            }
        }
        return (isPresence || kind == .list) && schema.children.contains(where: isMandatory)
    }
}
