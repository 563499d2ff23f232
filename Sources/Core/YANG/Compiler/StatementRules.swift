import Basics

/// Rules about statements where they are written, whether anything uses them or not: order, versions, names, status
/// of what they refer to.
///
/// One walk over each text. What depends on the expanded tree is checked there (`SchemaRules`).
struct StatementRules {
    let names: NameResolver
    let log: FaultLog
    /// Names of definitions that are not current: references to any others need no look-up.
    private let agedNames: Set<String>

    init(names: NameResolver, log: FaultLog) {
        self.names = names
        self.log = log
        agedNames = Self.agedNames(in: names.loader.modules)
    }

    /// Where the walk is.
    private struct Context {
        var isVersion11: Bool
        var module: LoadedModule
        /// The statements around, outermost first, that define typedefs or groupings.
        var scopes: [Statement] = []
        var status = NodeStatus.current
    }

    func check(_ module: LoadedModule) {
        for text in module.texts {
            checkHead(of: text, module: module)
            let context = Context(isVersion11: text.isVersion11, module: module)
            for child in text.statement.substatements { check(child, in: text.statement, context) }
        }
    }

    private func check(_ statement: Statement, in parent: Statement, _ context: Context) {
        guard statement.prefix == nil else {
            checkExtension(statement, context)
            return
        }
        if !context.isVersion11 { VersionRules(log: log).check(statement, in: parent) }
        checkForm(statement, in: parent, context)
        checkReference(statement, in: parent, context)
        guard !statement.substatements.isEmpty else { return }
        var inner = context
        if let own = statement.argument(of: .status).flatMap(NodeStatus.init(text:)) {
            inner.status = own.rawValue > context.status.rawValue ? own : context.status
        }
        if statement.substatements.contains(where: { $0.keyword == .typedef || $0.keyword == .grouping }) {
            inner.scopes.append(statement)
        }
        for child in statement.substatements { check(child, in: statement, inner) }
    }

    /// Extension statements that hold YANG of their own are walked; of others, only what they are is checked.
    private func checkExtension(_ statement: Statement, _ context: Context) {
        names.checkDefinition(of: statement)
        guard names.structureKind(of: statement) != nil || names.isStructureAugment(statement) else { return }
        for child in statement.substatements { check(child, in: statement, context) }
    }

    // MARK: Form

    private func checkForm(_ statement: Statement, in parent: Statement, _ context: Context) {
        switch statement.keyword {
        case .typedef:
            if BuiltInType(rawValue: statement.text) != nil {
                log.report(
                    .builtInName, "typedef '\(statement.text)' has the name of a built-in type",
                    remedy: "give it another name", statement.place)
            }
            checkShadowing(statement, \.typedefs, in: parent, context)
        case .grouping: checkShadowing(statement, \.groupings, in: parent, context)
        case .augment:
            let isTop = parent.keyword == .module || parent.keyword == .submodule
            if isTop != statement.text.trimmed.hasPrefix("/") {
                log.report(
                    .badArgument, "'\(statement.text)' is no argument of 'augment' here",
                    remedy: isTop
                        ? "expected an absolute path such as /p:a/p:b" : "expected a path from the uses, such as a/b",
                    statement.place)
            }
        case .deviation: checkDeviation(statement)
        default: break
        }
    }

    private func checkShadowing(
        _ statement: Statement, _ table: KeyPath<Scope, [String: Statement]>, in parent: Statement, _ context: Context
    ) {
        guard parent.keyword != .module && parent.keyword != .submodule else { return }
        let outer = context.scopes.dropLast().lazy.flatMap(\.substatements).first {
            $0.keyword == statement.keyword && $0.text == statement.text
        }
        guard let outer = outer ?? context.module.scope[keyPath: table][statement.text], outer !== statement else {
            return
        }
        log.report(
            .shadowedDefinition, "\(statement.name) '\(statement.text)' hides the one at \(outer.place)",
            remedy: "give it another name", statement.place)
    }

    private func checkDeviation(_ statement: Statement) {
        let deviates = statement.all(.deviate)
        if deviates.count > 1, let alone = deviates.first(where: { $0.text == "not-supported" }) {
            log.report(
                .deviationProperty, "'deviate not-supported' stands beside other deviate statements",
                remedy: "keep only it, or only the others", alone.place)
        }
        for deviate in deviates {
            guard let allowed = Self.deviateProperties[deviate.text] else { continue }
            for child in deviate.substatements where child.prefix == nil && !allowed.contains(child.keyword) {
                log.report(
                    .deviationProperty, "'\(child.name)' may not stand in 'deviate \(deviate.text)'",
                    remedy: "move or remove it", child.place)
            }
        }
    }

    static let deviateProperties: [String: KeywordSet] = [
        "not-supported": [],
        "add": [.units, .must, .unique, .default, .config, .mandatory, .minElements, .maxElements],
        "replace": [.type, .units, .default, .config, .mandatory, .minElements, .maxElements],
        "delete": [.units, .must, .unique, .default],
    ]

    // MARK: Status of what is referred to

    private static func agedNames(in modules: [LoadedModule]) -> Set<String> {
        var result: Set<String> = []
        func visit(_ statement: Statement) {
            switch statement.keyword {
            case .typedef, .grouping, .identity, .feature:
                if let status = statement.argument(of: .status), status != "current" { result.insert(statement.text) }
            default: break
            }
            for child in statement.substatements
            where child.keyword == .typedef || child.keyword == .grouping || child.keyword.definesNode {
                visit(child)
            }
        }
        for module in modules {
            for statement in module.texts.flatMap(\.statement.substatements) { visit(statement) }
        }
        return result
    }

    private func checkReference(_ statement: Statement, in parent: Statement, _ context: Context) {
        guard !agedNames.isEmpty else { return }
        switch statement.keyword {
        case .type: compare(statement, statement.text, context) { $0.scope.typedefs[$1] }
        case .uses: compare(statement, statement.text, context) { $0.scope.groupings[$1] }
        case .base: compare(statement, statement.text, context) { $0.identities[$1] }
        case .ifFeature:
            for name in FeatureExpression.parse(statement.text)?.names ?? [] {
                compare(statement, name, context) { $0.features[$1] }
            }
        default: break
        }
    }

    private func compare(
        _ statement: Statement, _ reference: String, _ context: Context,
        _ look: (LoadedModule, String) -> Statement?
    ) {
        let (prefix, name) = Identifier.split(reference)
        guard agedNames.contains(name) else { return }
        let module = prefix.map { names.text(of: statement).prefixes[$0] } ?? context.module
        guard let module, let definition = local(statement, name, module, context) ?? look(module, name) else { return }
        let own = statement.argument(of: .status).flatMap(NodeStatus.init(text:)) ?? .current
        let user = max(own.rawValue, context.status.rawValue)
        guard let status = definition.argument(of: .status).flatMap(NodeStatus.init(text:)), status.rawValue > user
        else { return }
        let isOwn = module === context.module
        let userStatus = NodeStatus(rawValue: user) ?? .current
        log.report(
            isOwn ? .statusOfReference : .deprecatedUse,
            "\(definition.name) '\(reference)' is \(status)\(isOwn ? ", and what uses it is \(userStatus)" : "")",
            remedy: isOwn ? "use what replaces it, or give the user the same status" : "use what replaces it",
            statement.place)
    }

    /// A typedef or grouping that is defined inside a statement around the reference.
    private func local(
        _ statement: Statement, _ name: String, _ module: LoadedModule, _ context: Context
    ) -> Statement? {
        let keyword: Keyword = statement.keyword == .type ? .typedef : .grouping
        guard module === context.module, statement.keyword == .type || statement.keyword == .uses else { return nil }
        return context.scopes.reversed().lazy.flatMap(\.substatements).first {
            $0.keyword == keyword && $0.text == name
        }
    }
}
