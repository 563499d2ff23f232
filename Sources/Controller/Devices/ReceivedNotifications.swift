import Basics
import ConfigDatabase
import ConfigTree
import NEDRuntime
import Synchronization
import YANG

/// An event of a device as it is kept.
struct ReceivedNotification: Hashable, Sendable {
    /// Among all that came from the device, from 1.
    var number: UInt64
    var eventTime: String
    /// Tells events of the same time apart.
    var sequence: Int
    var user: String
    var subscription: String
    var stream: String
    var receivedTime: String
    /// The event's element.
    var xml: String

    func encode() -> [UInt8] {
        var object = JSONObject()
        for (key, value) in [
            ("event-time", eventTime), ("sequence-no", "\(sequence)"), ("user", user), ("subscription", subscription),
            ("stream", stream), ("received-time", receivedTime), ("xml", xml),
        ] { object.append(key, .string(value)) }
        return Array(JSONValue.object(object).print().utf8)
    }

    init(
        number: UInt64, eventTime: String, sequence: Int, user: String, subscription: String, stream: String,
        receivedTime: String, xml: String
    ) {
        self.number = number
        self.eventTime = eventTime
        self.sequence = sequence
        self.user = user
        self.subscription = subscription
        self.stream = stream
        self.receivedTime = receivedTime
        self.xml = xml
    }

    init?(_ bytes: [UInt8], number: UInt64) {
        guard let value = try? JSONValue.parse(bytes, file: "notification"),
            let eventTime = value["event-time"]?.string, let xml = value["xml"]?.string
        else { return nil }
        func text(_ name: String) -> String { value[name]?.string ?? "" }
        self.init(
            number: number, eventTime: eventTime, sequence: Int(text("sequence-no")) ?? 0, user: text("user"),
            subscription: text("subscription"), stream: text("stream"), receivedTime: text("received-time"), xml: xml)
    }
}

/// The last events of all devices, in the database: operational, durable, one value an event.
///
/// Invariants: a device's events are in the order in which they came, at most as many as its `max-size`; an event that
/// a replay brings again is not kept twice.
final class ReceivedNotifications: Sendable {
    private let devices = Mutex<[String: [ReceivedNotification]]>([:])
    private let database: ConfigurationDatabase
    private static let prefix = "notification/"

    init(_ database: ConfigurationDatabase) {
        self.database = database
        var found: [String: [ReceivedNotification]] = [:]
        for key in database.operationalKeys(prefix: Self.prefix) {
            let rest = key.dropFirst(Self.prefix.count)
            guard let slash = rest.lastIndex(of: "/"), let number = UInt64(rest[rest.index(after: slash)...]),
                let bytes = database.operational(key), let event = ReceivedNotification(bytes, number: number)
            else { continue }
            found[String(rest[..<slash]), default: []].append(event)
        }
        let sorted = found.mapValues { $0.sorted { $0.number < $1.number } }
        devices.withLock { $0 = sorted }
    }

    private static func key(_ device: String, _ number: UInt64) -> String { "\(prefix)\(device)/\(number)" }

    func all(of device: String) -> [ReceivedNotification] { devices.withLock { $0[device] ?? [] } }

    /// The time of the last event of a subscription.
    func lastTime(of subscription: String, _ device: String) -> String? {
        devices.withLock { $0[device]?.last { $0.subscription == subscription }?.eventTime }
    }

    /// Keeps events of a subscription, and forgets the oldest of the device. True if there was a new one among them.
    func add(
        _ events: [DeviceEvent], from device: String, as template: ReceivedNotification, limit: Int
    ) throws -> Bool {
        let (changes, isNew) = devices.withLock { devices -> ([OperationalChange], Bool) in
            var kept = devices[device] ?? []
            var changes: [OperationalChange] = []
            var number = kept.last?.number ?? 0
            for event in events {
                var new = template
                new.xml = String(decoding: (try? event.content.print(pretty: false)) ?? [], as: UTF8.self)
                new.eventTime = event.time
                let same = kept.filter { $0.eventTime == event.time }
                // Events that are alike and happen in one second are as many as they are, but for those told again.
                let isKnown = same.contains { $0.subscription == new.subscription && $0.xml == new.xml }
                if event.isReplayed, isKnown { continue }
                new.sequence = (same.map(\.sequence).max() ?? -1) + 1
                number += 1
                new.number = number
                kept.append(new)
                changes.append(OperationalChange(Self.key(device, number), new.encode()))
            }
            let isNew = !changes.isEmpty
            changes += Self.cut(&kept, limit, device)
            devices[device] = kept
            return (changes, isNew)
        }
        if !changes.isEmpty { try database.setOperational(changes) }
        return isNew
    }

    private static func cut(_ kept: inout [ReceivedNotification], _ limit: Int, _ device: String) -> [OperationalChange]
    {
        let count = max(0, kept.count - limit)
        defer { kept.removeFirst(count) }
        return kept.prefix(count).map { OperationalChange(key(device, $0.number), nil) }
    }

    /// Forgets what is more than `limit`.
    func limit(_ device: String, to limit: Int) {
        let changes = devices.withLock { devices -> [OperationalChange] in
            guard var kept = devices[device], kept.count > limit else { return [] }
            defer { devices[device] = kept.isEmpty ? nil : kept }
            return Self.cut(&kept, limit, device)
        }
        if !changes.isEmpty { try? database.setOperational(changes) }
    }
}
