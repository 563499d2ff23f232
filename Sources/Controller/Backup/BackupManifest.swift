import Basics
import Crypto
import Foundation

/// What a backup holds: a text file at its top, of one line for each thing, the last of which is the digest of all others.
struct BackupManifest: Equatable {
    struct File: Equatable {
        /// Below the top directory.
        var path: String
        var mode: Int
        var size: Int
        var sha256: String
    }

    var version: String
    var created: String
    /// `local` or `system`: the kind of installation, which is to be that of the restore.
    var kind = "local"
    var hasKeys: Bool
    var files: [File] = []

    static let name = "backup.manifest"
    private static let head = "OpenNED backup 1"
    static let sizeLimit = 256 << 20

    var text: String {
        var text =
            "\(Self.head)\nversion \(version)\ncreated \(created)\nkind \(kind)\nkeys \(hasKeys ? "yes" : "no")\n"
        for file in files { text += "file \(file.sha256) \(String(file.mode, radix: 8)) \(file.size) \(file.path)\n" }
        return text + "digest \(TextHash.sha256(text))\n"
    }

    init(version: String, created: String, hasKeys: Bool) {
        self.version = version
        self.created = created
        self.hasKeys = hasKeys
    }

    init(_ bytes: [UInt8], of archive: String) throws(BackupError) {
        guard let text = String(bytes: bytes, encoding: .utf8), text.hasPrefix(Self.head + "\n") else {
            throw BackupError(.foreign, "\(archive): this is no backup that this release knows; give one of ncs-backup")
        }
        let damage = BackupError(.damaged, "\(archive): its manifest is damaged; take another backup")
        guard let end = text.range(of: "\ndigest ", options: .backwards),
            text[end.upperBound...] == TextHash.sha256(String(text[...end.lowerBound])) + "\n"
        else { throw damage }
        version = ""
        created = ""
        hasKeys = false
        for line in text[..<end.lowerBound].split(separator: "\n").dropFirst() {
            let words = line.split(separator: " ", maxSplits: 4, omittingEmptySubsequences: false).map(String.init)
            switch (words[0], words.count) {
            case ("version", 2): version = words[1]
            case ("created", 2): created = words[1]
            case ("kind", 2): kind = words[1]
            case ("keys", 2): hasKeys = words[1] == "yes"
            case ("file", 5):
                guard let mode = Int(words[2], radix: 8), let size = Int(words[3]), mode & ~0o777 == 0 else {
                    throw damage
                }
                files.append(File(path: words[4], mode: mode, size: size, sha256: words[1]))
            default: throw damage
            }
        }
    }
}

enum TextHash {
    static func sha256(_ text: String) -> String { hex(SHA256.hash(data: Data(text.utf8))) }

    static func sha256(file: String) throws -> String {
        let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: file))
        defer { try? handle.close() }
        var hash = SHA256()
        while let piece = try handle.read(upToCount: 1 << 20), !piece.isEmpty { hash.update(data: piece) }
        return hex(hash.finalize())
    }

    private static func hex(_ digest: SHA256.Digest) -> String {
        digest.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
    }
}
