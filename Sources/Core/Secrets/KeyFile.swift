internal import Basics
internal import Crypto
internal import Foundation

/// The keys of a run directory, outside the database: whoever has only one of the two has nothing.
///
/// A text file, 0600, replaced as a whole: `format 1`, a `key NUMBER BASE64` line for each key, `active NUMBER`, and a
/// `digest` line over all before it. Keys are never removed: the log and older
/// backups need them.
struct KeyFile: Sendable {
    private(set) var keys: [Int: SymmetricKey]
    private(set) var active: Int

    private static let comment = """
        # The keys of the encrypted values of this run directory.
        # Keep this file secret, and back it up apart from the database: without it those values are lost.

        """
    private static let sizeLimit = 1 << 20

    init() {
        keys = [1: SymmetricKey(size: .bits256)]
        active = 1
    }

    /// Adds a key that nothing is encrypted with yet; its number.
    mutating func add() -> Int {
        let number = (keys.keys.max() ?? 0) + 1
        keys[number] = SymmetricKey(size: .bits256)
        return number
    }

    /// Makes a key of the file the one that encrypts from now on.
    mutating func activate(_ number: Int) { active = number }

    // MARK: Reading and writing

    init(reading path: String) throws(SecretError) {
        try Self.checkRights(path)
        let bytes: [UInt8]
        do {
            bytes = try DurableFiles.read(path, limit: Self.sizeLimit)
        } catch {
            throw SecretError(.keyFileRights, "\(error); make the key file readable for the daemon")
        }
        let damage = SecretError(
            .keyFileDamaged,
            "\(path): this is not a key file of this program, or it is damaged; restore it from a backup")
        guard let text = String(bytes: bytes, encoding: .utf8),
            let end = text.range(of: "digest ", options: .backwards),
            text[end.upperBound...] == Self.digest(text[..<end.lowerBound]) + "\n"
        else { throw damage }
        keys = [:]
        active = 0
        var isFormatKnown = false
        for line in text[..<end.lowerBound].split(separator: "\n") where !line.hasPrefix("#") {
            let words = line.split(separator: " ")
            switch words.first {
            case "format" where words.count == 2: isFormatKnown = words[1] == "1"
            case "active" where words.count == 2: active = Int(words[1]) ?? 0
            case "key" where words.count == 3:
                guard let number = Int(words[1]), let key = Data(base64Encoded: String(words[2])), key.count == 32
                else { throw damage }
                keys[number] = SymmetricKey(data: key)
            default: throw damage
            }
        }
        guard isFormatKnown, keys[active] != nil else { throw damage }
    }

    private static func checkRights(_ path: String) throws(SecretError) {
        var info = stat()
        guard stat(path, &info) == 0 else {
            throw SecretError(
                .keyFileMissing,
                "\(path): the key file is missing; put it back from a backup: the encrypted values cannot be read without"
            )
        }
        guard info.st_mode & 0o077 == 0 else {
            throw SecretError(
                .keyFileRights, "\(path): the key file is open to other users; change the keys or run chmod 600 on it")
        }
    }

    func write(_ path: String) throws(SecretError) {
        var text = Self.comment + "format 1\n"
        for (number, key) in keys.sorted(by: { $0.key < $1.key }) {
            text += "key \(number) \(key.withUnsafeBytes { Data($0).base64EncodedString() })\n"
        }
        text += "active \(active)\n"
        text += "digest \(Self.digest(text[...]))\n"
        do {
            try DurableFiles.replace(path, with: Array(text.utf8), mode: 0o600)
        } catch {
            throw SecretError(
                .keyFileUnwritable, "\(error); make the directory of the key file writable for the daemon")
        }
    }

    private static func digest(_ text: Substring) -> String {
        SHA256.hash(data: Data(text.utf8)).map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
    }
}
