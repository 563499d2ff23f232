/// What an expression reads, found without data.
///
/// Conservative: what it does not list can not change the expression's value. A change is that a node comes, goes, gets
/// another value or another place among its siblings, its default in use included; one in a mounted tree is a change of
/// the mount point. `isAny` is set where the nodes can not be told, and then everything counts.
package struct XPathDependencies: Hashable, Sendable {
    /// A node that is read, and the ancestor-or-self in the schema that the way to it turns at: only instances of the
    /// node under the same instance of `anchor` as the context node can matter. The root of the schema stands for all.
    package struct Read: Hashable, Sendable {
        package var node: NodeID
        package var anchor: NodeID

        package init(node: NodeID, anchor: NodeID) {
            self.node = node
            self.anchor = anchor
        }
    }

    package private(set) var reads: Set<Read> = []
    /// Whether the expression may read anything.
    package private(set) var isAny = false

    package var nodes: Set<NodeID> { Set(reads.map(\.node)) }

    /// Of `expression`, a `must`, `when` or leafref path, with `context` as its context node and as `current()`.
    package init(of expression: XPathExpression, at context: SchemaNode) {
        var analysis = XPathAnalysis(current: XPathAnalysis.Place(node: context, anchor: context))
        _ = analysis.places(expression, [analysis.current])
        isAny = analysis.isAny
        reads = analysis.reads
    }
}

/// Runs an expression over the schema: a node set becomes the set of places whose instances it may hold.
///
/// Every place that a step comes to is read: whether something is there decides how the expression goes on. The
/// string-value of an inner node is that of all leaves below it, so where a text or a number is made of one, they are
/// read too.
struct XPathAnalysis {
    struct Place: Hashable {
        var node: SchemaNode
        /// The highest node on the way from the context node.
        var anchor: SchemaNode
        var part = Part.node

        enum Part: Hashable {
            case node
            /// The text in a leaf.
            case text
            /// Anything in what is mounted at the node, which only data can tell.
            case mounted
        }
    }

    /// What becomes of a value.
    private enum Use { case nodes, truth, text }

    /// More places than these in one step count as any.
    static let breadthLimit = 2_000

    let current: Place
    var reads: Set<XPathDependencies.Read> = []
    var isAny = false
    private var depth = 0

    init(current: Place) { self.current = current }

    /// The places of a node set; empty for values of other kinds.
    mutating func places(_ expression: XPathExpression, _ context: [Place]) -> [Place] {
        evaluate(expression, context, for: .nodes)
    }

    private mutating func evaluate(_ expression: XPathExpression, _ context: [Place], for use: Use) -> [Place] {
        switch expression {
        case .or(let left, let right), .and(let left, let right):
            _ = evaluate(left, context, for: .truth)
            _ = evaluate(right, context, for: .truth)
        case .comparison(_, let left, let right), .arithmetic(_, let left, let right):
            _ = evaluate(left, context, for: .text)
            _ = evaluate(right, context, for: .text)
        case .negate(let operand): _ = evaluate(operand, context, for: .text)
        case .union(let left, let right):
            return evaluate(left, context, for: use) + evaluate(right, context, for: use)
        case .literal, .qualifiedName, .number: break
        case .call(let name, let arguments): return used(call(name, arguments, context, use), for: use)
        case .path(let start, let steps): return used(path(start, steps, context), for: use)
        }
        return []
    }

    private mutating func used(_ places: [Place], for use: Use) -> [Place] {
        guard use == .text else { return places }
        for place in places where place.part == .node && !place.node.isTerminal {
            for inner in descendantsOrSelf(of: place) { record(inner) }
        }
        return places
    }

    private mutating func record(_ place: Place) {
        reads.insert(XPathDependencies.Read(node: place.node.id, anchor: place.anchor.id))
    }

    private mutating func filter(_ places: [Place], _ predicates: [XPathExpression]) {
        for predicate in predicates { _ = evaluate(predicate, places, for: .truth) }
    }

    private mutating func path(
        _ start: XPathExpression.PathStart, _ steps: [XPathExpression.Step], _ context: [Place]
    ) -> [Place] {
        var places: [Place]
        switch start {
        // In an expression of a mounted tree that is the root of its own schema.
        case .root:
            let root = current.node.schema.root
            places = [Place(node: root, anchor: root)]
        case .context: places = context
        case .expression(let expression, let predicates):
            places = self.places(expression, context)
            filter(places, predicates)
        }
        for place in places { record(place) }
        for step in steps {
            places = self.step(step, places)
            for place in places { record(place) }
            filter(places, step.predicates)
        }
        return places
    }

    private mutating func step(_ step: XPathExpression.Step, _ context: [Place]) -> [Place] {
        var found: Set<Place> = []
        for place in context {
            for next in axis(step.axis, place) {
                // What is mounted may fit any test, and whether it does is read.
                if next.part == .mounted { record(next) }
                if passes(next, step.test) { found.insert(next) }
            }
        }
        if found.count > Self.breadthLimit {
            isAny = true
            return []
        }
        return Array(found)
    }

    private func passes(_ place: Place, _ test: XPathExpression.NodeTest) -> Bool {
        if place.part == .mounted { return true }
        let node = place.node
        switch test {
        case .anyNode: return true
        case .text: return place.part == .text
        case .name(let module, let name):
            return place.part == .node && node.name == name && (module == nil || node.module.name == module)
                && node.kind != .root
        case .anyName(let module):
            return place.part == .node && node.kind != .root && (module == nil || node.module.name == module)
        case .comment, .processingInstruction: return false
        }
    }

    private mutating func axis(_ axis: XPathExpression.Axis, _ place: Place) -> [Place] {
        switch axis {
        case .child: return children(of: place)
        case .parent: return parents(of: place)
        case .`self`: return [place]
        case .attribute, .namespace: return []
        case .descendant: return children(of: place).flatMap { descendantsOrSelf(of: $0) }
        case .descendantOrSelf: return descendantsOrSelf(of: place)
        case .ancestor: return parents(of: place).flatMap { ancestorsOrSelf(of: $0) }
        case .ancestorOrSelf: return ancestorsOrSelf(of: place)
        case .followingSibling, .precedingSibling: return parents(of: place).flatMap { children(of: $0) }
        case .following, .preceding:
            isAny = true
            return []
        }
    }

    private func children(of place: Place) -> [Place] {
        switch place.part {
        case .text: return []
        case .mounted: return [place]
        case .node: break
        }
        if place.node.isTerminal { return [Place(node: place.node, anchor: place.anchor, part: .text)] }
        if place.node.kind == .mountPoint { return [Place(node: place.node, anchor: place.anchor, part: .mounted)] }
        return place.node.dataChildren.map { Place(node: $0, anchor: place.anchor) }
    }

    /// Usually one; of a node in a mounted tree it may be the mount point or a node in the tree.
    private func parents(of place: Place) -> [Place] {
        let node = Place(node: place.node, anchor: place.anchor)
        switch place.part {
        case .text: return [node]
        case .mounted: return [place, node]
        case .node: break
        }
        guard let parent = place.node.dataParent else { return [] }
        return [Place(node: parent, anchor: Self.isAtOrAbove(parent, place.anchor) ? parent : place.anchor)]
    }

    private static func isAtOrAbove(_ node: SchemaNode, _ other: SchemaNode) -> Bool {
        var next: SchemaNode? = other
        while let current = next {
            if current == node { return true }
            next = current.dataParent
        }
        return false
    }

    private func ancestorsOrSelf(of place: Place) -> [Place] {
        var result = [place]
        while let parent = parents(of: result[result.count - 1]).last { result.append(parent) }
        return result
    }

    private mutating func descendantsOrSelf(of place: Place) -> [Place] {
        var result: [Place] = []
        var pending = [place]
        while let next = pending.popLast() {
            result.append(next)
            if result.count > Self.breadthLimit {
                isAny = true
                return []
            }
            if next.part == .node { pending += children(of: next) }
        }
        return result
    }

    // MARK: Functions

    private mutating func call(
        _ name: String, _ arguments: [XPathExpression], _ context: [Place], _ use: Use
    ) -> [Place] {
        guard let function = XPathFunction(rawValue: name) else {
            isAny = true
            return []
        }
        switch function {
        case .current:
            record(current)
            return [current]
        case .deref: return dereference(arguments.first.map { places($0, context) } ?? [])
        case .sortBy:
            let set = arguments.first.map { places($0, context) } ?? []
            if arguments.count > 1 { _ = evaluate(arguments[1], set, for: .text) }
            return set
        case .boolean, .not: for argument in arguments { _ = evaluate(argument, context, for: .truth) }
        case .count, .name, .localName, .namespaceURI: for argument in arguments { _ = places(argument, context) }
        default: for argument in arguments { _ = evaluate(argument, context, for: .text) }
        }
        // Without an argument these take the context node.
        if arguments.isEmpty, function.arity.upperBound == 1 {
            for place in context { record(place) }
            _ = used(context, for: .text)
        }
        return []
    }

    private mutating func dereference(_ set: [Place]) -> [Place] {
        var found: [Place] = []
        depth += 1
        defer { depth -= 1 }
        for place in set {
            if place.part == .mounted {
                found.append(place)
                continue
            }
            guard depth < 8 else {
                isAny = true
                continue
            }
            guard let type = place.node.type else { continue }
            for member in type.base == .union ? type.members : [type] {
                if let path = member.leafref {
                    var inner = XPathAnalysis(current: Place(node: place.node, anchor: place.anchor))
                    inner.depth = depth
                    found += inner.places(path, [inner.current])
                    reads.formUnion(inner.reads)
                    isAny = isAny || inner.isAny
                } else if member.base == .instanceIdentifier || member.base == .union {
                    isAny = true
                }
            }
        }
        return found
    }
}
