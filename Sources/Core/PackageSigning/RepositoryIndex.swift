package import Basics
package import Foundation

/// What a package repository has at one time, as its keeper signs it: `index.signed` beside `index.txt`.
///
/// The layout is that of a bundle without stub and archive: the header line, then manifest, signature and chain with their
/// lengths. The manifest is JSON in one fixed form. `sequence` and the two times let a reader see that it is shown an
/// index of yesterday; size and digest bind each name to one file.
package struct RepositoryIndex: Hashable, Sendable {
    /// A package file.
    package struct Item: Hashable, Sendable {
        /// Relative to the index; components as in names of packages.
        package var path: String
        package var package: String
        package var version: Version
        package var size: Int
        package var sha256: String

        package init(path: String, package: String, version: Version, size: Int, sha256: String) {
            self.path = path
            self.package = package
            self.version = version
            self.size = size
            self.sha256 = sha256
        }
    }

    package static let fileName = "index.signed"
    package static let plainFileName = "index.txt"
    /// Opens the signed bytes: no signature of a bundle can be taken for one of an index.
    static let header = Array("OpenNED package index 1\n".utf8)
    static let itemLimit = 100_000
    /// Bytes of the whole file.
    package static let sizeLimit = BundleFormat.manifestLimit + BundleFormat.chainLimit + 4096

    package var algorithm: SignatureAlgorithm
    /// Which repository it is of: an index of another one is none of this.
    package var repository: String
    /// Each index has a higher one than those before it.
    package var sequence: Int
    package var issued: Date
    package var expires: Date
    package var chainSHA256: String
    /// By the bytes of their paths.
    package var packages: [Item]

    package init(
        algorithm: SignatureAlgorithm, repository: String, sequence: Int, issued: Date, expires: Date,
        chainSHA256: String, packages: [Item]
    ) {
        self.algorithm = algorithm
        self.repository = repository
        self.sequence = sequence
        self.issued = issued
        self.expires = expires
        self.chainSHA256 = chainSHA256
        self.packages = packages.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
    }

    /// The text of `index.txt`: one path a line.
    package var plainText: String { packages.map { $0.path + "\n" }.joined() }

    static func signedBytes(manifest: [UInt8]) -> [UInt8] {
        header + BundleFormat.lengthPrefix(manifest.count) + manifest
    }

    /// What is wrong with the content, as the end of a sentence that begins "its content"; nil if it is sound.
    package var fault: String? {
        if !PackageNameRules.isPackageName(repository) {
            return "names the repository '\(repository.prefix(80))', which is no name"
        }
        if sequence < 1 { return "has no sequence number from 1 on" }
        if expires <= issued { return "expires before it was issued" }
        if packages.count > Self.itemLimit { return "lists more than \(Self.itemLimit) packages" }
        var previous: String?
        for item in packages {
            if !Self.isPath(item.path) { return "lists '\(item.path.prefix(80))', which is no path of a package file" }
            if let previous, !previous.utf8.lexicographicallyPrecedes(item.path.utf8) {
                return "lists '\(item.path.prefix(80))' twice or out of order"
            }
            if !PackageNameRules.isPackageName(item.package) || !item.version.isWellFormed {
                return "gives '\(item.path.prefix(80))' a package or version that is none"
            }
            if item.size < 1 || !BundleManifest.isDigest(item.sha256) {
                return "gives '\(item.path.prefix(80))' a size or digest that is none"
            }
            previous = item.path
        }
        return nil
    }

    /// Whether a line of an index is a relative path that means the same to every server and file system.
    package static func isPath(_ path: String) -> Bool {
        path.utf8.count <= 1024
            && path.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { component in
                component.utf8.first != UInt8(ascii: "_")
                    && PackageNameRules.isPackageName(String(component).replacing("+", with: "_"))
            }
    }
}

// MARK: JSON

extension RepositoryIndex {
    /// The bytes of the manifest: one member or package a line, members always in this order.
    package var encoded: [UInt8] {
        var text = "{\n\"format\": 1,\n"
        text += "\"algorithm\": \(JSONText.quoted(algorithm.rawValue)),\n"
        text += "\"repository\": \(JSONText.quoted(repository)),\n"
        text += "\"sequence\": \(sequence),\n"
        text += "\"issued\": \(JSONText.quoted(issued.formatted(.iso8601))),\n"
        text += "\"expires\": \(JSONText.quoted(expires.formatted(.iso8601))),\n"
        text += "\"chain-sha256\": \(JSONText.quoted(chainSHA256)),\n"
        text += "\"packages\": ["
        for (index, item) in packages.enumerated() {
            text += index == 0 ? "\n" : ",\n"
            text += "{\"path\": \(JSONText.quoted(item.path)), \"package\": \(JSONText.quoted(item.package)), "
            text += "\"version\": \(JSONText.quoted(item.version.description)), \"size\": \(item.size), "
            text += "\"sha256\": \(JSONText.quoted(item.sha256))}"
        }
        return Array((text + "\n]\n}\n").utf8)
    }

    /// Reads a manifest of format 1 and checks it; `path` is the file, for the error.
    package init(encoded bytes: [UInt8], path: String) throws(SigningError) {
        func refuse(_ what: String) -> SigningError {
            SigningError(.manifestInvalid, path, "its content \(what)", remedy: "sign the index again")
        }
        guard let raw = try? JSONDecoder().decode(RawIndex.self, from: Data(bytes)) else {
            throw refuse("is not JSON of a format that this program knows")
        }
        guard let algorithm = SignatureAlgorithm(rawValue: raw.algorithm) else {
            throw refuse("names the unknown signature algorithm '\(raw.algorithm.prefix(40))'")
        }
        guard let issued = try? Date(raw.issued, strategy: .iso8601),
            let expires = try? Date(raw.expires, strategy: .iso8601)
        else { throw refuse("has no valid time of issue or expiry") }
        self.init(
            algorithm: algorithm, repository: raw.repository, sequence: raw.sequence, issued: issued,
            expires: expires, chainSHA256: raw.chain,
            packages: raw.packages.map {
                Item(
                    path: $0.path, package: $0.package, version: Version($0.version), size: $0.size, sha256: $0.sha256)
            })
        if let fault { throw refuse(fault) }
        guard encoded == bytes else {
            throw refuse("is not in the one form of format 1 (order, spelling, unknown or doubled members)")
        }
    }
}

private struct RawIndex: Decodable {
    struct Item: Decodable {
        var path: String
        var package: String
        var version: String
        var size: Int
        var sha256: String
    }

    var algorithm: String
    var repository: String
    var sequence: Int
    var issued: String
    var expires: String
    var chain: String
    var packages: [Item]

    enum CodingKeys: String, CodingKey {
        case algorithm, repository, sequence, issued, expires, packages
        case chain = "chain-sha256"
    }
}
