package import Basics
package import YANG

/// A migration map over the two schemas that it leads from and to: every path found, every expression parsed.
package final class BoundMap: Sendable {
    struct Destination: Sendable {
        let node: SchemaNode
        let value: XPathExpression?
        /// Of lists above the destination, by list: what gives each key that the old place does not have.
        let keys: [NodeID: [XPathExpression]]
    }

    enum Rule: Sendable {
        case to([Destination])
        case drop(String)
        case used
    }

    let rules: [NodeID: Rule]
    private let modules: [String: [String]]

    private init(rules: [NodeID: Rule], modules: [String: [String]]) {
        self.rules = rules
        self.modules = modules
    }

    /// Checks a map against both schemas; nil with every fault if it does not fit.
    package static func bind(
        _ map: MigrationMap, from old: Schema, to new: Schema
    ) -> (map: BoundMap?, faults: [Diagnostic]) {
        var binder = MapBinder(map, old, new)
        let rules = binder.bind()
        guard binder.faults.isEmpty else { return (nil, binder.faults) }
        return (BoundMap(rules: rules, modules: map.modules), [])
    }

    /// The faults of a map that show in the new models alone: places and modules that they do not have.
    package static func faults(of map: MigrationMap, to new: Schema) -> [Diagnostic] {
        var binder = MapBinder(map, new, new)
        binder.checkDestinations()
        return binder.faults
    }

    /// The node below `parent` that takes the place of `node`, where modules have been renamed, merged or split.
    func counterpart(of node: SchemaNode, in parent: SchemaNode) -> SchemaNode? {
        for module in modules[node.moduleName] ?? [] {
            if let found = parent.dataChild(named: node.name, module: module) { return found }
        }
        return nil
    }
}

private struct MapBinder {
    private let map: MigrationMap
    private let old: Schema
    private let new: Schema
    private(set) var faults: [Diagnostic] = []
    private var places: [NodeID: SourcePlace] = [:]

    init(_ map: MigrationMap, _ old: Schema, _ new: Schema) {
        self.map = map
        self.old = old
        self.new = new
    }

    mutating func bind() -> [NodeID: BoundMap.Rule] {
        for (module, others) in map.modules.sorted(by: { $0.key < $1.key }) {
            if old.module(named: module) == nil {
                fault("the old models have no module '\(module)'", "name one of theirs", map.place)
            }
            for other in others where new.module(named: other) == nil {
                fault("the new models have no module '\(other)'", "name one of theirs", map.place)
            }
        }
        var rules: [NodeID: BoundMap.Rule] = [:]
        for rule in map.rules {
            guard let node = find(rule.path, in: old, "old", rule.place) else { continue }
            if let other = places.updateValue(rule.place, forKey: node.id) {
                fault("there are two rules for \(rule.path)", "remove one; the other is at \(other)", rule.place)
                continue
            }
            switch rule.operation {
            case .drop(let reason): rules[node.id] = .drop(reason)
            case .used: rules[node.id] = .used
            case .to(let destinations): rules[node.id] = .to(destinations.compactMap { destination($0, node) })
            }
        }
        return rules
    }

    mutating func checkDestinations() {
        for other in map.modules.sorted(by: { $0.key < $1.key }).flatMap(\.value)
        where new.module(named: other) == nil {
            fault("the new models have no module '\(other)'", "name one of theirs", map.place)
        }
        for rule in map.rules {
            guard case .to(let destinations) = rule.operation else { continue }
            for destination in destinations {
                let path = destination.path.isEmpty ? rule.path : destination.path
                let target = find(path, in: new, "new", destination.place)
                if let target, destination.value != nil, !target.isTerminal {
                    fault("\(path) has no value", "write 'value' for leaves and leaf-lists only", destination.place)
                }
                for text in [destination.value].compactMap(\.self) + destination.keys.values.sorted() {
                    checkSyntax(text, destination.place)
                }
            }
        }
    }

    /// Whether it is an expression; the modules that it names are those of the old models.
    private mutating func checkSyntax(_ text: String, _ place: SourcePlace) {
        do throws(XPathSyntaxError) {
            _ = try XPathParser.parse(text, moduleForPrefix: { $0 }, defaultModule: "")
        } catch {
            fault("the expression \(text) cannot be read: \(error)", "write an XPath expression", place)
        }
    }

    private mutating func fault(_ summary: String, _ remedy: String, _ place: SourcePlace) {
        faults.append(.error(summary, remedy: remedy, place: place))
    }

    private mutating func find(
        _ path: String, in schema: Schema, _ which: String, _ place: SourcePlace
    ) -> SchemaNode? {
        var node = schema.root
        for step in path.split(separator: "/") {
            let parts = step.split(separator: ":", maxSplits: 1).map(String.init)
            let name = parts.last ?? ""
            let next =
                parts.count == 1
                ? node.dataChild(named: name)
                : node.dataChild(named: name, module: parts[0])
                    ?? node.dataChildren.first { $0.name == name && $0.module.prefix == parts[0] }
            guard let next else {
                let near = node.dataChildren.map(\.name).sorted().prefix(8).joined(separator: ", ")
                fault(
                    "\(path): the \(which) model has no \(step) below \(node.kind == .root ? "/" : node.prefixedPath)",
                    near.isEmpty ? "nothing is below it" : "there are \(near)", place)
                return nil
            }
            node = next
        }
        return node
    }

    private mutating func destination(
        _ destination: MigrationMap.Destination, _ source: SchemaNode
    ) -> BoundMap.Destination? {
        let path = destination.path.isEmpty ? source.path : destination.path
        guard let target = find(path, in: new, "new", destination.place) else { return nil }
        if !target.isConfig, source.isConfig {
            fault("\(path) is no configuration", "name a node that is", destination.place)
        }
        if destination.value != nil, !target.isTerminal {
            fault("\(path) has no value", "write 'value' for leaves and leaf-lists only", destination.place)
        }
        if destination.value == nil, source.isTerminal != target.isTerminal {
            fault(
                "\(path) is a \(target.kindName), and \(source.prefixedPath) a \(source.kindName)",
                "name a node of the same kind", destination.place)
        }
        let value = destination.value.flatMap { parse($0, source, destination.place) }
        var keys: [NodeID: [XPathExpression]] = [:]
        var above = target.dataParent
        while let list = above {
            if list.kind == .list { keys[list.id] = keyValues(of: list, destination, source) }
            above = list.dataParent
        }
        return BoundMap.Destination(node: target, value: value, keys: keys.filter { !$0.value.isEmpty })
    }

    /// Empty if the entry is the one that the old instance stands in.
    private mutating func keyValues(
        of list: SchemaNode, _ destination: MigrationMap.Destination, _ source: SchemaNode
    ) -> [XPathExpression] {
        let given = list.keys.filter { destination.keys[$0.name] != nil }
        if given.count == list.keys.count, !given.isEmpty {
            return given.compactMap { parse(destination.keys[$0.name] ?? "", source, destination.place) }
        }
        var above = source.dataParent
        while let node = above {
            if node.kind == .list, isPredecessor(node, of: list) { return [] }
            above = node.dataParent
        }
        fault(
            "\(destination.path) is in the list \(list.prefixedPath), and \(source.prefixedPath) is not",
            "write 'key NAME { value \"...\"; }' for each of its keys", destination.place)
        return []
    }

    private func isPredecessor(_ node: SchemaNode, of list: SchemaNode) -> Bool {
        if node.name == list.name, node.moduleName == list.moduleName || map.modules[node.moduleName] != nil {
            return true
        }
        return map.rules.contains { rule in
            guard case .to(let places) = rule.operation, !places.isEmpty else { return false }
            var quiet = self
            return quiet.find(rule.path, in: old, "old", rule.place) == node
                && quiet.find(places[0].path, in: new, "new", rule.place) == list
        }
    }

    private mutating func parse(_ text: String, _ source: SchemaNode, _ place: SourcePlace) -> XPathExpression? {
        let byPrefix = Dictionary(old.modules.map { ($0.prefix, $0.name) }, uniquingKeysWith: { first, _ in first })
        do throws(XPathSyntaxError) {
            return try XPathParser.parse(
                text, moduleForPrefix: { byPrefix[$0] ?? (old.module(named: $0) == nil ? nil : $0) },
                defaultModule: source.moduleName)
        } catch {
            fault("the expression \(text) cannot be read: \(error)", "write an XPath expression", place)
            return nil
        }
    }
}
