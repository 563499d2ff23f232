import ConfigTree
import ControlProtocol
import Secrets
import YANG

/// Seals what goes into the database and opens what goes to a device.
///
/// Invariant: a tree that is kept, logged, diffed or shown has sealed values in every leaf of a secret type.
struct SecretHandling: Sendable {
    let store: SecretStore

    /// What a value of a node is, if it is a secret.
    private func kind(_ node: SchemaNode?, _ value: String) -> SecretKind? {
        guard let node, node.isTerminal, let type = node.type else { return nil }
        if let secret = type.secret { return secret }
        return type.hasSecret ? type.actual(for: value, in: node.schema).secret : nil
    }

    // MARK: Sealing

    /// The edits with plain secrets sealed; a plain text equal to the stored one becomes the stored value.
    func sealed(_ edits: [PathEdit], over tree: DataTree) throws(ControlError) -> [PathEdit] {
        var result: [PathEdit] = []
        for var edit in edits {
            let last = edit.path.last
            if case .set(let value) = edit.edit, let kind = kind(last?.node, value) {
                edit.edit = .set(try seal(value, kind, like: tree.instance(edit.path)?.value))
            } else if let last, last.node.kind == .leafList, let value = last.keys.first,
                let kind = kind(last.node, value)
            {
                edit.path.steps[edit.path.steps.count - 1].keys = [try entry(value, kind, edit.path, tree)]
            }
            result.append(edit)
        }
        return result
    }

    /// The stored form of an entry of a leaf-list: that of the entry with the same plain text, if there is one.
    private func entry(
        _ value: String, _ kind: SecretKind, _ path: InstancePath, _ tree: DataTree
    ) throws(ControlError) -> String {
        let list = path.last?.node
        let entries = list.flatMap { node in tree.instance(path.parent)?.values(node) } ?? []
        for old in entries {
            let sealed = try seal(value, kind, like: old)
            if sealed == old { return old }
        }
        return try seal(value, kind, like: nil)
    }

    /// The tree with plain secrets sealed, equal ones as `other` has them; those under keys that are no longer in use,
    /// under those that are.
    func sealed(_ tree: DataTree, like other: DataTree?) throws(ControlError) -> DataTree {
        var result = tree
        for secret in secrets(tree) {
            let old = secret.isEntry ? nil : other.flatMap { Self.value($0, secret.path) }
            let sealed: String
            if secret.isEntry, let other {
                sealed = try entry(secret.value, secret.kind, secret.path, other)
            } else {
                sealed = try seal(secret.value, secret.kind, like: old)
            }
            guard sealed != secret.value else { continue }
            do { try secret.replace(with: sealed, in: &result) } catch {
                throw ControlError(.internalFault, error.description)
            }
        }
        return result
    }

    /// The value at a path of a tree over perhaps another model: by the path's text.
    private static func value(_ tree: DataTree, _ path: InstancePath) -> String? {
        if let value = tree.instance(path)?.value { return value }
        guard let same = try? tree.path(path.description) else { return nil }
        return tree.instance(same)?.value
    }

    private func seal(_ value: String, _ kind: SecretKind, like old: String?) throws(ControlError) -> String {
        do throws(SecretError) {
            return try store.canonical(value, kind: kind, current: old)
        } catch {
            throw ControlError(.invalidValue, error.description)
        }
    }

    // MARK: Keys

    /// Whether a change brings values under keys that are no longer in use.
    func isStale(_ changes: ChangeSet) -> Bool {
        changes.items.contains { item in
            // Of an image which keys its values have is not worth the search: done again, they are under those in use.
            if case .fill(let image) = item.edit { return image.mayHold(SecretStore.prefixes) }
            guard case .set(let value) = item.edit, let key = SecretStore.key(of: value) else { return false }
            return key != store.active
        }
    }

    /// The tree with every encrypted value under `key`.
    func resealed(_ tree: DataTree, under key: KeyIdentity) throws(ControlError) -> DataTree {
        var result = tree
        for secret in secrets(tree) {
            do {
                guard let new = try store.resealed(secret.value, kind: secret.kind, under: key) else { continue }
                try secret.replace(with: new, in: &result)
            } catch {
                throw ControlError(.resource, "\(secret.path): \(error)")
            }
        }
        return result
    }

    // MARK: Opening

    /// The tree with secrets that can be opened in plain text, for a driver. Never to be kept.
    func opened(_ tree: DataTree) -> DataTree {
        var result = tree
        for secret in secrets(tree) {
            if let plain = open(secret.value) { try? secret.replace(with: plain, in: &result) }
        }
        return result
    }

    func opened(_ changes: ChangeSet) -> ChangeSet {
        ChangeSet(
            changes.items.map { item in
                guard case .set(let value) = item.edit, let plain = open(value) else { return item }
                return ChangeSet.Item(.set(plain), item.path)
            })
    }

    /// The plain text of an encrypted value; nil if it is none.
    func open(_ stored: String) -> String? { (try? store.open(stored))?.withPlainText { $0 } }

    /// The plain texts of all secrets in a tree, for a mask.
    func plainTexts(_ tree: DataTree) -> [MaskedSecret] {
        secrets(tree).map { (try? store.open($0.value)) ?? MaskedSecret($0.value) }
    }

    /// The plain texts of all secrets in what an instance holds: the input of an operation, a part of a tree.
    func plainTexts(in instance: Instance) -> [MaskedSecret] {
        var found: [StoredSecret] = []
        collect(instance, InstancePath(), &found)
        return found.map { (try? store.open($0.value)) ?? MaskedSecret($0.value) }
    }

    // MARK: Walking

    /// A stored value of a secret type.
    private struct StoredSecret {
        var path: InstancePath
        var value: String
        var kind: SecretKind
        /// Whether it is an entry of a leaf-list: its value is its key.
        var isEntry: Bool

        func replace(with new: String, in tree: inout DataTree) throws(PathError) {
            guard isEntry, let list = path.last?.node else { return try tree.apply(.set(new), at: path) }
            let place = path.parent.appending(list, keys: [new])
            try tree.apply(list.isUserOrdered ? .place(.after([value])) : .create, at: place)
            try tree.apply(.delete, at: path)
        }
    }

    private func secrets(_ tree: DataTree) -> [StoredSecret] {
        var found: [StoredSecret] = []
        collect(tree.rootInstance, InstancePath(), &found)
        return found
    }

    private func collect(_ instance: Instance, _ path: InstancePath, _ found: inout [StoredSecret]) {
        guard let schema = instance.childSchema, SecretNodes.isNear(schema) else { return }
        for child in instance.children() {
            let childPath = path.appending(child.node, keys: child.keys)
            if !child.node.isTerminal {
                collect(child, childPath, &found)
            } else if let value = child.value, let kind = kind(child.node, value) {
                let isEntry = child.node.kind == .leafList
                let place = isEntry ? path.appending(child.node, keys: [value]) : childPath
                found.append(StoredSecret(path: place, value: value, kind: kind, isEntry: isEntry))
            }
        }
    }
}

/// Which schema nodes have a secret somewhere below, worked out once per schema.
private enum SecretNodes {
    static func isNear(_ node: SchemaNode) -> Bool { node.schema.secretNodes.contains(node.id) }
}
