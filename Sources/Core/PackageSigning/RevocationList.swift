import Basics
import Foundation
import SwiftASN1
import X509

/// A list of certificates that their authority has taken back (RFC 5280 section 5), from a file of the trust directory.
///
/// Only whole lists for all certificates of an authority are accepted: one with a critical extension (a delta, or a list
/// for some of them) would make what it leaves out look good.
struct RevocationList: Sendable {
    static let suffix = "crl"
    private static let pemDiscriminator = "X509 CRL"

    let path: String
    let issuer: DistinguishedName
    let thisUpdate: Date
    /// Until when the authority stands by it; nil if it does not say, and then it is good for ever.
    let nextUpdate: Date?
    /// Serial numbers without leading zeros, and since when.
    private let revoked: [[UInt8]: Date]
    private let signedBytes: [UInt8]
    private let signature: [UInt8]
    private let algorithm: Certificate.SignatureAlgorithm

    /// Reads a PEM or DER file with one list.
    init(file path: String) throws(SigningError) {
        do {
            let bytes = try DurableFiles.read(path, limit: 64 << 20)
            try self.init(der: Self.der(bytes), path: path)
        } catch {
            throw SigningError(
                .revocationListUnusable, path, "is no revocation list that can be used (\(error))",
                remedy: "get a whole list (PEM or DER, not a delta) from the authority")
        }
    }

    private static func der(_ bytes: [UInt8]) throws -> [UInt8] {
        guard bytes.first != 0x30 else { return bytes }
        let documents = try PEMDocument.parseMultiple(pemString: String(decoding: bytes, as: UTF8.self))
        let lists = documents.filter { $0.discriminator == pemDiscriminator }
        guard lists.count == 1 else {
            throw ASN1Error.invalidPEMDocument(reason: "one -----BEGIN X509 CRL----- is expected, not \(lists.count)")
        }
        return lists[0].derBytes
    }

    private init(der: [UInt8], path: String) throws {
        let list = try DER.parse(der)
        let (content, algorithm, signature) = try DER.sequence(list, identifier: .sequence) { nodes in
            let content = try Content(nodes.expected("tbsCertList"))
            let algorithm = try Self.algorithm(nodes.expected("signatureAlgorithm"))
            return (content, algorithm, try ASN1BitString(derEncoded: nodes.expected("signatureValue")))
        }
        guard content.algorithm == algorithm.identifier else {
            throw ASN1Error.invalidASN1Object(reason: "it names two signature algorithms")
        }
        self.path = path
        self.algorithm = algorithm.x509
        self.signature = Array(signature.bytes)
        issuer = content.issuer
        thisUpdate = content.thisUpdate
        nextUpdate = content.nextUpdate
        revoked = content.revoked
        signedBytes = content.bytes
    }

    // MARK: Asking

    /// Whether the authority with this certificate has signed the list.
    func isSigned(by authority: Certificate) -> Bool {
        if let usage = try? authority.extensions.keyUsage, !usage.cRLSign { return false }
        return authority.publicKey.isValidSignature(signature, for: signedBytes, signatureAlgorithm: algorithm)
    }

    /// Since when the certificate is revoked; nil if it is not.
    func revocation(of certificate: Certificate) -> Date? {
        revoked[Self.plain(certificate.serialNumber.bytes)]
    }

    fileprivate static func plain(_ number: ArraySlice<UInt8>) -> [UInt8] { Array(number.drop { $0 == 0 }) }

    // MARK: Algorithms

    fileprivate static func algorithm(
        _ node: ASN1Node
    ) throws -> (identifier: ASN1ObjectIdentifier, x509: Certificate.SignatureAlgorithm) {
        let identifier = try DER.sequence(node, identifier: .sequence) { nodes in
            let identifier = try ASN1ObjectIdentifier(derEncoded: nodes.expected("algorithm"))
            _ = nodes.next()
            return identifier
        }
        guard let known = algorithms[identifier] else {
            throw ASN1Error.invalidASN1Object(reason: "it is signed with \(identifier), which is not accepted")
        }
        return (identifier, known)
    }

    /// SHA-1 and MD5 are not among them.
    private static let algorithms: [ASN1ObjectIdentifier: Certificate.SignatureAlgorithm] = [
        [1, 2, 840, 10045, 4, 3, 2]: .ecdsaWithSHA256, [1, 2, 840, 10045, 4, 3, 3]: .ecdsaWithSHA384,
        [1, 2, 840, 10045, 4, 3, 4]: .ecdsaWithSHA512, [1, 2, 840, 113549, 1, 1, 11]: .sha256WithRSAEncryption,
        [1, 2, 840, 113549, 1, 1, 12]: .sha384WithRSAEncryption,
        [1, 2, 840, 113549, 1, 1, 13]: .sha512WithRSAEncryption, [1, 3, 101, 112]: .ed25519,
    ]
}

/// TBSCertList of RFC 5280 section 5.1.2.
private struct Content {
    let bytes: [UInt8]
    let algorithm: ASN1ObjectIdentifier
    let issuer: DistinguishedName
    let thisUpdate: Date
    let nextUpdate: Date?
    let revoked: [[UInt8]: Date]

    init(_ node: ASN1Node) throws {
        bytes = Array(node.encodedBytes)
        (algorithm, issuer, thisUpdate, nextUpdate, revoked) = try DER.sequence(node, identifier: .sequence) { nodes in
            guard try Int(derEncoded: nodes.expected("version")) == 1 else {
                throw ASN1Error.invalidASN1Object(reason: "it is not of version 2")
            }
            let algorithm = try RevocationList.algorithm(nodes.expected("signature")).identifier
            let issuer = try DistinguishedName(derEncoded: nodes.expected("issuer"))
            let thisUpdate = try Self.time(nodes.expected("thisUpdate"))
            var next = nodes.next()
            var nextUpdate: Date?
            if let node = next, node.identifier == .utcTime || node.identifier == .generalizedTime {
                nextUpdate = try Self.time(node)
                next = nodes.next()
            }
            var revoked: [[UInt8]: Date] = [:]
            if let node = next, node.identifier == .sequence {
                try Self.read(node, into: &revoked)
                next = nodes.next()
            }
            if let next { try Self.requireNothingCritical(inTagged: next) }
            return (algorithm, issuer, thisUpdate, nextUpdate, revoked)
        }
    }

    private static func read(_ node: ASN1Node, into revoked: inout [[UInt8]: Date]) throws {
        try DER.sequence(node, identifier: .sequence) { entries in
            while let entry = entries.next() {
                try DER.sequence(entry, identifier: .sequence) { nodes in
                    let serial = try ArraySlice<UInt8>(derEncoded: nodes.expected("userCertificate"))
                    revoked[RevocationList.plain(serial)] = try time(nodes.expected("revocationDate"))
                    if let extensions = nodes.next() { try requireNothingCritical(extensions) }
                }
            }
        }
    }

    private static func requireNothingCritical(inTagged node: ASN1Node) throws {
        try DER.explicitlyTagged(node, tagNumber: 0, tagClass: .contextSpecific) { try requireNothingCritical($0) }
    }

    private static func requireNothingCritical(_ node: ASN1Node) throws {
        try DER.sequence(node, identifier: .sequence) { extensions in
            while let one = extensions.next() {
                try DER.sequence(one, identifier: .sequence) { nodes in
                    let name = try ASN1ObjectIdentifier(derEncoded: nodes.expected("extnID"))
                    while let node = nodes.next() {
                        guard node.identifier == .boolean, try Bool(derEncoded: node) else { continue }
                        throw ASN1Error.invalidASN1Object(reason: "it has the critical extension \(name)")
                    }
                }
            }
        }
    }

    private static func time(_ node: ASN1Node) throws -> Date {
        var parts = DateComponents()
        if node.identifier == .utcTime {
            let time = try UTCTime(derEncoded: node)
            (parts.year, parts.month, parts.day) = (time.year, time.month, time.day)
            (parts.hour, parts.minute, parts.second) = (time.hours, time.minutes, time.seconds)
        } else {
            let time = try GeneralizedTime(derEncoded: node)
            (parts.year, parts.month, parts.day) = (time.year, time.month, time.day)
            (parts.hour, parts.minute, parts.second) = (time.hours, time.minutes, time.seconds)
        }
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        guard let date = calendar.date(from: parts) else {
            throw ASN1Error.invalidASN1Object(reason: "a time in it is none")
        }
        return date
    }
}

extension ASN1NodeCollection.Iterator {
    fileprivate mutating func expected(_ name: String) throws -> ASN1Node {
        guard let node = next() else { throw ASN1Error.invalidASN1Object(reason: "\(name) is missing") }
        return node
    }
}
