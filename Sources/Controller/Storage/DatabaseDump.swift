import Basics
import ConfigDatabase
import ConfigTree
import Events
import Foundation

/// `ncs --cdb-debug-dump`: what the files of a database hold, of themselves, whether they are whole or damaged.
package struct DatabaseDump {
    /// The incumbent's words for what is wanted.
    package struct Options: Sendable {
        package var hasFileDebug = false
        package var hasHashedPaths = false
        package var hasNamespaces = false
        package var hasSchema = false
        package var onlyInvalidText = false
        package var isXML = false
        package var skipsConfiguration = false
        package var skipsOperational = false
        package var skipsSnapshots = false
        /// Nothing but what lies at or below one of these paths; all if there are none.
        package var subtrees: [String] = []

        package init() {}

        /// Takes a word of the command line; false if it is none.
        package mutating func take(_ word: String) -> Bool {
            switch word {
            case "file_debug": hasFileDebug = true
            case "file_debug_hkp": (hasFileDebug, hasHashedPaths) = (true, true)
            case "ns_debug": hasNamespaces = true
            case "schema_debug": hasSchema = true
            case "validate_utf8": onlyInvalidText = true
            case "xml": isXML = true
            case "skip_conf": skipsConfiguration = true
            case "skip_oper": skipsOperational = true
            case "skip_snap": skipsSnapshots = true
            case _ where word.hasPrefix("/"):
                subtrees.append(word.count > 1 && word.hasSuffix("/") ? String(word.dropLast()) : word)
            default: return false
            }
            return true
        }

        package static let help = """
            usage: ncs --cdb-debug-dump Directory [Options...] [Subtrees...]

            Prints what the files of the database in Directory hold. The database may be damaged; nothing is changed.

              file_debug      the records of the log as they are stored
              file_debug_hkp  the same, with digests
              ns_debug        the modules and their namespaces
              schema_debug    the names of all nodes that have data
              validate_utf8   only what is no valid UTF-8
              xml             write A.xml (configuration), O.xml (operational values) and S.xml (the latest snapshot) in
                              the current directory, and print nothing
              skip_conf, skip_oper, skip_snap
                              leave out configuration, operational values, snapshots
              help            this text

            A subtree is a path such as /tailf-ncs:devices/device{ce0}. Exit status 15 if damage was found.

            """
    }

    private let inspection: DatabaseInspection
    private let options: Options
    private let emit: (String) -> Void

    /// The configuration as far as it can be read, and what is wrong.
    private struct Content {
        var tree: OutlineTree?
        var through: Int64 = 0
        var records = 0
        var faults: [DatabaseFault]
        var remarks: [String] = []
    }

    /// Prints, or writes, what `options` ask for; the exit status.
    package static func run(
        directory: String, options: Options, emit: @escaping (String) -> Void
    ) throws(StartupError) -> Int32 {
        do {
            let inspection = try DatabaseInspection(directory: directory, scratch: NSTemporaryDirectory())
            defer { inspection.close() }
            return try DatabaseDump(inspection: inspection, options: options, emit: emit).run()
        } catch let fault as DatabaseFault {
            throw StartupError(Startup.exitStatus(of: fault), "\(fault)")
        } catch let error as FileError {
            throw StartupError(16, "\(error)")
        } catch {
            throw StartupError(15, "\(directory): \(error)")
        }
    }

    private func run() throws -> Int32 {
        var content = Content(faults: inspection.faults)
        try readConfiguration(&content)
        if options.isXML {
            try writeFiles(content)
        } else {
            printHead(content)
            if options.hasNamespaces { printNamespaces(content) }
            if options.hasSchema, let tree = content.tree { printNames(tree) }
            if options.hasFileDebug { try printRecords() }
            if !options.skipsConfiguration, let tree = content.tree {
                line("\nConfiguration after record \(content.through)")
                OutlinePrinter(options, emit).show(tree.root)
            }
            if !options.skipsSnapshots { printSnapshots() }
            if !options.skipsOperational { printOperational() }
        }
        return content.faults.isEmpty && content.remarks.isEmpty ? 0 : 15
    }

    private func line(_ text: String) { emit(text + "\n") }

    // MARK: Reading

    /// Begins with the latest snapshot before whatever is damaged and carries out every change that can be read.
    private func readConfiguration(_ content: inout Content) throws {
        let files = inspection.files
        var tree = inspection.anchor.map { base($0, files, &content) } ?? nil
        let fault = try inspection.readLog { record in
            content.records += 1
            content.through = record.number
            do {
                if record.kind == .activation {
                    tree = try OfflineCompaction.tree(of: ActivationRecord(record.payload), files)
                } else if let change = try OfflineCompaction.change(in: record) {
                    try tree?.apply(try ChangeSet(json: Array(change)))
                }
            } catch {
                content.remarks.append("record \(record.number): \(error)")
            }
            if let snapshot = inspection.snapshots.first(where: { $0.position == record.position }), tree == nil {
                tree = try? OfflineCompaction.tree(snapshot.manifest, files)
            }
        }
        if let fault { content.faults.append(fault) }
        content.tree = tree
        if options.hasNamespaces || options.isXML { takeNamespaces(tree, files) }
        // Where the log ends early, a later snapshot may have more.
        guard fault != nil || inspection.anchor == nil else { return }
        for snapshot in inspection.snapshots where snapshot.position.number > content.through {
            guard let later = try? OfflineCompaction.tree(snapshot.manifest, files) else { continue }
            content.tree = later
            content.through = snapshot.position.number
            content.remarks.append("the configuration is that of the snapshot after record \(content.through)")
            return
        }
    }

    /// The log does not tell namespaces; a snapshot does.
    private func takeNamespaces(_ tree: OutlineTree?, _ files: SnapshotFiles) {
        for snapshot in inspection.snapshots {
            guard let other = try? OfflineCompaction.tree(snapshot.manifest, files) else { continue }
            tree?.namespaces.merge(other.namespaces) { known, _ in known }
            return
        }
    }

    private func base(_ anchor: LogAnchor, _ files: SnapshotFiles, _ content: inout Content) -> OutlineTree? {
        content.through = anchor.position.number
        guard !anchor.manifest.isEmpty else { return OutlineTree() }
        do {
            guard let manifest = SnapshotManifest(anchor.manifest) else { throw ImageFault.damaged("its manifest") }
            return try OfflineCompaction.tree(manifest, files)
        } catch {
            content.remarks.append("the configuration after record \(anchor.position.number) cannot be read: \(error)")
            return nil
        }
    }

    // MARK: Printing

    private func printHead(_ content: Content) {
        line("Database   \(inspection.directory)/\(ConfigurationDatabase.fileName)")
        if let anchor = inspection.anchor {
            let first = anchor.position.number
            line(
                "Log        \(content.records) records after record \(first); the last is \(max(first, content.through))"
            )
        }
        for snapshot in inspection.snapshots.reversed() { line("Snapshot   " + Self.text(snapshot)) }
        for fault in content.faults { line("DAMAGED    \(fault)") }
        for remark in content.remarks { line("NOTE       \(remark)") }
        if content.faults.isEmpty, content.remarks.isEmpty { line("Checked    no damage") }
    }

    private static func text(_ snapshot: StoredSnapshot) -> String {
        let manifest = snapshot.manifest
        return "after record \(snapshot.position.number): \(manifest.chunks.count) files, \(manifest.byteCount) bytes, "
            + "\(manifest.commits) commits, packages of generation \(manifest.generation)"
    }

    private func printNamespaces(_ content: Content) {
        line("\nModules")
        for (module, namespace) in (content.tree?.namespaces ?? [:]).sorted(by: { $0.key < $1.key }) {
            line("\(module) \(namespace)")
        }
    }

    private func printNames(_ tree: OutlineTree) {
        line("\nNodes with data")
        var counts: [String: Int] = [:]
        OutlinePrinter.count(tree.root, "", "", &counts)
        for (path, count) in counts.sorted(by: { $0.key < $1.key }) { line("\(path) \(count)") }
    }

    private func printRecords() throws {
        line("\nRecords")
        _ = try inspection.readLog { record in
            let time = EventTime(microseconds: record.time).yangText
            line("\(record.number) \(record.kind.rawValue) \(time) \(record.payload.count) bytes")
            if options.hasHashedPaths {
                line("  digest \(record.digest)\n  payload \(record.payloadDigest)\n  before \(record.previousDigest)")
            }
            line(String(decoding: record.payload, as: UTF8.self))
        }
    }

    private func printSnapshots() {
        guard !inspection.snapshots.isEmpty || inspection.anchor?.manifest.isEmpty == false else { return }
        line("\nFiles of snapshots")
        let named =
            inspection.snapshots.map { ("after record \($0.position.number)", $0.manifest) }
            + [inspection.anchor].compactMap(\.self).compactMap { anchor in
                SnapshotManifest(anchor.manifest).map { ("at the beginning of the log", $0) }
            }
        for (place, manifest) in named {
            line(place)
            for chunk in manifest.chunks { line("  \(inspection.files.path(chunk.digest)) \(chunk.size)") }
        }
    }

    private func printOperational() {
        guard !inspection.operational.isEmpty else { return }
        line("\nOperational values")
        for (key, value) in inspection.operational.sorted(by: { $0.key < $1.key }) {
            let isValid = String(validating: value, as: UTF8.self) != nil
            if options.onlyInvalidText, isValid { continue }
            line("\(key) \(OutlinePrinter.quoted(String(decoding: value, as: UTF8.self)))")
        }
    }

    // MARK: XML

    private func writeFiles(_ content: Content) throws {
        func write(_ name: String, _ text: String) throws {
            try DurableFiles.replace(
                FileManager.default.currentDirectoryPath + "/" + name, with: Array(text.utf8), mode: 0o600)
        }
        if !options.skipsConfiguration, let tree = content.tree { try write("A.xml", OutlineXML.text(tree)) }
        if !options.skipsOperational, !inspection.operational.isEmpty {
            try write("O.xml", OutlineXML.text(inspection.operational))
        }
        if !options.skipsSnapshots {
            for snapshot in inspection.snapshots {
                guard let tree = try? OfflineCompaction.tree(snapshot.manifest, inspection.files) else { continue }
                try write("S.xml", OutlineXML.text(tree))
                break
            }
        }
        for fault in content.faults { FileHandle.standardError.write(Data("\(fault)\n".utf8)) }
    }
}
