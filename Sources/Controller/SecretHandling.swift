import ConfigTree
import ControlProtocol
import Secrets
import YANG

/// Seals what goes into the database and opens what goes to a device.
///
/// Invariant: a tree that is kept, logged, diffed or shown has sealed values in every leaf of a secret type.
struct SecretHandling: Sendable {
    let store: SecretStore

    // MARK: Sealing

    /// The edits with plain secrets sealed; a plain text equal to the stored one becomes the stored value.
    func sealed(_ edits: [PathEdit], over tree: DataTree) throws(ControlError) -> [PathEdit] {
        var result: [PathEdit] = []
        for edit in edits {
            guard case .set(let value) = edit.edit, let node = edit.path.last?.node, let kind = node.type?.secret
            else {
                result.append(edit)
                continue
            }
            let old = tree.instance(edit.path)?.value
            result.append(PathEdit(.set(try seal(value, kind, like: old)), edit.path))
        }
        return result
    }

    /// The tree with plain secrets sealed, equal ones as `other` has them.
    func sealed(_ tree: DataTree, like other: DataTree?) throws(ControlError) -> DataTree {
        var result = tree
        var edits: [PathEdit] = []
        collect(tree.rootInstance, InstancePath(), &edits)
        for edit in edits {
            guard case .set(let value) = edit.edit, let node = edit.path.last?.node, let kind = node.type?.secret
            else { continue }
            let sealed = try seal(value, kind, like: other.flatMap { Self.value($0, edit.path) })
            guard sealed != value else { continue }
            do { try result.apply(.set(sealed), at: edit.path) } catch {
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

    // MARK: Opening

    /// The tree with secrets that can be opened in plain text, for a driver. Never to be kept.
    func opened(_ tree: DataTree) -> DataTree {
        var result = tree
        var edits: [PathEdit] = []
        collect(tree.rootInstance, InstancePath(), &edits)
        for edit in edits {
            guard case .set(let value) = edit.edit, let plain = open(value) else { continue }
            try? result.apply(.set(plain), at: edit.path)
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
        var edits: [PathEdit] = []
        collect(tree.rootInstance, InstancePath(), &edits)
        return edits.compactMap { edit in
            guard case .set(let value) = edit.edit else { return nil }
            return (try? store.open(value)) ?? MaskedSecret(value)
        }
    }

    // MARK: Walking

    /// Every stored leaf of a secret type, as an edit that sets it.
    private func collect(_ instance: Instance, _ path: InstancePath, _ edits: inout [PathEdit]) {
        guard let schema = instance.childSchema, SecretNodes.isNear(schema) else { return }
        for child in instance.children() {
            let childPath = path.appending(child.node, keys: child.keys)
            if child.node.kind == .leaf {
                if child.node.type?.secret != nil, let value = child.value {
                    edits.append(PathEdit(.set(value), childPath))
                }
            } else if !child.node.isTerminal {
                collect(child, childPath, &edits)
            }
        }
    }
}

/// Which schema nodes have a secret somewhere below, worked out once per schema.
private enum SecretNodes {
    static func isNear(_ node: SchemaNode) -> Bool { SecretNodeCache.shared.nodes(node.schema).contains(node.id) }
}
