import Basics
import ConfigDatabase
import Foundation
import Transactions

/// Where the queue is kept: values of the database, each item in parts, so that what changes often is small.
///
/// What a device has got is stored together with the decision of the commit that brought it, what an item brings together
/// with the commit that it comes from: a crash finds both or neither.
struct QueueStore: Sendable {
    private static let items = "commit-queue/item/"
    private static let work = "commit-queue/change/"
    private static let devices = "commit-queue/device/"
    private static let completed = "commit-queue/completed/"

    let database: ConfigurationDatabase

    // MARK: Changes

    static func entering(_ item: QueueItem, _ work: QueueWork) -> [OperationalChange] {
        [state(item), OperationalChange(Self.work + "\(item.id)", work.encode())]
            + item.devices.map { state($0, item.id) }
    }

    /// Everything of an item but its devices.
    static func state(_ item: QueueItem) -> OperationalChange {
        var bare = item
        bare.devices = []
        return OperationalChange(items + "\(item.id)", encode(bare))
    }

    static func state(_ device: QueueDevice, _ item: Int64) -> OperationalChange {
        OperationalChange(devices + "\(item)/\(device.name)", encode(device))
    }

    static func removal(of device: String, _ item: Int64) -> OperationalChange {
        OperationalChange(devices + "\(item)/\(device)", nil)
    }

    /// - Parameter keepsWork: so that it can still be taken back.
    static func leaving(_ item: QueueItem, _ completed: CompletedQueueItem, keepsWork: Bool) -> [OperationalChange] {
        var changes = [
            OperationalChange(items + "\(item.id)", nil),
            OperationalChange(Self.completed + "\(item.id)", encode(completed)),
        ]
        changes += item.devices.map { removal(of: $0.name, item.id) }
        if !keepsWork { changes.append(OperationalChange(work + "\(item.id)", nil)) }
        return changes
    }

    static func forgetting(_ completed: Int64) -> [OperationalChange] {
        [OperationalChange(Self.completed + "\(completed)", nil), OperationalChange(work + "\(completed)", nil)]
    }

    private static func encode(_ value: some Encodable) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Strings, integers and truth values only: encoding cannot fail.
        return (try? encoder.encode(value)).map(Array.init) ?? []
    }

    // MARK: Reading

    func readItems() -> [QueueItem] {
        database.operationalKeys(prefix: Self.items).compactMap { key in
            guard var item: QueueItem = decode(key) else { return nil }
            item.devices = database.operationalKeys(prefix: Self.devices + "\(item.id)/").compactMap { decode($0) }
            return item
        }
    }

    func readWork(_ item: Int64) -> QueueWork? {
        database.operational(Self.work + "\(item)").flatMap { try? QueueWork($0) }
    }

    func readCompleted() -> [CompletedQueueItem] {
        let all: [CompletedQueueItem] = database.operationalKeys(prefix: Self.completed).compactMap { decode($0) }
        return all.sorted { $0.id < $1.id }
    }

    private func decode<Value: Decodable>(_ key: String) -> Value? {
        database.operational(key).flatMap { try? JSONDecoder().decode(Value.self, from: Data($0)) }
    }
}

/// The log of a commit with which something else is stored: together with the record that decides.
struct AttachedLog: DecisionLog {
    let database: ConfigurationDatabase
    /// Asked when the decision is being written.
    let attached: @Sendable () -> [OperationalChange]

    func append(
        _ records: [TransactionRecord], whenDurable: @escaping @Sendable (Int64) -> Void
    ) throws(LogFailure) -> Int64 {
        let decides = records.contains { $0.kind == .commit || $0.kind == .decisionCommit }
        return try database.append(records, operational: decides ? attached() : [], whenDurable: whenDurable)
    }
}
