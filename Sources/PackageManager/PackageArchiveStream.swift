import CArchive
import Foundation
import PackageSigning

/// What becomes of the entries of an archive, one after the other.
protocol ArchiveEntrySink {
    mutating func directory(_ entry: PackageArchive.Entry) throws
    /// Before the data of a file.
    mutating func begin(_ entry: PackageArchive.Entry) throws
    mutating func write(_ bytes: UnsafeRawBufferPointer) throws
    /// After the data of a file, its digest known.
    mutating func end(_ entry: PackageArchive.Entry) throws
}

/// libarchive's reader over a region of a file. One thread, one pass.
final class ArchiveStream {
    private let handle: OpaquePointer
    private let source: Source
    private let limits: PackageArchiveLimits
    private let path: String
    private var unpacked = 0
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 17, alignment: 16)

    /// The bytes as libarchive asks for them.
    private final class Source {
        let region: FileRegion
        var offset = 0
        var failure: (any Error)?
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 17, alignment: 16)

        init(_ region: FileRegion) { self.region = region }

        deinit { buffer.deallocate() }

        func read() -> Int {
            do {
                let count = try region.read(into: buffer, at: offset)
                offset += count
                return count
            } catch {
                failure = error
                return -1
            }
        }
    }

    init(_ region: FileRegion, limits: PackageArchiveLimits) throws {
        path = region.file.path
        self.limits = limits
        source = Source(region)
        guard let handle = archive_read_new() else {
            throw PackageError(.archiveDamaged, path, "cannot be read: out of memory")
        }
        self.handle = handle
        archive_read_support_filter_gzip(handle)
        archive_read_support_filter_zstd(handle)
        archive_read_support_format_tar(handle)
        let status = ThreadLocale.withUTF8 {
            archive_read_open2(
                handle, Unmanaged.passUnretained(source).toOpaque(), nil,
                { _, context, target in
                    guard let context, let target else { return -1 }
                    let source = Unmanaged<Source>.fromOpaque(context).takeUnretainedValue()
                    let count = source.read()
                    target.pointee = UnsafeRawPointer(source.buffer.baseAddress)
                    return count
                }, nil, nil)
        }
        guard status == ARCHIVE_OK else { throw damaged() }
    }

    deinit {
        archive_read_free(handle)
        buffer.deallocate()
    }

    /// The next entry, of an allowed kind, without its digest; nil at the end.
    func next() throws -> PackageArchive.Entry? {
        var pointer: OpaquePointer?
        let status = ThreadLocale.withUTF8 { archive_read_next_header(handle, &pointer) }
        if status == ARCHIVE_EOF { return nil }
        guard status == ARCHIVE_OK, let pointer else { throw damaged() }
        guard archive_filter_count(handle) <= 2 else {
            throw refuse("", "is compressed more than once", remedy: "compress it once")
        }
        try checkSize()
        guard let bytes = ThreadLocale.withUTF8({ archive_entry_pathname(pointer) }),
            var name = String(validatingCString: bytes)
        else { throw refuse("", "has a name that is not UTF-8", remedy: Self.anew) }
        let isDirectory = try kind(of: pointer, name: name)
        if isDirectory, name.hasSuffix("/") { name.removeLast() }
        let permissions = Int(archive_entry_perm(pointer))
        guard permissions & 0o7000 == 0 else {
            throw refuse(name, "has a setuid, setgid or sticky bit", remedy: "take it off with chmod")
        }
        let size = isDirectory ? 0 : Int(archive_entry_size(pointer))
        guard size >= 0, isDirectory || archive_entry_size_is_set(pointer) != 0 else {
            throw refuse(name, "has no size", remedy: Self.anew)
        }
        guard size <= limits.bytes - unpacked else { throw tooMuch("more than \(limits.bytes) bytes when unpacked") }
        let mode = isDirectory || permissions & 0o100 != 0 ? 0o755 : 0o644
        return PackageArchive.Entry(path: name, isDirectory: isDirectory, mode: mode, size: size, sha256: "")
    }

    /// Whether it is a directory; throws if it is neither that nor a regular file.
    private func kind(of entry: OpaquePointer, name: String) throws -> Bool {
        if archive_entry_hardlink(entry) != nil || archive_entry_hardlink_w(entry) != nil {
            throw refuse(name, "is a hard link")
        }
        guard archive_entry_sparse_count(entry) == 0 else { throw refuse(name, "is a sparse file") }
        switch archive_entry_filetype(entry) & S_IFMT {
        case S_IFREG: return false
        case S_IFDIR: return true
        case S_IFLNK: throw refuse(name, "is a symbolic link")
        case S_IFIFO: throw refuse(name, "is a fifo")
        case S_IFCHR, S_IFBLK: throw refuse(name, "is a device")
        default: throw refuse(name, "is neither a file nor a directory")
        }
    }

    /// Hands the data of the current entry to `sink`; returns its SHA-256.
    func copyData(of entry: PackageArchive.Entry, to sink: inout some ArchiveEntrySink) throws -> String {
        try sink.begin(entry)
        var hash = StreamingSHA256()
        var size = 0
        while true {
            let count = archive_read_data(handle, buffer.baseAddress, buffer.count)
            if count == 0 { break }
            guard count > 0 else { throw damaged() }
            size += count
            unpacked += count
            try checkSize()
            guard size <= entry.size else {
                throw refuse(entry.path, "is longer than its header says", remedy: Self.anew)
            }
            let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
            hash.update(bytes)
            try sink.write(bytes)
        }
        guard size == entry.size else { throw refuse(entry.path, "is shorter than its header says", remedy: Self.anew) }
        return hash.finish()
    }

    private func checkSize() throws {
        guard unpacked <= limits.bytes else { throw tooMuch("more than \(limits.bytes) bytes when unpacked") }
        let total = max(unpacked, Int(archive_filter_bytes(handle, 0)))
        guard total <= limits.ratioFloor || total / limits.ratio <= source.offset else {
            throw tooMuch("more than \(limits.ratio) times as many bytes when unpacked")
        }
    }

    /// What helps against names that a careful tool does not write.
    static let anew = "make the archive again with 'ncs-package build', or get it from its maker"

    func refuse(
        _ name: String, _ why: String, remedy: String = "a package has files and directories only"
    ) -> PackageError {
        let entry = name.isEmpty ? "an entry" : "the entry '\(name.visible())'"
        return PackageError(.entryRefused, path, "\(entry) \(why)", remedy: remedy)
    }

    func tooMuch(_ what: String) -> PackageError {
        PackageError(.limitExceeded, path, "has \(what)", remedy: "it is refused as a whole")
    }

    private func damaged() -> any Error {
        if let failure = source.failure { return failure }
        let reason = archive_error_string(handle).map { String(cString: $0).visible() } ?? "unknown reason"
        return PackageError(
            .archiveDamaged, path, "cannot be read as a tar archive, plain or compressed with gzip or zstd (\(reason))",
            remedy: "make it again with tar, or fetch it again")
    }
}

/// libarchive takes the character set of names from the locale; here it is UTF-8 for the calling thread, whatever the
/// program's is.
enum ThreadLocale {
    private struct Handle: @unchecked Sendable {
        let locale: locale_t?
    }

    private static let utf8 = Handle(locale: newlocale(opennedCharacterTypeMask, "C.UTF-8", nil))

    static func withUTF8<Result>(_ body: () throws -> Result) rethrows -> Result {
        guard let locale = utf8.locale else { return try body() }
        let old = uselocale(locale)
        defer { uselocale(old) }
        return try body()
    }
}
