import Basics
import Foundation
import SwiftASN1
import X509

/// Shows what a bundle says, without a word on whether it is true, and takes it apart for other tools.
package struct BundleInspector: Sendable {
    private let bundle: UnverifiedBundle
    /// Nil if it is not one of format 1.
    package let manifest: BundleManifest?
    package let certificates: [CertificateSummary]
    private let chain: [Certificate]

    package init(path: String) throws(SigningError) {
        bundle = try UnverifiedBundle(path: path)
        chain = try CertificateReader.certificates(inChain: bundle.chain, path: path)
        certificates = chain.map(CertificateSummary.init)
        manifest = try? BundleManifest(encoded: bundle.manifest, path: path)
    }

    /// Text in lines; control characters in foreign names are made visible.
    package var report: String {
        var lines = ["file        \(bundle.path)", "checked     no (this only shows what the file says)"]
        if let manifest {
            lines.append("package     \(manifest.package)")
            lines.append("version     \(manifest.version)")
            for identity in manifest.nedIDs { lines.append("ned-id      \(identity)") }
            lines.append("created     \(manifest.created.formatted(.iso8601))")
            lines.append("algorithm   \(manifest.algorithm.rawValue)")
            lines.append("archive     \(manifest.archive.name)")
            lines.append("            \(manifest.archive.size) bytes, SHA-256 \(manifest.archive.sha256)")
        } else {
            lines.append("manifest    not one of format 1 (\(bundle.manifest.count) bytes)")
        }
        for (index, certificate) in certificates.enumerated() {
            lines.append("certificate \(index + 1): \(certificate.subject)")
            lines.append("            issued by \(certificate.issuer), \(certificate.key)")
            let dates = [certificate.notBefore, certificate.notAfter].map { $0.formatted(.iso8601) }
            lines.append("            valid \(dates[0]) to \(dates[1])")
            lines.append("            SHA-256 \(certificate.fingerprint)")
        }
        if let manifest {
            lines.append("files       \(manifest.files.count)")
            for file in manifest.files {
                lines.append("            0\(String(file.mode, radix: 8)) \(file.size) \(file.path)")
            }
        }
        return lines.map(Self.visible).joined(separator: "\n") + "\n"
    }

    private static func visible(_ line: String) -> String {
        var result = ""
        for scalar in line.unicodeScalars {
            if scalar.properties.generalCategory == .control || scalar.properties.generalCategory == .format {
                result += "\\u{\(String(scalar.value, radix: 16))}"
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// Writes the members as files that openssl understands into a new or existing directory; gives their names.
    package func extract(to directory: String) throws -> [String] {
        try DurableFiles.makeDirectory(directory)
        let leaf = chain.first
        var members: [(String, [UInt8])] = [
            ("manifest.json", bundle.manifest),
            ("signed-bytes", bundle.signedBytes),
            ("signature", bundle.signature),
        ]
        if let leaf {
            members.append(("leaf.pem", Array((try leaf.serializeAsPEM().pemString + "\n").utf8)))
            members.append(("public-key.pem", Array((try leaf.publicKey.serializeAsPEM().pemString + "\n").utf8)))
        }
        let others = try chain.dropFirst().map { try $0.serializeAsPEM().pemString + "\n" }
        members.append(("intermediates.pem", Array(others.joined().utf8)))
        for (name, bytes) in members { try DurableFiles.write(directory + "/" + name, bytes) }
        let archiveName = manifest?.archive.name ?? "archive.tar.gz"
        let archivePath = directory + "/" + archiveName
        try DurableFiles.write(archivePath, [])
        guard let handle = FileHandle(forWritingAtPath: archivePath) else {
            throw SigningError(.fileUnusable, archivePath, "cannot be opened for writing")
        }
        defer { try? handle.close() }
        try bundle.archive.forEachChunk { try handle.write(contentsOf: Data($0)) }
        return members.map(\.0) + [archiveName]
    }

    /// The openssl command that checks the signature of the extracted files.
    package var opensslCommand: String? {
        chain.first.flatMap { SignatureAlgorithm(key: $0.publicKey) }?.opensslCommand
    }
}
