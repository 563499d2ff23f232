import CArchive
import Foundation
package import PackageSigning

/// How much an archive may be, so that a small file cannot fill the disk or the memory.
package struct PackageArchiveLimits: Sendable {
    /// Of all files together, unpacked.
    package var bytes = 4 << 30
    package var entries = 100_000
    /// Components in a path.
    package var depth = 32
    /// Unpacked bytes for each byte of the archive, judged beyond `ratioFloor` unpacked bytes.
    package var ratio = 200
    package var ratioFloor = 16 << 20

    package init() {}
}

/// A package as an archive: `.tar`, `.tar.gz`, `.tgz` or `.tar.zst`, in a file or in a bundle. All of it is foreign.
///
/// Only regular files and directories under one top directory are accepted, with the names that `PackageArchiveNames`
/// allows, without setuid, setgid or sticky bits or holes, within `PackageArchiveLimits`. An archive with anything else
/// is refused as a whole. Files are written by ourselves, each created anew below a directory created anew, so that no
/// link can be followed and nothing overwritten; libarchive only decodes.
package struct PackageArchive: Sendable {
    /// A regular file or directory.
    package struct Entry: Hashable, Sendable {
        /// With the top directory, without a slash at the end.
        package var path: String
        package var isDirectory: Bool
        /// 0o644 or 0o755 (directories, and files that their owner may execute).
        package var mode: Int
        package var size: Int
        /// Of a file; empty for a directory.
        package var sha256: String
    }

    package struct Listing: Hashable, Sendable {
        package var topDirectory: String
        /// In the archive's order.
        package var entries: [Entry]

        /// The files, in the form and order of a manifest.
        package var manifestFiles: [BundleManifest.File] {
            entries.filter { !$0.isDirectory }
                .map { BundleManifest.File(path: $0.path, mode: $0.mode, size: $0.size, sha256: $0.sha256) }
                .sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
        }
    }

    package let region: FileRegion
    package let limits: PackageArchiveLimits
    /// Is told what was read.
    var meter: WorkMeter?

    /// The name of the file that it is in, for errors.
    package var path: String { region.file.path }

    package init(_ region: FileRegion, limits: PackageArchiveLimits = PackageArchiveLimits()) {
        self.region = region
        self.limits = limits
    }

    package init(path: String, limits: PackageArchiveLimits = PackageArchiveLimits()) throws {
        self.init(try FileRegion(wholeFile: path), limits: limits)
    }

    /// Reads the archive to its end and checks every rule; writes nothing.
    package func list() throws -> Listing {
        var nowhere = DiscardingSink()
        return try walk(&nowhere)
    }

    /// The whole of one file, or nil if the archive does not have it; checks every rule on the way.
    ///
    /// - Parameter name: the path below the top directory.
    package func contents(of name: String, limit: Int = 16 << 20) throws -> (listing: Listing, bytes: [UInt8]?) {
        var sink = CollectingSink(name: name, limit: limit, archive: path)
        let listing = try walk(&sink)
        return (listing, sink.bytes)
    }

    /// Unpacks into `directory`, which must not exist, and syncs it if it is to be durable. On any fault nothing is
    /// left behind.
    ///
    /// - Parameter expected: the files of the signed manifest, if it is that of a bundle: a file that is not as it says
    ///   is refused as it is written.
    @discardableResult
    package func extract(
        to directory: String, expected: [BundleManifest.File]? = nil, isDurable: Bool = true
    ) throws -> Listing {
        guard mkdir(directory, 0o755) == 0 else {
            let number = errno
            throw PackageError(
                .fileUnusable, directory, "cannot be made: \(String(cString: strerror(number)))",
                remedy: number == EEXIST ? "remove it first" : "", systemError: number)
        }
        var sink = ExtractingSink(directory: directory, archive: path, expected: expected)
        do {
            let listing = try walk(&sink)
            try sink.finish(isDurable: isDurable)
            return listing
        } catch {
            sink.discard()
            throw error
        }
    }

    /// Checks that the archive holds exactly the files of a manifest.
    package func check(against files: [BundleManifest.File]) throws {
        let listing = try list()
        guard listing.manifestFiles == files else {
            throw PackageError(
                .contentMismatch, path, "the manifest lists other files than the archive holds",
                remedy: "sign the package again")
        }
    }

    private func walk(_ sink: inout some ArchiveEntrySink) throws -> Listing {
        let stream = try ArchiveStream(region, limits: limits)
        var names = PackageArchiveNames()
        var entries = [Entry]()
        while var entry = try stream.next() {
            guard entries.count < limits.entries else { throw stream.tooMuch("more than \(limits.entries) entries") }
            if entry.path.hasPrefix("./") { entry.path.removeFirst(2) }
            if entry.isDirectory, entry.path.isEmpty || entry.path == "." { continue }
            let reason = names.refusal(of: entry.path, isDirectory: entry.isDirectory, depthLimit: limits.depth)
            if let reason { throw stream.refuse(entry.path, reason, remedy: ArchiveStream.anew) }
            if entry.isDirectory {
                try sink.directory(entry)
            } else {
                entry.sha256 = try stream.copyData(of: entry, to: &sink)
                try sink.end(entry)
                meter?.add(entry.size)
            }
            entries.append(entry)
        }
        guard let top = names.topDirectory, entries.contains(where: { !$0.isDirectory }) else {
            throw PackageError(.archiveDamaged, path, "is empty", remedy: "give the archive of a package")
        }
        return Listing(topDirectory: top, entries: entries)
    }
}

extension VerifiedBundle {
    /// Unpacks the archive into `directory`, which must not exist, each file checked against the manifest as it is
    /// written, and syncs it. The package is then in `directory/PACKAGE`.
    package func extract(
        to directory: String, limits: PackageArchiveLimits = PackageArchiveLimits(), isDurable: Bool = true,
        meter: WorkMeter? = nil
    ) throws -> PackageArchive.Listing {
        var archive = PackageArchive(archive, limits: limits)
        archive.meter = meter
        return
            try archive
            .extract(to: directory, expected: manifest.files, isDurable: isDurable)
    }
}
