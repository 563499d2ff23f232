internal import Foundation

/// The payloads of the records that carry the protocol of a commit.
///
/// Each is one line of JSON, the envelope, followed by the opaque parts whose lengths it gives, each on a new line:
/// ```
/// {"parts":[57],"transaction":12}
/// {"device:ce0":{"config":{"ios:hostname":"ce0"}}}
/// ```
/// So the log can be read without this program, and the parts are stored as they were given.
package enum TransactionPayload: Hashable, Sendable {
    /// Participants in the order of their ids, each with what its recovery needs.
    case intent(participants: [ParticipantID], recoveries: [[UInt8]])
    /// The decision about an intent; `change` is what replay applies (empty for an abort).
    case decision(transaction: TransactionNumber, change: [UInt8])
    /// `done` and `resolved`.
    case ended(transaction: TransactionNumber, participant: ParticipantID)
    case inDoubt(transaction: TransactionNumber, participant: ParticipantID, reason: String)

    private struct Envelope: Codable {
        var transaction: TransactionNumber?
        var participants: [String]?
        var participant: String?
        var reason: String?
        var parts: [Int]?
    }

    package func encode() -> [UInt8] {
        switch self {
        case .intent(let participants, let recoveries):
            let names = participants.map(\.description)
            return Self.encode(Envelope(participants: names, parts: recoveries.map(\.count)), recoveries)
        case .decision(let transaction, let change):
            return Self.encode(Envelope(transaction: transaction, parts: [change.count]), [change])
        case .ended(let transaction, let participant):
            return Self.encode(Envelope(transaction: transaction, participant: participant.description), [])
        case .inDoubt(let transaction, let participant, let reason):
            return Self.encode(
                Envelope(transaction: transaction, participant: participant.description, reason: reason), [])
        }
    }

    private static func encode(_ envelope: Envelope, _ parts: [[UInt8]]) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Strings and integers only: encoding cannot fail.
        var bytes = (try? encoder.encode(envelope)).map(Array.init) ?? []
        for part in parts { bytes += [UInt8(ascii: "\n")] + part }
        return bytes
    }

    /// Nil if the bytes are no payload of that kind; `commit` has none.
    package init?(_ kind: TransactionRecordKind, _ bytes: [UInt8]) {
        let end = bytes.firstIndex(of: UInt8(ascii: "\n")) ?? bytes.endIndex
        guard let envelope = try? JSONDecoder().decode(Envelope.self, from: Data(bytes[..<end])),
            let parts = Self.split(bytes[end...], envelope.parts ?? [])
        else { return nil }
        switch (kind, envelope.transaction, envelope.participant) {
        case (.intent, nil, nil):
            let names = (envelope.participants ?? []).map(ParticipantID.init)
            guard !names.isEmpty, names.count == parts.count else { return nil }
            self = .intent(participants: names, recoveries: parts)
        case (.decisionCommit, let transaction?, nil), (.decisionAbort, let transaction?, nil):
            guard parts.count == 1 else { return nil }
            self = .decision(transaction: transaction, change: parts[0])
        case (.done, let transaction?, let participant?), (.resolved, let transaction?, let participant?):
            self = .ended(transaction: transaction, participant: ParticipantID(participant))
        case (.inDoubt, let transaction?, let participant?):
            self = .inDoubt(
                transaction: transaction, participant: ParticipantID(participant), reason: envelope.reason ?? "")
        default: return nil
        }
    }

    /// The parts, if they fill the bytes exactly.
    private static func split(_ bytes: ArraySlice<UInt8>, _ lengths: [Int]) -> [[UInt8]]? {
        var rest = bytes
        var parts = [[UInt8]]()
        for length in lengths {
            guard length >= 0, length < rest.count, rest.first == UInt8(ascii: "\n") else { return nil }
            parts.append(Array(rest.dropFirst().prefix(length)))
            rest = rest.dropFirst(length + 1)
        }
        return rest.isEmpty ? parts : nil
    }
}
