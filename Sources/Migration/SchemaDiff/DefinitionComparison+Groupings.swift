import Basics
import YANG

/// Groupings: what is written in them, not what they use, is compared here; a change of what they use is said there.
extension DefinitionComparison {
    mutating func compareGroupings(_ old: DefinedModule, _ new: DefinedModule) {
        let byName = Dictionary(new.groupings.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        let known = Set(old.groupings.map(\.name))
        for grouping in old.groupings {
            let path = "grouping \(old.name):\(grouping.name)"
            guard let other = byName[grouping.name] else {
                add(path, Self.gone("grouping", grouping.name), grouping.node.statement.place, new.statement.place)
                continue
            }
            compareHeads(grouping.node, other.node, path, isMandatory: false)
            compareChildren(grouping, other, path)
        }
        for grouping in new.groupings where !known.contains(grouping.name) {
            let text = ChangeText("grouping has been added", .compatible, .lifeCycle, "grouping", nil, grouping.name)
            add("grouping \(new.name):\(grouping.name)", text, old.statement.place, grouping.node.statement.place)
        }
    }

    private mutating func compareChildren(_ old: DefinedNode, _ new: DefinedNode, _ path: String) {
        let (before, after) = (Self.dataNodes(old), Self.dataNodes(new))
        let byName = Dictionary(after.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        let known = Set(before.map(\.name))
        for child in before {
            let here = "\(path)/\(child.name)"
            if let other = byName[child.name] {
                compare(child, other, here)
            } else if child.isOwn {
                let info = child.kind == .leaf ? "leaf has been removed" : "sub-tree has been deleted"
                let text = ChangeText(info, .incompatible, .validity, Self.keyword(child), Self.keyword(child), nil)
                add(here, text, child.node.statement.place, new.node.statement.place)
            }
        }
        for child in after where child.isOwn && !known.contains(child.name) {
            let kind = child.kind == .leaf ? "leaf" : "sub-tree"
            let isRequired = Self.needsValue(child)
            let text = ChangeText(
                isRequired ? "mandatory \(kind) has been added" : "\(kind) has been added",
                isRequired ? .incompatible : .compatible, .validity, Self.keyword(child), nil, Self.keyword(child))
            add("\(path)/\(child.name)", text, old.node.statement.place, child.node.statement.place)
        }
    }

    /// The children with choices and cases dissolved.
    private static func dataNodes(_ node: DefinedNode) -> [DefinedNode] {
        node.children.flatMap { $0.kind == .choice || $0.kind == .case ? dataNodes($0) : [$0] }
    }

    private static func keyword(_ node: DefinedNode) -> String { node.node.statement.name }

    private static func needsValue(_ node: DefinedNode) -> Bool {
        switch node.kind {
        case .leaf, .anydata, .anyxml, .choice: node.node.property(.mandatory)?.argument == "true"
        case .list, .leafList: (node.node.property(.minElements)?.argument ?? "0") != "0"
        case .container: node.node.property(.presence) == nil && node.children.contains(where: needsValue)
        default: false
        }
    }

    private mutating func compare(_ old: DefinedNode, _ new: DefinedNode, _ path: String) {
        guard old.isOwn || new.isOwn else { return }
        guard old.kind == new.kind else {
            let text = ChangeText(
                "node type has changed from \(Self.keyword(old)) to \(Self.keyword(new))", .incompatible, .validity,
                Self.keyword(new), Self.keyword(old), Self.keyword(new))
            return add(path, text, old.node.statement.place, new.node.statement.place)
        }
        compareHeads(old.node, new.node, path, isMandatory: Self.needsValue(new))
        if let before = old.type, let after = new.type { compareTypes(before, after, old.node, new.node, path) }
        compareFlags(old, new, path)
        compareCounts(old, new, path)
        for (keyword, words) in [(Keyword.default, "default value has"), (.units, "units have")] {
            compareProperty(keyword, old.node, new.node, path, words, .meaning)
        }
        compareProperty(.key, old.node, new.node, path, "list key has", .validity)
        compareConditions(.must, old, new, path)
        compareConditions(.when, old, new, path)
        compareChildren(old, new, path)
    }

    private mutating func compareFlags(_ old: DefinedNode, _ new: DefinedNode, _ path: String) {
        func value(_ keyword: Keyword, _ node: DefinedNode, _ standard: String) -> String {
            node.node.property(keyword)?.argument ?? standard
        }
        for (keyword, standard, bad, info, goodInfo) in [
            (Keyword.mandatory, "false", "true", "node is now mandatory", "node is no longer mandatory"),
            (.config, "true", "false", "node is no longer configuration", "node has become configuration"),
        ] {
            let (before, after) = (value(keyword, old, standard), value(keyword, new, standard))
            guard before != after else { continue }
            let isBad = after == bad
            note(
                keyword,
                ChangeText(
                    isBad ? info : goodInfo, isBad ? .incompatible : .compatible, .validity, keyword.text, before, after
                ),
                old, new, path)
        }
        let (before, after) = (value(.orderedBy, old, "system"), value(.orderedBy, new, "system"))
        if before != after {
            note(
                .orderedBy,
                ChangeText("ordered-by has changed", .incompatible, .meaning, "ordered-by", before, after), old, new,
                path)
        }
    }

    private mutating func compareCounts(_ old: DefinedNode, _ new: DefinedNode, _ path: String) {
        for (keyword, standard, isMinimum) in [(Keyword.minElements, 0, true), (.maxElements, Int.max, false)] {
            func count(_ node: DefinedNode) -> Int { node.node.property(keyword).flatMap { Int($0.text) } ?? standard }
            let (before, after) = (count(old), count(new))
            guard before != after else { continue }
            let isRelaxed = isMinimum ? after < before : after > before
            note(
                keyword,
                ChangeText(
                    isRelaxed ? "min/max has been relaxed" : "min/max has been tightened",
                    isRelaxed ? .compatible : .incompatible, .validity, keyword.text,
                    old.node.property(keyword)?.text, new.node.property(keyword)?.text), old, new, path)
        }
    }

    private mutating func note(
        _ keyword: Keyword, _ text: ChangeText, _ old: DefinedNode, _ new: DefinedNode, _ path: String
    ) {
        add(
            path, text, old.node.property(keyword)?.place ?? old.node.statement.place,
            new.node.property(keyword)?.place ?? new.node.statement.place)
    }

    /// As written: what they mean is compared where the grouping is used.
    private mutating func compareConditions(
        _ keyword: Keyword, _ old: DefinedNode, _ new: DefinedNode, _ path: String
    ) {
        let before = old.node.properties.filter { $0.keyword == keyword }
        let after = new.node.properties.filter { $0.keyword == keyword }
        let added = after.filter { statement in !before.contains { $0.text == statement.text } }
        let removed = before.filter { statement in !after.contains { $0.text == statement.text } }
        guard !added.isEmpty || !removed.isEmpty else { return }
        let verb = removed.isEmpty ? "been added" : added.isEmpty ? "been removed" : "changed"
        let verdict: Compatibility = removed.isEmpty ? .incompatible : added.isEmpty ? .compatible : .unknown
        let text = ChangeText(
            "\(keyword.text) expression has \(verb)", verdict, .validity, keyword.text,
            removed.first?.text, added.first?.text)
        add(
            path, text, removed.first?.place ?? old.node.statement.place, added.first?.place ?? new.node.statement.place
        )
    }
}
