import Basics
import YANG

/// Compares the nodes of two schemas, from the top down, those of the same module and name with each other.
struct NodeComparison {
    let context: ComparisonContext
    private(set) var changes: [SchemaChange] = []
    private var removed: [(change: Int, node: SchemaNode)] = []
    private var added: [SchemaNode] = []

    init(_ context: ComparisonContext) { self.context = context }

    mutating func compareAll() {
        compareChildren(context.old.root, context.new.root, isPart: false)
        compareStructures()
        for (change, successor) in RenameGuess.successors(removed, added, in: context.new) {
            changes[change].successor = successor
        }
    }

    // MARK: Noting

    /// Notes a change of a node that both schemas have. In operations, notifications and state no stored data is at
    /// stake.
    mutating func add(
        _ text: ChangeText, _ old: SchemaNode, _ new: SchemaNode, at keyword: Keyword? = nil,
        oldPlace: SourcePlace? = nil, newPlace: SourcePlace? = nil, witness: String? = nil
    ) {
        var change = SchemaChange(
            path: old.prefixedPath, info: text.info, compatibility: text.verdict, old: old)
        change.new = new
        fill(&change, text, isStored: Self.isStored(old) || Self.isStored(new))
        change.oldPlace = oldPlace ?? context.oldPlace(old, keyword)
        change.newPlace = newPlace ?? context.newPlace(new, keyword)
        change.witness = witness
        changes.append(change)
    }

    private func fill(_ change: inout SchemaChange, _ text: ChangeText, isStored: Bool) {
        change.statement = text.statement
        change.before = text.before
        change.after = text.after
        change.changeClass = text.changeClass == .validity && !isStored ? .protocol : text.changeClass
    }

    private static func isStored(_ node: SchemaNode) -> Bool {
        switch node.kind {
        case .rpc, .action, .notification, .input, .output: false
        default: node.isConfig && node.messageKind == nil
        }
    }

    private mutating func noteRemoved(_ node: SchemaNode, _ parent: SchemaNode) {
        let isExpected = context.rules == .ietfVersioning && node.status == .obsolete
        let text = ChangeText(
            node.kind == .leaf ? "leaf has been removed" : "sub-tree has been deleted",
            isExpected ? .compatible : .incompatible, .validity, node.keyword, node.kindName, nil)
        var change = SchemaChange(
            path: node.prefixedPath, info: text.info, compatibility: text.verdict, old: node)
        fill(&change, text, isStored: Self.isStored(node))
        change.oldPlace = node.place
        change.newPlace = context.placeOfMissing(node, under: parent, context.newSources)
        removed.append((changes.count, node))
        changes.append(change)
    }

    private mutating func noteAdded(_ node: SchemaNode, _ parent: SchemaNode) {
        let kind = node.kind == .leaf ? "leaf" : node.kind == .choice ? "choice" : "sub-tree"
        let isRequired = node.needsValue && !isOfNewFeature(node) && !isInNewCase(node, parent)
        let text = ChangeText(
            isRequired ? "mandatory \(kind) has been added" : "\(kind) has been added",
            isRequired ? .incompatible : .compatible, .validity, node.keyword, nil, node.kindName)
        var change = SchemaChange(path: node.prefixedPath, info: text.info, compatibility: text.verdict, old: nil)
        change.new = node
        fill(&change, text, isStored: Self.isStored(node))
        change.oldPlace = context.placeOfMissing(node, under: parent, context.oldSources)
        change.newPlace = node.place
        if node.kind != .choice { added.append(node) }
        changes.append(change)
    }

    /// A mandatory node is harmless if a feature that the old model has not switches it on.
    private func isOfNewFeature(_ node: SchemaNode) -> Bool {
        guard let features = context.newSources?.node(node)?.features else { return false }
        return features.contains { condition in
            let words = condition.expression.split(separator: " ")
            guard words.count == 1, let name = words.first?.split(separator: ":"), name.count == 2 else { return false }
            return context.old.module(named: String(name[0]))?.definedFeatures.contains(String(name[1])) != true
        }
    }

    /// In a case that is new with the node, nothing is needed as long as the case is not chosen.
    private func isInNewCase(_ node: SchemaNode, _ parent: SchemaNode) -> Bool {
        guard let branch = node.parent, branch.kind == .case else { return false }
        return !branch.dataChildren.contains { parent.counterpart(of: $0) != nil }
    }

    // MARK: Walking

    private mutating func compareChildren(_ old: SchemaNode, _ new: SchemaNode, isPart: Bool) {
        for child in old.dataChildren {
            guard let other = new.counterpart(of: child) else {
                noteRemoved(child, new)
                continue
            }
            compare(child, other, isPart: isPart)
        }
        for child in new.dataChildren where old.counterpart(of: child) == nil {
            noteAdded(child, old)
        }
        compareChoices(old, new)
        if isPart { compareOrder(old, new) }
    }

    private mutating func compare(_ old: SchemaNode, _ new: SchemaNode, isPart: Bool) {
        if old.fingerprint == new.fingerprint {
            // Which case it is in is a matter of its parents.
            if old.parent?.kind == .case || new.parent?.kind == .case { compareCase(old, new) }
            if context.hasSources { compareTexts(old, new) }
            return
        }
        guard old.kindName == new.kindName else {
            noteKind(old, new)
            if old.kind != new.kind { return }
            compareProperties(old, new)
            return compareChildren(old, new, isPart: isPart)
        }
        compareProperties(old, new)
        if !old.isTerminal {
            compareChildren(old, new, isPart: old.kind == .input || old.kind == .output)
        }
    }

    private mutating func noteKind(_ old: SchemaNode, _ new: SchemaNode) {
        // Data goes on if only the presence changes, unless something must be there now.
        let isPresence = old.kind == .container && new.kind == .container
        let changeClass: ChangeClass =
            isPresence && !(old.isPresence && new.children.contains(where: \.needsValue)) ? .meaning : .validity
        let text = ChangeText(
            "node type has changed from \(old.kindName) to \(new.kindName)", .incompatible, changeClass,
            isPresence ? "presence" : new.keyword, old.kindName, new.kindName)
        add(text, old, new, at: isPresence ? .presence : nil)
    }

    /// What the schemas do not keep, of nodes that are equal in all they keep.
    private mutating func compareTexts(_ old: SchemaNode, _ new: SchemaNode) {
        compareFeatures(old, new)
        comparePresence(old, new)
        // Equal fingerprints: the same nodes in the same order.
        for (child, other) in zip(old.children, new.children) { compareTexts(child, other) }
    }

    /// What is sent to an operation, and what comes back, is in the order of the model (RFC 7950 section 7.14.2).
    private mutating func compareOrder(_ old: SchemaNode, _ new: SchemaNode) {
        let before = old.dataChildren.filter { new.counterpart(of: $0) != nil }.map(\.name)
        let after = new.dataChildren.filter { old.counterpart(of: $0) != nil }.map(\.name)
        guard before != after else { return }
        let text = ChangeText(
            "order of nodes has changed", .incompatible, .protocol, old.keyword, before.joined(separator: " "),
            after.joined(separator: " "))
        add(text, old, new)
    }

    /// Structures (RFC 8791) are no part of the tree.
    private mutating func compareStructures() {
        func name(_ structure: SchemaStructure) -> String { "\(structure.kind) \(structure.module):\(structure.name)" }
        let after = Dictionary(
            context.new.structures.map { (name($0), $0.root) }, uniquingKeysWith: { first, _ in first })
        let before = Set(context.old.structures.map(name))
        for structure in context.old.structures {
            let node = context.old[structure.root]
            if let other = after[name(structure)] {
                compare(node, context.new[other], isPart: false)
            } else {
                noteRemoved(node, context.new.root)
            }
        }
        for structure in context.new.structures where !before.contains(name(structure)) {
            noteAdded(context.new[structure.root], context.old.root)
        }
    }

    /// Choices below a node, and below the cases of those: their data nodes are compared like all others.
    private mutating func compareChoices(_ old: SchemaNode, _ new: SchemaNode) {
        func sameChild(_ child: SchemaNode, of parent: SchemaNode) -> SchemaNode? {
            parent.children.first {
                $0.kind == child.kind && $0.name == child.name && $0.moduleName == child.moduleName
            }
        }
        for choice in new.children where choice.kind == .choice && sameChild(choice, of: old) == nil {
            if choice.isMandatory { noteAdded(choice, old) }
        }
        for choice in old.children where choice.kind == .choice {
            guard let other = sameChild(choice, of: new) else { continue }
            compareMandatory(choice, other)
            if choice.defaults != other.defaults {
                let text = ChangeText(
                    "default case has changed", .incompatible, .meaning, "default", choice.defaults.first,
                    other.defaults.first)
                add(text, choice, other, at: .default)
            }
            compareConditions(choice, other)
            for branch in choice.children where branch.kind == .case {
                guard let same = sameChild(branch, of: other) else { continue }
                compareConditions(branch, same)
                compareChoices(branch, same)
            }
        }
    }
}
