import Basics
import Transactions

/// A device that is a file: prepared while its content ends in `?`.
struct FileDevice: Participant {
    var id: ParticipantID
    var path: String
    var value: String

    /// The old and the new value, a line each.
    var recovery: [UInt8] { Array("\(Self.content(path))\n\(value)".utf8) }

    static func content(_ path: String) -> String {
        (try? DurableFiles.read(path)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    static func write(_ text: String, to path: String) -> ParticipantOutcome {
        do { try DurableFiles.replace(path, with: Array(text.utf8)) } catch { return .inDoubt(reason: "\(error)") }
        return .done
    }

    func prepare(_ transaction: TransactionNumber) throws(Refusal) {
        if case .inDoubt(let reason) = Self.write(value + "?", to: path) { throw Refusal(reason) }
    }

    func apply(_ transaction: TransactionNumber) -> ParticipantOutcome { Self.write(value, to: path) }

    func abort(_ transaction: TransactionNumber) -> ParticipantOutcome { .inDoubt(reason: "nobody refuses here") }
}
