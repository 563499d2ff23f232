import Basics
import CArchive
import Foundation

/// Makes the archive of a package directory: the same bytes whenever and by whomever it is made from the same files.
///
/// Entries are sorted by path, with time 0, owner 0 and mode 0644 or 0755; gzip carries neither name nor time.
package enum PackageArchiveWriter {
    /// What never goes into a package: traces of version control and of editors.
    package static let leftOut: Set<String> = [".git", ".gitignore", ".gitattributes", ".svn", ".hg", ".DS_Store"]

    /// Writes `output` (`.tar.gz`) as a whole or not at all.
    ///
    /// - Parameters:
    ///   - name: the top directory in the archive, which is the package's name.
    ///   - isCompressed: gzip, or a plain tar.
    package static func write(
        directory: String, name: String, to output: String, isCompressed: Bool = true
    ) throws {
        let sources = try collect(directory, name: name)
        let temporary = "\(output).\(getpid()).new"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o644)
        guard descriptor >= 0 else { throw failure("create", temporary) }
        defer { close(descriptor) }
        do {
            try ThreadLocale.withUTF8 {
                try write(sources, to: descriptor, path: temporary, isCompressed: isCompressed)
            }
            guard fsync(descriptor) == 0 else { throw failure("sync", temporary) }
            try DurableFiles.rename(temporary, to: output)
        } catch {
            unlink(temporary)
            throw error
        }
    }

    private struct Source {
        /// In the archive.
        var path: String
        var file: String
        var isDirectory: Bool
    }

    private static func collect(_ directory: String, name: String) throws -> [Source] {
        var sources = [Source]()
        var names = PackageArchiveNames()
        var pending = [Source(path: name, file: directory, isDirectory: true)]
        while let next = pending.popLast() {
            let reason = names.refusal(of: next.path, isDirectory: next.isDirectory, depthLimit: 32)
            if let reason {
                throw PackageError(.entryRefused, next.file, "\(reason)", remedy: "rename or remove it")
            }
            sources.append(next)
            guard next.isDirectory else { continue }
            let children: [String]
            do {
                children = try FileManager.default.contentsOfDirectory(atPath: next.file)
            } catch {
                throw PackageError(.fileUnusable, next.file, "cannot be read: \(error)")
            }
            for child in children where !leftOut.contains(child) && !child.hasSuffix("~") {
                let file = next.file + "/" + child
                let isDirectory = try kind(of: file)
                pending.append(Source(path: next.path + "/" + child, file: file, isDirectory: isDirectory))
            }
        }
        return sources.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
    }

    /// Whether it is a directory; throws if it is neither that nor a regular file.
    private static func kind(of path: String) throws -> Bool {
        switch try FileStatus(path: path).kind {
        case .directory: return true
        case .file: return false
        case .symbolicLink:
            throw PackageError(
                .entryRefused, path, "is a symbolic link",
                remedy: "put a copy of the file there: packages have no links")
        case .other:
            throw PackageError(.entryRefused, path, "is neither a file nor a directory", remedy: "remove it")
        }
    }

    private static func write(
        _ sources: [Source], to descriptor: Int32, path: String, isCompressed: Bool
    ) throws {
        guard let handle = archive_write_new() else {
            throw PackageError(.fileUnusable, path, "cannot be written: out of memory")
        }
        defer { archive_write_free(handle) }
        func check(_ status: Int32) throws {
            guard status == ARCHIVE_OK else {
                let reason = archive_error_string(handle).map { String(cString: $0) } ?? "unknown reason"
                throw PackageError(.fileUnusable, path, "cannot be written: \(reason)")
            }
        }
        try check(archive_write_set_format_pax_restricted(handle))
        if isCompressed {
            try check(archive_write_add_filter_gzip(handle))
            try check(archive_write_set_filter_option(handle, "gzip", "timestamp", nil))
            try check(archive_write_set_filter_option(handle, "gzip", "compression-level", "9"))
        }
        try check(archive_write_set_bytes_in_last_block(handle, 1))
        try check(archive_write_open_fd(handle, descriptor))
        for source in sources { try add(source, to: handle, check: check) }
        try check(archive_write_close(handle))
    }

    private static func add(_ source: Source, to handle: OpaquePointer, check: (Int32) throws -> Void) throws {
        let descriptor = open(source.file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { throw failure("open", source.file) }
        defer { close(descriptor) }
        let status = try FileStatus(descriptor: descriptor, path: source.file)
        guard status.kind == (source.isDirectory ? .directory : .file) else {
            throw PackageError(.fileUnusable, source.file, "changed while it was read", remedy: "try again")
        }
        let entry = archive_entry_new()
        defer { archive_entry_free(entry) }
        archive_entry_set_pathname(entry, source.path)
        archive_entry_set_filetype(entry, UInt32(source.isDirectory ? 0o040000 : 0o100000))
        archive_entry_set_perm(entry, source.isDirectory || status.permissions & 0o100 != 0 ? 0o755 : 0o644)
        archive_entry_set_mtime(entry, 0, 0)
        archive_entry_set_uid(entry, 0)
        archive_entry_set_gid(entry, 0)
        archive_entry_set_size(entry, source.isDirectory ? 0 : Int64(status.size))
        try check(archive_write_header(handle, entry))
        guard !source.isDirectory else { return }
        var rest = Int(status.size)
        var chunk = [UInt8](repeating: 0, count: 1 << 17)
        while rest > 0 {
            let count = read(descriptor, &chunk, min(chunk.count, rest))
            if count < 0, errno == EINTR { continue }
            guard count > 0, archive_write_data(handle, chunk, count) == count else {
                throw PackageError(.fileUnusable, source.file, "cannot be read or added", remedy: "try again")
            }
            rest -= count
        }
    }

    private static func failure(_ operation: String, _ path: String) -> PackageError {
        PackageError(.fileUnusable, path, "cannot \(operation): \(String(cString: strerror(errno)))")
    }
}
