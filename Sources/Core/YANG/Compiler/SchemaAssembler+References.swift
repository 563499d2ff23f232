import Basics

/// What needs the whole tree: the targets of leafrefs, and defaults, which may be values of such targets.
extension SchemaAssembler {
    func bindReferences() {
        var pathsByNode: [NodeID: [Statement]] = [:]
        for (id, paths) in leafrefs { pathsByNode[id] = paths }
        var binder = LeafrefBinder(assembler: self, pathsByNode: pathsByNode)
        for (id, _) in leafrefs { binder.bind(id) }
        binder.reportCycles(among: leafrefs.map(\.id))
        bindDefaults()
    }

    private func bindDefaults() {
        let snapshot = resolvedTypes
        let typeOfNode =
            writtenDefaults.contains { !snapshot[Int(self[$0.id].type)].leafrefTargets.isEmpty }
            ? Dictionary(uniqueKeysWithValues: records.lazy.filter { $0.type >= 0 }.map { ($0.id, $0.type) }) : [:]
        for (id, statements) in writtenDefaults where !self[id].isKey {
            var values: [String] = []
            for statement in statements {
                let text = names.text(of: statement)
                let prefixes = text.moduleNames
                let context = ValueContext(
                    identities: identities, moduleForPrefix: { prefixes[$0] },
                    defaultModule: text.module?.name ?? drafts[Int(id.index)].module.name,
                    leafrefType: { target in typeOfNode[target].map { snapshot[Int($0)] } })
                checkConditional(statement, of: id)
                if snapshot[Int(self[id].type)].base == .empty {
                    log.report(
                        .defaultValue, "the default of '\(self[id].name)' is no value: its type is empty",
                        remedy: "remove the default", statement.place, node: id)
                    continue
                }
                do {
                    values.append(try snapshot[Int(self[id].type)].canonical(statement.text, in: context))
                } catch {
                    log.report(
                        .defaultValue,
                        "the default of '\(self[id].name)' is no value of its type: \(error.description)",
                        remedy: "correct the default", statement.place, node: id)
                }
            }
            if self[id].kind == .leafList && Set(values).count < values.count && self[id].isConfig {
                log.report(
                    .defaultValue,
                    "a default of '\(self[id].name)' is there twice", remedy: "remove one", statements[0].place,
                    node: id)
                values = []
            }
            self[id].defaults = values
        }
    }
}

extension SchemaAssembler {
    /// Why a default is no value of a type without leafrefs; nil if it is one.
    func faultOfDefault(_ statement: Statement, of type: ResolvedType, module: LoadedModule) -> String? {
        if type.base == .empty { return "a value of type empty cannot be a default" }
        let prefixes = names.text(of: statement).moduleNames
        let context = ValueContext(
            identities: identities, moduleForPrefix: { prefixes[$0] }, defaultModule: module.name,
            leafrefType: { _ in nil })
        do {
            _ = try type.canonical(statement.text, in: context)
            return nil
        } catch {
            return error.description
        }
    }

    /// A default must be there whatever features are supported.
    private func checkConditional(_ statement: Statement, of id: NodeID) {
        guard let members = conditionalMembers[id] else { return }
        let named = Set(statement.text.split(whereSeparator: \.isWhitespace).map(String.init)).union([statement.text])
        guard let member = named.intersection(members).sorted().first else { return }
        log.report(
            .conditionalDefault, "the default '\(member)' of '\(self[id].name)' has an 'if-feature'",
            remedy: "choose a value without condition", statement.place, node: id)
    }
}

extension ResolvedType {
    var leafrefTargets: [NodeID] { (leafrefTarget.map { [$0] } ?? []) + members.flatMap(\.leafrefTargets) }
}

/// Finds the nodes that leafrefs refer to by walking their paths over the schema tree.
private struct LeafrefBinder {
    let assembler: SchemaAssembler
    let pathsByNode: [NodeID: [Statement]]
    private var firstTargets: [NodeID: NodeID?] = [:]

    init(assembler: SchemaAssembler, pathsByNode: [NodeID: [Statement]]) {
        self.assembler = assembler
        self.pathsByNode = pathsByNode
    }

    mutating func bind(_ id: NodeID) {
        guard let paths = pathsByNode[id] else { return }
        var rest = paths[...]
        var type = assembler.resolvedTypes[Int(assembler[id].type)]
        bind(&type, of: id, paths: &rest)
        assembler.resolvedTypes[Int(assembler[id].type)] = type
    }

    private mutating func bind(_ type: inout ResolvedType, of id: NodeID, paths: inout ArraySlice<Statement>) {
        for index in type.members.indices { bind(&type.members[index], of: id, paths: &paths) }
        guard type.base == .leafref, let path = paths.popFirst() else { return }
        let module = assembler.drafts[Int(id.index)].module
        guard let expression = assembler.expression(path, module: module) else {
            type.requireInstance = false
            return
        }
        type.leafref = expression
        checkForm(of: expression, path, id)
        do {
            let target = try target(of: expression, from: id, depth: 0)
            type.leafrefTarget = target
            checkConfig(&type, of: id, target: target, path)
        } catch {
            assembler.log.report(
                .leafrefTarget,
                "leafref path \"\(path.text)\" of '\(assembler[id].name)' leads nowhere: \(error.reason)",
                remedy: "correct the path, or add the module that defines its target", path.place, node: id)
            type.requireInstance = false
        }
    }

    private func checkConfig(_ type: inout ResolvedType, of id: NodeID, target: NodeID, _ path: Statement) {
        guard type.requireInstance, assembler[id].isConfig, !assembler[target].isConfig else { return }
        assembler.log.report(
            .leafrefConfig,
            "configuration leafref '\(assembler[id].name)' refers to '\(assembler[target].name)', which is no"
                + " configuration", remedy: "add 'require-instance false'", path.place, node: id)
        type.requireInstance = false
    }

    /// Predicates compare a key with a path from `current()` (RFC 7950 section 9.9.2); anything else cannot be
    /// followed, and is left out.
    private func checkForm(of expression: XPathExpression, _ path: Statement, _ id: NodeID) {
        guard case .path(_, let steps) = expression else { return }
        if path.text.contains("::") {
            assembler.log.report(
                .leafrefPath, "leafref path \"\(path.text)\" names an axis", remedy: "expected '..' and names only",
                path.place, node: id)
        }
        for predicate in steps.lazy.flatMap(\.predicates) where !Self.isKeyPredicate(predicate) {
            assembler.log.report(
                .leafrefPath, "leafref path \"\(path.text)\" has a predicate that compares no key with a path",
                remedy: "expected [KEY = current()/../LEAF]", path.place, node: id)
            return
        }
    }

    private static func isKeyPredicate(_ predicate: XPathExpression) -> Bool {
        guard case .comparison(.equal, .path(.context, let key), .path(.expression(let start, let none), let steps)) =
            predicate, case .call("current", _) = start
        else { return false }
        let isName: Bool = if case .name? = key.first?.test { key.count == 1 } else { false }
        return isName && none.isEmpty && steps.allSatisfy(\.predicates.isEmpty)
    }

    private struct DeadEnd: Error {
        var reason: String
    }

    /// The leaf at the end of a path.
    private mutating func target(
        of expression: XPathExpression, from id: NodeID, depth: Int
    ) throws(DeadEnd) -> NodeID {
        let end = try walk(expression, from: id, depth: depth)
        let kind = assembler[end].kind
        guard kind == .leaf || kind == .leafList else {
            throw DeadEnd(reason: "'\(assembler[end].name)' is no leaf")
        }
        return end
    }

    private mutating func walk(
        _ expression: XPathExpression, from id: NodeID, depth: Int
    ) throws(DeadEnd) -> NodeID {
        guard depth < 16 else { throw DeadEnd(reason: "deref() is nested too deeply") }
        switch expression {
        case .call("current", _): return id
        case .call("deref", let arguments) where arguments.count == 1:
            return try referred(by: walk(arguments[0], from: id, depth: depth + 1), depth: depth + 1)
        case .path(let start, let steps):
            var node: NodeID
            switch start {
            case .root:
                node = NodeID(0)
                if case .name(let module, let name)? = steps.first?.test,
                    let structure = assembler.drafts[Int(id.index)].structure, structure.name == name,
                    module == nil || structure.module.name == module
                {
                    // Inside a structure the structure itself is the document element (RFC 8791 section 4).
                    node = structure.id
                    for step in steps.dropFirst() { node = try take(step, from: node) }
                    return node
                }
            case .context: node = id
            case .expression(let inner, _): node = try walk(inner, from: id, depth: depth + 1)
            }
            for step in steps { node = try take(step, from: node) }
            return node
        default: throw DeadEnd(reason: "it is no path")
        }
    }

    /// The target of the leafref that `id` is.
    private mutating func referred(by id: NodeID, depth: Int) throws(DeadEnd) -> NodeID {
        if case .some(let known) = firstTargets[id] {
            guard let known else { throw DeadEnd(reason: "'\(assembler[id].name)' refers to nothing") }
            return known
        }
        firstTargets[id] = .some(nil)
        let module = assembler.drafts[Int(id.index)].module
        guard let path = pathsByNode[id]?.first, let expression = assembler.expression(path, module: module) else {
            throw DeadEnd(reason: "'\(assembler[id].name)' in deref() is no leafref")
        }
        let found = try target(of: expression, from: id, depth: depth)
        firstTargets[id] = .some(found)
        return found
    }

    private func take(_ step: XPathExpression.Step, from id: NodeID) throws(DeadEnd) -> NodeID {
        switch (step.axis, step.test) {
        case (.self, .anyNode): return id
        case (.parent, .anyNode):
            guard id.index != 0 else { throw DeadEnd(reason: "'..' leads above the root") }
            let kind = assembler[id].kind
            // An operation and its input or output are one level of the accessible tree.
            let from = kind == .input || kind == .output ? assembler[id].dataParent : id
            return assembler[from].dataParent
        case (.child, .name(let module, let name)):
            let draft = assembler.drafts[Int(id.index)]
            guard let child = draft.dataChild(named: name, module: module) else {
                let above = id.index == 0 ? "the root" : "'\(assembler[id].name)'"
                throw DeadEnd(reason: "\(above) has no '\(module.map { "\($0):" } ?? "")\(name)'")
            }
            return child.id
        default: throw DeadEnd(reason: "only '..' and names may be steps")
        }
    }

    /// Leafrefs may not refer to each other in a circle.
    func reportCycles(among ids: [NodeID]) {
        for id in ids {
            var node = id
            var steps = 0
            // A leafref to what is no leaf is a fault of its own, and ends the chain.
            while steps < 64, assembler[node].type >= 0,
                let next = assembler.resolvedTypes[Int(assembler[node].type)].leafrefTarget
            {
                steps += 1
                node = next
                if node == id { break }
            }
            guard steps > 0, node == id || steps == 64 else { continue }
            assembler.log.report(
                .leafrefCycle,
                "leafref '\(assembler[id].name)' refers to itself", remedy: "break the cycle", assembler[id].place)
            assembler.resolvedTypes[Int(assembler[id].type)].leafrefTarget = nil
        }
    }
}

extension DraftNode {
    /// The child of that name, choice and case dissolved; any module's if `module` is nil.
    func dataChild(named name: String, module: String?) -> DraftNode? {
        for child in namedChildren(name) where child.kind != .choice && child.kind != .case {
            if module == nil || child.module.name == module { return child }
        }
        for child in transparentChildren {
            if let found = child.dataChild(named: name, module: module) { return found }
        }
        return nil
    }
}
