import Basics
import Foundation
import PackageSigning

struct DiscardingSink: ArchiveEntrySink {
    mutating func directory(_ entry: PackageArchive.Entry) {}
    mutating func begin(_ entry: PackageArchive.Entry) {}
    mutating func write(_ bytes: UnsafeRawBufferPointer) {}
    mutating func end(_ entry: PackageArchive.Entry) {}
}

/// Keeps the content of one file.
struct CollectingSink: ArchiveEntrySink {
    /// Path below the top directory.
    let name: String
    let limit: Int
    let archive: String
    private(set) var bytes: [UInt8]?
    private var isWanted = false

    init(name: String, limit: Int, archive: String) {
        self.name = name
        self.limit = limit
        self.archive = archive
    }

    mutating func directory(_ entry: PackageArchive.Entry) {}

    mutating func begin(_ entry: PackageArchive.Entry) throws {
        isWanted = entry.path.drop { $0 != "/" }.dropFirst() == name
        guard isWanted else { return }
        guard entry.size <= limit else {
            throw PackageError(.limitExceeded, archive, "has a \(name) of more than \(limit) bytes")
        }
        bytes = []
    }

    mutating func write(_ data: UnsafeRawBufferPointer) {
        if isWanted { bytes?.append(contentsOf: data) }
    }

    mutating func end(_ entry: PackageArchive.Entry) { isWanted = false }
}

/// Writes the entries below a new directory.
struct ExtractingSink: ArchiveEntrySink {
    let directory: String
    let archive: String
    private var expected: [String: BundleManifest.File]?
    private var made: Set<String> = []
    private var descriptor: Int32 = -1
    private var current = ""

    init(directory: String, archive: String, expected: [BundleManifest.File]?) {
        self.directory = directory
        self.archive = archive
        self.expected = expected.map { Dictionary($0.map { ($0.path, $0) }) { first, _ in first } }
    }

    mutating func directory(_ entry: PackageArchive.Entry) throws { try make(entry.path) }

    /// Makes a directory and those above it, as far as this sink has not made them.
    private mutating func make(_ path: String) throws {
        guard !path.isEmpty, !made.contains(path) else { return }
        try make(Self.parent(of: path))
        let full = directory + "/" + path
        guard mkdir(full, 0o755) == 0, chmod(full, 0o755) == 0 else { throw failure("make the directory", full) }
        made.insert(path)
    }

    private static func parent(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
    }

    mutating func begin(_ entry: PackageArchive.Entry) throws {
        if let expected, expected[entry.path] == nil { throw mismatch("holds '\(entry.path.visible())'", entry) }
        try make(Self.parent(of: entry.path))
        current = directory + "/" + entry.path
        descriptor = open(current, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode_t(entry.mode))
        guard descriptor >= 0 else { throw failure("create", current) }
    }

    mutating func write(_ bytes: UnsafeRawBufferPointer) throws {
        var rest = bytes
        while !rest.isEmpty {
            let count = Foundation.write(descriptor, rest.baseAddress, rest.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw failure("write", current)
            }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }

    mutating func end(_ entry: PackageArchive.Entry) throws {
        // Not only at creation: the process may have a umask.
        guard fchmod(descriptor, mode_t(entry.mode)) == 0 else { throw failure("set the mode of", current) }
        close(descriptor)
        descriptor = -1
        CrashPoint.reach("extract")
        guard expected != nil else { return }
        let file = expected?.removeValue(forKey: entry.path)
        guard file?.size == entry.size, file?.mode == entry.mode, file?.sha256 == entry.sha256 else {
            throw mismatch("holds another '\(entry.path.visible())'", entry)
        }
    }

    /// Checks that nothing is missing, and syncs all unless the caller does.
    mutating func finish(isDurable: Bool) throws {
        if let missing = expected?.keys.min() {
            throw PackageError(
                .contentMismatch, archive, "the archive lacks '\(missing.visible())', which its manifest lists",
                remedy: "sign the package again")
        }
        guard isDurable else { return }
        try DurableFiles.syncTree(directory)
        try DurableFiles.syncDirectory(DurableFiles.parent(of: directory))
    }

    /// Removes what was written.
    mutating func discard() {
        if descriptor >= 0 { close(descriptor) }
        descriptor = -1
        try? DurableFiles.removeTree(directory)
    }

    private func failure(_ operation: String, _ path: String) -> PackageError {
        let number = errno
        return PackageError(
            .fileUnusable, path, "cannot \(operation): \(String(cString: strerror(number)))",
            remedy: "nothing was unpacked of \(archive)", systemError: number)
    }

    private func mismatch(_ what: String, _ entry: PackageArchive.Entry) -> PackageError {
        PackageError(
            .contentMismatch, archive, "the archive \(what), which is not what its manifest lists",
            remedy: "sign the package again")
    }
}
