import Basics

/// What the controller remembers of a device besides its configuration: operational, durable, one value a device.
struct DeviceRecord: Hashable, Sendable {
    /// Stands for the whole configuration that the device had when it was last known to be in sync.
    var transactionID: String?
    /// Times as RFC 3339.
    var created: String?
    var lastConnected: String?
    var lastInSync: String?
    var operState = "unknown"
    /// Set while it is unknown what the device holds.
    var doubt: String?

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
        return Array(JSONValue.object(object).print().utf8)
    }
}
