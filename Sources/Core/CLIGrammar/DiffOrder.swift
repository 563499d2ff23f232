import ConfigTree
import YANG

/// Puts commands into an order that a device accepts: by what refers to what, and by the ordering annotations. Where
/// nothing speaks against it the order stays as it is, and commands of a submode stay together.
struct DiffOrder {
    /// Two commands of which one must come before the other.
    struct Pair: Hashable {
        var first: Int
        var second: Int
        var cause: String
    }

    private struct Place: Hashable {
        var scope: Int
        var node: SchemaNode
    }

    private struct Reference: Hashable {
        var place: Place
        var value: String
    }

    private(set) var units: [DiffUnit]
    private var followers: [[Int]]
    /// For each unit, what must come before it, and whether a reference (not only an annotation) demands that.
    private var leaders: [[(unit: Int, isReference: Bool)]]
    private var waits: [Int]
    private var hasEdges = false
    /// Leaves, and values of leaf-lists, by which things that `sorted` found to be deleted in a circle refer to each
    /// other: without them there is no circle.
    private(set) var circularReferences: [InstancePath] = []
    private var seen: Set<[Int]> = []

    /// - Parameter pairs: what must come before what, for other reasons than references and annotations.
    init(_ units: [DiffUnit], pairs: [Pair] = []) {
        self.units = units
        followers = Array(repeating: [], count: units.count)
        leaders = Array(repeating: [], count: units.count)
        waits = Array(repeating: 0, count: units.count)
        for pair in pairs { edge(pair.first, pair.second, pair.cause) }
        connect()
    }

    // MARK: What must come before what

    private mutating func edge(
        _ first: Int, _ second: Int, isReference: Bool = false, _ cause: @autoclosure () -> String?
    ) {
        guard first != second, seen.insert([first, second]).inserted else { return }
        followers[first].append(second)
        leaders[second].append((first, isReference))
        waits[second] += 1
        if let cause = cause() {
            hasEdges = true
            if first > second { units[second].cause += "; " + cause }
        }
    }

    private mutating func connect() {
        var byReference: [Reference: [Int]] = [:]
        var byPlace: [Place: [(unit: Int, touch: Int)]] = [:]
        for (index, unit) in units.enumerated() {
            for (number, touch) in unit.touches.enumerated() {
                guard let schema = touch.schema else { continue }
                let place = Place(scope: touch.scope, node: schema)
                byPlace[place, default: []].append((index, number))
                for value in [touch.oldValue, touch.newValue].compactMap({ $0 }) {
                    byReference[Reference(place: place, value: value), default: []].append(index)
                }
            }
        }
        for index in units.indices {
            for touch in units[index].touches {
                references(index, touch, byReference)
                if let schema = touch.schema, !schema.extensions.isEmpty { rules(index, touch, schema, byPlace) }
            }
        }
        guard hasEdges else { return }
        for index in units.indices {
            if let opener = units[index].opener, opener != index { edge(opener, index, nil) }
        }
    }

    /// A reference is made after its target, and goes before it.
    private mutating func references(_ index: Int, _ touch: DiffTouch, _ byReference: [Reference: [Int]]) {
        guard let schema = touch.schema, schema.isTerminal, let type = schema.type,
            schema.annotation("cli-suppress-leafref-in-diff") == nil
        else { return }
        for target in Self.targets(type) {
            let place = Place(scope: touch.scope, node: schema.schema[target])
            if let value = touch.newValue {
                for other in byReference[Reference(place: place, value: value)] ?? [] where makes(other, place, value) {
                    edge(other, index, isReference: true, "after what it refers to (\(schema.name) \(value))")
                }
            }
            if let value = touch.oldValue {
                for other in byReference[Reference(place: place, value: value)] ?? [] where takes(other, place, value) {
                    edge(index, other, isReference: true, "after the reference to it is gone (\(schema.name) \(value))")
                }
            }
        }
    }

    static func targets(_ type: ResolvedType) -> [NodeID] {
        type.base == .union ? type.members.flatMap(targets) : type.leafrefTarget.map { [$0] } ?? []
    }

    private func makes(_ index: Int, _ place: Place, _ value: String) -> Bool {
        units[index].touches.contains { $0.newValue == value && $0.schema == place.node && $0.scope == place.scope }
    }

    private func takes(_ index: Int, _ place: Place, _ value: String) -> Bool {
        units[index].touches.contains { $0.oldValue == value && $0.schema == place.node && $0.scope == place.scope }
    }

    private mutating func rules(
        _ index: Int, _ touch: DiffTouch, _ schema: SchemaNode, _ byPlace: [Place: [(unit: Int, touch: Int)]]
    ) {
        for rule in DiffRule.rules(of: schema) where rule.own.contains(touch.kind) {
            guard let target = rule.targetPath.last else { continue }
            for found in byPlace[Place(scope: touch.scope, node: target)] ?? [] where found.unit != index {
                let other = units[found.unit].touches[found.touch]
                guard rule.target.contains(other.kind), rule.joins(touch.path, other.path) else { continue }
                switch rule.side {
                case .before: edge(index, found.unit, "\(rule.name) of \(schema.name)")
                case .after: edge(found.unit, index, "\(rule.name) of \(schema.name)")
                }
            }
        }
    }

    // MARK: Sorting

    /// The commands in order.
    ///
    /// A circle is opened where that does least harm: at a command that changes a value, by removing the old value
    /// first; else, by who asks for the commands, at the references of what goes (`circularReferences`); else at the
    /// command of which only an annotation, not a reference, asks for one before it; else at the one
    /// that comes first by the schema. What merely follows a circle waits until it is opened.
    mutating func sorted() -> [DiffUnit] {
        guard hasEdges else { return units }
        var waits = waits
        var ready = IndexHeap()
        var isDone = [Bool](repeating: false, count: units.count)
        for index in units.indices where waits[index] == 0 { ready.push(index) }
        var result: [DiffUnit] = []
        result.reserveCapacity(units.count)
        var last: Int?
        while result.count < units.count {
            var next: Int?
            if let last, last + 1 < units.count, !isDone[last + 1], waits[last + 1] == 0,
                units[last + 1].modes == units[last].modes
            {
                next = last + 1
            }
            while next == nil, let candidate = ready.pop() { if !isDone[candidate] { next = candidate } }
            if next == nil {
                let circle = circle(isDone)
                if let split = circle.first(where: { units[$0].removal != nil }) { return splitting(split) }
                circularReferences += circle.flatMap { references(of: $0, within: circle) }
                let choice = weakest(circle)
                units[choice].cause += "; the order that it asks for goes in a circle"
                next = choice
            }
            guard let index = next else { break }
            isDone[index] = true
            last = index
            result.append(units[index])
            for follower in followers[index] {
                waits[follower] -= 1
                if waits[follower] == 0, !isDone[follower] { ready.push(follower) }
            }
        }
        return result
    }

    /// Units that wait for each other, each for the next; ascending.
    private func circle(_ isDone: [Bool]) -> [Int] {
        guard var here = isDone.firstIndex(of: false) else { return [] }
        var way: [Int] = []
        var position: [Int: Int] = [:]
        while position[here] == nil {
            position[here] = way.count
            way.append(here)
            guard let leader = leaders[here].first(where: { !isDone[$0.unit] }) else { return [here] }
            here = leader.unit
        }
        return way[(position[here] ?? 0)...].sorted()
    }

    /// What a deletion takes along that refers to what others of the circle take along.
    private func references(of index: Int, within circle: [Int]) -> [InstancePath] {
        let unit = units[index]
        guard unit.isDeletion, unit.touches.count > 1 else { return [] }
        return unit.touches.compactMap { touch in
            guard let schema = touch.schema, let type = schema.type, let value = touch.oldValue,
                Self.targets(type).contains(where: { target in
                    let place = Place(scope: touch.scope, node: schema.schema[target])
                    return circle.contains { $0 != index && takes($0, place, value) }
                })
            else { return nil }
            // A key goes with its entry, which is not what the command is about itself.
            if schema.isKey { return touch.path.parent == unit.touches[0].path ? nil : touch.path.parent }
            return schema.kind == .leafList ? touch.path.parent.appending(schema, keys: [value]) : touch.path
        }
    }

    private func weakest(_ circle: [Int]) -> Int {
        let members = Set(circle)
        let weak = circle.first { unit in
            leaders[unit].allSatisfy { !members.contains($0.unit) || !$0.isReference }
        }
        return weak ?? circle.first ?? 0
    }

    /// All anew, with the old value of one unit removed by a command of its own.
    private mutating func splitting(_ index: Int) -> [DiffUnit] {
        var units = units
        var removal = units[index]
        removal.line = removal.removal
        removal.isDeletion = true
        removal.cause = "removed before it changes, to open a circle in the order: " + removal.cause
        removal.comment = nil
        for number in removal.touches.indices {
            removal.touches[number].kind = .deleted
            removal.touches[number].newValue = nil
            units[index].touches[number].kind = .created
            units[index].touches[number].oldValue = nil
        }
        removal.removal = nil
        units[index].removal = nil
        for number in units.indices {
            if let opener = units[number].opener, opener >= index { units[number].opener = opener + 1 }
        }
        units.insert(removal, at: index)
        var order = DiffOrder(units)
        defer { circularReferences = order.circularReferences }
        return order.sorted()
    }
}

/// The smallest number first.
struct IndexHeap {
    private var items: [Int] = []

    mutating func push(_ item: Int) {
        items.append(item)
        var child = items.count - 1
        while child > 0, items[child] < items[(child - 1) / 2] {
            items.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func pop() -> Int? {
        guard let first = items.first else { return nil }
        let last = items.removeLast()
        guard !items.isEmpty else { return first }
        items[0] = last
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < items.count && items[child] < items[least] {
                least = child
            }
            if least == parent { return first }
            items.swapAt(parent, least)
            parent = least
        }
    }
}
