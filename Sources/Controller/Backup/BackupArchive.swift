import Basics
import Foundation
import PackageManager
import PackageSigning

/// A backup as a file: `ncs-VERSION@TIME_local.backup.gz`.
struct BackupArchive {
    let path: String
    let manifest: BackupManifest
    private let listing: PackageArchive.Listing
    private let archive: PackageArchive

    static let suffixes = [".backup.gz", ".backup"]

    /// Reads the whole file and checks each of its bytes that means anything; writes nothing.
    init(checking path: String) throws(BackupError) {
        self.path = path
        let found: (listing: PackageArchive.Listing, bytes: [UInt8]?)
        do {
            archive = try PackageArchive(path: path, limits: Self.limits)
            found = try archive.contents(of: BackupManifest.name, limit: BackupManifest.sizeLimit)
        } catch {
            throw BackupError(.damaged, "\(error)")
        }
        guard let bytes = found.bytes else {
            throw BackupError(.foreign, "\(path): this is no backup; give a file that ncs-backup has made")
        }
        listing = found.listing
        manifest = try BackupManifest(bytes, of: path)
        try check()
    }

    private static var limits: PackageArchiveLimits {
        var limits = PackageArchiveLimits()
        limits.bytes = 1 << 42
        limits.entries = 10_000_000
        limits.ratio = 2_000
        return limits
    }

    private func check() throws(BackupError) {
        let top = listing.topDirectory + "/"
        var wanted: [String: BackupManifest.File] = [:]
        for file in manifest.files { wanted[file.path] = file }
        for file in listing.manifestFiles where file.path != top + BackupManifest.name {
            let name = String(file.path.dropFirst(top.count))
            guard let known = wanted.removeValue(forKey: name) else {
                throw BackupError(.damaged, "\(path): '\(name)' is not in its manifest; take another backup")
            }
            guard known.size == file.size, known.sha256 == file.sha256 else {
                throw BackupError(.damaged, "\(path): '\(name)' is damaged; take another backup")
            }
        }
        if let missing = wanted.keys.min() {
            throw BackupError(.damaged, "\(path): '\(missing)' is missing; take another backup")
        }
    }

    /// Unpacks what was checked, nothing else, into a directory that is not there yet.
    func extract(to directory: String) throws(BackupError) {
        let temporary = directory + ".unpacked"
        do {
            try? DurableFiles.removeTree(temporary)
            try archive.extract(to: temporary, expected: listing.manifestFiles, isDurable: false)
            try DurableFiles.rename(temporary + "/" + listing.topDirectory, to: directory)
            try DurableFiles.removeTree(temporary)
        } catch {
            try? DurableFiles.removeTree(temporary)
            throw BackupError(.unusable, "\(error)")
        }
        for file in manifest.files where chmod(directory + "/" + file.path, mode_t(file.mode)) != 0 {
            throw BackupTree.failure("set the mode of", directory + "/" + file.path)
        }
        unlink(directory + "/" + BackupManifest.name)
    }

    /// The backups in a directory, latest first.
    static func names(in directory: String) -> [String] {
        let all = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        return all.filter { name in name.hasPrefix("ncs-") && suffixes.contains { name.hasSuffix($0) } }.sorted(by: >)
    }
}
