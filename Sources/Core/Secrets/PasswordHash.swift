internal import CCrypt
internal import Foundation

/// The crypt(3) hashes of RFC 7317 (`iana-crypt-hash`) and of the digest types of `tailf-common`.
package enum PasswordHash {
    /// Which hash, and how it is written. RFC 7317 section 4.
    package enum Algorithm: String, Sendable {
        case md5 = "1"
        case sha256 = "5"
        case sha512 = "6"

        var prefix: String { "$\(rawValue)$" }
        var saltLength: Int { self == .md5 ? 8 : 16 }
    }

    private static let alphabet = Array("./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)

    /// Hashes with a fresh salt.
    package static func hash(
        _ secret: MaskedSecret, _ algorithm: Algorithm, using generator: inout some RandomNumberGenerator
    ) throws(SecretError) -> String {
        let salt = (0..<algorithm.saltLength).map { _ in alphabet[Int(generator.next() % 64)] }
        return try crypt(secret, setting: algorithm.prefix + String(decoding: salt, as: UTF8.self))
    }

    /// Whether `hash` is that of `secret`.
    package static func matches(_ secret: MaskedSecret, _ hash: String) -> Bool {
        guard algorithm(of: hash) != nil, let again = try? crypt(secret, setting: hash) else { return false }
        return MaskedSecret.areEqual(Array(again.utf8), Array(hash.utf8))
    }

    /// The algorithm of a text of the form `$ID$[rounds=N$]SALT$HASH`; nil if it has another.
    package static func algorithm(of text: String) -> Algorithm? {
        var parts = text.split(separator: "$", omittingEmptySubsequences: false)
        guard parts.count >= 4, parts[0].isEmpty, let algorithm = Algorithm(rawValue: String(parts[1])) else {
            return nil
        }
        if algorithm != .md5, parts[2].hasPrefix("rounds="), Int(parts[2].dropFirst(7)) != nil { parts.remove(at: 2) }
        guard parts.count == 4, parts[2].utf8.count <= algorithm.saltLength else { return nil }
        let isWellFormed = [parts[2], parts[3]].allSatisfy { part in
            !part.isEmpty && part.utf8.allSatisfy(alphabet.contains)
        }
        return isWellFormed ? algorithm : nil
    }

    private static func crypt(_ secret: MaskedSecret, setting: String) throws(SecretError) -> String {
        let failure = SecretError(
            .cannotHash, "this password cannot be hashed; use at most 511 bytes and no zero bytes")
        guard secret.withBytes({ !$0.contains(0) }) else { throw failure }
        let result: String? = secret.withPlainText { plain in
            let data = UnsafeMutableRawPointer.allocate(byteCount: MemoryLayout<crypt_data>.size, alignment: 16)
            memset(data, 0, MemoryLayout<crypt_data>.size)
            defer {
                memset(data, 0, MemoryLayout<crypt_data>.size)
                data.deallocate()
            }
            let size = Int32(MemoryLayout<crypt_data>.size)
            return crypt_rn(plain, setting, data, size).map { String(cString: $0) }
        }
        guard let result, !result.hasPrefix("*") else { throw failure }
        return result
    }
}
