import Basics
import SwiftASN1
import X509

/// Certificates from files and from the chain member of a bundle. All input is foreign.
enum CertificateReader {
    static let fileLimit = 1 << 20

    /// The certificates of a PEM file (any number, other PEM blocks skipped) or a DER file (one).
    static func certificates(inFile path: String) throws(SigningError) -> [Certificate] {
        let bytes: [UInt8]
        do {
            bytes = try DurableFiles.read(path, limit: fileLimit)
        } catch {
            throw SigningError(.fileUnusable, path, "cannot be read: \(error)")
        }
        guard bytes.first != 0x30 else { return [try certificate(bytes, path: path, number: 1)] }
        let documents: [PEMDocument]
        do {
            documents = try PEMDocument.parseMultiple(pemString: String(decoding: bytes, as: UTF8.self))
        } catch {
            throw SigningError(
                .certificateUnusable, path, "is neither a PEM nor a DER certificate",
                remedy: "give PEM text that begins with -----BEGIN CERTIFICATE-----")
        }
        var certificates = [Certificate]()
        for document in documents where document.discriminator == Certificate.defaultPEMDiscriminator {
            certificates.append(try certificate(document.derBytes, path: path, number: certificates.count + 1))
        }
        return certificates
    }

    /// The certificates of a chain member, which must be DER forms one after another and nothing else.
    static func certificates(inChain chain: [UInt8], path: String) throws(SigningError) -> [Certificate] {
        var certificates = [Certificate]()
        var rest = chain[...]
        while !rest.isEmpty {
            guard certificates.count < BundleFormat.chainLengthLimit else {
                throw SigningError(
                    .limitExceeded, path, "has more than \(BundleFormat.chainLengthLimit) certificates in its chain",
                    remedy: "sign it with a shorter chain")
            }
            guard let size = sequenceSize(rest), size <= rest.count else {
                throw SigningError(
                    .certificateUnusable, path, "has a chain that is not a row of DER certificates",
                    remedy: "sign the package again")
            }
            certificates.append(
                try certificate(Array(rest.prefix(size)), path: path, number: certificates.count + 1))
            rest = rest.dropFirst(size)
        }
        return certificates
    }

    private static func certificate(_ bytes: [UInt8], path: String, number: Int) throws(SigningError) -> Certificate {
        do {
            let certificate = try Certificate(derEncoded: bytes)
            guard try certificate.derBytes == bytes else {
                throw ASN1Error.invalidASN1Object(reason: "not the DER form")
            }
            return certificate
        } catch {
            throw SigningError(
                .certificateUnusable, path, "certificate \(number) cannot be used: \(reason(error))",
                remedy: "use X.509 certificates with an Ed25519, P-256, P-384 or RSA key of at least 2048 bits")
        }
    }

    /// In words for people, without the parser's.
    private static func reason(_ error: any Error) -> String {
        switch error {
        case let error as CertificateError where error.code == .unsupportedPublicKeyAlgorithm:
            "its key is of a type that is not accepted"
        case let error as CertificateError where error.code == .unsupportedSignatureAlgorithm:
            "it is signed with an algorithm that is not accepted"
        case is ASN1Error: "it is damaged, or not a certificate in DER"
        default: "its key is too short, or damaged"
        }
    }

    /// The whole size of the DER SEQUENCE at the start of `bytes`, or nil.
    private static func sequenceSize(_ bytes: ArraySlice<UInt8>) -> Int? {
        let header = Array(bytes.prefix(5))
        guard header.count >= 2, header[0] == 0x30 else { return nil }
        if header[1] < 0x80 { return 2 + Int(header[1]) }
        let count = Int(header[1] & 0x7f)
        guard (1...3).contains(count), header.count >= 2 + count else { return nil }
        return 2 + count + header[2..<2 + count].reduce(0) { $0 << 8 | Int($1) }
    }
}
