import YANG

/// `schema-comparison` of draft-ietf-netmod-yang-schema-comparison (module `ietf-yang-schema-comparison`, 2025-10-13):
/// one comparison for each implemented module that both schemas have.
///
/// The draft knows two verdicts; what is undecided counts as not backwards-compatible.
struct IETFReport {
    private static let statements: Set<String> = [
        "base", "bit", "config", "default", "enum", "error-app-tag", "error-message", "fraction-digits", "identity",
        "length", "mandatory", "max-elements", "min-elements", "must", "ordered-by", "path", "pattern", "presence",
        "range", "require-instance", "status", "type", "units", "unique", "when",
    ]
    private static let nodeTypes: Set<String> = [
        "container", "leaf", "leaf-list", "list", "anydata", "anyxml", "rpc", "action", "notification",
    ]

    private let comparison: SchemaComparison
    private let old: Schema
    private let new: Schema

    init(_ comparison: SchemaComparison, _ old: Schema, _ new: Schema) {
        (self.comparison, self.old, self.new) = (comparison, old, new)
    }

    var value: ReportValue {
        let modules = old.modules.filter { module in
            module.isImplemented && new.module(named: module.name).map { $0.digest != module.digest } == true
                || changes(of: module.name).isEmpty == false
        }
        return .members([
            "ietf-yang-schema-comparison:schema-comparison": .members([
                "compiled-diff": .list(modules.map(difference))
            ])
        ])
    }

    private func changes(of module: String) -> [SchemaChange] {
        comparison.changes.filter { ($0.old ?? $0.new)?.moduleName == module }
    }

    private func definitions(of module: String) -> [SchemaChange] {
        comparison.definitions.filter { change in
            let name = change.path.drop { $0 != " " }.dropFirst()
            return name == module || name.hasPrefix("\(module):")
        }
    }

    private func difference(_ module: SchemaModule) -> ReportValue {
        let (changes, definitions) = (changes(of: module.name), definitions(of: module.name))
        var order: [String] = []
        var byNode: [String: [SchemaChange]] = [:]
        for change in changes {
            guard let node = change.new ?? change.old, Self.nodeTypes.contains(node.keyword) else { continue }
            let path = node.path
            if byNode[path] == nil { order.append(path) }
            byNode[path, default: []].append(change)
        }
        let told = definitions.filter { $0.statement == "identity" || $0.statement == "base" }
        return .members([
            "source": parameters(module, old), "target": parameters(new.module(named: module.name) ?? module, new),
            "conformance": .text(Self.conformance(changes + definitions)),
            "module-diff": told.isEmpty ? nil : .members(["changed": Self.changed(told)]),
            "node-diff": .list(order.compactMap { path in byNode[path].map { node(path, $0) } }),
        ])
    }

    private func parameters(_ module: SchemaModule, _ schema: Schema) -> ReportValue {
        .members([
            "module": .text(module.name), "revision": .text(module.revision ?? ""),
            "enabled-feature": module.features.isEmpty ? nil : .list(module.features.map { .text($0) }),
        ])
    }

    private func node(_ path: String, _ changes: [SchemaChange]) -> ReportValue {
        let first = changes[0]
        let (before, after) = (first.old, first.new)
        let node = after ?? before
        let message = node?.messageKind
        return .members([
            "node": .text(path), "node-type": .text(node?.keyword ?? ""),
            "in-rpc-action": message == .input ? .text("input") : message == .output ? .text("output") : nil,
            "changed": Self.changed(changes),
            "old": before.map(properties), "new": after.map(properties),
        ])
    }

    /// One entry a statement, with the worse of two verdicts.
    private static func changed(_ changes: [SchemaChange]) -> ReportValue {
        var order: [String] = []
        var groups: [String: [SchemaChange]] = [:]
        for change in changes {
            let statement = statements.contains(change.statement) ? change.statement : "node"
            if groups[statement] == nil { order.append(statement) }
            groups[statement, default: []].append(change)
        }
        return .list(
            order.map { statement in
                let group = groups[statement] ?? []
                let action =
                    group.allSatisfy { $0.before == nil }
                    ? "added" : group.allSatisfy { $0.after == nil } ? "removed" : "modified"
                return .members([
                    "stmt": .text(statement), "change": .text(action), "conformance": .text(conformance(group)),
                ])
            })
    }

    private static func conformance(_ changes: [SchemaChange]) -> String {
        changes.allSatisfy { $0.compatibility == .compatible } ? "backwards-compatible" : "non-backwards-compatible"
    }

    private func properties(of node: SchemaNode) -> ReportValue {
        let isList = node.kind == .list || node.kind == .leafList
        return .members([
            "config": .flag(node.isConfig), "description": node.describingText.map { .text($0) },
            "mandatory": node.isMandatory ? .flag(true) : nil,
            "must": node.musts.isEmpty ? nil : .list(node.musts.map { .members(["condition": .text($0.source)]) }),
            "presence": node.isPresence ? .flag(true) : nil, "status": .text("\(node.status)"),
            "when": node.whens.isEmpty
                ? nil
                : .list(
                    node.whens.map { .members(["condition": .text($0.source), "status": .text("\(node.status)")]) }),
            "type": node.type.map { type($0, node.schema) }, "units": node.units.map { .text($0) },
            "ordered-by": isList ? .text(node.isUserOrdered ? "user" : "system") : nil,
            "default": node.defaults.isEmpty ? nil : .list(node.defaults.map { .text($0) }),
            "min-elements": node.minElements > 0 ? .number(node.minElements) : nil,
            "max-elements": isList && node.maxElements < Int(UInt32.max) ? .number(node.maxElements) : nil,
            "unique": node.uniques.isEmpty
                ? nil
                : .list(node.uniques.map { .members(["node": .list($0.map { .text($0.name) })]) }),
        ])
    }

    private func type(_ type: ResolvedType, _ schema: Schema) -> ReportValue {
        func members(_ members: [EnumMember], _ number: String) -> ReportValue? {
            if members.isEmpty { return nil }
            return .list(
                members.map {
                    .object([
                        ("name", .text($0.name)), (number, .number(Int($0.value))), ("status", .text("\($0.status)")),
                    ])
                })
        }
        func intervals(_ bounds: [(String, String)]) -> ReportValue? {
            if bounds.isEmpty { return nil }
            return .members([
                "interval": .list(bounds.map { .members(["min": .text($0.0), "max": .text($0.1)]) })
            ])
        }
        let reference = [.leafref, .instanceIdentifier].contains(type.base)
        return .members([
            "base-type": .text(type.base.rawValue),
            "range": intervals(type.ranges.map { ("\($0.lowerBound)", "\($0.upperBound)") }),
            "length": intervals(type.lengths.map { ("\($0.lowerBound)", "\($0.upperBound)") }),
            "fraction-digits": type.base == .decimal64 ? .number(type.fractionDigits) : nil,
            "pattern": type.patterns.isEmpty
                ? nil
                : .list(
                    type.patterns.map {
                        .members(["expression": .text($0.source), "inverted": .flag($0.isInverted)])
                    }),
            "enum": members(type.enums, "value"), "bit": members(type.bits, "position"),
            "path": type.leafrefSource.map { .text($0) },
            "require-instance": reference ? .flag(type.requireInstance) : nil,
            "base": type.identityBases.isEmpty ? nil : .list(type.identityBases.map { .text($0) }),
            "union-type": type.members.isEmpty ? nil : .list(type.members.map { self.type($0, schema) }),
        ])
    }
}
