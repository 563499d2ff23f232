/// Claims by path, such that what conflicts with a claim is found along its path.
///
/// Every node of the tree has a claim at or below it.
struct ClaimTree: Sendable {
    private struct Held: Sendable {
        var owner: ReservationOwner
        var aspect: ReservedAspect
    }

    private struct Node: Sendable {
        var held: [Held] = []
        var children: [String: Node] = [:]

        mutating func insert(_ path: ArraySlice<String>, _ new: Held) {
            guard let name = path.first else { return held.append(new) }
            children[name, default: Node()].insert(path.dropFirst(), new)
        }

        /// True if nothing is left.
        mutating func remove(_ path: ArraySlice<String>, _ old: Held) -> Bool {
            if let name = path.first {
                if children[name]?.remove(path.dropFirst(), old) == true { children[name] = nil }
            } else if let index = held.firstIndex(where: { $0.owner.id == old.owner.id && $0.aspect == old.aspect }) {
                held.remove(at: index)
            }
            return held.isEmpty && children.isEmpty
        }

        /// A claim of another owner strictly below that `aspect` here excludes.
        func conflictBelow(_ aspect: ReservedAspect, _ owner: ReservationOwner) -> (ReservationOwner, [String])? {
            for (name, child) in children {
                for held in child.held where held.owner.id != owner.id && aspect.excludesBelow(held.aspect) {
                    return (held.owner, [name])
                }
                if let (other, path) = child.conflictBelow(aspect, owner) { return (other, [name] + path) }
            }
            return nil
        }
    }

    private var root = Node()

    mutating func insert(_ claim: Claim, _ owner: ReservationOwner) {
        for node in claim.nodes { root.insert(node.path[...], Held(owner: owner, aspect: node.aspect)) }
    }

    mutating func remove(_ claim: Claim, _ owner: ReservationOwner) {
        for node in claim.nodes { _ = root.remove(node.path[...], Held(owner: owner, aspect: node.aspect)) }
    }

    /// The first claim of another owner that excludes `claim`.
    func conflict(_ claim: Claim, _ owner: ReservationOwner) -> ReservationConflict? {
        for node in claim.nodes {
            if let conflict = conflict(node, owner) { return conflict }
        }
        return nil
    }

    private func conflict(_ wanted: ReservedNode, _ owner: ReservationOwner) -> ReservationConflict? {
        var here = root
        for (depth, name) in wanted.path.enumerated() {
            for held in here.held where held.owner.id != owner.id && held.aspect.excludesBelow(wanted.aspect) {
                return ReservationConflict(owner: held.owner, path: Array(wanted.path[..<depth]))
            }
            guard let child = here.children[name] else { return nil }
            here = child
        }
        for held in here.held where held.owner.id != owner.id && held.aspect.excludes(wanted.aspect) {
            return ReservationConflict(owner: held.owner, path: wanted.path)
        }
        guard wanted.aspect.isSubtree, let (other, path) = here.conflictBelow(wanted.aspect, owner) else { return nil }
        return ReservationConflict(owner: other, path: wanted.path + path)
    }
}
