import Basics

/// Rules about nodes of the finished tree: keys, choices, operations.
struct SchemaRules {
    let assembler: SchemaAssembler
    private var log: FaultLog { assembler.log }

    func check(_ draft: DraftNode) {
        switch draft.kind {
        case .list: checkKeys(of: draft)
        case .choice: checkChoice(draft)
        case .action, .notification: checkPlace(of: draft)
        default: break
        }
        if draft.kind != .choice { checkChoiceNames(among: draft.children) }
    }

    /// A choice shares its name with no sibling; between data nodes the assembler compares.
    private func checkChoiceNames(among siblings: [DraftNode]) {
        for choice in siblings where choice.kind == .choice {
            for other in siblings
            where other !== choice && other.name == choice.name && other.module === choice.module {
                if other.kind == .choice && other.id.index > choice.id.index { continue }
                report(
                    .repeatedNode, "'\(choice.name)' is a choice and something else in one place",
                    "the other is at \(other.statement.place)", choice)
            }
        }
    }

    // MARK: Keys

    private func checkKeys(of draft: DraftNode) {
        let list = assembler[draft.id]
        for id in list.keys {
            let key = assembler.drafts[Int(id.index)]
            if assembler[id].isConfig != list.isConfig {
                report(
                    .keyConfig,
                    "key '\(key.name)' is \(list.isConfig ? "no " : "")configuration, its list is"
                        + (list.isConfig ? "" : " not"), "remove its 'config'", key)
                assembler[id].isConfig = list.isConfig
            }
            for statement in key.properties where statement.keyword == .when || statement.keyword == .ifFeature {
                log.report(
                    .conditionalKey, "key '\(key.name)' of list '\(draft.name)' has '\(statement.name)'",
                    remedy: "remove it: an entry always has its keys", statement.place, node: id)
            }
            guard assembler[id].type >= 0, let type = key.first(.type) else { continue }
            if assembler.resolvedTypes[Int(assembler[id].type)].base == .empty,
                !assembler.names.text(of: type).isVersion11
            {
                report(
                    .keyType, "key '\(key.name)' is of type empty in a module of YANG version 1",
                    "choose another type", key)
            }
        }
    }

    private func report(_ kind: FaultKind, _ summary: String, _ remedy: String, _ draft: DraftNode) {
        log.report(kind, summary, remedy: remedy, draft.statement.place, node: draft.id)
    }

    // MARK: Choices

    private func checkChoice(_ draft: DraftNode) {
        var seen: [String: DraftNode] = [:]
        for branch in draft.children {
            if let other = seen.updateValue(branch, forKey: branch.name), other.module === branch.module {
                report(
                    .repeatedNode, "choice '\(draft.name)' has two cases '\(branch.name)'",
                    "the other is at \(other.statement.place)", branch)
            }
        }
        guard let statement = draft.first(.default) else { return }
        if draft.first(.mandatory)?.text == "true" {
            log.report(
                .mandatoryDefault, "choice '\(draft.name)' is mandatory and has a default",
                remedy: "remove one of the two", statement.place, node: draft.id)
            assembler[draft.id].defaults = []
        }
        let name = Identifier.split(statement.text).name
        guard let branch = draft.children.first(where: { $0.name == name }),
            let mandatory = branch.children.lazy.compactMap(\.mandatoryDescendant).first
        else { return }
        log.report(
            .defaultCase,
            "the default case '\(name)' of choice '\(draft.name)' has the mandatory node '\(mandatory.name)'",
            remedy: "make the node optional, or remove the default", statement.place, node: draft.id)
        assembler[draft.id].defaults = []
    }

    // MARK: Actions and notifications

    private func checkPlace(of draft: DraftNode) {
        guard draft.statement.prefix == nil else { return }
        let what = "\(draft.kind) '\(draft.name)'"
        if draft.kind == .action, draft.parent?.kind == .root {
            report(.operationPlace, "\(what) stands at the top", "make it an rpc, or put it into a container", draft)
        }
        var node = draft.parent
        while let current = node, current.kind != .root {
            switch current.kind {
            case .rpc, .action, .notification:
                report(
                    .operationPlace, "\(what) is inside \(current.kind) '\(current.name)'", "move it out", draft)
                return
            case .list where current.first(.key) == nil:
                report(
                    .operationPlace, "\(what) is inside list '\(current.name)', which has no key",
                    "give the list a key", draft)
                return
            default: node = current.parent
            }
        }
    }
}
