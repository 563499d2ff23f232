import Basics

/// Expands statements into the draft of the schema tree: data definitions, `uses` with `refine` and `augment`,
/// shorthand cases, operations.
final class TreeBuilder {
    let names: NameResolver
    let features: FeatureEvaluator
    let log: FaultLog
    let root: DraftNode
    /// The containers of structures, in order of definition.
    private(set) var structures: [DraftNode] = []
    private(set) var nodeCount = 0
    private var reportedLimit = false
    private var innerScopes: [ObjectIdentifier: Scope] = [:]
    private var openGroupings: [ObjectIdentifier] = []
    private(set) var usedGroupings: Set<ObjectIdentifier> = []

    init(names: NameResolver, features: FeatureEvaluator, log: FaultLog, root: DraftNode) {
        self.names = names
        self.features = features
        self.log = log
        self.root = root
    }

    /// Adds the top nodes of an implemented module.
    func build(_ module: LoadedModule) {
        for text in module.texts {
            expand(text.statement.substatements, under: root, scope: module.scope, module: module)
            for statement in text.statement.substatements where names.structureKind(of: statement) != nil {
                addStructure(statement, scope: module.scope, module: module)
            }
        }
    }

    /// A structure is a container beside the data tree: its parent is the root, but it is none of the root's children.
    private func addStructure(_ statement: Statement, scope: Scope, module: LoadedModule) {
        GrammarCheck(log: log).checkStructure(statement)
        let name = statement.text
        if let other = structures.first(where: { $0.name == name && $0.module === module }) {
            log.report(
                .repeatedDefinition,
                "structure '\(name)' is defined twice", remedy: "the other is at \(other.statement.place)",
                statement.place)
            return
        }
        let node = DraftNode(statement: statement, kind: .container, name: name, module: module, scope: scope)
        node.parent = root
        node.depth = 1
        node.isStructure = true
        structures.append(node)
        nodeCount += 1
        expand(statement.substatements, under: node, scope: inner(statement, in: scope), module: module)
    }

    /// Adds what `statements` define to `parent`, in the namespace of `module`.
    func expand(_ statements: [Statement], under parent: DraftNode, scope: Scope, module: LoadedModule) {
        for statement in statements {
            if statement.keyword == .uses {
                if features.allows(statement) { use(statement, under: parent, scope: scope, module: module) }
            } else if let kind = kind(of: statement, under: parent), features.allows(statement) {
                add(statement, kind: kind, under: parent, scope: scope, module: module)
            }
        }
    }

    private func kind(of statement: Statement, under parent: DraftNode) -> NodeKind? {
        switch statement.keyword {
        case .container: .container
        case .list: .list
        case .leaf: .leaf
        case .leafList: .leafList
        case .choice: .choice
        case .case: parent.kind == .choice ? .case : nil
        case .anydata: .anydata
        case .anyxml: .anyxml
        case .rpc: parent.kind == .root ? .rpc : nil
        case .action: .action
        case .notification: .notification
        case .unknown: names.isTailf(statement, "action") ? .action : nil
        default: nil
        }
    }

    private func add(
        _ statement: Statement, kind: NodeKind, under parent: DraftNode, scope: Scope, module: LoadedModule
    ) {
        guard allowsMore(under: parent, at: statement) else { return }
        var parent = parent
        if parent.kind == .choice && kind != .case {
            let shorthand = Statement(
                keyword: .case, prefix: nil, name: Keyword.case.text, argument: statement.argument, substatements: [],
                source: statement.source, line: statement.line, column: statement.column)
            let implied = DraftNode(
                statement: shorthand, kind: .case, name: statement.text, module: module, scope: scope)
            parent.append(implied)
            nodeCount += 1
            parent = implied
        }
        let node = DraftNode(statement: statement, kind: kind, name: statement.text, module: module, scope: scope)
        parent.append(node)
        nodeCount += 1
        switch kind {
        case .leaf, .leafList, .anydata, .anyxml: break
        case .rpc, .action: addOperation(node, scope: inner(statement, in: scope))
        default:
            expand(statement.substatements, under: node, scope: inner(statement, in: scope), module: module)
        }
    }

    /// An operation always has input and output, written or not (RFC 7950 section 7.14).
    private func addOperation(_ node: DraftNode, scope: Scope) {
        for (keyword, kind) in [(Keyword.input, NodeKind.input), (.output, .output)] {
            let written = node.statement.first(keyword)
            let statement =
                written
                ?? Statement(
                    keyword: keyword, prefix: nil, name: keyword.text, argument: nil, substatements: [],
                    source: node.statement.source, line: node.statement.line, column: node.statement.column)
            let part = DraftNode(
                statement: statement, kind: kind, name: keyword.text, module: node.module, scope: scope)
            node.append(part)
            nodeCount += 1
            expand(
                statement.substatements, under: part, scope: inner(statement, in: scope), module: node.module)
        }
    }

    private func allowsMore(under parent: DraftNode, at statement: Statement) -> Bool {
        guard nodeCount < CompileLimits.nodes, parent.depth < CompileLimits.depth else {
            if !reportedLimit {
                log.error(
                    "the schema tree is too large or too deep",
                    remedy: "the limits are \(CompileLimits.nodes) nodes and a depth of \(CompileLimits.depth)",
                    statement.place)
            }
            reportedLimit = true
            return false
        }
        return true
    }

    /// The scope inside a statement: `scope` itself unless the statement defines typedefs or groupings.
    func inner(_ statement: Statement, in scope: Scope) -> Scope {
        guard statement.substatements.contains(where: { $0.keyword == .typedef || $0.keyword == .grouping }) else {
            return scope
        }
        if let known = innerScopes[ObjectIdentifier(statement)] { return known }
        let made = Scope(parent: scope, module: scope.module)
        made.define(statement.substatements, log: log)
        innerScopes[ObjectIdentifier(statement)] = made
        return made
    }

    /// The nodes of a grouping, apart from the tree: of one that nothing uses, or only to be shown.
    func expandAside(
        _ grouping: Statement, scope: Scope, module: LoadedModule, isOnlyShown: Bool = false
    ) -> DraftNode {
        let used = usedGroupings
        defer { if isOnlyShown { usedGroupings = used } }
        let aside = DraftNode(statement: grouping, kind: .container, name: grouping.text, module: module, scope: scope)
        openGroupings.append(ObjectIdentifier(grouping))
        expand(grouping.substatements, under: aside, scope: inner(grouping, in: scope), module: module)
        openGroupings.removeLast()
        return aside
    }

    // MARK: Uses

    private func use(_ statement: Statement, under parent: DraftNode, scope: Scope, module: LoadedModule) {
        guard let (grouping, home) = grouping(statement, scope: scope) else { return }
        guard !openGroupings.contains(ObjectIdentifier(grouping)) else {
            log.report(
                .groupingCycle,
                "grouping '\(grouping.text)' uses itself", remedy: "break the cycle", statement.place)
            return
        }
        guard openGroupings.count < CompileLimits.chain else {
            log.error("groupings use each other too deeply", remedy: "flatten them", statement.place)
            return
        }
        usedGroupings.insert(ObjectIdentifier(grouping))
        openGroupings.append(ObjectIdentifier(grouping))
        let first = parent.children.count
        expand(grouping.substatements, under: parent, scope: inner(grouping, in: home), module: module)
        openGroupings.removeLast()
        bring(parent.children[first...], by: statement)
        let extensions = (grouping.substatements + statement.substatements).filter { $0.prefix != nil }
        if !extensions.isEmpty {
            for child in parent.children[first...] { child.originExtensions += extensions }
        }
        for change in statement.substatements where change.keyword == .refine || change.keyword == .augment {
            guard change.keyword == .refine || features.allows(change) else { continue }
            guard let target = descendant(change, of: parent, from: first, module: module) else { continue }
            if change.keyword == .refine {
                refine(target, by: change)
            } else {
                augment(target, by: change, scope: scope, module: module)
            }
        }
    }

    /// What a `uses` or `augment` says of the nodes that it brings.
    private func bring(_ nodes: ArraySlice<DraftNode>, by statement: Statement) {
        let (when, features) = (statement.first(.when), statement.all(.ifFeature))
        for node in nodes {
            node.home = statement.source
            node.outerFeatures += features
            if let when { node.outerWhens.append(when) }
        }
    }

    private func grouping(_ statement: Statement, scope: Scope) -> (Statement, Scope)? {
        let (prefix, name) = Identifier.split(statement.text)
        guard let home = names.module(prefix, at: statement) else { return nil }
        let found = home === scope.module ? scope.grouping(name) : home.scope.grouping(name)
        if found == nil {
            log.report(
                .undefinedGrouping,
                "grouping '\(name)' is not defined in module '\(home.name)'", remedy: "define it or correct the name",
                statement.place)
        }
        return found
    }

    /// The node that a relative schema node identifier names among the children from `first` on.
    private func descendant(
        _ change: Statement, of parent: DraftNode, from first: Int, module: LoadedModule
    ) -> DraftNode? {
        var current: DraftNode?
        for step in change.text.split(separator: "/", omittingEmptySubsequences: false) {
            let (prefix, name) = Identifier.split(String(step).trimmed)
            let stepModule = prefix == nil ? module : names.module(prefix, at: change)
            if let node = current {
                current = node.child(named: name, module: stepModule) ?? node.child(named: name, module: module)
            } else {
                current = parent.children[first...].first { $0.name == name }
            }
            guard current != nil else {
                log.report(
                    .refineTarget,
                    "'\(change.name) \(change.text)' names no node of the grouping: there is no '\(name)'",
                    remedy: "correct the path", change.place)
                return nil
            }
        }
        return current
    }

    /// Whether a node of that kind may have a property at all.
    static func allows(_ property: Keyword, in target: DraftNode) -> Bool {
        if property == .unknown || property == .description || property == .reference { return true }
        guard let rule = StatementGrammar.standard[target.statement.keyword] else { return false }
        return rule.allowed.contains(property)
    }

    /// A key may not become conditional by `refine` either (RFC 7950 section 7.8.2).
    private func checkCondition(_ statement: Statement, of target: DraftNode) {
        guard target.kind == .leaf, let list = target.parent, let key = list.first(.key),
            key.text.split(whereSeparator: \.isWhitespace).contains(where: { $0 == target.name })
        else { return }
        log.report(
            .conditionalKey, "key '\(target.name)' of list '\(list.name)' has '\(statement.name)'",
            remedy: "remove it: an entry always has its keys", statement.place)
    }

    private func refine(_ target: DraftNode, by change: Statement) {
        for statement in change.substatements {
            guard Self.allows(statement.keyword, in: target) else {
                log.report(
                    .refineProperty, "'\(statement.name)' does not refine '\(target.name)', a \(target.kind)",
                    remedy: "remove it", statement.place)
                continue
            }
            if statement.keyword == .default, change.all(.default).count > 1, target.kind != .leafList {
                log.report(
                    .refineProperty, "'\(target.name)' is refined with more than one default",
                    remedy: "keep one", statement.place)
            }
            switch statement.keyword {
            case .must: target.properties.append(statement)
            case .ifFeature:
                target.outerFeatures.append(statement)
                checkCondition(statement, of: target)
                if !features.allows(change) { target.removeFromParent() }
            case .default where target.kind == .leafList:
                target.properties.removeAll { old in
                    old.keyword == .default && !change.substatements.contains { $0 === old }
                }
                target.properties.append(statement)
            case .unknown: target.properties.append(statement)
            default:
                target.properties.removeAll { $0.keyword == statement.keyword }
                target.properties.append(statement)
            }
        }
    }

    /// Cases go into choices only, actions and notifications into containers and lists only.
    private func checkFit(_ change: Statement, _ target: DraftNode) {
        for child in change.substatements {
            let fits: Bool =
                switch child.keyword {
                case .case: target.kind == .choice
                case .action, .notification: target.kind == .container || target.kind == .list
                case .uses: target.kind != .choice
                default: true
                }
            guard !fits else { continue }
            log.report(
                .augmentKind, "'\(child.name)' does not fit into '\(target.name)', a \(target.kind)",
                remedy: "augment another node, or add another kind of node", child.place)
        }
    }

    /// Adds the nodes of an `augment` to its target.
    func augment(_ target: DraftNode, by change: Statement, scope: Scope, module: LoadedModule) {
        switch target.kind {
        case .container, .list, .choice, .case, .input, .output, .notification, .mountPoint: break
        default:
            log.report(
                .augmentKind,
                "'\(target.name)' cannot be augmented: it is a \(target.kind)",
                remedy: "augment a container, list, choice, case, input, output or notification", change.place)
            return
        }
        checkFit(change, target)
        let first = target.children.count
        expand(change.substatements, under: target, scope: inner(change, in: scope), module: module)
        bring(target.children[first...], by: change)
    }
}

extension String {
    /// Without white space at the ends; line breaks inside a path are none of its names.
    var trimmed: String {
        guard let first = utf8.first, let last = utf8.last else { return self }
        if first > 32 && last > 32 { return self }
        let start = drop { $0.isWhitespace }
        return String(start.reversed().drop { $0.isWhitespace }.reversed())
    }
}
