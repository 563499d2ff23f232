import Basics
import ConfigTree
import Foundation
import Migration

/// What a device's configuration was before a migration that lost or changed something, kept for going back and for
/// whoever looks for what is gone. Secrets are in the form in which the database has them.
struct MigrationRecord: Codable {
    var device: String
    var oldNedID: String
    var newNedID: String
    /// Each item of the change set that makes the old configuration.
    var data: [[String]]
    var notCarriedOver: [String]
    /// What a program of the new package changed in what the engine had carried over.
    var byProgram: [[String]]?

    /// One file a device and way; file names have no characters that mean something to a file system.
    private static func file(_ directory: String, _ device: String, _ old: String, _ new: String) -> String {
        let parts = [device, old, new].map { part in
            part.addingPercentEncoding(withAllowedCharacters: .alphanumerics.union(CharacterSet(charactersIn: "-_")))
                ?? ""
        }
        return "\(directory)/\(parts.joined(separator: "+")).json"
    }

    func write(in directory: String) throws {
        try DurableFiles.makeDirectory(directory, mode: 0o700)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let path = Self.file(directory, device, oldNedID, newNedID)
        try DurableFiles.replace(path, with: Array(try encoder.encode(self)), mode: 0o600)
    }

    static func remove(in directory: String, _ device: String, from old: String, to new: String) throws {
        let path = file(directory, device, old, new)
        if DurableFiles.exists(path) { try DurableFiles.remove(path) }
    }

    static func read(in directory: String, _ device: String, from old: String, to new: String) -> MigrationRecord? {
        guard let bytes = try? DurableFiles.read(file(directory, device, old, new)) else { return nil }
        return try? JSONDecoder().decode(MigrationRecord.self, from: Data(bytes))
    }

    init(device: String, from old: String, to new: String, _ tree: DataTree, _ losses: [Loss], _ byProgram: ChangeSet)
        throws
    {
        self.device = device
        oldNedID = old
        newNedID = new
        let changes = ChangeSet(DataTree(tree.model).diff(to: tree))
        data = try JSONDecoder().decode([[String]].self, from: Data(changes.jsonBytes))
        if !byProgram.isEmpty {
            self.byProgram = try JSONDecoder().decode([[String]].self, from: Data(byProgram.jsonBytes))
        }
        notCarriedOver = losses.map { "\($0.path): \($0.reason) (\($0.instances) instances)" }
    }

    /// The old configuration with what has been changed since, and what of those changes has no place in it.
    ///
    /// The way there is gone once more with the old data, and back: what differs from the present data on the way back
    /// was changed since, all else is as it was.
    func goingBack(
        _ present: DataTree, to model: DataModel, there: CarryPlans, back: CarryPlans
    ) -> CarriedData? {
        guard let changes = try? ChangeSet(words: data), let before = try? DataTree(model).applying(changes) else {
            return nil
        }
        var then = DataCarrier.carry(before, to: present.model, plans: there)
        if let byProgram {
            guard let changes = try? ChangeSet(words: byProgram), let tree = try? then.tree.applying(changes) else {
                return nil
            }
            then.tree = tree
        }
        guard !then.tree.diff(to: present).isEmpty else {
            return CarriedData(tree: before, losses: [], counts: then.counts)
        }
        let old = DataCarrier.carry(then.tree, to: model, plans: back)
        let new = DataCarrier.carry(present, to: model, plans: back)
        let since = ChangeSet(old.tree.diff(to: new.tree))
        guard let tree = try? before.applying(since) else { return nil }
        // What the way there had made is nobody's change; the same place with something else in it is.
        let losses = (try? CarryReturn(from: before, to: then.tree, back: back))?
            .losses(of: present, to: model, back: back)
        return CarriedData(tree: tree, losses: losses ?? new.losses, counts: new.counts)
    }
}
