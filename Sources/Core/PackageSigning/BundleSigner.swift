package import Basics
package import Foundation
import X509

/// Makes bundles with one key and the chain of its certificate.
package struct BundleSigner: Sendable {
    /// What the signer is told about an archive; that it is true is for the caller to see to.
    package struct Content: Sendable {
        package var package: String
        package var version: Version
        package var nedIDs: [String]
        package var archiveName: String
        package var files: [BundleManifest.File]

        package init(
            package: String, version: Version, nedIDs: [String], archiveName: String, files: [BundleManifest.File]
        ) {
            self.package = package
            self.version = version
            self.nedIDs = nedIDs
            self.archiveName = archiveName
            self.files = files
        }
    }

    private let key: SigningKey
    private let certificates: [Certificate]

    /// `chain`: PEM, leaf first, each signed by the next; a root at its end is left out of the bundles.
    package init(keyFile: String, chainFile: String) throws(SigningError) {
        key = try SigningKey(path: keyFile)
        var certificates = try CertificateReader.certificates(inFile: chainFile)
        if certificates.count > 1, certificates.last?.isRoot == true { certificates.removeLast() }
        guard let leaf = certificates.first else {
            throw SigningError(
                .certificateUnusable, chainFile, "holds no certificate", remedy: "give leaf and intermediates as PEM")
        }
        guard leaf.publicKey == key.key.publicKey else {
            throw SigningError(
                .keyUnusable, keyFile, "is not the key of the first certificate in \(chainFile)",
                remedy: "give the certificate of this key first")
        }
        for (certificate, issuer) in zip(certificates, certificates.dropFirst())
        where !issuer.publicKey.isValidSignature(certificate.signature, for: certificate) {
            throw SigningError(
                .certificateUnusable, chainFile, "'\(issuer.subject)' did not issue '\(certificate.subject)'",
                remedy: "put the certificates in the order leaf, its issuer, and so on")
        }
        self.certificates = certificates
    }

    /// What the key signs with, and the chain as bundles hold it.
    var identity: (algorithm: SignatureAlgorithm, chain: [UInt8]) {
        get throws { (key.algorithm, try certificates.flatMap { try $0.derBytes }) }
    }

    func sign(bytes: [UInt8]) throws(SigningError) -> [UInt8] { try key.sign(bytes) }

    /// Writes the bundle of `archive` to `output`, as a whole or not at all.
    package func sign(_ archive: FileRegion, content: Content, created: Date, to output: String) throws {
        let chain = try certificates.flatMap { try $0.derBytes }
        let manifest = BundleManifest(
            algorithm: key.algorithm, package: content.package, version: content.version, nedIDs: content.nedIDs,
            created: created, chainSHA256: chain.sha256,
            archive: .init(name: content.archiveName, size: archive.size, sha256: try archive.sha256()),
            files: content.files)
        let path = archive.file.path
        if let fault = manifest.fault {
            throw SigningError(.manifestInvalid, path, "cannot be signed: its manifest \(fault)")
        }
        let encoded = manifest.encoded
        guard encoded.count <= BundleFormat.manifestLimit, chain.count <= BundleFormat.chainLimit,
            certificates.count <= BundleFormat.chainLengthLimit
        else {
            throw SigningError(
                .limitExceeded, path, "cannot be signed: the list of its files or the chain is too long",
                remedy: "a manifest may have \(BundleFormat.manifestLimit) bytes, a chain \(BundleFormat.chainLimit)")
        }
        let signature = try key.sign(BundleFormat.signedBytes(manifest: encoded))
        var head = BundleStub.version1 + BundleFormat.signedBytes(manifest: encoded)
        head += BundleFormat.lengthPrefix(signature.count) + signature
        head += BundleFormat.lengthPrefix(chain.count) + chain
        try write(head, archive, to: output)
    }

    private func write(_ head: [UInt8], _ archive: FileRegion, to output: String) throws {
        let temporary = "\(output).\(getpid()).new"
        try DurableFiles.write(temporary, head)
        do {
            guard let handle = FileHandle(forWritingAtPath: temporary) else {
                throw SigningError(.fileUnusable, temporary, "cannot be opened for writing")
            }
            try handle.seekToEnd()
            try archive.forEachChunk { try handle.write(contentsOf: Data($0)) }
            try handle.synchronize()
            try handle.close()
            try DurableFiles.rename(temporary, to: output)
        } catch {
            unlink(temporary)
            throw error
        }
    }
}
