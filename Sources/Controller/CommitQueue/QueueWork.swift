import Basics
import ConfigTree

/// What a queued commit brings, and for whom: written once, together with the commit. Secrets are sealed.
struct QueueWork: Sendable {
    var user: String
    /// W3C trace context of the commit, which the traces of its devices name.
    var traceID: String?
    /// Whether the devices must be as they were known to be.
    var checksSync: Bool
    /// The change and the way back, device by device.
    var devices: [DeviceRecovery]
    /// The whole commit and its reverse, if it is to be taken back when it fails.
    var whole: Whole?

    struct Whole: Sendable {
        var forward: ChangeSet
        var reverse: ChangeSet
    }

    func device(_ name: String) -> DeviceRecovery? { devices.first { $0.device == name } }

    func encode() -> [UInt8] {
        var text = "{\"user\":\(JSONText.quoted(user)),\"checks-sync\":\(checksSync)"
        if let traceID { text += ",\"trace-id\":\(JSONText.quoted(traceID))" }
        text += ",\n\"devices\":["
        text += devices.map { String(decoding: $0.encode(), as: UTF8.self) }.joined(separator: ",\n") + "]"
        if let whole { text += ",\n\"forward\":\(whole.forward.json),\n\"reverse\":\(whole.reverse.json)" }
        return Array((text + "}").utf8)
    }

    init(
        user: String, traceID: String? = nil, checksSync: Bool, devices: [DeviceRecovery], whole: Whole? = nil
    ) {
        self.user = user
        self.traceID = traceID
        self.checksSync = checksSync
        self.devices = devices
        self.whole = whole
    }

    init(_ bytes: [UInt8]) throws {
        let value = try JSONValue.parse(bytes, file: "the commit queue")
        user = value["user"]?.string ?? ""
        traceID = value["trace-id"]?.string
        checksSync = value["checks-sync"]?.bool ?? true
        devices = try (value["devices"]?.array ?? []).map { try DeviceRecovery(value: $0) }
        guard value["reverse"] != nil else { return }
        whole = Whole(
            forward: try ChangeSet(value: value["forward"]), reverse: try ChangeSet(value: value["reverse"]))
    }
}
