import Foundation
import Transactions

/// An item that has left the queue, as `devices commit-queue completed` shows it.
struct CompletedQueueItem: Hashable, Codable, Sendable {
    enum End: String, Codable, Sendable { case completed, failed, deleted }

    var id: Int64
    var tag: String?
    /// Microseconds since 1970-01-01T00:00:00Z.
    var when: Int64
    var end: End
    var devices: [String]
    var completed: [String]
    var failures: [Failure]

    struct Failure: Hashable, Codable, Sendable {
        var device: String
        var reason: String
    }

    init(_ item: QueueItem, end: End, when: Int64) {
        id = item.id
        tag = item.tag
        self.when = when
        self.end = end
        devices = item.devices.map(\.name)
        completed = item.devices.filter { $0.state == .done }.map(\.name)
        failures = item.devices.compactMap { device in
            if end == .deleted, !device.hasEnded { return Failure(device: device.name, reason: "Deleted by user") }
            return device.failure.map { Failure(device: device.name, reason: $0) }
        }
    }

    /// The devices that do not have the change.
    var unsent: [String] { devices.filter { !completed.contains($0) } }
}
