import Basics
import YANG

/// An event that subscribers hear of (RFC 5277).
struct EventRecord: Sendable {
    /// Of the event among all of the server, from 1.
    var number: UInt64
    var time: String
    var microseconds: Int64
    var content: XMLElement
}

/// The last events of a server, for replay and for subscribers that read slowly.
///
/// Invariant: holds at most `limit` events; what is older is forgotten.
struct EventLog: Sendable {
    private(set) var records: ArraySlice<EventRecord> = []
    private(set) var last: UInt64 = 0
    /// When the log began, and when the newest event was that it has forgotten.
    var start = ""
    private(set) var aged: String?

    static let limit = 256

    mutating func append(_ content: XMLElement, time: String) {
        last += 1
        let microseconds = ProtocolTime.microseconds(time) ?? 0
        records.append(EventRecord(number: last, time: time, microseconds: microseconds, content: content))
        if records.count > Self.limit { aged = records.removeFirst().time }
        // The slice would keep the room of what was removed.
        if records.startIndex > Self.limit { records = ArraySlice(Array(records)) }
    }

    /// The first event after that number.
    func next(after number: UInt64) -> EventRecord? {
        guard number < last, let first = records.first else { return nil }
        return number < first.number ? first : records[records.startIndex + Int(number + 1 - first.number)]
    }
}

/// What a session has subscribed to, and how far it has been told.
struct Subscription {
    enum Filter {
        case subtree([XMLElement])
        case xpath(String, [String: String])

        /// Whether an event is among those that the filter selects: events come whole or not at all.
        func admits(_ event: XMLElement) -> Bool {
            switch self {
            case .subtree(let filter): ElementFilter.select(filter, event) != nil
            case .xpath(let text, let prefixes):
                (try? ElementDocument.select(text, prefixes, of: [event]))?.isEmpty == false
            }
        }
    }

    var filter: Filter?
    /// Microseconds; events before and after these are not told.
    var start: Int64?
    var stop: Int64?
    /// The number of the event that was told last.
    var position: UInt64
    /// The last event of the replay; nil once its end was told, or if there is none.
    var replayEnd: UInt64?

    private static let announcements = "urn:ietf:params:xml:ns:netmod:notification"

    enum Step {
        case message([UInt8])
        /// There is nothing more to tell, for ever.
        case complete([UInt8])
    }

    /// What the subscriber hears next; nil if that has not happened yet. `now` as `date-and-time`.
    mutating func next(_ log: EventLog, now: String) -> Step? {
        while let event = log.next(after: position) {
            if let end = replayEnd, event.number > end { break }
            position = event.number
            if let start, event.microseconds < start { continue }
            if let stop, event.microseconds > stop { continue }
            guard filter?.admits(event.content) ?? true else { continue }
            return .message(Self.message(event.content, event.time))
        }
        if replayEnd != nil {
            replayEnd = nil
            return .message(Self.message(Self.announcement("replayComplete"), now))
        }
        guard let stop, let time = ProtocolTime.microseconds(now), time >= stop else { return nil }
        return .complete(Self.message(Self.announcement("notificationComplete"), now))
    }

    private static func announcement(_ name: String) -> XMLElement { XMLElement(name, namespace: announcements) }

    private static func message(_ content: XMLElement, _ time: String) -> [UInt8] {
        var writer = XMLWriter(pretty: false)
        // Nothing throws without a sink.
        try? writer.start("notification", namespace: ProtocolNamespace.notification)
        try? writer.leaf("eventTime", text: time)
        try? content.write(to: &writer)
        try? writer.finish()
        return writer.output.bytes
    }
}
