import Basics
import YANG

/// Compares what modules say of themselves and what they define, each change once, where it is written.
struct DefinitionComparison {
    let context: ComparisonContext
    private(set) var changes: [SchemaChange] = []

    init(_ context: ComparisonContext) { self.context = context }

    mutating func compareAll() {
        for module in context.old.modules {
            guard let other = context.new.module(named: module.name) else {
                if module.isImplemented {
                    add(
                        "module \(module.name)", Self.gone("module", module.name), place(module, context.oldSources),
                        nil)
                }
                continue
            }
            if module.digest != other.digest { compare(module, other) }
        }
        for module in context.new.modules
        where module.isImplemented && context.old.module(named: module.name) == nil {
            let text = ChangeText("module has been added", .compatible, .protocol, "module", nil, module.name)
            add("module \(module.name)", text, nil, place(module, context.newSources))
        }
    }

    private func place(_ module: SchemaModule, _ sources: SchemaSources?) -> SourcePlace? {
        sources?.module(named: module.name)?.statement.place
    }

    static func gone(_ kind: String, _ name: String) -> ChangeText {
        ChangeText("\(kind) has been removed", .incompatible, .protocol, kind, name, nil)
    }

    mutating func add(_ path: String, _ text: ChangeText, _ oldPlace: SourcePlace?, _ newPlace: SourcePlace?) {
        var change = SchemaChange(path: path, info: text.info, compatibility: text.verdict, old: nil)
        change.changeClass = text.changeClass == .validity ? .lifeCycle : text.changeClass
        change.statement = text.statement
        (change.before, change.after) = (text.before, text.after)
        (change.oldPlace, change.newPlace) = (oldPlace, newPlace)
        changes.append(change)
    }

    // MARK: Modules

    private mutating func compare(_ old: SchemaModule, _ new: SchemaModule) {
        let path = "module \(old.name)"
        let (from, to) = (place(old, context.oldSources), place(new, context.newSources))
        if old.namespace != new.namespace {
            let text = ChangeText(
                "module namespace has changed", .incompatible, .encoding, "namespace", old.namespace, new.namespace)
            add(path, text, from, to)
        }
        if old.prefix != new.prefix {
            add(
                path,
                ChangeText("module prefix has changed", .compatible, .lifeCycle, "prefix", old.prefix, new.prefix),
                from, to)
        }
        if old.isImplemented, !new.isImplemented { add(path, Self.gone("module", old.name), from, to) }
        compareRevisions(old, new, path, from, to)
        if let before = context.oldSources?.module(named: old.name),
            let after = context.newSources?.module(named: new.name)
        {
            compare(before, after)
        } else {
            compareFeatures(old, new)
        }
    }

    private mutating func compareRevisions(
        _ old: SchemaModule, _ new: SchemaModule, _ path: String, _ from: SourcePlace?, _ to: SourcePlace?
    ) {
        guard let before = old.revision else { return }
        let info: String
        switch new.revision {
        case nil: info = "module has no revision any more"
        case let after? where after < before: info = "module revision is older than before"
        case before?: info = "module has changed without a new revision"
        default: return
        }
        add(path, ChangeText(info, .incompatible, .lifeCycle, "revision", before, new.revision), from, to)
    }

    private mutating func compareFeatures(_ old: SchemaModule, _ new: SchemaModule) {
        for name in old.definedFeatures.subtracting(new.definedFeatures).sorted() {
            add("feature \(old.name):\(name)", Self.gone("feature", name), nil, nil)
        }
        for name in new.definedFeatures.subtracting(old.definedFeatures).sorted() {
            let text = ChangeText("feature has been added", .compatible, .protocol, "feature", nil, name)
            add("feature \(new.name):\(name)", text, nil, nil)
        }
    }

    // MARK: Definitions

    private mutating func compare(_ old: DefinedModule, _ new: DefinedModule) {
        for (kind, before, after) in [
            ("feature", old.features, new.features), ("identity", old.identities, new.identities),
            ("extension", old.extensions, new.extensions), ("typedef", old.typedefs, new.typedefs),
        ] {
            let byName = Dictionary(after.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
            let known = Set(before.map(\.name))
            for definition in before {
                let path = "\(kind) \(old.name):\(definition.name)"
                guard let other = byName[definition.name] else {
                    add(path, Self.gone(kind, definition.name), definition.node.statement.place, new.statement.place)
                    continue
                }
                compare(definition, other, path)
            }
            for definition in after where !known.contains(definition.name) {
                let text = ChangeText("\(kind) has been added", .compatible, .protocol, kind, nil, definition.name)
                add(
                    "\(kind) \(new.name):\(definition.name)", text, old.statement.place, definition.node.statement.place
                )
            }
        }
        compareGroupings(old, new)
    }

    private mutating func compare(_ old: Definition, _ new: Definition, _ path: String) {
        compareHeads(old.node, new.node, path, isMandatory: false)
        compareBases(old, new, path)
        compareArguments(old.node, new.node, path)
        guard let before = old.type, let after = new.type else { return }
        compareTypes(before, after, old.node, new.node, path)
        compareProperty(.default, old.node, new.node, path, "default value has", .meaning)
        compareProperty(.units, old.node, new.node, path, "units have", .meaning)
    }

    private mutating func compareBases(_ old: Definition, _ new: Definition, _ path: String) {
        func statement(_ base: String, of definition: Definition) -> Statement? {
            let name = base.split(separator: ":").last.map(String.init) ?? base
            return definition.node.properties.first {
                $0.keyword == .base && ($0.text == name || $0.text.hasSuffix(":\(name)"))
            }
        }
        for base in old.bases where !new.bases.contains(base) {
            add(
                path, ChangeText("identity base has been removed", .incompatible, .meaning, "base", base, nil),
                statement(base, of: old)?.place, new.node.statement.place)
        }
        for base in new.bases where !old.bases.contains(base) {
            add(
                path, ChangeText("identity base has been added", .compatible, .meaning, "base", nil, base),
                old.node.statement.place, statement(base, of: new)?.place)
        }
    }

    /// Of extensions.
    private mutating func compareArguments(_ old: SchemaSources.Node, _ new: SchemaSources.Node, _ path: String) {
        let (before, after) = (old.property(.argument), new.property(.argument))
        func isElement(_ argument: Statement?) -> Bool { argument?.argument(of: .yinElement) == "true" }
        guard (before == nil) != (after == nil) || isElement(before) != isElement(after) else { return }
        let text = ChangeText(
            "extension argument has changed", .incompatible, .lifeCycle, "argument", before?.text, after?.text)
        add(path, text, before?.place ?? old.statement.place, after?.place ?? new.statement.place)
    }

    // MARK: Parts that definitions and nodes of groupings have in common

    mutating func compareHeads(
        _ old: SchemaSources.Node, _ new: SchemaSources.Node, _ path: String, isMandatory: Bool
    ) {
        func status(_ node: SchemaSources.Node) -> NodeStatus {
            switch node.property(.status)?.argument {
            case "deprecated": .deprecated
            case "obsolete": .obsolete
            default: .current
            }
        }
        let (before, after) = (status(old), status(new))
        if before != after {
            add(
                path, NodeComparison.status(before, after, context.rules),
                old.property(.status)?.place ?? old.statement.place, new.property(.status)?.place ?? new.statement.place
            )
        }
        for text in FeatureComparison.texts(old.features, new.features, isMandatory: isMandatory) {
            add(path, text.text, text.oldPlace ?? old.statement.place, text.newPlace ?? new.statement.place)
        }
    }

    mutating func compareTypes(
        _ before: ResolvedType, _ after: ResolvedType, _ old: SchemaSources.Node, _ new: SchemaSources.Node,
        _ path: String
    ) {
        let (was, now) = (old.property(.type), new.property(.type))
        // Written the same: what changed is a typedef or an identity, and it is said there.
        if let was, let now, TypePlaces.isSame(was, now) { return }
        let comparison = TypeComparison(
            from: before, to: after, isLeafList: false, old: context.old, new: context.new, rules: context.rules)
        guard let text = comparison.text else { return }
        let places = TypePlaces(was, now, text.statement, member: comparison.member)
        add(path, text, places.old ?? old.statement.place, places.new ?? new.statement.place)
    }

    mutating func compareProperty(
        _ keyword: Keyword, _ old: SchemaSources.Node, _ new: SchemaSources.Node, _ path: String, _ words: String,
        _ changeClass: ChangeClass
    ) {
        let (before, after) = (old.property(keyword), new.property(keyword))
        guard before?.argument != after?.argument else { return }
        let verb = before == nil ? "been added" : after == nil ? "been removed" : "changed"
        let text = ChangeText(
            "\(words) \(verb)", before == nil ? .compatible : .incompatible, changeClass, keyword.text,
            before?.argument, after?.argument)
        add(path, text, before?.place ?? old.statement.place, after?.place ?? new.statement.place)
    }
}
