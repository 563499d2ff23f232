package import Basics
package import Foundation

/// What is signed: which package this is, and the digest of everything in it.
///
/// It has one written form (`encoded`), and a reader refuses any other: a doubled or unknown member, another order or
/// spelling is not a manifest of format 1.
package struct BundleManifest: Hashable, Sendable {
    package struct Archive: Hashable, Sendable {
        /// The file name that the archive gets when it is unpacked, `*.tar.gz`.
        package var name: String
        package var size: Int
        /// 64 lower-case hexadecimal digits, as all digests here.
        package var sha256: String

        package init(name: String, size: Int, sha256: String) {
            self.name = name
            self.size = size
            self.sha256 = sha256
        }
    }

    /// A regular file in the archive.
    package struct File: Hashable, Sendable {
        /// As in the archive, top directory (the package's name) included.
        package var path: String
        /// 0o644 or 0o755.
        package var mode: Int
        package var size: Int
        package var sha256: String

        package init(path: String, mode: Int, size: Int, sha256: String) {
            self.path = path
            self.mode = mode
            self.size = size
            self.sha256 = sha256
        }
    }

    package var algorithm: SignatureAlgorithm
    package var package: String
    package var version: Version
    /// Identities of the package's drivers, as `ned-id` in its meta-data gives them.
    package var nedIDs: [String]
    /// When it was signed, to the second.
    package var created: Date
    /// Of the chain member of the bundle, so that the certificates are covered by the signature too.
    package var chainSHA256: String
    package var archive: Archive
    /// By path, ascending in UTF-8.
    package var files: [File]

    package init(
        algorithm: SignatureAlgorithm, package: String, version: Version, nedIDs: [String], created: Date,
        chainSHA256: String, archive: Archive, files: [File]
    ) {
        self.algorithm = algorithm
        self.package = package
        self.version = version
        self.nedIDs = nedIDs
        self.created = Date(timeIntervalSince1970: created.timeIntervalSince1970.rounded(.down))
        self.chainSHA256 = chainSHA256
        self.archive = archive
        self.files = files.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
    }
}
