internal import Crypto
internal import Foundation

/// Which keys a value was encrypted with, as its stored form says it.
package enum KeyIdentity: Hashable, Sendable, CustomStringConvertible {
    /// Of the key file that the daemon makes itself: `1`, `2`, …
    case own(Int)
    /// Of a generation that `ncs.conf` or the external command gives: `g-1`, `g0`, …
    case given(Int)

    package init?(_ text: some StringProtocol) {
        if text.hasPrefix("g") {
            guard let number = Int(text.dropFirst()) else { return nil }
            self = .given(number)
        } else {
            guard let number = Int(text) else { return nil }
            self = .own(number)
        }
    }

    package var description: String {
        switch self {
        case .own(let number): "\(number)"
        case .given(let number): "g\(number)"
        }
    }

    /// What the operator calls it.
    package var generation: Int {
        switch self {
        case .own(let number), .given(let number): number
        }
    }
}

/// One set of keys from outside: of `ncs.conf` (`/ncs-config/encrypted-strings`) or of the external command.
package struct KeyGeneration: Sendable {
    /// -1 for keys that have no generation.
    package var number: Int
    private var keys: [String: [UInt8]] = [:]

    /// The names of the external command, and how many bytes each key has.
    private static let sizes = ["AESCFB128_KEY": 16, "AES256CFB128_KEY": 32]

    package init(number: Int) { self.number = number }

    /// Sets a key, given in hexadecimal. Names of keys that are not used here are passed over.
    package mutating func set(_ name: String, _ text: String) throws(SecretError) {
        guard let size = Self.sizes[name] else { return }
        guard let bytes = Self.bytes(text), bytes.count == size else {
            throw SecretError(
                .keyFileDamaged,
                "\(name) of key generation \(number) is no key; give \(size * 2) hexadecimal digits")
        }
        keys[name] = bytes
    }

    /// Whether any key is in it.
    package var isUsable: Bool { !keys.isEmpty }

    private static func bytes(_ text: String) -> [UInt8]? {
        let digits = text.compactMap(\.hexDigitValue)
        guard digits.count == text.count, digits.count.isMultiple(of: 2) else { return nil }
        return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }

    /// The key of values with that prefix: derived, so that the two types never share one.
    func key(prefix: String) -> SymmetricKey? {
        let names = prefix == "$8$" ? ["AESCFB128_KEY", "AES256CFB128_KEY"] : ["AES256CFB128_KEY", "AESCFB128_KEY"]
        guard let bytes = names.lazy.compactMap({ keys[$0] }).first else { return nil }
        return HKDF<SHA256>.deriveKey(
            inputKeyMaterial: SymmetricKey(data: bytes), info: Data("OpenNED secret \(prefix)".utf8),
            outputByteCount: 32)
    }
}

extension KeyGeneration: CustomStringConvertible, CustomReflectable {
    package var description: String { "key generation \(number)" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
