package import Basics
import ConfigTree
import NETCONF
import Wire
import YANG

/// A stream of events that a device offers (RFC 5277 section 3.2.5).
package struct EventStream: Hashable, Sendable {
    package var name: String
    package var description = ""
    package var hasReplay = false
    /// Times as the device gives them.
    package var creationTime: String?
    package var agedTime: String?

    package init(name: String) { self.name = name }
}

/// An event as it came in.
package struct DeviceEvent: Sendable {
    /// When it happened, as the device says.
    package var time: String
    package var content: XMLElement
    /// The device tells it again, or for the first time: what was known already may be among such events.
    package var isReplayed: Bool
}

/// Which events of a stream are wanted.
package enum EventFilter: Hashable, Sendable {
    case xpath(String)
    /// Elements of a subtree filter, as XML.
    case subtree(String)
}

extension NETCONFDeviceSession {
    private static let streamLimit = 1_000

    package var offersNotifications: Bool { dialogue.capabilities.has("notification:1.0") }

    /// The streams that the device offers; none if it knows no notifications.
    package func streams() throws(NEDError) -> [EventStream] {
        guard offersNotifications else { return [] }
        let filter = XMLElement(
            "netconf", namespace: ProtocolNamespace.streams,
            children: [XMLElement("streams", namespace: ProtocolNamespace.streams)])
        let found = try get("streams", filter: filter)
        let streams = found.flatMap { $0.children("streams") }.flatMap { $0.children("stream") }
        return streams.prefix(Self.streamLimit).compactMap { element in
            func text(_ name: String) -> String? {
                element.child(name).map { $0.trimmedText.withoutControlCharacters }.flatMap { $0.isEmpty ? nil : $0 }
            }
            guard let name = text("name") else { return nil }
            var stream = EventStream(name: name)
            stream.description = text("description") ?? ""
            stream.hasReplay = text("replaySupport") == "true"
            stream.creationTime = text("replayLogCreationTime")
            stream.agedTime = text("replayLogAgedTime")
            return stream
        }
    }

    /// Subscribes the session to a stream. With `since` the device first sends again what has happened from then on.
    package func subscribe(to stream: String, filter: EventFilter?, since: String?) throws(NEDError) {
        try phase("SUBSCRIBE", stream) { () throws(NEDError) in
            try dialogue.call("create-subscription") { writer in
                try writer.start("create-subscription", namespace: ProtocolNamespace.notification)
                try writer.leaf("stream", text: stream)
                switch filter {
                case .xpath(let text):
                    let prefixes = driver.model.schema.modules.map { ($0.prefix, $0.namespace) }
                        .filter { text.contains($0.0 + ":") }
                    try writer.start(
                        "filter", prefixes: prefixes, attributes: [("type", "xpath"), ("select", text)])
                    try writer.end()
                case .subtree(let elements):
                    try writer.start("filter", attributes: [("type", "subtree")])
                    writer.raw(elements)
                    try writer.end()
                case nil: break
                }
                if let since { try writer.leaf("startTime", text: since) }
                try writer.end()
            }
            isReplaying = since != nil
        }
    }

    /// The next event of the subscription; nil if none comes within the time. Marks of a replay's end are no events.
    package func nextEvent(within time: Duration) throws(NEDError) -> DeviceEvent? {
        while let message = try dialogue.event(within: time) {
            let event: (time: String, content: XMLElement?)
            do {
                event = try ClientExchange.event(message)
            } catch {
                // The framing tells where the next one begins.
                trace.phase(.fromDriver, "NOTIFICATION ERROR: \(error)".withoutControlCharacters)
                continue
            }
            guard let content = event.content else { continue }
            guard content.namespace != ProtocolNamespace.streams else {
                if content.name == "replayComplete" { isReplaying = false }
                continue
            }
            return DeviceEvent(
                time: event.time.withoutControlCharacters, content: content, isReplayed: isReplaying)
        }
        return nil
    }

    /// Ends what the session waits for, from another thread.
    package var interruption: @Sendable () -> Void {
        let stream = stream
        return { stream.abort() }
    }
}
