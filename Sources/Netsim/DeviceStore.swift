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
    /// Bytes of the running file.
    private var size = 0

    /// Larger journals are folded into the running file, if they are no small part of it: so the cost of that stays that
    /// of the changes.
    private static let journalLimit = 256 << 10
    /// Changes of more nodes are not worth a journal: the file is written anew.
    private static let changeLimit = 10_000

    init(files: DeviceFiles) { self.files = files }

    // MARK: Reading

    /// The running configuration: as stored, or the start configuration of a device that never ran.
    mutating func load(_ model: DeviceModel) throws(NetsimError) -> DataTree {
        guard DurableFiles.exists(files.running) else {
            let tree = try Self.initial(files, model)
            try writeRunning(tree)
            return tree
        }
        let digest = ByteDigest()
        var tree = try Self.tree(files.running, model) { digest.add($0) }
        (base, size) = (digest.text, digest.count)
        if DurableFiles.exists(files.journal) {
            let (replayed, isCurrent) = try replay(tree)
            tree = replayed
            try isCurrent ? writeRunning(tree) : removeJournal()
        }
        return tree
    }

    static func startup(_ files: DeviceFiles, _ model: DeviceModel) throws(NetsimError) -> DataTree {
        guard DurableFiles.exists(files.startup) else { return try initial(files, model) }
        return try tree(files.startup, model)
    }

    static func initial(_ files: DeviceFiles, _ model: DeviceModel) throws(NetsimError) -> DataTree {
        var result = DataTree(model.data)
        for file in files.initialFiles { result = result.merging(try tree(file, model)) }
        return result
    }

    /// Reads an XML file piece by piece; what belongs to the controller or to the simulator of the incumbent is skipped.
    static func tree(
        _ file: String, _ model: DeviceModel, options: DecodeOptions = DecodeOptions(.lax),
        each: @escaping (UnsafeRawBufferPointer) -> Void = { _ in }
    ) throws(NetsimError) -> DataTree {
        let descriptor = open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw NetsimError(.configurationUnusable, file, "cannot be read: \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        let reader = XMLReader(file: file) { target in
            while true {
                let count = read(descriptor, target.baseAddress, target.count)
                if count < 0 {
                    if errno == EINTR { continue }
                    throw FileError(operation: "read", path: file, errno: errno)
                }
                each(UnsafeRawBufferPointer(rebasing: target[..<count]))
                return count
            }
        }
        let decoded: Decoded<DataTree>
        do {
            decoded = try XMLDataDecoder.tree(document: reader, model: model.data, options: options)
        } catch {
            throw NetsimError(.configurationUnusable, "", "\(error)")
        }
        guard !decoded.hasErrors else {
            let faults = decoded.diagnostics.filter { $0.severity == .error }.prefix(10).map(\.description)
            throw NetsimError(
                .configurationUnusable, file, "not a configuration of this device:\n" + faults.joined(separator: "\n"),
                remedy: "correct the file, or reset the device")
        }
        return decoded.content
    }

    private static func bytes(of file: String) throws(NetsimError) -> [UInt8] {
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

    /// Records a change that was found by comparing; the cost is that of the change.
    mutating func record(_ difference: [DiffNode], after tree: DataTree) throws(NetsimError) {
        if difference.outweighs(Self.changeLimit) { return try writeRunning(tree) }
        try record(ChangeSet(difference), after: tree)
    }

    private mutating func record(_ changes: ChangeSet, after tree: DataTree) throws(NetsimError) {
        var line = Array(changes.json.utf8)
        line.removeAll { $0 == 10 }
        line.append(10)
        do {
            if journalLength == 0 { try PlainFiles.append(files.journal, Array((base + "\n").utf8), mode: 0o600) }
            try PlainFiles.append(files.journal, line, mode: 0o600)
        } catch {
            throw NetsimError(.system, "", "\(error)", remedy: "make room on the disk")
        }
        journalLength += line.count
        if journalLength > max(Self.journalLimit, size / 4) { try writeRunning(tree) }
    }

    /// Writes the whole running configuration and begins a new journal.
    mutating func writeRunning(_ tree: DataTree) throws(NetsimError) {
        let digest = ByteDigest()
        try Self.write(files.running, tree) { digest.add($0) }
        (base, size) = (digest.text, digest.count)
        try removeJournal()
    }

    /// Folds the journal in, if there is any.
    mutating func flush(_ tree: DataTree) throws(NetsimError) {
        if journalLength > 0 { try writeRunning(tree) }
    }

    static func writeStartup(_ tree: DataTree, _ files: DeviceFiles) throws(NetsimError) {
        try write(files.startup, tree)
    }

    static func write(
        _ path: String, _ tree: DataTree, _ options: EncodeOptions = EncodeOptions(),
        each: @escaping (UnsafeRawBufferPointer) -> Void = { _ in }
    ) throws(NetsimError) {
        do {
            try PlainFiles.write(path, mode: 0o600) { put in
                try withoutActuallyEscaping(put) { put in
                    var encoder = XMLDataEncoder(options) { piece in
                        each(piece)
                        try put(piece)
                    }
                    try encoder.encode(tree)
                }
            }
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
}

/// FNV-1a over what a file holds: tells which file a journal continues, nothing more.
private final class ByteDigest {
    private var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    private(set) var count = 0

    func add(_ bytes: UnsafeRawBufferPointer) {
        var hash = hash
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        self.hash = hash
        count += bytes.count
    }

    var text: String { "\(count)-\(String(hash, radix: 16))" }
}

extension [DiffNode] {
    /// Whether more nodes changed than that, those inside of what came or went included.
    fileprivate func outweighs(_ limit: Int) -> Bool {
        var rest = limit
        func spend(_ count: Int) -> Bool {
            rest -= count
            return rest >= 0
        }
        func count(_ row: Row) -> Bool {
            guard spend(1 + row.leafCount) else { return false }
            for kid in row.kids {
                switch kid.kid {
                case .row(let inner): guard count(inner) else { return false }
                case .mount(let tree): guard count(tree.root) else { return false }
                case .entries(let entries): for entry in entries.rows { guard count(entry) else { return false } }
                }
            }
            return true
        }
        func count(_ nodes: [DiffNode]) -> Bool {
            for node in nodes {
                guard spend(1), count(node.children) else { return false }
                if node.change == .created, let row = node.new { guard count(row) else { return false } }
            }
            return true
        }
        return !count(self)
    }
}
