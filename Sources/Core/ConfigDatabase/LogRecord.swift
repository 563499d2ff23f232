internal import Crypto

/// What a record of the log says happened. The raw value is what the file holds.
package enum LogKind: String, CaseIterable, Sendable {
    /// The first content of an empty database.
    case initialise
    /// A change of the configuration without participants.
    case commit
    /// A change is about to be sent to participants; holds how to undo it at each.
    case intent
    /// The change of an intent is part of the configuration: the commit point.
    case decisionCommit = "decision-commit"
    /// The change of an intent was given up.
    case decisionAbort = "decision-abort"
    /// A participant carried out the decision.
    case done
    /// A participant may or may not have carried out the decision.
    case inDoubt = "in-doubt"
    /// A participant that was in doubt no longer is.
    case resolved
    /// Another set of packages and schemas took effect, with the resulting data.
    case activation
}

/// A SHA-256 digest.
package struct LogDigest: Hashable, Sendable, CustomStringConvertible {
    package let bytes: [UInt8]

    package static let size = 32

    /// Nil unless there are exactly 32 bytes.
    package init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == Self.size else { return nil }
        self.bytes = Array(bytes)
    }

    package init(of data: [UInt8]) { bytes = Array(SHA256.hash(data: data)) }

    /// What `description` wrote.
    package init?(hexadecimal text: String) {
        let digits = Array(text.utf8)
        guard digits.count == 2 * Self.size else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let byte = UInt8(String(decoding: digits[index..<index + 2], as: UTF8.self), radix: 16) else {
                return nil
            }
            bytes.append(byte)
        }
        self.bytes = bytes
    }

    /// In hexadecimal.
    package var description: String { bytes.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined() }

    /// Bit by bit, the difference of two digests: how a set of them is summed up without an order.
    static func ^ (a: LogDigest, b: LogDigest) -> LogDigest {
        LogDigest(exactly: zip(a.bytes, b.bytes).map { $0 ^ $1 })
    }

    static let zero = LogDigest(exactly: [UInt8](repeating: 0, count: size))

    private init(exactly bytes: [UInt8]) { self.bytes = bytes }
}

/// A record as a caller hands it in: it has no number yet.
package struct LogEntry: Hashable, Sendable {
    package var kind: LogKind
    /// Microseconds since 1970-01-01T00:00:00Z.
    package var time: Int64
    /// Self-contained: paths, module-qualified names, canonical values.
    package var payload: [UInt8]

    package init(kind: LogKind, time: Int64, payload: [UInt8]) {
        self.kind = kind
        self.time = time
        self.payload = payload
    }
}

/// A record of the log.
///
/// `digest` covers the number, the kind, the time, the predecessor's digest and the payload's, so that a record can
/// be neither changed, moved nor left out unnoticed.
package struct LogRecord: Hashable, Sendable {
    /// Counted from 1 without gaps.
    package let number: Int64
    package let kind: LogKind
    /// Microseconds since 1970-01-01T00:00:00Z.
    package let time: Int64
    package let payload: [UInt8]
    package let previousDigest: LogDigest
    package let payloadDigest: LogDigest
    package let digest: LogDigest

    /// The record that `entry` becomes right after `position` in the log.
    package init(_ entry: LogEntry, after position: LogPosition) {
        number = position.number + 1
        kind = entry.kind
        time = entry.time
        payload = entry.payload
        previousDigest = position.digest
        payloadDigest = LogDigest(of: entry.payload)
        digest = Self.digest(number, kind.rawValue, time, previousDigest, payloadDigest)
    }

    package var position: LogPosition { LogPosition(number: number, digest: digest) }

    private static func digest(
        _ number: Int64, _ kind: String, _ time: Int64, _ previous: LogDigest, _ payload: LogDigest
    ) -> LogDigest {
        var text = [UInt8]()
        text.reserveCapacity(112)
        text.append(bigEndian: number)
        text.append(bigEndian: time)
        text.append(UInt8(kind.utf8.count))
        text += kind.utf8
        text += previous.bytes
        text += payload.bytes
        return LogDigest(of: text)
    }
}

/// A point in the log: everything up to and including a record, named by its number and digest.
package struct LogPosition: Hashable, Sendable {
    package var number: Int64
    package var digest: LogDigest

    package init(number: Int64, digest: LogDigest) {
        self.number = number
        self.digest = digest
    }
}

extension [UInt8] {
    mutating func append(bigEndian value: Int64) {
        for shift in stride(from: 56, through: 0, by: -8) { append(UInt8(truncatingIfNeeded: value >> shift)) }
    }
}
