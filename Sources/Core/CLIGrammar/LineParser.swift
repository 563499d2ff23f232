import ConfigTree
import YANG

/// Reads one line in one mode.
///
/// The line is a walk: a word leads to a child, a value or keys follow, and the walk goes on in what was entered, or
/// (where the annotations let it) around it. Where several ways are open they are tried in order, each to the end of
/// the line; the first that fits wins. `frames` and `operations` hold the way taken. A budget bounds the search.
///
/// All that is looked at for each word is plain data: nodes are handles, texts are parts of the line's memory. It has
/// many parts that count references, so it is not copied.
struct LineParser: ~Copyable {
    var line: CLILine
    /// Ranges and actions are recognised, and incomplete commands refused.
    let isInteractive: Bool
    var allowsAbbreviations: Bool
    /// After the content of a node the line may go on around it, where the annotations let it; never in J-style.
    var leavesNodes = true
    /// What is mounted at a mount point that the line crosses; nil if nothing can be.
    let mounted: (borrowing LineParser, Int, CLINode) -> CLIGrammar?
    var isNo = false
    var frames: [LineFrame]
    var operations: [LineOperation] = []
    /// Canonical keys and values of leaf-lists, which frames and operations refer to.
    var values: [CLIBytes] = []
    var fault = LineFault(token: 0, reason: .unknown)
    var range: RangeRequest?
    var collector: CompletionCollector?
    /// The action that the line leads to; its parameters are not read here.
    var action: ActionRequest?
    /// Words that were taken for the value of a secret on any of the ways tried; empty where such a value is lacking.
    var secretWords: [Range<Int>] = []
    private var budget = Self.wholeBudget
    private static let wholeBudget = 5_000

    init(
        _ line: CLILine, base: LineFrame, isInteractive: Bool = false,
        mounted: @escaping (borrowing LineParser, Int, CLINode) -> CLIGrammar?
    ) {
        self.line = line
        self.isInteractive = isInteractive
        allowsAbbreviations = isInteractive
        self.mounted = mounted
        frames = [base]
    }

    var count: Int { line.tokens.count }

    /// Another line.
    mutating func restart(_ line: CLILine, base: LineFrame) {
        self.line = line
        restart(base)
    }

    /// The same line, or what has been cut in its place, from the beginning.
    mutating func restart(_ base: LineFrame) {
        isNo = false
        frames.removeAll(keepingCapacity: true)
        frames.append(base)
        operations.removeAll(keepingCapacity: true)
        values.removeAll(keepingCapacity: true)
        fault = LineFault(token: 0, reason: .unknown)
        range = nil
        action = nil
        if !secretWords.isEmpty { secretWords.removeAll() }
        budget = Self.wholeBudget
    }

    /// Reads the whole line. On failure `fault` says where and why.
    mutating func parse() -> Bool {
        guard count > 0 || collector != nil else { return false }
        let isNegative = count > 0 && Self.isNo(line.text(0)) && !line.tokens[0].isQuoted
        guard isNegative else { return content(0, 0) }
        // Where `no` is a word of the model, that comes first.
        let isWord = !frames[0].content.children.routes(line.text(0)).isEmpty
        return (isWord && content(0, 0)) || negative()
    }

    private mutating func negative() -> Bool {
        isNo = true
        if content(0, 1) { return true }
        isNo = false
        return false
    }

    @inline(__always) static func isNo(_ word: CLIBytes) -> Bool {
        word.count == 2 && word[word.startIndex] == UInt8(ascii: "n") && word[word.startIndex + 1] == UInt8(ascii: "o")
    }

    mutating func fail(_ token: Int, _ reason: LineFault.Reason) -> Bool {
        if token > fault.token || (token == fault.token && fault.isUnknown) {
            fault = LineFault(token: token, reason: reason)
        }
        return false
    }

    private mutating func spend(_ token: Int) -> Bool {
        budget -= 1
        if budget < 0 { fault = LineFault(token: token, reason: .tooComplex) }
        return budget >= 0
    }

    // MARK: Content of a node

    /// Reads the line from word `index` on as content of frame `frame`.
    mutating func content(_ frame: Int, _ index: Int) -> Bool {
        guard index < count else { return end(frame) }
        guard spend(index) else { return false }
        let owner = frames[frame].content
        let children = owner.children
        let word = line.text(index)
        if !line.tokens[index].isQuoted {
            if isNo, index == count - 1, negation(children, word, frame, index) { return true }
            let named = children.routes(word)
            let due = SequencePlace(owner, children, frames[frame].position)
            for rank in 0..<due.rankCount {
                if rank % 2 == 0 {
                    for route in named where due.rank(route, isAnonymous: false) == rank {
                        if take(route, frame, index + 1) { return true }
                    }
                    if glued(children, word, due, frame, index, rank) { return true }
                } else {
                    for route in children.anonymous where due.rank(route, isAnonymous: true) == rank {
                        if take(route, frame, index) { return true }
                    }
                }
            }
            if isInteractive, !isNo, act(children, word, frame, index) { return true }
            if allowsAbbreviations, named.isEmpty, abbreviated(children, word, frame, index) { return true }
            if !isNo, Self.isNo(word), embeddedNo(children, frame, index) { return true }
        } else {
            let due = SequencePlace(owner, children, frames[frame].position)
            for rank in stride(from: 1, to: due.rankCount, by: 2) {
                for route in children.anonymous where due.rank(route, isAnonymous: true) == rank {
                    if take(route, frame, index) { return true }
                }
            }
        }
        if canLeave(frame) { return content(frames[frame].parent, index) }
        return fail(index, .unknown)
    }

    /// Whether the sequence of the node, if it has one, still has that child to come.
    func isDue(_ route: CLIRoute, _ frame: Int) -> Bool {
        let owner = frames[frame].content
        return SequencePlace(owner, owner.children, frames[frame].position).rank(route, isAnonymous: false) != nil
    }

    /// `no name` where `name` is a boolean shown as `name` and `no name`, or where one thing of that name can be on a line
    /// by itself and a container cannot: `no mgcp` is about the leaf, not about all that lines with `mgcp ...` say.
    private mutating func negation(
        _ children: CLIChildren, _ word: CLIBytes, _ frame: Int, _ index: Int
    ) -> Bool {
        let routes = children.routes(word)
        for route in routes where route.target.has(.booleanNo) {
            if take(route, frame, index + 1) { return true }
        }
        guard routes.count > 1, routes[0].target.schema.isNonPresenceContainer else { return false }
        for route in routes where route.target.isEmptyLeaf || route.target.isPresence {
            if take(route, frame, index + 1) { return true }
        }
        return false
    }

    /// A name glued to the key or value after it: `Loopback0`.
    private mutating func glued(
        _ children: CLIChildren, _ word: CLIBytes, _ due: SequencePlace, _ frame: Int, _ index: Int, _ rank: Int
    ) -> Bool {
        for route in children.joinable where route.target.isPrefix(of: word) {
            guard due.rank(route, isAnonymous: false) == rank else { continue }
            if take(route, frame, index, glued: word.dropFirst(route.target.letters.count)) { return true }
        }
        return false
    }

    /// The line leads to an action: the rest of it is that action's.
    private mutating func act(
        _ children: CLIChildren, _ word: CLIBytes, _ frame: Int, _ index: Int
    ) -> Bool {
        guard let node = children.actions.first(where: { $0.matches(word) }) else { return false }
        return act(node, frame, index)
    }

    private mutating func act(_ node: CLINode, _ frame: Int, _ index: Int) -> Bool {
        action = ActionRequest(frame: frame, node: node, token: index + 1)
        guard let collector else { return true }
        collector.action(node, self, frame, index + 1)
        return false
    }

    private mutating func abbreviated(
        _ children: CLIChildren, _ word: CLIBytes, _ frame: Int, _ index: Int
    ) -> Bool {
        let routes = children.routes(abbreviatedBy: word)
        let actions = isNo ? [] : children.actions.filter { $0.letters.starts(with: word) }
        let targets = Set(routes.map(\.target.name)).union(actions.map(\.name))
        if let only = actions.first, targets.count == 1 { return act(only, frame, index) }
        if targets.count > 1 { return fail(index, .ambiguous) }
        for route in routes {
            if isDue(route, frame), take(route, frame, index + 1) { return true }
        }
        return false
    }

    /// `no` in the middle of a line (`cli-embed-no-on-delete`).
    private mutating func embeddedNo(_ children: CLIChildren, _ frame: Int, _ index: Int) -> Bool {
        guard index > 0, index + 1 < count else { return false }
        let isMeant = children.routes(line.text(index + 1)).contains { $0.target.has([.embedNo, .booleanNo]) }
        guard isMeant else { return false }
        isNo = true
        if content(frame, index + 1) { return true }
        isNo = false
        return false
    }

    /// Whether the line may go on around the node: nothing of it is lost by that.
    private func canLeave(_ frame: Int) -> Bool {
        guard leavesNodes else { return false }
        let here = frames[frame]
        guard here.parent >= 0, here.node.kind == .container || here.node.kind == .list else { return false }
        guard here.node.has([.flatten, .dropNodeName]) else { return false }
        return operations.count > here.mark || here.node.isPresence
    }

    /// The line ends here: is it complete?
    private mutating func end(_ frame: Int) -> Bool {
        if let collector {
            collector.content(self, frame)
            if canLeave(frame) { return content(frames[frame].parent, count) }
            return false
        }
        guard let last = operations.last else { return fail(count, .incomplete) }
        if isNo { return endOfNo(last) }
        switch last {
        case .node(let frame):
            let node = frames[frame].node
            if isInteractive, node.has(.incompleteCommand) { return fail(count, .incomplete) }
            if node.kind == .container, !node.isPresence, !node.isMode { return fail(count, .incomplete) }
        case .leaf(_, let node, _, _), .values(_, let node, _):
            if isInteractive, node.has(.incompleteCommand) { return fail(count, .incomplete) }
        case .list: return false
        }
        return true
    }

    private mutating func endOfNo(_ last: LineOperation) -> Bool {
        let node: CLINode
        switch last {
        case .node(let frame): node = frames[frame].node
        case .leaf(_, let leaf, _, _), .values(_, let leaf, _), .list(_, let leaf): node = leaf
        }
        if node.has(.suppressNo) { return fail(count, .unknown) }
        if isInteractive, node.has(.incompleteNo) { return fail(count, .incomplete) }
        if case .list(_, let list) = last, list.has(.suppressListNo) { return fail(count, .incomplete) }
        return true
    }

    // MARK: Routes

    /// Follows a route; `index` is the first word after the name (the name itself if it is `glued` to what follows).
    private mutating func take(
        _ route: CLIRoute, _ frame: Int, _ index: Int, glued: CLIBytes? = nil
    ) -> Bool {
        guard !isTaken(route.slot, frame) else { return false }
        let state = state
        let position = frames[frame].position
        frames[frame].position = route.slot
        var inner = frame
        for (depth, node) in route.via.enumerated() {
            inner = push(node, parent: inner)
            frames[inner].position = (depth + 1 < route.via.count ? route.via[depth + 1] : route.target).slot
        }
        if follow(route.target, inner, index, glued) { return true }
        goBack(to: state)
        frames[frame].position = position
        return false
    }

    /// How far a way has come.
    struct State {
        var frameCount: Int
        var operationCount: Int
        var valueCount: Int
    }

    var state: State {
        State(frameCount: frames.count, operationCount: operations.count, valueCount: values.count)
    }

    /// Leaves a way that did not fit.
    mutating func goBack(to state: State) {
        frames.removeLast(frames.count - state.frameCount)
        operations.removeLast(operations.count - state.operationCount)
        values.removeLast(values.count - state.valueCount)
    }

    /// Whether the line has given a child already, or one of another case of a choice.
    private func isTaken(_ slot: Int, _ frame: Int) -> Bool {
        let mark = frames[frame].mark
        guard operations.count > mark else { return false }
        let children = frames[frame].content.children
        let rivals = children.hasRivals ? children.rivals[slot] ?? [] : []
        let isLeaf = children.nodes[slot].kind == .leaf
        guard isLeaf || !rivals.isEmpty else { return false }
        return operations[mark...].contains { operation in
            let given: Int
            switch operation {
            case .node(let inner):
                guard frames[inner].parent == frame else { return false }
                given = frames[inner].node.slot
            case .leaf(let here, let node, _, _), .values(let here, let node, _), .list(let here, let node):
                guard here == frame else { return false }
                given = node.slot
            }
            return (isLeaf && given == slot) || rivals.contains(given)
        }
    }

    private mutating func follow(
        _ target: CLINode, _ frame: Int, _ index: Int, _ glued: CLIBytes?
    ) -> Bool {
        switch target.kind {
        case .leaf, .anydata, .anyxml: return leaf(target, frame, index, glued)
        case .leafList: return leafList(target, frame, index)
        case .list: return list(target, frame, index, glued)
        case .mountPoint:
            guard let grammar = mounted(self, frame, target) else { return fail(index, .noModel) }
            let inner = push(target, parent: frame)
            frames[inner].content = grammar.root
            frames[inner].grammar = grammar
            return content(inner, index)
        default:
            let inner = push(target, parent: frame)
            return next(target, inner, index)
        }
    }

    /// Enters a container, mount point or list entry and notes it.
    mutating func push(_ node: CLINode, parent: Int, keys: Range<Int> = 0..<0) -> Int {
        var frame = LineFrame(node: node, in: frames[parent], at: parent, keys: keys)
        operations.append(.node(frame: frames.count))
        frame.mark = operations.count
        frames.append(frame)
        return frames.count - 1
    }

    /// What comes after `node` is complete.
    mutating func next(_ node: CLINode, _ frame: Int, _ index: Int) -> Bool {
        if index < count, node.has(isNo ? .fullNo : .fullCommand) { return fail(index, .unknown) }
        return content(frame, index)
    }
}

/// Which children of a node can come next, and in which round they are tried: words before bare values, and in a
/// sequence what is due before what is not.
struct SequencePlace {
    private let isSequence: Bool
    private let position: Int
    /// The last slot that is due, and the first behind the end of the sequence.
    private var due = Int.max
    private var end = Int.max

    init(_ owner: CLINode, _ children: CLIChildren, _ position: Int) {
        isSequence = owner.has(.sequence)
        self.position = position
        guard isSequence else { return }
        for node in children.nodes where !node.isHeader {
            if node.has(.breakSequence) {
                end = node.slot
                return
            }
            if due == .max, node.slot > position, !node.has(.optionalInSequence), node.isConfig { due = node.slot }
        }
    }

    var rankCount: Int { isSequence ? 4 : 2 }

    /// The round of a route; nil if the sequence has passed it.
    func rank(_ route: CLIRoute, isAnonymous: Bool) -> Int? {
        let late = isAnonymous ? 1 : 0
        guard isSequence else { return late }
        let slot = route.slot
        if slot >= end { return 2 + late }
        guard slot > position else { return nil }
        return slot <= due ? late : 2 + late
    }
}
