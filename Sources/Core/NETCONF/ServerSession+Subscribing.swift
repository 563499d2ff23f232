import Basics

/// Subscriptions to notifications (RFC 5277). Requests go on being answered: the capability interleave.
extension ServerSession {
    func createSubscription(_ message: MessageBytes) throws {
        let operation = try RequestReader.parameters(message)
        for child in operation.children where child.namespace != ProtocolNamespace.notification {
            throw RPCError(
                .protocol, .unknownNamespace, "<\(child.name)> is of another namespace than the operation",
                info: [.init("bad-element", child.name), .init("bad-namespace", child.namespace)])
        }
        for child in operation.children where !["stream", "filter", "startTime", "stopTime"].contains(child.name) {
            throw RPCError.unknownElement(child.name)
        }
        guard subscription == nil else {
            throw RPCError(.protocol, .inUse, "this session has a subscription already")
        }
        if let stream = operation.child("stream"), stream.trimmedText != "NETCONF" {
            throw RPCError.invalidValue(
                "stream", "there is no stream \"\(stream.trimmedText.prefix(80))\"; there is the stream NETCONF")
        }
        let (start, stop) = try times(operation)
        let filter = try operation.child("filter").map(Self.eventFilter)
        let last = server.withState(\.events.last)
        subscription = Subscription(
            filter: filter, start: start, stop: stop, position: start == nil ? last : 0,
            replayEnd: start == nil ? nil : last)
        let (id, wake) = (info.id, wake)
        server.withState { $0.subscribers[id] = wake }
        if let stop, let now = ProtocolTime.microseconds(server.datastore.timestamp()) {
            let seconds = Int(max(0, stop - now) / 1_000_000) + 1
            // Years ahead is never: the session ends before.
            if seconds < Int(Int32.max) { server.datastore.schedule(after: seconds, wake) }
        }
    }

    /// The times of RFC 5277 section 2.1.1, in microseconds.
    private func times(_ operation: XMLElement) throws -> (start: Int64?, stop: Int64?) {
        func time(_ name: String) throws -> Int64? {
            guard let text = operation.child(name)?.trimmedText else { return nil }
            guard let time = ProtocolTime.microseconds(text) else {
                throw RPCError.invalidValue(name, "\"\(text.prefix(80))\" is no date-and-time")
            }
            return time
        }
        let start = try time("startTime")
        let stop = try time("stopTime")
        guard let start else {
            if stop != nil { throw RPCError.missingElement("startTime") }
            return (nil, nil)
        }
        let now = ProtocolTime.microseconds(server.datastore.timestamp()) ?? .max
        // The clock of the server shows whole seconds.
        if start > now + 1_000_000 { throw RPCError.badElement("startTime", "startTime is in the future") }
        if let stop, stop < start { throw RPCError.badElement("stopTime", "stopTime is before startTime") }
        return (start, stop)
    }

    private static func eventFilter(_ element: XMLElement) throws -> Subscription.Filter {
        switch type(of: element) {
        case "subtree": return .subtree(element.children)
        case "xpath":
            guard let text = element.attribute("select") else {
                throw RPCError(
                    .protocol, .missingAttribute, "a filter of type xpath needs select",
                    info: [.init("bad-attribute", "select"), .init("bad-element", "filter")])
            }
            _ = try ElementDocument.select(text, element.prefixes, of: [])
            return .xpath(text, element.prefixes)
        case let other:
            throw RPCError(
                .protocol, .badAttribute, "\"\(other.prefix(40))\" is no type of filter",
                info: [.init("bad-attribute", "type"), .init("bad-element", "filter")])
        }
    }

    /// The next notification that is to go out; nil if there is none now.
    func notification() -> [UInt8]? {
        guard var mine = subscription else { return nil }
        let log = server.withState(\.events)
        let step = mine.next(log, now: server.datastore.timestamp())
        subscription = mine
        guard let step else { return nil }
        count(\.outNotifications, \.outNotifications)
        switch step {
        case .message(let message): return message
        case .complete(let message):
            subscription = nil
            let id = info.id
            server.withState { $0.subscribers[id] = nil }
            return message
        }
    }
}
