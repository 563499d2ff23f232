package import ConfigTree
import Synchronization
import YANG

/// What becomes of each node of one model under another: found once, used for every device.
///
/// Invariants: immutable but for what is found when it is first asked for; its answers depend on the two models and the
/// map alone.
package final class CarryPlan: Sendable {
    package let old: DataModel
    package let new: DataModel
    let map: BoundMap?
    let top: RowPlan

    package init(from old: DataModel, to new: DataModel, map: BoundMap? = nil) {
        self.old = old
        self.new = new
        self.map = map
        top = RowPlan(old.schema.root, new.schema.root, PlanMaker(old: old, new: new, map: map))
    }
}

/// The plans of a run over trees of many models, each made once.
package final class CarryPlans: Sendable {
    private struct Pair: Hashable {
        var old: ObjectIdentifier
        var new: ObjectIdentifier
    }

    private let maps: @Sendable (DataModel, DataModel) -> BoundMap?
    private let known = Mutex<[Pair: CarryPlan]>([:])

    /// - Parameter maps: the migration map from one model to another, if somebody wrote one.
    package init(maps: @escaping @Sendable (DataModel, DataModel) -> BoundMap? = { _, _ in nil }) { self.maps = maps }

    package func plan(from old: DataModel, to new: DataModel) -> CarryPlan {
        let pair = Pair(old: ObjectIdentifier(old), new: ObjectIdentifier(new))
        if let plan = known.withLock({ $0[pair] }) { return plan }
        let plan = CarryPlan(from: old, to: new, map: maps(old, new))
        return known.withLock { table in
            if let other = table[pair] { return other }
            table[pair] = plan
            return plan
        }
    }
}

/// What the plan of a pair of nodes is made from.
struct PlanMaker: Sendable {
    let old: DataModel
    let new: DataModel
    let map: BoundMap?
}

/// The plan of a pair of nodes, made when an instance is first met: schemas are larger than what data uses of them.
final class RowLink: Sendable {
    private let maker: PlanMaker
    private let old: SchemaNode
    private let new: SchemaNode
    private let made = AtomicLazyReference<RowPlan>()

    init(_ old: SchemaNode, _ new: SchemaNode, _ maker: PlanMaker) {
        self.old = old
        self.new = new
        self.maker = maker
    }

    var plan: RowPlan { made.load() ?? made.storeIfNil(RowPlan(old, new, maker)) }
}

/// Of a container, a list entry or the root: what becomes of its children.
final class RowPlan: Sendable {
    let old: SchemaNode
    let new: SchemaNode
    /// By slot of the old node.
    let children: [ChildPlan]

    init(_ old: SchemaNode, _ new: SchemaNode, _ maker: PlanMaker) {
        self.old = old
        self.new = new
        children = (0..<old.dataChildCount).map { ChildPlan(old.dataChild(at: $0), new, maker, list: old) }
    }
}

/// What becomes of one child.
struct ChildPlan: Sendable {
    enum Way: Sendable {
        case drop(String)
        case leaf(ValuePlan)
        case leafToValues(ValuePlan)
        case leafToPresence
        case container(RowLink)
        case presenceToLeaf(String)
        case values(ValuePlan, keepsOrder: Bool)
        case valuesToLeaf(ValuePlan)
        /// Each value becomes an entry of a list with one key, or the other way round.
        case valuesToEntries(ValuePlan)
        case entriesToValues(ValuePlan, slot: Int)
        case list(EntryPlan)
        case mount
        case mapped([MappedWay])
        /// A rule of the map reads it together with another node.
        case used
    }

    /// A place that a map names, and the way there if no expression gives the value.
    struct MappedWay: Sendable {
        let destination: BoundMap.Destination
        let way: Way?
    }

    let old: SchemaNode
    let new: SchemaNode?
    let way: Way
    /// Data of another case may be there, which was impossible, or chosen, before.
    let mayClash: Bool
    let keepsSlot: Bool
    let isRenamed: Bool

    init(_ child: SchemaNode, _ parent: SchemaNode, _ maker: PlanMaker, list: SchemaNode) {
        old = child
        if let rule = maker.map?.rules[child.id], let way = Self.way(rule, parent, child, maker) {
            new = nil
            self.way = way
            (mayClash, keepsSlot, isRenamed) = (false, false, true)
            return
        }
        let target = Self.target(child, parent, maker, list)
        new = target
        way = target.map { Self.way(child, $0, maker) } ?? .drop(Self.gone(child))
        mayClash = target.map { Self.mayClash(child, $0, maker) } ?? false
        keepsSlot = target?.slot == child.slot
        isRenamed = target.map { $0.name != child.name } ?? false
    }

    private static func gone(_ child: SchemaNode) -> String {
        switch child.kind {
        case .leaf, .anydata, .anyxml: "the node is gone"
        case .mountPoint: "the mount point is gone"
        default: "the sub-tree is gone"
        }
    }

    /// The rule's way, unless it says no more than another name below the same parent.
    private static func way(_ rule: BoundMap.Rule, _ parent: SchemaNode, _ child: SchemaNode, _ maker: PlanMaker)
        -> Way?
    {
        switch rule {
        case .drop(let reason): return .drop(reason)
        case .used: return .used
        case .to(let places):
            let isRename = places.count == 1 && places[0].value == nil && places[0].node.dataParent == parent
            if isRename { return nil }
            return .mapped(
                places.map { place in
                    MappedWay(destination: place, way: place.value == nil ? way(child, place.node, maker) : nil)
                })
        }
    }

    private static func target(
        _ child: SchemaNode, _ parent: SchemaNode, _ maker: PlanMaker, _ list: SchemaNode
    ) -> SchemaNode? {
        if case .to(let places)? = maker.map?.rules[child.id] { return places.first?.node }
        if let same = parent.counterpart(of: child) { return same }
        if let moved = maker.map?.counterpart(of: child, in: parent) { return moved }
        // A module that has another name and the same namespace is the same module.
        if let same = parent.dataChild(named: child.name, namespace: child.namespace) { return same }
        guard child.isKey, list.kind == .list, parent.kind == .list else { return nil }
        return EntryPlan.renamedKey(child, list, parent)
    }

    private static func way(_ child: SchemaNode, _ target: SchemaNode, _ maker: PlanMaker) -> Way {
        if child.isConfig, !target.isConfig { return .drop("the node is no longer configuration") }
        switch (child.kind, target.kind) {
        case (.leaf, .leaf), (.anydata, .anydata), (.anyxml, .anyxml): return .leaf(ValuePlan(child, target))
        case (.leaf, .leafList): return .leafToValues(ValuePlan(child, target))
        case (.leaf, .container) where child.type?.base == .empty && target.isPresence: return .leafToPresence
        case (.container, .leaf) where child.isPresence && target.type?.base == .empty: return .presenceToLeaf("")
        case (.container, .leaf) where child.isPresence && target.type?.base == .boolean:
            return .presenceToLeaf("true")
        case (.container, .container): return .container(RowLink(child, target, maker))
        case (.leafList, .leafList):
            return .values(ValuePlan(child, target), keepsOrder: hasSameOrder(child, target, [child], [target]))
        case (.leafList, .leaf): return .valuesToLeaf(ValuePlan(child, target))
        case (.leafList, .list) where target.keys.count == 1:
            return .valuesToEntries(ValuePlan(child, target.keys[0]))
        case (.list, .leafList) where child.keys.count == 1:
            return .entriesToValues(ValuePlan(child.keys[0], target), slot: child.keys[0].slot)
        case (.list, .list): return .list(EntryPlan(child, target, maker))
        case (.mountPoint, .mountPoint): return .mount
        default: return .drop("the node is now a \(target.kindName)")
        }
    }

    /// Whether entries in order are in order under the new model.
    static func hasSameOrder(
        _ old: SchemaNode, _ new: SchemaNode, _ oldKeys: [SchemaNode], _ newKeys: [SchemaNode]
    ) -> Bool {
        guard old.isUserOrdered == new.isUserOrdered, oldKeys.count == newKeys.count else { return false }
        return zip(oldKeys, newKeys).allSatisfy { a, b in
            (old.kind == .leafList || a.slot == b.slot)
                && a.type?.order(leafrefType: { old.schema[$0].type })
                    == b.type?.order(leafrefType: { new.schema[$0].type })
        }
    }

    private static func mayClash(_ child: SchemaNode, _ target: SchemaNode, _ maker: PlanMaker) -> Bool {
        guard let above = target.dataParent, let before = child.dataParent else { return false }
        let rivals = maker.new.rivals(of: target)
        if rivals.isEmpty { return false }
        let known = Set(maker.old.rivals(of: child))
        return rivals.contains { slot in
            let rival = above.dataChild(at: slot)
            let earlier = before.dataChild(named: rival.name, module: rival.moduleName)
            return earlier.map { !known.contains($0.slot) } ?? (maker.map != nil)
        }
    }
}

/// What becomes of the entries of a list.
final class EntryPlan: Sendable {
    struct Key: Sendable {
        let new: SchemaNode
        let old: SchemaNode?
        let plan: ValuePlan?
    }

    let link: RowLink
    let keys: [Key]
    /// Different entries stay different ones, without a look at them.
    let keepsKeys: Bool
    let keepsOrder: Bool

    init(_ list: SchemaNode, _ target: SchemaNode, _ maker: PlanMaker) {
        let row = RowLink(list, target, maker)
        link = row
        let before = list.keys
        keys = target.keys.map { key in
            let found = Self.source(of: key, list, target, maker)
            return Key(new: key, old: found, plan: found.map { ValuePlan($0, key) })
        }
        let used = Set(keys.compactMap(\.old?.id))
        keepsKeys =
            !keys.isEmpty && used.isSuperset(of: before.map(\.id))
            && keys.allSatisfy { key in
                guard let old = key.old, old.isKey, case .same? = key.plan else { return false }
                return true
            }
        keepsOrder =
            keepsKeys && ChildPlan.hasSameOrder(list, target, before, target.keys)
            && keys.map(\.old) == before.map(Optional.some)
    }

    private static func source(
        of key: SchemaNode, _ list: SchemaNode, _ target: SchemaNode, _ maker: PlanMaker
    ) -> SchemaNode? {
        for child in list.dataChildren where child.kind == .leaf {
            if case .to(let places)? = maker.map?.rules[child.id], places.count == 1, places[0].node == key,
                places[0].value == nil
            {
                return child
            }
        }
        if let same = list.counterpart(of: key), maker.map?.rules[same.id] == nil { return same }
        if let moved = list.dataChildren.first(where: { maker.map?.counterpart(of: $0, in: target) == key }) {
            return moved
        }
        if let same = list.dataChild(named: key.name, namespace: key.namespace), maker.map?.rules[same.id] == nil {
            return same
        }
        return list.keys.first { renamedKey($0, list, target) == key }
    }

    /// The new key that an old one is under another name: the one at the same place, if as many keys stand before and
    /// behind it and neither name is known to the other model's list.
    static func renamedKey(_ key: SchemaNode, _ list: SchemaNode, _ target: SchemaNode) -> SchemaNode? {
        let (before, after) = (list.keys, target.keys)
        guard before.count == after.count, let index = before.firstIndex(of: key) else { return nil }
        let other = after[index]
        guard target.counterpart(of: key) == nil, list.counterpart(of: other) == nil else { return nil }
        return other
    }
}
