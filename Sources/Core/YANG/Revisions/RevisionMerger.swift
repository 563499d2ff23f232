import Basics

/// Joins older revisions of modules to the tree of the newest: a node that both have is the newest's; a node that only
/// an older one has is added. Every node of such a module knows the revisions that have it.
final class RevisionMerger {
    private let builder: TreeBuilder
    private let editor: TreeEditor
    private let pairs: [(older: LoadedModule, newest: LoadedModule)]
    private var log: FaultLog { builder.log }

    init(builder: TreeBuilder, editor: TreeEditor, older: [LoadedModule]) {
        self.builder = builder
        self.editor = editor
        let implemented = Dictionary(
            builder.names.loader.modules.filter(\.isImplemented).map { ($0.name, $0) }, uniquingKeysWith: { a, _ in a })
        pairs = older.compactMap { older in implemented[older.name].map { (older, $0) } }
        for (older, newest) in pairs {
            if newest.mergedRevisions.isEmpty { newest.mergedRevisions = [newest.revision ?? ""] }
            newest.mergedRevisions.append(older.revision ?? "")
        }
    }

    /// Adds the top nodes of the older revisions; what augments other modules comes with `mergeAugments`.
    func mergeTops() {
        for (older, newest) in pairs {
            let old = DraftNode(
                statement: older.main.statement, kind: .root, name: "", module: newest, scope: older.scope)
            for text in older.texts {
                builder.expand(text.statement.substatements, under: old, scope: older.scope, module: newest)
            }
            graft(old, into: builder.root, data: builder.root, older)
        }
    }

    /// Adds what older revisions augment, once the newest have. A target that only they know may be gone: then so is
    /// what they added.
    func mergeAugments() {
        for (older, newest) in pairs {
            for text in older.texts {
                for augment in text.statement.all(.augment) where builder.features.allows(augment) {
                    guard let target = editor.target(of: augment, from: older) else { continue }
                    let old = DraftNode(
                        statement: augment, kind: target.kind, name: target.name, module: newest, scope: older.scope)
                    old.depth = target.depth
                    builder.augment(old, by: augment, scope: older.scope, module: newest)
                    graft(old, into: target, data: target.dataNode, older)
                }
            }
        }
    }

    // MARK: Joining

    /// Joins the children of `old` to `new`; `data` is `new` or the nearest node above it that is no choice or case.
    private func graft(_ old: DraftNode, into new: DraftNode, data: DraftNode, _ older: LoadedModule) {
        for child in old.children {
            if child.isTransparent {
                graftTransparent(child, into: new, data: data, older)
            } else if let same = data.dataChild(named: child.name, module: child.module) {
                guard isCompatible(child, same, older) else { continue }
                same.olderRevisions.append(older.revision ?? "")
                graft(child, into: same, data: same, older)
            } else {
                add(child, to: new, older)
            }
        }
    }

    private func graftTransparent(_ child: DraftNode, into new: DraftNode, data: DraftNode, _ older: LoadedModule) {
        if let same = new.child(named: child.name, module: child.module), same.isTransparent {
            guard same.kind == child.kind else { return refuse(child, same, older) }
            same.olderRevisions.append(older.revision ?? "")
            return graft(child, into: same, data: data, older)
        }
        // What stands in the choice may stand elsewhere now: only the rest comes along.
        joinKnown(child, data: data, older)
        if child.hasDataNodes { add(child, to: new, older) }
    }

    private func joinKnown(_ node: DraftNode, data: DraftNode, _ older: LoadedModule) {
        for child in node.children {
            if child.isTransparent {
                joinKnown(child, data: data, older)
                if !child.hasDataNodes { child.removeFromParent() }
            } else if let same = data.dataChild(named: child.name, module: child.module) {
                child.removeFromParent()
                guard isCompatible(child, same, older) else { continue }
                same.olderRevisions.append(older.revision ?? "")
                graft(child, into: same, data: same, older)
            }
        }
    }

    private func add(_ node: DraftNode, to parent: DraftNode, _ older: LoadedModule) {
        parent.append(node)
        node.mark(asOnlyIn: older.revision ?? "")
    }

    private func isCompatible(_ old: DraftNode, _ new: DraftNode, _ older: LoadedModule) -> Bool {
        guard old.kind == new.kind else {
            refuse(old, new, older)
            return false
        }
        guard old.kind == .list, old.keyNames != new.keyNames else { return true }
        log.error(
            "the key of list '\(new.name)' is \"\(new.keyNames.joined(separator: " "))\", and in revision "
                + "\(older.revision ?? "none") of module '\(older.name)' it is "
                + "\"\(old.keyNames.joined(separator: " "))\"",
            remedy: Self.remedy, new.statement.place)
        return false
    }

    private func refuse(_ old: DraftNode, _ new: DraftNode, _ older: LoadedModule) {
        log.error(
            "'\(new.name)' is a \(new.kind), and in revision \(older.revision ?? "none") of module '\(older.name)' it "
                + "is a \(old.kind)", remedy: Self.remedy, new.statement.place)
    }

    private static let remedy =
        "these revisions cannot be in one driver: leave the older one out, or give it a package of its own"
}

extension DraftNode {
    fileprivate var isTransparent: Bool { kind == .choice || kind == .case }

    fileprivate var dataNode: DraftNode {
        var node = self
        while node.isTransparent, let parent = node.parent { node = parent }
        return node
    }

    fileprivate var keyNames: [String] {
        first(.key)?.text.split(whereSeparator: \.isWhitespace).map { Identifier.split(String($0)).name } ?? []
    }

    fileprivate var hasDataNodes: Bool {
        children.contains { !$0.isTransparent || $0.hasDataNodes }
    }

    /// The child of that name, or the one in a choice.
    fileprivate func dataChild(named name: String, module: LoadedModule) -> DraftNode? {
        if let exact = namedChildren(name).first(where: { $0.module === module && !$0.isTransparent }) { return exact }
        for child in transparentChildren {
            if let found = child.dataChild(named: name, module: module) { return found }
        }
        return nil
    }

    fileprivate func mark(asOnlyIn revision: String) {
        isOnlyInOlder = true
        olderRevisions.append(revision)
        for child in children { child.mark(asOnlyIn: revision) }
    }

    /// The revisions of its module that have the node; nil if all do, or if there is one only.
    var revisions: [String]? {
        let all = module.mergedRevisions
        guard all.count > 1 else { return nil }
        let mine = all.enumerated().filter { $0.offset == 0 ? !isOnlyInOlder : olderRevisions.contains($0.element) }
        return mine.count == all.count ? nil : mine.map(\.element)
    }
}

extension SchemaNode {
    static let revisionsAnnotation = "openned-revisions"

    /// The revisions of its module that have the node, the newest first, if the schema is of several revisions and not
    /// all have it.
    package var revisions: [String]? {
        annotation(Self.revisionsAnnotation)?.argument?.split(separator: " ").map(String.init)
    }
}
