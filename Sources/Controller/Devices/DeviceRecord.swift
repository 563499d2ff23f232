import Basics
import YANG

/// What the controller remembers of a device besides its configuration: operational, durable, one value a device.
struct DeviceRecord: Hashable, Sendable {
    /// Stands for the whole configuration that the device had when it was last known to be in sync.
    var transactionID: String?
    /// Times as RFC 3339.
    var created: String?
    var lastConnected: String?
    var lastInSync: String?
    var operState = "unknown"
    /// What its latest session learnt of its modules.
    var announcement = ModuleAnnouncement.none
    /// While the configuration has changes that will not be sent to the device: how many commits, and what stands for the
    /// configuration that the device has without them.
    var unsentChanges = 0
    var sentTransactionID: String?
    /// Set while it is unknown what the device holds.
    var doubt: String?

    /// Nothing is known of what the device holds, neither good nor bad: nobody has synchronised it yet.
    var isUnknown: Bool { transactionID == nil && doubt == nil && unsentChanges == 0 }

    static func key(_ device: String) -> String { "device/\(device)" }

    init() {}

    init?(_ bytes: [UInt8]) {
        guard let value = try? JSONValue.parse(bytes, file: "device record") else { return nil }
        transactionID = value["transaction-id"]?.string
        created = value["created"]?.string
        lastConnected = value["last-connected"]?.string
        lastInSync = value["last-in-sync"]?.string
        operState = value["oper-state"]?.string ?? "unknown"
        doubt = value["doubt"]?.string
        sentTransactionID = value["sent-transaction-id"]?.string
        unsentChanges = value["unsent-changes"]?.int ?? 0
        announcement.isComplete = value["has-all-modules"]?.string == "true"
        announcement.modules = (value["modules"]?.array ?? []).map { module in
            AnnouncedModule(
                name: module["name"]?.string ?? "", revision: module["revision"]?.string ?? "",
                features: (module["features"]?.array ?? []).compactMap(\.string),
                deviations: (module["deviations"]?.array ?? []).compactMap(\.string))
        }
    }

    private static func value(_ module: AnnouncedModule) -> JSONValue {
        var object = JSONObject()
        object.append("name", .string(module.name))
        object.append("revision", .string(module.revision))
        object.append("features", .array(module.features.map { .string($0) }))
        object.append("deviations", .array(module.deviations.map { .string($0) }))
        return .object(object)
    }

    func encode() -> [UInt8] {
        var object = JSONObject()
        func add(_ key: String, _ value: String?) { if let value { object.append(key, .string(value)) } }
        add("transaction-id", transactionID)
        add("created", created)
        add("last-connected", lastConnected)
        add("last-in-sync", lastInSync)
        add("oper-state", operState)
        add("doubt", doubt)
        add("sent-transaction-id", sentTransactionID)
        if unsentChanges > 0 { object.append("unsent-changes", .number("\(unsentChanges)")) }
        if !announcement.modules.isEmpty {
            object.append("modules", .array(announcement.modules.map(Self.value)))
            if announcement.isComplete { add("has-all-modules", "true") }
        }
        return Array(JSONValue.object(object).print().utf8)
    }
}
