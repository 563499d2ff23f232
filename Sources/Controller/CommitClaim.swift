import ConfigTree
import Foundation
import Transactions

/// What a commit excludes others from, and which changes contradict each other.
enum CommitClaim {
    private static let devices = "/tailf-ncs:devices/device["

    /// Each device whose configuration is changed, by itself; everything else of the system together, so that what
    /// validation reads of it cannot change meanwhile (expressions in a device's model see that device alone).
    static func claim(_ changes: ChangeSet) -> Claim {
        var nodes: Set<ReservedNode> = []
        for item in changes.items {
            if let device = device(of: item.path) {
                nodes.insert(ReservedNode(["devices", device], .writeSubtree))
            } else {
                nodes.insert(ReservedNode(["system"], .writeSubtree))
            }
        }
        return Claim(Array(nodes))
    }

    /// The key predicate of the device below whose `config` a path leads.
    private static func device(of path: String) -> String? {
        guard path.hasPrefix(devices), let end = path.range(of: "]/config/") else { return nil }
        return String(path[path.index(path.startIndex, offsetBy: devices.count)..<end.lowerBound])
    }

    /// A path at which two change sets contradict each other: both change it differently, or one deletes what the other
    /// changes inside.
    static func conflict(_ mine: ChangeSet, _ theirs: ChangeSet) -> String? {
        var edits: [String: Edit] = [:]
        for item in theirs.items { edits[item.path] = item.edit }
        let deleted = theirs.items.filter { $0.edit == .delete }.map(\.path)
        for item in mine.items {
            if let other = edits[item.path], other != item.edit { return item.path }
            if let above = deleted.first(where: { contains($0, item.path) }) { return above }
            guard item.edit == .delete else { continue }
            if let below = theirs.items.first(where: { contains(item.path, $0.path) && $0.edit != .delete }) {
                return below.path
            }
        }
        return nil
    }

    private static func contains(_ above: String, _ below: String) -> Bool {
        below.count > above.count && below.hasPrefix(above)
            && (below.dropFirst(above.count).first == "/" || below.dropFirst(above.count).first == "[")
    }
}
