import Basics

/// Reads what the statements of one node say into its record.
struct PropertyReader {
    let assembler: SchemaAssembler
    let draft: DraftNode
    private var id: NodeID { draft.id }
    private var log: FaultLog { assembler.log }

    init(assembler: SchemaAssembler, draft: DraftNode) {
        self.assembler = assembler
        self.draft = draft
    }

    func read() {
        var type: Statement?
        var config: Statement?
        var status: Statement?
        var defaults: [Statement] = []
        var extensions: [Statement] = []
        for statement in draft.properties {
            switch statement.keyword {
            case .type: type = statement
            case .config: config = statement
            case .status: status = statement
            case .default: defaults.append(statement)
            case .unknown: if statement.prefix != nil { extensions.append(statement) }
            default: readSimple(statement)
            }
        }
        for when in draft.outerWhens { addConstraint(when, to: \.whens, contextIsParent: true) }
        readConfig(config)
        readStatus(status)
        if !draft.originExtensions.isEmpty {
            assembler.definitions.originExtensions[id] = assembler.names.instances(among: draft.originExtensions)
        }
        if !extensions.isEmpty { assembler[id].extensions = assembler.names.instances(among: extensions) }
        if let type { readType(type, defaults: defaults) }
        checkCounts()
        makeMountPoint()
    }

    private func readSimple(_ statement: Statement) {
        switch statement.keyword {
        case .mandatory: assembler[id].isMandatory = statement.text == "true"
        case .presence: assembler[id].isPresence = true
        case .orderedBy: assembler[id].isUserOrdered = statement.text == "user"
        case .minElements: assembler[id].minElements = UInt32(statement.text) ?? 0
        case .maxElements: assembler[id].maxElements = UInt32(statement.text) ?? .max
        case .units: assembler[id].units = statement.argument
        case .description: assembler[id].description = statement.argument
        case .must: addConstraint(statement, to: \.musts, contextIsParent: false)
        case .when: addConstraint(statement, to: \.whens, contextIsParent: false)
        default: break
        }
    }

    private func addConstraint(
        _ statement: Statement, to list: WritableKeyPath<NodeRecord, [Constraint]>, contextIsParent: Bool
    ) {
        guard let expression = assembler.expression(statement, module: draft.module) else {
            log.markDegraded(id, ["\(statement.name) \"\(statement.text)\" is no XPath expression"])
            return
        }
        assembler[id][keyPath: list].append(
            Constraint(
                expression: expression, source: statement.text,
                errorMessage: statement.argument(of: .errorMessage),
                errorAppTag: statement.argument(of: .errorAppTag), contextIsParent: contextIsParent,
                place: statement.place))
    }

    /// `config` is inherited; in operations and notifications it means nothing and everything is `false`.
    private func readConfig(_ statement: Statement?) {
        let parent = assembler[assembler[id].parent]
        switch draft.kind {
        case .rpc, .action, .input, .output, .notification: assembler[id].isConfig = false
        case _ where draft.isStructure: assembler[id].isConfig = false
        default: assembler[id].isConfig = parent.isConfig && statement?.text != "false"
        }
        guard let statement, statement.text == "true", !parent.isConfig, !isOutsideDatastores else { return }
        log.report(
            .configBelowState,
            "'\(draft.name)' is 'config true' below 'config false'", remedy: "remove the statement", statement.place,
            node: id)
    }

    /// Part of an operation, a notification or a structure, where `config` means nothing.
    private var isOutsideDatastores: Bool {
        var node = draft.parent
        while let current = node {
            switch current.kind {
            case .input, .output, .notification, .rpc, .action: return true
            default: node = current.isStructure ? nil : current.parent
            }
            if current.isStructure { return true }
        }
        return false
    }

    private func readStatus(_ statement: Statement?) {
        let parent = assembler[assembler[id].parent].status
        let own = statement.flatMap { NodeStatus(text: $0.text) }
        assembler[id].status = (own ?? .current).rawValue < parent.rawValue ? parent : own ?? .current
        if let own, let statement, own.rawValue < parent.rawValue {
            log.report(
                .statusOfParent,
                "'\(draft.name)' is \(own) below a node that is \(parent)", remedy: "give it the status of its parent",
                statement.place, node: id)
        }
    }

    private func readType(_ statement: Statement, defaults: [Statement]) {
        let isOwn = statement.source === draft.statement.source
        let scope = isOwn ? draft.scope : assembler.names.text(of: statement).module?.scope ?? draft.scope
        let resolution = assembler.types.resolve(statement, scope: scope)
        assembler[id].type = assembler.typeIndex(resolution, of: statement, for: id)
        if assembler[id].units == nil { assembler[id].units = resolution.units }
        if !resolution.extensions.isEmpty {
            assembler[id].extensions += assembler.names.instances(among: resolution.extensions)
        }
        log.markDegraded(id, resolution.degradations)
        if !resolution.conditionalMembers.isEmpty { assembler.conditionalMembers[id] = resolution.conditionalMembers }
        if let first = defaults.first, draft.kind == .leafList, assembler[id].minElements > 0 {
            log.report(
                .mandatoryDefault, "leaf-list '\(draft.name)' has min-elements and a default",
                remedy: "remove one of the two", first.place, node: id)
        } else if let first = defaults.first, assembler[id].isMandatory {
            log.report(
                .mandatoryDefault,
                "'\(draft.name)' is mandatory and has a default", remedy: "remove one of the two", first.place,
                node: id)
        } else if let first = defaults.first, draft.kind == .leaf, defaults.count == 1 || draft.kind == .leaf {
            assembler.writtenDefaults.append((id, [first]))
        } else if !defaults.isEmpty {
            assembler.writtenDefaults.append((id, defaults))
        } else if let inherited = resolution.defaultStatement, !assembler[id].isMandatory,
            assembler[id].minElements == 0
        {
            assembler.writtenDefaults.append((id, [inherited]))
        }
    }

    private func checkCounts() {
        let record = assembler[id]
        guard record.minElements > record.maxElements else { return }
        log.report(
            .elementCounts,
            "'\(draft.name)' needs at least \(record.minElements) and allows at most \(record.maxElements) entries",
            remedy: "correct min-elements or max-elements", draft.statement.place, node: id)
        assembler[id].minElements = 0
    }

    private func makeMountPoint() {
        guard
            let mount = assembler[id].extensions.first(where: {
                $0.name == "mount-point" && ["openned-extensions", "ietf-yang-schema-mount"].contains($0.module)
            })
        else { return }
        let isOurs = mount.module == "openned-extensions"
        guard draft.kind == .container || !isOurs && draft.kind == .list else {
            log.report(
                .mountPoint,
                "'\(draft.name)' is a \(draft.kind), which is no mount point",
                remedy: "mount points are containers\(isOurs ? "" : " and lists (RFC 8528 section 3.1)")", mount.place)
            return
        }
        if !isOurs, assembler.names.module(nil, at: draft.statement)?.isVersion11 == false {
            log.report(
                .mountPoint,
                "mount point in a module of YANG version 1",
                remedy: "add 'yang-version 1.1' to the module (RFC 8528 section 3.1)", mount.place)
        }
        if draft.kind == .container, draft.children.isEmpty || isOurs && !draft.children.contains(where: Self.hasData) {
            assembler[id].kind = .mountPoint
        } else if isOurs {
            log.report(
                .mountPoint,
                "the mount point '\(draft.name)' must be a container without data of its own",
                remedy: "what lies below comes from the schema that is mounted", draft.statement.place)
        }
    }

    /// Whether anything but actions is at or below a node.
    private static func hasData(_ draft: DraftNode) -> Bool {
        switch draft.kind {
        case .action: false
        case .container: draft.children.isEmpty || draft.children.contains(where: hasData)
        default: true
        }
    }
}
