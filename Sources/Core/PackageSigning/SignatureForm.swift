import Crypto

/// The one form that a signature of a bundle has.
///
/// With an ECDSA signature (r, s) anybody can make (r, n - s), which is as valid: the bytes of a bundle could be
/// changed without its key. So s is at most n / 2, and the DER form is the shortest. Ed25519 and RSA signatures have one
/// form by themselves.
enum SignatureForm {
    /// The form of `signature` in which a bundle carries it; nil if it is no signature of this kind at all.
    static func canonical(_ signature: [UInt8], _ algorithm: SignatureAlgorithm) -> [UInt8]? {
        switch algorithm {
        case .ed25519, .rsa:
            return signature
        case .p256:
            guard let parsed = try? P256.Signing.ECDSASignature(derRepresentation: signature) else { return nil }
            let raw = lowS([UInt8](parsed.rawRepresentation), order: p256Order)
            return (try? P256.Signing.ECDSASignature(rawRepresentation: raw)).map { [UInt8]($0.derRepresentation) }
        case .p384:
            guard let parsed = try? P384.Signing.ECDSASignature(derRepresentation: signature) else { return nil }
            let raw = lowS([UInt8](parsed.rawRepresentation), order: p384Order)
            return (try? P384.Signing.ECDSASignature(rawRepresentation: raw)).map { [UInt8]($0.derRepresentation) }
        }
    }

    /// r and s, s replaced by order - s if that is less.
    private static func lowS(_ raw: [UInt8], order: [UInt8]) -> [UInt8] {
        let s = Array(raw.suffix(order.count))
        let other = difference(order, s)
        return raw.dropLast(order.count) + (other.lexicographicallyPrecedes(s) ? other : s)
    }

    /// a - b for big-endian numbers of the same length, a not less than b.
    private static func difference(_ a: [UInt8], _ b: [UInt8]) -> [UInt8] {
        var result = a
        var borrow = 0
        for index in a.indices.reversed() {
            let digit = Int(a[index]) - Int(b[index]) - borrow
            borrow = digit < 0 ? 1 : 0
            result[index] = UInt8(digit + borrow << 8)
        }
        return result
    }

    /// Orders of the curves: SEC 2, sections 2.4.2 and 2.5.1.
    private static let p256Order = bytes("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551")
    private static let p384Order = bytes(
        "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973")

    private static func bytes(_ hexadecimal: String) -> [UInt8] {
        stride(from: 0, to: hexadecimal.count, by: 2).compactMap {
            UInt8(hexadecimal.dropFirst($0).prefix(2), radix: 16)
        }
    }
}
