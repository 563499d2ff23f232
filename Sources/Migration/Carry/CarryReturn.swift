import Basics
package import ConfigTree
import Foundation
import YANG

/// What going to other models and back would lose, kept for the day when somebody goes back: put again where nothing was
/// changed since.
///
/// With the old data B, the new data T that was made of it, and O, which T becomes on the way back: what B has other than
/// O, and for each place what O has there. On the way back from the present data, a place that looks as O did was not
/// changed since, and gets what B had. Secrets are in the form in which the database has them.
package struct CarryReturn: Codable, Sendable {
    private struct Change: Codable, Sendable {
        /// As `ChangeSet.json` writes it.
        var words: [String]
        /// What stood there on the way back.
        var mark: String
    }

    private var changes: [Change] = []
    /// What of T finds no place on the way back, by path and content: nobody's change.
    private var known: Set<String> = []

    package var isEmpty: Bool { changes.isEmpty && known.isEmpty }

    /// - Parameter back: how data is carried from the new models to the old ones.
    package init(from old: DataTree, to new: DataTree, back: CarryPlans) throws {
        var known: Set<String> = []
        let returned = DataCarrier.carry(new, to: old.model, plans: back) { event in
            if event.isLoss { known.insert(Self.mark(new, event.path)) }
        }
        self.known = known
        let difference = ChangeSet(returned.tree.diff(to: old))
        let words = try JSONDecoder().decode([[String]].self, from: Data(difference.jsonBytes))
        changes = zip(difference.items, words).map { item, words in
            Change(words: words, mark: Self.mark(returned.tree, item.path))
        }
    }

    /// What of the present data finds no place on the way back and was not known to: changed since.
    package func losses(of present: DataTree, to model: DataModel, back: CarryPlans) -> [Loss] {
        var losses = LossList()
        _ = DataCarrier.carry(present, to: model, plans: back) { event in
            guard let (reason, instances) = event.loss, !known.contains(Self.mark(present, event.path)) else { return }
            losses.add(event.path.schemaPath, reason, instances)
        }
        return losses.losses
    }

    /// Puts again what was there, where nothing was changed since.
    ///
    /// - Returns: the tree, and how many changes were made, and how many not.
    package func restored(in tree: DataTree) -> (tree: DataTree, restored: Int, left: Int) {
        var result = tree
        var restored = 0
        for change in changes {
            guard let item = try? ChangeSet(words: [change.words]).items.first,
                Self.mark(tree, item.path) == change.mark, let path = try? result.path(item.path),
                Self.hasParents(path, in: result), let changed = try? result.applying(item.edit, at: path)
            else { continue }
            result = changed
            restored += 1
        }
        return (result, restored, changes.count - restored)
    }

    /// Whether the entries and presence containers around a place are there: nothing is brought back with it.
    private static func hasParents(_ path: InstancePath, in tree: DataTree) -> Bool {
        path.steps.indices.dropLast().allSatisfy { index in
            let node = path.steps[index].node
            guard node.kind == .list || node.isPresence else { return true }
            return tree.isStored(InstancePath(Array(path.steps[...index])))
        }
    }

    /// What stands at a place: its text if it is short, else a digest of it.
    private static func mark(_ tree: DataTree, _ text: String) -> String {
        guard let path = try? tree.path(text) else { return "" }
        return mark(tree, path)
    }

    private static func mark(_ tree: DataTree, _ path: InstancePath) -> String {
        guard tree.isStored(path) else { return "" }
        var options = EncodeOptions(pretty: false, wrapped: false)
        options.includesMetadata = true
        var bytes: [UInt8] = []
        var encoder = JSONDataEncoder(options) { bytes += $0 }
        guard (try? encoder.encode(tree, at: path)) != nil else { return "" }
        if bytes.count <= 200 { return String(decoding: bytes, as: UTF8.self) }
        // FNV-1a: nobody gains anything by a collision but the loss of a change of his own.
        let digest = bytes.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        return "\(bytes.count) \(String(digest, radix: 16))"
    }
}

extension CarryEvent {
    fileprivate var loss: (reason: String, instances: Int)? {
        switch fate {
        case .converted: nil
        case .defaulted(_, let reason): (reason, 1)
        case .dropped(let reason, let instances): (reason, instances)
        }
    }

    fileprivate var isLoss: Bool { loss != nil }
}

extension InstancePath {
    /// As `Loss.path`: below a mount point, after the path of that.
    fileprivate var schemaPath: String {
        steps.indices.filter { $0 == steps.count - 1 || steps[$0].node.kind == .mountPoint }
            .map { steps[$0].node.prefixedPath }.joined()
    }
}
