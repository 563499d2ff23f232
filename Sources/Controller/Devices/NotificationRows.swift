import Basics
import ConfigTree
import NEDRuntime
import YANG

/// What is known of a device's notifications, as the rows of `notifications`.
struct NotificationRows {
    private let node: SchemaNode
    private let model: DataModel
    private let driver: DataModel?

    init(_ node: SchemaNode, _ model: DataModel, _ driver: DataModel?) {
        self.node = node
        self.model = model
        self.driver = driver
    }

    /// - Parameter decoded: events in the driver's model by their numbers: those that are known are taken from there, and
    ///   those that are shown are left there.
    func row(
        statuses: [String: NotificationStatus], users: [String: String], streams: [EventStream],
        events: [ReceivedNotification], decoded: inout [UInt64: DataTree]
    ) -> Row {
        let draft = RowDraft(node)
        for (name, status) in statuses {
            let entry = draft.item("subscription", name)
            if let user = users[name] { entry.put("local-user", user) }
            entry.put("status", status.state.rawValue)
            if let reason = status.reason { entry.put("failure-reason", reason) }
            if let info = status.info { entry.put("error-info", info) }
        }
        for stream in streams { fill(draft.item("stream", stream.name), stream) }
        for notification in driver?.schema.root.dataChildren.filter({ $0.kind == .notification }) ?? [] {
            draft.item("notification-name", notification.name).put("uri", notification.namespace)
        }
        let received = draft.inner("received-notifications")
        var shown: [UInt64: DataTree] = [:]
        for event in events {
            let entry = received.item("notification", event.eventTime, "\(event.sequence)")
            entry.put("user", event.user)
            entry.put("subscription", event.subscription)
            entry.put("stream", event.stream)
            entry.put("received-time", event.receivedTime)
            if let tree = decoded[event.number] ?? self.tree(event), let data = entry.node.dataChild(named: "data") {
                shown[event.number] = tree
                entry.mount(data, tree)
            } else {
                entry.put("unknown-data", event.xml)
            }
        }
        decoded = shown
        return draft.freeze(in: model)
    }

    private func fill(_ entry: RowDraft, _ stream: EventStream) {
        if !stream.description.isEmpty { entry.put("description", stream.description) }
        entry.put("replay-support", stream.hasReplay)
        if let time = stream.creationTime { entry.put("replay-log-creation-time", time) }
        if let time = stream.agedTime { entry.put("replay-log-aged-time", time) }
    }

    /// An event as a tree over the driver's model; nil if the model does not have it.
    private func tree(_ event: ReceivedNotification) -> DataTree? {
        guard let driver else { return nil }
        var reader = XMLReader(Array(event.xml.utf8), file: "notification")
        guard (try? reader.next()) == .startElement else { return nil }
        let name = reader.name
        let node = driver.schema.root.dataChild(named: name, namespace: reader.namespace)
        guard let node, node.kind == .notification,
            let decoded = try? XMLDataDecoder.content(
                inside: &reader, of: node, model: driver, options: DecodeOptions(.lax, content: .all)),
            !decoded.hasErrors
        else { return nil }
        let root = RowDraft(driver.schema.root)
        root.add(.row(decoded.content), to: node)
        let tree = DataTree(root, model: driver)
        return tree.isEmpty ? nil : tree
    }
}
