/// What an expression reads, found without data.
///
/// Conservative: what it does not list can not change the expression's value. `isAny` is set where the nodes can not
/// be told, and then everything counts.
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
struct XPathAnalysis {
    struct Place: Hashable {
        var node: SchemaNode
        /// The highest node on the way from the context node.
        var anchor: SchemaNode
    }

    /// More places than these in one step count as any.
    static let breadthLimit = 2_000

    let current: Place
    var reads: Set<XPathDependencies.Read> = []
    var isAny = false
    private var depth = 0

    init(current: Place) { self.current = current }

    /// The places of a node set; empty for values of other kinds.
    mutating func places(_ expression: XPathExpression, _ context: [Place]) -> [Place] {
        switch expression {
        case .or(let left, let right), .and(let left, let right), .comparison(_, let left, let right),
            .arithmetic(_, let left, let right):
            value(of: places(left, context))
            value(of: places(right, context))
            return []
        case .negate(let operand):
            value(of: places(operand, context))
            return []
        case .union(let left, let right): return places(left, context) + places(right, context)
        case .literal, .qualifiedName, .number: return []
        case .call(let name, let arguments): return call(name, arguments, context)
        case .path(let start, let steps): return path(start, steps, context)
        }
    }

    /// The value of an inner node is that of all its leaves.
    private mutating func value(of places: [Place]) {
        for place in places where !place.node.isTerminal { record(place) }
    }

    private mutating func record(_ place: Place) {
        reads.insert(XPathDependencies.Read(node: place.node.id, anchor: place.anchor.id))
    }

    private mutating func path(
        _ start: XPathExpression.PathStart, _ steps: [XPathExpression.Step], _ context: [Place]
    ) -> [Place] {
        var places: [Place]
        switch start {
        case .root:
            let root = current.node.schema.root
            places = [Place(node: root, anchor: root)]
        case .context: places = context
        case .expression(let expression, let predicates):
            places = self.places(expression, context)
            for predicate in predicates { value(of: self.places(predicate, places)) }
        }
        for place in places where !steps.isEmpty || start == .context { record(place) }
        for step in steps {
            places = self.step(step, places)
            for place in places { record(place) }
            for predicate in step.predicates { value(of: self.places(predicate, places)) }
        }
        return places
    }

    private mutating func step(_ step: XPathExpression.Step, _ context: [Place]) -> [Place] {
        if step.axis == .child, step.test == .text { return context }
        var found: Set<Place> = []
        for place in context {
            for next in axis(step.axis, place) where passes(next.node, step.test) { found.insert(next) }
        }
        if found.count > Self.breadthLimit {
            isAny = true
            return []
        }
        return Array(found)
    }

    private func passes(_ node: SchemaNode, _ test: XPathExpression.NodeTest) -> Bool {
        switch test {
        case .anyNode: true
        case .name(let module, let name):
            node.name == name && (module == nil || node.module.name == module) && node.kind != .root
        case .anyName(let module): node.kind != .root && (module == nil || node.module.name == module)
        case .text, .comment, .processingInstruction: false
        }
    }

    private mutating func axis(_ axis: XPathExpression.Axis, _ place: Place) -> [Place] {
        switch axis {
        case .child: return children(of: place)
        case .parent: return parent(of: place).map { [$0] } ?? []
        case .`self`: return [place]
        case .attribute, .namespace: return []
        case .descendant: return Array(descendantsOrSelf(of: place).dropFirst())
        case .descendantOrSelf: return descendantsOrSelf(of: place)
        case .ancestor: return Array(ancestorsOrSelf(of: place).dropFirst())
        case .ancestorOrSelf: return ancestorsOrSelf(of: place)
        case .followingSibling, .precedingSibling: return parent(of: place).map { children(of: $0) } ?? []
        case .following, .preceding:
            isAny = true
            return []
        }
    }

    private func children(of place: Place) -> [Place] {
        place.node.dataChildren.map { Place(node: $0, anchor: place.anchor) }
    }

    private func parent(of place: Place) -> Place? {
        guard let parent = place.node.dataParent else { return nil }
        return Place(node: parent, anchor: Self.isAtOrAbove(parent, place.anchor) ? parent : place.anchor)
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
        while let parent = parent(of: result[result.count - 1]) { result.append(parent) }
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
            pending += children(of: next)
        }
        return result
    }

    // MARK: Functions

    private mutating func call(_ name: String, _ arguments: [XPathExpression], _ context: [Place]) -> [Place] {
        guard let function = XPathFunction(rawValue: name) else {
            isAny = true
            return []
        }
        if function == .current { return [current] }
        let sets = arguments.map { places($0, context) }
        switch function {
        case .deref: return dereference(sets.first ?? [])
        case .sortBy:
            value(of: arguments.count > 1 ? places(arguments[1], sets[0]) : [])
            return sets[0]
        case .string, .number, .stringLength, .normalizeSpace, .name, .localName, .namespaceURI:
            // Without an argument they read the context node.
            if arguments.isEmpty { for place in context { record(place) } }
        default: break
        }
        for set in sets { value(of: set) }
        return []
    }

    private mutating func dereference(_ set: [Place]) -> [Place] {
        var found: [Place] = []
        depth += 1
        defer { depth -= 1 }
        for place in set {
            guard depth < 8, let type = place.node.type else {
                isAny = true
                continue
            }
            for member in type.base == .union ? type.members : [type] {
                if let path = member.leafref {
                    var inner = XPathAnalysis(current: place)
                    inner.depth = depth
                    found += inner.places(path, [place])
                    reads.formUnion(inner.reads)
                    isAny = isAny || inner.isAny
                } else if member.base == .instanceIdentifier {
                    isAny = true
                }
            }
        }
        return found
    }
}
