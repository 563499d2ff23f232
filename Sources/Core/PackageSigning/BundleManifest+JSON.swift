import Basics
import Foundation

extension BundleManifest {
    /// The bytes of the manifest: JSON, one member or file a line, members always in this order.
    package var encoded: [UInt8] {
        var text = "{\n\"format\": 1,\n"
        text += "\"algorithm\": \(quoted(algorithm.rawValue)),\n"
        text += "\"package\": \(quoted(package)),\n"
        text += "\"version\": \(quoted(version.description)),\n"
        text += "\"ned-ids\": [\(nedIDs.map(quoted).joined(separator: ", "))],\n"
        text += "\"created\": \(quoted(created.formatted(.iso8601))),\n"
        text += "\"chain-sha256\": \(quoted(chainSHA256)),\n"
        text += "\"archive\": {\"name\": \(quoted(archive.name)), \"size\": \(archive.size), "
        text += "\"sha256\": \(quoted(archive.sha256))},\n"
        text += "\"files\": ["
        for (index, file) in files.enumerated() {
            let mode = "0" + String(file.mode, radix: 8)
            text += index == 0 ? "\n" : ",\n"
            text += "{\"path\": \(quoted(file.path)), \"mode\": \(quoted(mode)), \"size\": \(file.size), "
            text += "\"sha256\": \(quoted(file.sha256))}"
        }
        return Array((text + "\n]\n}\n").utf8)
    }

    private func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case _ where scalar.value < 0x20:
                let hex = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    /// Reads a manifest of format 1 and checks it; `path` is the bundle, for the error.
    package init(encoded bytes: [UInt8], path: String) throws(SigningError) {
        func refuse(_ what: String) -> SigningError {
            SigningError(.manifestInvalid, path, "its manifest \(what)", remedy: "sign the package again")
        }
        let raw: RawManifest
        do {
            if let number = try? JSONDecoder().decode(RawFormat.self, from: Data(bytes)).format, number != 1 {
                throw SigningError(
                    .manifestInvalid, path, "its manifest has format \(number); this program knows format 1",
                    remedy: "use a newer ncs-package")
            }
            raw = try JSONDecoder().decode(RawManifest.self, from: Data(bytes))
        } catch let error as SigningError {
            throw error
        } catch {
            throw refuse("is not JSON of format 1")
        }
        guard let algorithm = SignatureAlgorithm(rawValue: raw.algorithm) else {
            throw refuse("names the unknown signature algorithm '\(raw.algorithm.prefix(40))'")
        }
        guard let created = try? Date(raw.created, strategy: .iso8601) else { throw refuse("has no valid time") }
        var files = [File]()
        files.reserveCapacity(raw.files.count)
        for file in raw.files {
            guard let mode = Int(file.mode, radix: 8) else { throw refuse("has a file without a valid mode") }
            files.append(File(path: file.path, mode: mode, size: file.size, sha256: file.sha256))
        }
        self.init(
            algorithm: algorithm, package: raw.package, version: Version(raw.version), nedIDs: raw.nedIDs,
            created: created, chainSHA256: raw.chainSHA256,
            archive: Archive(name: raw.archive.name, size: raw.archive.size, sha256: raw.archive.sha256), files: files)
        if let fault { throw refuse(fault) }
        guard encoded == bytes else {
            throw refuse("is not in the one form of format 1 (order, spelling, unknown or doubled members)")
        }
    }

    /// What is wrong with the content, as the end of a sentence that begins "its manifest"; nil if it is sound.
    package var fault: String? {
        if !PackageNameRules.isPackageName(package) {
            return "has the package name '\(package.prefix(80))', which is not allowed"
        }
        if !version.isWellFormed { return "has the version '\(version.description.prefix(80))', which is none" }
        if let bad = nedIDs.first(where: { !PackageNameRules.isIdentity($0) }) {
            return "has the ned-id '\(bad.prefix(80))'"
        }
        if !Self.isArchiveName(archive.name) { return "gives the archive the name '\(archive.name.prefix(80))'" }
        if archive.size < 0 { return "gives the archive a negative size" }
        if !Self.isDigest(archive.sha256) || !Self.isDigest(chainSHA256) { return "has a digest that is none" }
        if files.isEmpty { return "lists no files" }
        if files.count > BundleFormat.fileCountLimit { return "lists more than \(BundleFormat.fileCountLimit) files" }
        var previous: String?
        for file in files {
            if !Self.isSafePath(file.path) || !file.path.hasPrefix(package + "/") {
                return "lists the file '\(file.path.prefix(80))', which is not in the directory '\(package)'"
            }
            if let previous, !previous.utf8.lexicographicallyPrecedes(file.path.utf8) {
                return "lists the file '\(file.path.prefix(80))' twice"
            }
            if file.mode != 0o644 && file.mode != 0o755 { return "gives a file a mode other than 0644 and 0755" }
            if file.size < 0 || !Self.isDigest(file.sha256) { return "has a size or digest that is none" }
            previous = file.path
        }
        return nil
    }

    static func isDigest(_ text: String) -> Bool {
        text.utf8.count == 64 && text.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
    }

    private static func isArchiveName(_ text: String) -> Bool {
        text.hasSuffix(".tar.gz") && PackageNameRules.isPackageName(text)
    }

    /// Relative, no empty, `.` or `..` component, no control characters.
    private static func isSafePath(_ path: String) -> Bool {
        path.utf8.count <= 1024
            && path.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
            && path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
                .allSatisfy { !$0.isEmpty && !$0.elementsEqual(".".utf8) && !$0.elementsEqual("..".utf8) }
    }
}

private struct RawFormat: Decodable {
    var format: Int
}

private struct RawManifest: Decodable {
    struct Archive: Decodable {
        var name: String
        var size: Int
        var sha256: String
    }
    struct File: Decodable {
        var path: String
        var mode: String
        var size: Int
        var sha256: String
    }

    var algorithm: String
    var package: String
    var version: String
    var nedIDs: [String]
    var created: String
    var chainSHA256: String
    var archive: Archive
    var files: [File]

    enum CodingKeys: String, CodingKey {
        case algorithm, package, version, created, archive, files
        case nedIDs = "ned-ids"
        case chainSHA256 = "chain-sha256"
    }
}
