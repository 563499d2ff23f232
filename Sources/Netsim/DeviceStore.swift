import Basics
import ConfigTree
import Foundation

/// The configuration of one device on disk: whole files, and a journal of what changed since the running one was
/// written. A change is in the journal before the device answers, so it survives the death of the process.
///
/// The journal's first line names the running file that it continues (by digest of its bytes): a journal that was
/// folded in before the process died is recognised and dropped.
struct DeviceStore {
    let files: DeviceFiles
    private(set) var journalLength = 0
    private var base = ""

    /// Larger journals are folded into the running file.
    private static let journalLimit = 256 << 10

    init(files: DeviceFiles) { self.files = files }

    // MARK: Reading

    /// The running configuration: as stored, or the start configuration of a device that never ran.
    mutating func load(_ model: DeviceModel) throws(NetsimError) -> DataTree {
        guard DurableFiles.exists(files.running) else {
            let tree = try Self.initial(files, model)
            try writeRunning(tree)
            return tree
        }
        let bytes = try Self.bytes(of: files.running)
        base = Self.digest(bytes)
        var tree = try Self.tree(bytes, files.running, model)
        if DurableFiles.exists(files.journal) {
            let (replayed, isCurrent) = try replay(tree)
            tree = replayed
            try isCurrent ? writeRunning(tree) : removeJournal()
        }
        return tree
    }

    static func startup(_ files: DeviceFiles, _ model: DeviceModel) throws(NetsimError) -> DataTree {
        guard DurableFiles.exists(files.startup) else { return try initial(files, model) }
        return try tree(try bytes(of: files.startup), files.startup, model)
    }

    static func initial(_ files: DeviceFiles, _ model: DeviceModel) throws(NetsimError) -> DataTree {
        var result = DataTree(model.data)
        for file in files.initialFiles { result = result.merging(try tree(try bytes(of: file), file, model)) }
        return result
    }

    /// Reads an XML file; what belongs to the controller or to the simulator of the incumbent is skipped.
    static func tree(_ bytes: [UInt8], _ file: String, _ model: DeviceModel) throws(NetsimError) -> DataTree {
        let decoded = XMLDataDecoder.tree(bytes, file: file, model: model.data, options: DecodeOptions(.lax))
        guard !decoded.hasErrors else {
            let faults = decoded.diagnostics.filter { $0.severity == .error }.prefix(10).map(\.description)
            throw NetsimError(
                .configurationUnusable, file, "not a configuration of this device:\n" + faults.joined(separator: "\n"),
                remedy: "correct the file, or reset the device")
        }
        return decoded.content
    }

    static func bytes(of file: String) throws(NetsimError) -> [UInt8] {
        do {
            return try DurableFiles.read(file, limit: 1 << 30)
        } catch {
            throw NetsimError(.configurationUnusable, "", "\(error)")
        }
    }

    private func replay(_ tree: DataTree) throws(NetsimError) -> (DataTree, Bool) {
        let text = String(decoding: try Self.bytes(of: files.journal), as: UTF8.self)
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        // What follows the last line end was cut off by a crash: the device had not answered yet.
        lines.removeLast()
        guard lines.first.map(String.init) == base else { return (tree, false) }
        var tree = tree
        for (number, line) in lines.enumerated().dropFirst() {
            do {
                let value = try JSONValue.parse(Array(line.utf8), file: "\(files.journal):\(number + 1)")
                let words = (value.array ?? []).map { ($0.array ?? []).compactMap(\.string) }
                tree = try tree.applying(try ChangeSet(words: words))
            } catch {
                throw NetsimError(
                    .configurationUnusable, "\(files.journal):\(number + 1)", "cannot be replayed: \(error)",
                    remedy: "remove the journal to go back to \(files.running), or reset the device")
            }
        }
        return (tree, true)
    }

    // MARK: Writing

    /// Records edits; `tree` is the configuration after them.
    mutating func record(_ edits: [PathEdit], after tree: DataTree) throws(NetsimError) {
        try record(ChangeSet(edits.map { ChangeSet.Item($0.edit, $0.path.description) }), after: tree)
    }

    /// Records a change; the cost is that of the change.
    mutating func record(_ changes: ChangeSet, after tree: DataTree) throws(NetsimError) {
        let line = Array((changes.json.replacing("\n", with: "") + "\n").utf8)
        do {
            if journalLength == 0 { try PlainFiles.append(files.journal, Array((base + "\n").utf8), mode: 0o600) }
            try PlainFiles.append(files.journal, line, mode: 0o600)
        } catch {
            throw NetsimError(.system, "", "\(error)", remedy: "make room on the disk")
        }
        journalLength += line.count
        if journalLength > Self.journalLimit { try writeRunning(tree) }
    }

    /// Writes the whole running configuration and begins a new journal.
    mutating func writeRunning(_ tree: DataTree) throws(NetsimError) {
        let bytes = XMLDataEncoder.bytes(tree)
        try Self.write(files.running, bytes)
        base = Self.digest(bytes)
        try removeJournal()
    }

    /// Folds the journal in, if there is any.
    mutating func flush(_ tree: DataTree) throws(NetsimError) {
        if journalLength > 0 { try writeRunning(tree) }
    }

    static func writeStartup(_ tree: DataTree, _ files: DeviceFiles) throws(NetsimError) {
        try write(files.startup, XMLDataEncoder.bytes(tree))
    }

    private static func write(_ path: String, _ bytes: [UInt8]) throws(NetsimError) {
        do {
            try PlainFiles.write(path, bytes, mode: 0o600)
        } catch {
            throw NetsimError(.system, "", "\(error)", remedy: "make room on the disk")
        }
    }

    private mutating func removeJournal() throws(NetsimError) {
        journalLength = 0
        guard unlink(files.journal) == 0 || errno == ENOENT else {
            throw NetsimError(.system, files.journal, "cannot be removed: \(String(cString: strerror(errno)))")
        }
    }

    /// FNV-1a: tells which file a journal continues, nothing more.
    private static func digest(_ bytes: [UInt8]) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return "\(bytes.count)-\(String(hash, radix: 16))"
    }
}
