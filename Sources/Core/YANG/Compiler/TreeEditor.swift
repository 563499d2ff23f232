import Basics

/// Changes to the draft from outside: augments of other modules, `tailf:annotate`, deviations.
final class TreeEditor {
    private let builder: TreeBuilder
    private var names: NameResolver { builder.names }
    private var log: FaultLog { builder.log }
    private var features: FeatureEvaluator { builder.features }

    /// The augments of modules that were applied, each with the nodes that it brought.
    private(set) var augments: [AppliedAugment] = []

    init(builder: TreeBuilder) { self.builder = builder }

    // MARK: Augments

    /// Applies the augments of `modules` in whatever order makes their targets exist.
    func applyAugments(of modules: [LoadedModule]) {
        var waiting: [(statement: Statement, module: LoadedModule)] = []
        for module in modules {
            for text in module.texts {
                waiting += text.statement.all(.augment).filter(features.allows).map { ($0, module) }
            }
        }
        var progress = true
        while progress && !waiting.isEmpty {
            progress = false
            waiting.removeAll { statement, module in
                guard case .found(let target) = find(statement, from: module) else { return false }
                apply(statement, of: module, to: target)
                progress = true
                return true
            }
        }
        for (statement, module) in waiting { reportMissing(statement, from: module) }
        augmentStructures(of: modules)
    }

    private func augmentStructures(of modules: [LoadedModule]) {
        for module in modules {
            for statement in module.texts.flatMap(\.statement.substatements) where names.isStructureAugment(statement) {
                GrammarCheck(log: log).checkStructureAugment(statement)
                guard case .found(let target) = find(statement, from: module, amongStructures: true) else {
                    reportMissing(statement, from: module, amongStructures: true)
                    continue
                }
                builder.augment(target, by: statement, scope: module.scope, module: module)
            }
        }
    }

    private func apply(_ statement: Statement, of module: LoadedModule, to target: DraftNode) {
        let first = target.children.count
        builder.augment(target, by: statement, scope: module.scope, module: module)
        augments.append(
            AppliedAugment(
                statement: statement, module: module, target: target, children: Array(target.children[first...])))
        let isConditional = statement.first(.when) != nil && module.isVersion11
        guard target.module !== module, !isConditional else { return }
        for child in target.children.dropFirst(first) {
            guard let mandatory = child.mandatoryDescendant, target.isConfiguration else { continue }
            log.report(
                .augmentMandatory,
                "augment adds the mandatory node '\(mandatory.name)' to module '\(target.module.name)'",
                remedy: module.isVersion11
                    ? "make it optional, or put the augment under a 'when'" : "make it optional", statement.place)
        }
    }

    private enum Search {
        case found(DraftNode)
        case missing(step: String, module: LoadedModule?)
    }

    /// The node that an absolute schema node identifier names; names without prefix are `module`'s, or anyone's.
    private func find(
        _ statement: Statement, from module: LoadedModule?, amongStructures: Bool = false
    ) -> Search {
        var current = builder.root
        let path = statement.text.trimmed
        guard path.hasPrefix("/") else { return .missing(step: path, module: nil) }
        for step in path.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
            let (prefix, name) = Identifier.split(String(step).trimmed)
            let stepModule = prefix == nil ? module : names.module(prefix, at: statement)
            let isFirst = current === builder.root
            let next =
                amongStructures && isFirst
                ? builder.structures.first { $0.name == name && $0.module === stepModule }
                : current.child(named: name, module: stepModule)
            guard let next else {
                return .missing(step: name, module: stepModule)
            }
            current = next
        }
        return .found(current)
    }

    /// The node that an augment names, if it is there.
    func target(of augment: Statement, from module: LoadedModule) -> DraftNode? {
        guard case .found(let target) = find(augment, from: module) else { return nil }
        return target
    }

    private func reportMissing(
        _ statement: Statement, from module: LoadedModule?, amongStructures: Bool = false
    ) {
        guard case .missing(let step, let target) = find(statement, from: module, amongStructures: amongStructures)
        else { return }
        if let target, !target.isImplemented {
            log.report(
                kind(of: statement),
                "'\(statement.name) \(statement.text)' points into module '\(target.name)', which is only imported",
                remedy: "add module '\(target.name)' to the set", statement.place)
        } else {
            log.report(
                kind(of: statement),
                "'\(statement.name) \(statement.text)' names no node: there is no '\(step)'",
                remedy: "correct the path, or add the module that defines the node", statement.place)
        }
    }

    private func kind(of statement: Statement) -> FaultKind {
        switch statement.keyword {
        case .deviation: .deviationTarget
        case .unknown: names.isStructureAugment(statement) ? .augmentTarget : .annotationTarget
        default: .augmentTarget
        }
    }

    // MARK: Annotations by path

    func applyAnnotations(_ texts: [ModuleText]) {
        for text in texts {
            for statement in text.statement.substatements where names.isTailf(statement, "annotate") {
                guard case .found(let target) = find(statement, from: nil) else {
                    reportMissing(statement, from: nil)
                    continue
                }
                annotate([target], by: statement)
            }
        }
    }

    private func annotate(_ targets: [DraftNode], by statement: Statement) {
        for child in statement.substatements {
            guard names.isTailf(child, "annotate") else {
                for target in targets { StatementAnnotator.merge(child, into: &target.properties) }
                continue
            }
            var reached = targets
            for step in child.text.split(separator: "/").map({ String($0).trimmed }) {
                let (prefix, name) = Identifier.split(step)
                let module = prefix.flatMap { names.module($0, at: child) }
                reached = reached.flatMap { target in
                    target.children.filter {
                        step == "*" || $0.name == name && (module == nil || $0.module === module)
                    }
                }
            }
            if reached.isEmpty {
                log.report(.annotationTarget, "'\(child.text)' names no node", remedy: "correct the path", child.place)
            }
            annotate(reached, by: child)
        }
    }

    // MARK: Deviations

    func applyDeviations(of modules: [LoadedModule]) {
        for module in modules {
            for text in module.texts {
                for deviation in text.statement.all(.deviation) { apply(deviation, of: module) }
            }
        }
    }

    private func apply(_ deviation: Statement, of module: LoadedModule) {
        guard case .found(let target) = find(deviation, from: module) else {
            reportMissing(deviation, from: module)
            return
        }
        for deviate in deviation.all(.deviate) {
            let properties = fittingProperties(deviate, of: target)
            switch deviate.text {
            case "not-supported": target.removeFromParent()
            case "add": add(properties, to: target)
            case "replace": replace(properties, in: target)
            case "delete": delete(properties, from: target)
            default: break
            }
        }
    }

    /// What of a `deviate` its target can have; the rest is reported, here or by `StatementRules`.
    private func fittingProperties(_ deviate: Statement, of target: DraftNode) -> [Statement] {
        let allowed = StatementRules.deviateProperties[deviate.text]
        return deviate.substatements.filter { statement in
            guard statement.prefix == nil else { return true }
            guard TreeBuilder.allows(statement.keyword, in: target) else {
                log.report(
                    .deviationProperty, "'\(target.name)' is a \(target.kind), which has no '\(statement.name)'",
                    remedy: "remove it", statement.place)
                return false
            }
            return allowed?.contains(statement.keyword) ?? true
        }
    }

    private func add(_ statements: [Statement], to target: DraftNode) {
        for statement in statements {
            let isMany =
                [.must, .unique, .unknown].contains(statement.keyword)
                || statement.keyword == .default && target.kind == .leafList
            if !isMany, let old = target.first(statement.keyword) {
                log.report(
                    .deviationProperty,
                    "'\(target.name)' already has '\(statement.name)' at \(old.place)",
                    remedy: "use 'deviate replace'", statement.place)
                target.properties.removeAll { $0 === old }
            }
            target.properties.append(statement)
        }
    }

    private func replace(_ statements: [Statement], in target: DraftNode) {
        var cleared: KeywordSet = []
        for statement in statements {
            if [.default, .units].contains(statement.keyword), !cleared.contains(statement.keyword),
                target.first(statement.keyword) == nil
            {
                log.report(
                    .deviationProperty, "'\(target.name)' has no '\(statement.name)' to replace",
                    remedy: "use 'deviate add'", statement.place)
            }
            if statement.keyword != .unknown && !cleared.contains(statement.keyword) {
                target.properties.removeAll { $0.keyword == statement.keyword }
                cleared.insert(statement.keyword)
            }
            target.properties.append(statement)
        }
    }

    private func delete(_ statements: [Statement], from target: DraftNode) {
        for statement in statements {
            let before = target.properties.count
            target.properties.removeAll {
                $0.keyword == statement.keyword && $0.name == statement.name && $0.argument == statement.argument
            }
            if target.properties.count == before {
                log.report(
                    .deviationProperty,
                    "'\(target.name)' has no '\(statement.name) \(statement.text)' to delete",
                    remedy: "write the argument exactly as the module has it", statement.place)
            }
        }
    }
}

/// An `augment` of a module, and what it brought.
struct AppliedAugment {
    var statement: Statement
    var module: LoadedModule
    var target: DraftNode
    var children: [DraftNode]
}

extension DraftNode {
    /// The node itself or the first one below it that must exist whenever the parent does.
    var mandatoryDescendant: DraftNode? {
        switch kind {
        case .leaf, .choice, .anydata, .anyxml: first(.mandatory)?.argument == "true" ? self : nil
        case .list, .leafList: first(.minElements).map { $0.text != "0" } == true ? self : nil
        case .container where first(.presence) == nil && first(.when) == nil:
            children.lazy.compactMap(\.mandatoryDescendant).first
        default: nil
        }
    }

    /// Whether nothing from here to the root says `config false` or is part of an operation or notification.
    var isConfiguration: Bool {
        var node: DraftNode? = self
        while let current = node {
            switch current.kind {
            case .input, .output, .notification: return false
            default: break
            }
            if current.first(.config)?.argument == "false" { return false }
            node = current.parent
        }
        return true
    }
}
