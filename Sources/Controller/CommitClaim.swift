import ConfigTree
import Foundation
import Transactions

/// What a commit excludes others from, and which changes contradict each other.
enum CommitClaim {
    private static let devices = "/tailf-ncs:devices/device["

    /// Each device that is changed, by itself; and for everything but the configuration of devices, the system as a whole,
    /// so that what validation reads of it cannot change meanwhile (expressions in a device's model see that device
    /// alone). A device whose entry is changed or removed is not being configured at the same time.
    static func claim(_ changes: ChangeSet) -> Claim {
        var nodes: Set<ReservedNode> = []
        for item in changes.items {
            let device = device(of: item.path)
            if let device { nodes.insert(ReservedNode(["devices", device.key], .writeSubtree)) }
            if device?.isConfiguration != true { nodes.insert(ReservedNode(["system"], .writeSubtree)) }
        }
        return Claim(Array(nodes))
    }

    /// The key predicate of the device that a path leads to, and whether it goes on below its `config`.
    private static func device(of path: String) -> (key: String, isConfiguration: Bool)? {
        guard path.hasPrefix(devices) else { return nil }
        let rest = path.dropFirst(devices.count)
        if let end = rest.range(of: "]/config/") { return (String(rest[..<end.lowerBound]), true) }
        let end = rest.range(of: "]/")?.lowerBound ?? rest.lastIndex(of: "]") ?? rest.endIndex
        return (String(rest[..<end]), false)
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

    /// Whether a path names the node of another, or one below it.
    static func isWithin(_ path: String, _ other: String) -> Bool { path == other || contains(other, path) }

    private static func contains(_ above: String, _ below: String) -> Bool {
        below.count > above.count && below.hasPrefix(above)
            && (below.dropFirst(above.count).first == "/" || below.dropFirst(above.count).first == "[")
    }
}
