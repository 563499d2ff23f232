import Basics
import YANG

extension NodeComparison {
    /// `must` and `when`.
    mutating func compareConditions(_ old: SchemaNode, _ new: SchemaNode) {
        compare(.must, old.musts, new.musts, old, new)
        compare(.when, old.whens, new.whens, old, new)
        compareMessages(old, new)
    }

    private mutating func compare(
        _ keyword: Keyword, _ before: [Constraint], _ after: [Constraint], _ old: SchemaNode, _ new: SchemaNode
    ) {
        if before.isEmpty && after.isEmpty { return }
        for said in ConstraintComparison(before, after).texts(keyword.text) {
            add(said.text, old, new, oldPlace: said.old?.place ?? old.place, newPlace: said.new?.place ?? new.place)
        }
    }

    /// What a failing `must` answers.
    private mutating func compareMessages(_ old: SchemaNode, _ new: SchemaNode) {
        for constraint in old.musts {
            guard let other = new.musts.first(where: { $0.expression == constraint.expression }) else { continue }
            if constraint.errorAppTag != other.errorAppTag {
                let text = ChangeText(
                    "error-app-tag of a must expression has changed", .incompatible, .protocol, "error-app-tag",
                    constraint.errorAppTag, other.errorAppTag)
                add(text, old, new, oldPlace: constraint.place, newPlace: other.place)
            }
            if constraint.errorMessage != other.errorMessage {
                let text = ChangeText(
                    "error-message of a must expression has changed", .compatible, .lifeCycle, "error-message",
                    constraint.errorMessage, other.errorMessage)
                add(text, old, new, oldPlace: constraint.place, newPlace: other.place)
            }
        }
    }

    mutating func compareUniques(_ old: SchemaNode, _ new: SchemaNode) {
        let before = old.uniques.map { Set($0.map(\.prefixedPath)) }
        let after = new.uniques.map { Set($0.map(\.prefixedPath)) }
        guard Set(before) != Set(after) else { return }
        let added = after.filter { !before.contains($0) }
        // What was unique by fewer leafs is unique by more.
        let isProved = added.allSatisfy { unique in before.contains { $0.isSubset(of: unique) } }
        let text = ChangeText(
            "unique has changed", added.isEmpty ? .compatible : .incompatible, isProved ? .meaning : .validity,
            "unique", Self.text(of: old.uniques), Self.text(of: new.uniques))
        let known = Set(context.oldSources?.node(old)?.properties.filter { $0.keyword == .unique }.map(\.text) ?? [])
        let place = context.newSources?.node(new)?.properties
            .first { $0.keyword == .unique && !known.contains($0.text) }?.place
        add(text, old, new, at: .unique, newPlace: place)
    }

    private static func text(of uniques: [[SchemaNode]]) -> String? {
        words(uniques.map { "\"" + $0.map(\.name).joined(separator: " ") + "\"" })
    }

    /// Which features a node hangs on; of a mandatory one none may go either.
    mutating func compareFeatures(_ old: SchemaNode, _ new: SchemaNode) {
        guard let before = context.oldSources?.node(old)?.features,
            let after = context.newSources?.node(new)?.features
        else { return }
        for text in FeatureComparison.texts(before, after, isMandatory: new.needsValue) {
            add(text.text, old, new, oldPlace: text.oldPlace, newPlace: text.newPlace)
        }
    }
}

/// The `if-feature`s of a node or definition.
enum FeatureComparison {
    static func texts(
        _ before: [SchemaSources.Condition], _ after: [SchemaSources.Condition], isMandatory: Bool
    ) -> [(text: ChangeText, oldPlace: SourcePlace?, newPlace: SourcePlace?)] {
        guard !before.isEmpty || !after.isEmpty else { return [] }
        var result: [(text: ChangeText, oldPlace: SourcePlace?, newPlace: SourcePlace?)] = []
        for condition in after where !before.contains(condition) {
            result.append(
                (
                    ChangeText(
                        "if-feature has been added", .incompatible, .protocol, "if-feature", nil, condition.expression),
                    nil, condition.place
                ))
        }
        for condition in before where !after.contains(condition) {
            result.append(
                (
                    ChangeText(
                        "if-feature has been removed", isMandatory ? .incompatible : .compatible, .protocol,
                        "if-feature", condition.expression, nil), condition.place, nil
                ))
        }
        return result
    }
}
