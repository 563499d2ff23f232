import YANG

extension NodeComparison {
    mutating func compareProperties(_ old: SchemaNode, _ new: SchemaNode) {
        compareCase(old, new)
        compareConfig(old, new)
        if !old.isKey { compareMandatory(old, new) }
        let arePlain = !old.hasRareProperties && !new.hasRareProperties
        if old.kind == .list || old.kind == .leafList { compareOrderAndCounts(old, new) }
        if !arePlain {
            compareDefault(old, new)
            compareUnits(old, new)
        }
        compareStatus(old, new)
        comparePresence(old, new)
        if old.isTerminal && new.isTerminal { compareTypes(old, new) }
        if !old.isKey, new.isKey {
            add(ChangeText("leaf is now a list key", .incompatible, .validity, "key"), old, new)
        }
        if old.kind == .list { compareKeys(old, new) }
        if !arePlain {
            compareConditions(old, new)
            compareUniques(old, new)
        }
        compareFeatures(old, new)
    }

    mutating func compareCase(_ old: SchemaNode, _ new: SchemaNode) {
        if pairing.areInSameCase(old, new) { return }
        let (before, after) = (old.cases, new.cases)
        guard before != after else { return }
        // Out of a choice nothing excludes the node any more.
        let isFree = after.isEmpty
        let text = ChangeText(
            isFree ? "node is no longer in a choice" : "node has moved to another case",
            isFree ? .compatible : .incompatible, .validity, "case", Self.words(before), Self.words(after))
        add(text, old, new)
    }

    private mutating func compareConfig(_ old: SchemaNode, _ new: SchemaNode) {
        // What lies below follows, and is not said again.
        guard old.isConfig != new.isConfig, old.dataParent?.isConfig == new.dataParent?.isConfig else { return }
        let isHarmless = new.isConfig && !new.needsValue
        let text = ChangeText(
            new.isConfig ? "node has become configuration" : "node is no longer configuration",
            isHarmless ? .compatible : .incompatible, .validity, "config", "\(old.isConfig)", "\(new.isConfig)")
        add(text, old, new, at: .config)
    }

    mutating func compareMandatory(_ old: SchemaNode, _ new: SchemaNode) {
        guard old.isMandatory != new.isMandatory else { return }
        let text = ChangeText(
            new.isMandatory ? "node is now mandatory" : "node is no longer mandatory",
            new.isMandatory ? .incompatible : .compatible, .validity, "mandatory", "\(old.isMandatory)",
            "\(new.isMandatory)")
        add(text, old, new, at: .mandatory)
    }

    private mutating func compareOrderAndCounts(_ old: SchemaNode, _ new: SchemaNode) {
        if old.isUserOrdered != new.isUserOrdered {
            let text = ChangeText(
                "ordered-by has changed", .incompatible, .meaning, "ordered-by", Self.order(old), Self.order(new))
            add(text, old, new, at: .orderedBy)
        }
        if old.minElements != new.minElements {
            noteCount(old, new, isRelaxed: new.minElements < old.minElements, .minElements, \.minElements)
        }
        if old.maxElements != new.maxElements {
            noteCount(old, new, isRelaxed: new.maxElements > old.maxElements, .maxElements, \.maxElements)
        }
    }

    private mutating func noteCount(
        _ old: SchemaNode, _ new: SchemaNode, isRelaxed: Bool, _ keyword: Keyword, _ count: (SchemaNode) -> Int
    ) {
        func text(_ node: SchemaNode) -> String {
            count(node) == Int(UInt32.max) ? "unbounded" : "\(count(node))"
        }
        let said = ChangeText(
            isRelaxed ? "min/max has been relaxed" : "min/max has been tightened",
            isRelaxed ? .compatible : .incompatible, .validity, keyword.text, text(old), text(new))
        add(said, old, new, at: keyword)
    }

    private static func order(_ node: SchemaNode) -> String { node.isUserOrdered ? "user" : "system" }

    private mutating func compareDefault(_ old: SchemaNode, _ new: SchemaNode) {
        guard old.isTerminal, new.isTerminal, old.defaults != new.defaults else { return }
        let verb = old.defaults.isEmpty ? "been added" : new.defaults.isEmpty ? "been removed" : "changed"
        let text = ChangeText(
            "default value has \(verb)", old.defaults.isEmpty ? .compatible : .incompatible, .meaning, "default",
            Self.words(old.defaults), Self.words(new.defaults))
        add(text, old, new, at: .default)
    }

    private mutating func compareStatus(_ old: SchemaNode, _ new: SchemaNode) {
        guard old.status != new.status else { return }
        add(Self.status(old.status, new.status, context.rules), old, new, at: .status)
    }

    /// A definition only ages; whether it may become obsolete without notice depends on the rules.
    static func status(_ old: NodeStatus, _ new: NodeStatus, _ rules: ComparisonRules) -> ChangeText {
        let isAllowed = new.rawValue > old.rawValue && !(rules == .ietfVersioning && new == .obsolete)
        return ChangeText(
            "status has changed to \(new)", isAllowed ? .compatible : .incompatible, .lifeCycle, "status", "\(old)",
            "\(new)")
    }

    private mutating func compareUnits(_ old: SchemaNode, _ new: SchemaNode) {
        guard old.units != new.units else { return }
        add(Self.units(old.units, new.units), old, new, at: .units)
    }

    static func units(_ old: String?, _ new: String?) -> ChangeText {
        let verb = old == nil ? "been added" : new == nil ? "been removed" : "changed"
        return ChangeText(
            "units have \(verb)", old == nil ? .compatible : .incompatible, .meaning, "units", old, new)
    }

    /// What presence means is said in words; only the sources have them.
    mutating func comparePresence(_ old: SchemaNode, _ new: SchemaNode) {
        guard old.isPresence, new.isPresence,
            let before = context.oldSources?.node(old)?.property(.presence)?.argument,
            let after = context.newSources?.node(new)?.property(.presence)?.argument, before != after
        else { return }
        add(ChangeText("presence has changed", .unknown, .meaning, "presence", before, after), old, new, at: .presence)
    }

    // MARK: Types and keys

    private mutating func compareTypes(_ old: SchemaNode, _ new: SchemaNode) {
        guard old.typeNumber >= 0, new.typeNumber >= 0, let before = old.type, let after = new.type else { return }
        let pair = TypePair(old: old.typeNumber, new: new.typeNumber, isLeafList: old.kind == .leafList)
        let comparison =
            knownTypes[pair]
            ?? TypeComparison(
                from: before, to: after, isLeafList: pair.isLeafList, old: context.old, new: context.new,
                rules: context.rules)
        knownTypes[pair] = comparison
        guard let text = comparison.text else { return }
        // A restriction that is new has a place of its own; of one that changed, the type.
        let (was, now) = (
            context.oldSources?.node(old)?.property(.type), context.newSources?.node(new)?.property(.type)
        )
        let places = TypePlaces(was, now, text.statement, member: comparison.member)
        add(
            text, old, new, at: .type, oldPlace: places.old, newPlace: places.new, witness: comparison.witness)
    }

    private mutating func compareKeys(_ old: SchemaNode, _ new: SchemaNode) {
        let (before, after) = (old.keys, new.keys)
        let (names, newNames) = (before.map(\.name), after.map(\.name))
        if names != newNames {
            let isOrder = Set(names) == Set(newNames)
            let text = ChangeText(
                "list key has changed", .incompatible, isOrder ? .encoding : .validity, "key", Self.words(names),
                Self.words(newNames))
            return add(text, old, new, at: .key)
        }
        for (key, other) in zip(before, after) {
            guard let a = key.type, let b = other.type, a.base != b.base else { continue }
            let text = ChangeText(
                "list key has changed; leaf '\(key.name)' has changed type", .incompatible, .encoding, "key",
                a.base.rawValue, b.base.rawValue)
            add(text, old, new, at: .key)
        }
    }

    static func words(_ list: [String]) -> String? { list.isEmpty ? nil : list.joined(separator: " ") }
}
