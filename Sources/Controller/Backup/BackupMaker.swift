package import Basics
import ConfigDatabase
import Foundation
import PackageManager

/// Makes a backup of a run directory: database, packages, state, `ncs.conf`; the keys only if that is asked for.
///
/// Everything is gathered in a directory beside the backups, packed, and read back before it gets its name: what has the
/// name of a backup is one.
package struct BackupMaker {
    private let configuration: SystemConfiguration
    private let version: String
    private let clock: WallClock
    package var withKeys = false
    package var isCompressed = true
    /// The daemon of the run directory makes it itself, and the database is its own.
    var isOfDaemon = false

    package init(_ configuration: SystemConfiguration, version: String, clock: WallClock) {
        self.configuration = configuration
        self.version = version
        self.clock = clock
    }

    /// Where backups of a run directory lie.
    package static func directory(of runDirectory: String) -> String { runDirectory + "/backups" }

    /// The names of the backups there, latest first.
    package static func names(of runDirectory: String) -> [String] {
        BackupArchive.names(in: directory(of: runDirectory))
    }

    /// What was made, and what whoever asked for it should know.
    package struct Outcome {
        package var path: String
        package var notes: [String]
    }

    /// - Parameter copyRunning: asks the daemon that runs for a copy of the database, and says where it is.
    package func make(copyRunning: () throws -> String) throws -> Outcome {
        let directory = Self.directory(of: configuration.runDirectory)
        try DurableFiles.makeDirectory(directory, mode: 0o700)
        removeLeftovers(directory)
        let name = freeName(in: directory)
        let staging = directory + "/." + name + ".new"
        defer { try? DurableFiles.removeTree(staging) }
        try DurableFiles.makeDirectory(staging, mode: 0o700)
        let top = staging + "/" + name
        let notes = try gather(top, copyRunning)
        CrashPoint.reach("backup.gathered")
        var manifest = BackupManifest(version: version, created: timeText, hasKeys: withKeys)
        manifest.files = try BackupTree.files(top)
        try DurableFiles.write(top + "/" + BackupManifest.name, Array(manifest.text.utf8), mode: 0o600)
        let packed = staging + "/packed"
        try PackageArchiveWriter.write(directory: top, name: name, to: packed, isCompressed: isCompressed)
        guard chmod(packed, 0o600) == 0 else { throw BackupTree.failure("protect", packed) }
        let checked = try BackupArchive(checking: packed)
        guard checked.manifest == manifest else {
            throw BackupError(.damaged, "\(packed): what was read back is not what was written; is the disk sound?")
        }
        CrashPoint.reach("backup.checked")
        let path = directory + "/" + name + (isCompressed ? ".backup.gz" : ".backup")
        try DurableFiles.rename(packed, to: path)
        return Outcome(path: path, notes: notes)
    }

    /// Not that of another backup: two may be made in one second.
    private func freeName(in directory: String) -> String {
        let first = "ncs-\(version)@\(timeText)"
        var name = first
        var number = 2
        while BackupArchive.suffixes.contains(where: { DurableFiles.exists("\(directory)/\(name)_local\($0)") }) {
            name = "\(first)-\(number)"
            number += 1
        }
        return name + "_local"
    }

    private var timeText: String {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.dateFormat = "yyyy-MM-dd'T'HH:mm:ss"
        return formatter.string(from: Date(timeIntervalSince1970: Double(clock.now()) / 1e6))
    }

    /// What a run that was cut off has left.
    private func removeLeftovers(_ directory: String) {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        where name.hasPrefix(".ncs-") && name.hasSuffix(".new") {
            try? DurableFiles.removeTree(directory + "/" + name)
        }
    }

    // MARK: Gathering

    private static let attempts = 3

    private func gather(_ top: String, _ copyRunning: () throws -> String) throws -> [String] {
        for _ in 0..<Self.attempts {
            try? DurableFiles.removeTree(top)
            try DurableFiles.makeDirectory(top, mode: 0o700)
            try DurableFiles.makeDirectory(top + "/ncs-cdb", mode: 0o700)
            try copyDatabase(to: top + "/ncs-cdb", copyRunning)
            let named = try Self.named(inDatabaseOf: top + "/ncs-cdb")
            try copyDirectories(to: top)
            // Packages may have been replaced meanwhile, or the database compacted: then the copy of the database names
            // others.
            let isWhole = named.generation.map { DurableFiles.exists("\(top)/state/packages-in-use/\($0)") } ?? true
            let files = SnapshotFiles(databaseDirectory: top + "/ncs-cdb")
            let faults = named.snapshots.lazy.flatMap { files.faults(of: $0) }
            if let fault = faults.first, fault.code != .missing { throw fault }
            if isWhole, faults.isEmpty { return try copyFiles(to: top) }
        }
        throw BackupError(.unusable, "packages are being replaced all the time; try again later")
    }

    private func copyDatabase(to directory: String, _ copyRunning: () throws -> String) throws {
        let target = directory + "/" + ConfigurationDatabase.fileName
        let own = configuration.databaseDirectory + "/" + ConfigurationDatabase.fileName
        if !isOfDaemon, let claim = try RunDirectoryClaim(stateDirectory: configuration.stateDirectory) {
            guard DurableFiles.exists(own) else {
                throw BackupError(.unusable, "\(own): there is no database yet; start the daemon once")
            }
            let database = try ConfigurationDatabase(directory: configuration.databaseDirectory)
            defer { database.close() }
            try database.writeConsistentCopy(to: target)
            withExtendedLifetime(claim) {}
            return
        }
        let copy = try copyRunning()
        guard DurableFiles.parent(of: copy) == configuration.stateDirectory else {
            throw BackupError(
                .unusable,
                "the daemon that answers runs in another directory (\(copy)); set NCS_IPC_PATH to that of "
                    + configuration.runDirectory)
        }
        try BackupTree.copy(copy, to: target)
        try DurableFiles.remove(copy)
    }

    /// What the database says that is not in its file.
    private struct Named {
        /// The packages that the log says are in force.
        var generation: Int?
        var snapshots: [SnapshotManifest] = []
    }

    /// Opening checks every record.
    private static func named(inDatabaseOf directory: String) throws -> Named {
        var named = Named()
        let database = try ConfigurationDatabase(directory: directory) { step in
            switch step {
            case .anchor(let anchor):
                guard let manifest = SnapshotManifest(anchor.manifest) else { return }
                named.generation = manifest.generation
                named.snapshots.append(manifest)
            case .snapshots(let snapshots): named.snapshots += snapshots.map(\.manifest)
            case .record(let record):
                guard record.kind == .activation else { return }
                let activation = try ActivationRecord(record.payload)
                named.generation = activation.generation
                if let snapshot = activation.snapshot { named.snapshots.append(snapshot) }
            }
        }
        database.close()
        for suffix in ["-wal", "-shm"] { unlink(directory + "/" + ConfigurationDatabase.fileName + suffix) }
        return named
    }

    private func copyDirectories(to top: String) throws(BackupError) {
        let database = configuration.databaseDirectory
        try BackupTree.copy(database, to: top + "/ncs-cdb") { $0.hasPrefix(ConfigurationDatabase.fileName) }
        try BackupTree.copy(configuration.stateDirectory, to: top + "/state") { name in
            name == "ncs.pid" || name.hasPrefix(NetworkController.copyPrefix)
        }
        for name in ["packages", "scripts", "trust"] {
            try BackupTree.copy(configuration.runDirectory + "/" + name, to: top + "/" + name)
        }
    }

    private func copyFiles(to top: String) throws -> [String] {
        var notes: [String] = []
        var text = String(decoding: try DurableFiles.read(configuration.file, limit: 4 << 20), as: UTF8.self)
        if !withKeys {
            let plain = BackupKeys.removed(from: text)
            if plain != text { notes.append("the keys in ncs.conf are not in the backup; keep them apart from it") }
            text = plain
        }
        try DurableFiles.write(top + "/ncs.conf", Array(text.utf8), mode: 0o600)
        guard DurableFiles.exists(configuration.keyFile) else { return notes }
        if withKeys {
            try BackupTree.copy(configuration.keyFile, to: top + "/ncs.crypto_keys")
            notes.append("the backup holds the keys of the encrypted values: whoever has it can read them")
        } else {
            notes.append(
                "\(configuration.keyFile) is not in the backup; keep it apart from it, or use --with-keys: encrypted "
                    + "values cannot be read without it")
        }
        return notes
    }
}

/// Keys that stand in `ncs.conf`.
enum BackupKeys {
    static let placeholder = "removed-by-ncs-backup"

    /// The text with something else in place of each key.
    static func removed(from text: String) -> String {
        text.replacing(/(<(?:key|key1|key2|key3|initVector)>\s*)[0-9a-fA-F]+(\s*<)/) { match in
            match.output.1 + Self.placeholder + match.output.2
        }
    }
}
