import Basics
import YANG

/// Compares the nodes of two schemas, from the top down, those of the same module and name with each other.
struct NodeComparison {
    let context: ComparisonContext
    let pairing: SchemaPairing
    /// Types that were compared before.
    var knownTypes: [TypePair: TypeComparison] = [:]
    private(set) var changes: [SchemaChange] = []
    private var removed: [RenameGuess.Removed] = []
    private var added: [SchemaNode] = []
    private var knownPaths: [SchemaNode: String] = [:]

    struct TypePair: Hashable {
        var old: Int32
        var new: Int32
        var isLeafList: Bool
    }

    init(_ context: ComparisonContext) {
        self.context = context
        pairing = SchemaPairing(context.old, context.new)
    }

    mutating func compareAll() {
        compareChildren(context.old.root, context.new.root, isPart: false)
        compareStructures()
        for (change, successor) in RenameGuess.successors(removed, added) {
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
            path: path(of: old), info: text.info, compatibility: text.verdict, old: old)
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
            path: path(of: node), info: text.info, compatibility: text.verdict, old: node)
        fill(&change, text, isStored: Self.isStored(node))
        change.oldPlace = node.place
        change.newPlace = placeOfMissing(node, parent, context.newSources)
        removed.append(RenameGuess.Removed(change: changes.count, node: node, parent: parent.id))
        changes.append(change)
    }

    private mutating func noteAdded(_ node: SchemaNode, _ parent: SchemaNode) {
        let kind = node.kind == .leaf ? "leaf" : node.kind == .choice ? "choice" : "sub-tree"
        let isRequired = node.needsValue && !isOfNewFeature(node) && !isInNewCase(node, parent)
        let text = ChangeText(
            isRequired ? "mandatory \(kind) has been added" : "\(kind) has been added",
            isRequired ? .incompatible : .compatible, .validity, node.keyword, nil, node.kindName)
        var change = SchemaChange(path: path(of: node), info: text.info, compatibility: text.verdict, old: nil)
        change.new = node
        fill(&change, text, isStored: Self.isStored(node))
        change.oldPlace = placeOfMissing(node, parent, context.oldSources)
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

    /// The prefixed path; those of siblings are asked for one after the other.
    private mutating func path(of node: SchemaNode) -> String {
        guard let parent = node.dataParent, parent.kind != .root else { return node.prefixedPath }
        let above = knownPaths[parent] ?? parent.prefixedPath
        knownPaths[parent] = above
        let isNew = parent.moduleIndex != node.moduleIndex
        return isNew ? "\(above)/\(node.modulePrefix):\(node.name)" : "\(above)/\(node.name)"
    }

    /// Where a node would stand in the other model: the innermost choice or case around it that is there too, else its
    /// parent.
    private func placeOfMissing(
        _ node: SchemaNode, _ parent: SchemaNode, _ sources: SchemaSources?
    ) -> SourcePlace? {
        var steps: [SchemaNode] = []
        var above = node.parent
        while let current = above, current.kind == .choice || current.kind == .case {
            steps.append(current)
            above = current.parent
        }
        var found: SchemaNode?
        for step in steps.reversed() {
            let place = found ?? parent
            let next =
                step.schema === context.old
                ? pairing.child(of: place, like: step) : pairing.oldChild(of: place, like: step)
            guard let next else { break }
            found = next
        }
        return found?.place ?? context.placeOfMissing(node, under: parent, sources)
    }

    /// In a case that is new with the node, nothing is needed as long as the case is not chosen.
    private func isInNewCase(_ node: SchemaNode, _ parent: SchemaNode) -> Bool {
        guard let branch = node.parent, branch.kind == .case else { return false }
        return !branch.dataChildren.contains { parent.counterpart(of: $0) != nil }
    }

    // MARK: Walking

    private mutating func compareChildren(_ old: SchemaNode, _ new: SchemaNode, isPart: Bool) {
        let (fates, added) = pairing.children(of: old, and: new, withEqual: context.hasSources)
        for fate in fates {
            switch fate {
            case .removed(let child): noteRemoved(child, new)
            case .paired(let child, let other): compare(child, other, isPart: isPart)
            }
        }
        for child in added { noteAdded(child, old) }
        compareChoices(old, new)
        if isPart { compareOrder(old, new) }
    }

    private mutating func compare(_ old: SchemaNode, _ new: SchemaNode, isPart: Bool) {
        if old.fingerprint == new.fingerprint {
            // Which case it is in is a matter of its parents.
            compareCase(old, new)
            if context.hasSources { compareTexts(old, new) }
            return
        }
        guard old.kind == new.kind, old.isPresence == new.isPresence else {
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
        let isPresence = old.kind == .container && new.kind == .container
        let text = ChangeText(
            "node type has changed from \(old.kindName) to \(new.kindName)", .incompatible,
            Self.classOfKinds(old, new), isPresence ? "presence" : new.keyword, old.kindName, new.kindName)
        add(text, old, new, at: isPresence ? .presence : nil)
    }

    private static func classOfKinds(_ old: SchemaNode, _ new: SchemaNode) -> ChangeClass {
        switch (old.kind, new.kind) {
        // Data goes on if only the presence changes, unless something must be there now.
        case (.container, .container):
            old.isPresence && new.childList.contains(where: \.needsValue) ? .validity : .meaning
        // In XML one entry of a leaf-list is what a leaf is; in JSON it is not.
        case (.leaf, .leafList), (.anydata, .anyxml), (.anyxml, .anydata): .encoding
        default: .validity
        }
    }

    /// What the schemas do not keep, of nodes that are equal in all they keep.
    private mutating func compareTexts(_ old: SchemaNode, _ new: SchemaNode) {
        compareFeatures(old, new)
        comparePresence(old, new)
        // Equal fingerprints: the same nodes in the same order.
        for (child, other) in zip(old.childList, new.childList) { compareTexts(child, other) }
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
        for choice in new.transparentChildren where choice.kind == .choice {
            if choice.isMandatory, pairing.oldChild(of: old, like: choice) == nil { noteAdded(choice, old) }
        }
        for choice in old.transparentChildren where choice.kind == .choice {
            guard let other = pairing.child(of: new, like: choice) else { continue }
            compareFeatures(choice, other)
            if choice.fingerprint == other.fingerprint, !context.hasSources { continue }
            compareMandatory(choice, other)
            if choice.defaults != other.defaults {
                let text = ChangeText(
                    "default case has changed", .incompatible, .meaning, "default", choice.defaults.first,
                    other.defaults.first)
                add(text, choice, other, at: .default)
            }
            compareConditions(choice, other)
            for branch in choice.transparentChildren where branch.kind == .case {
                guard let same = pairing.child(of: other, like: branch) else { continue }
                compareFeatures(branch, same)
                compareConditions(branch, same)
                compareChoices(branch, same)
            }
        }
    }
}
