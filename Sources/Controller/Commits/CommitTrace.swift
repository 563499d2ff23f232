import Basics
import ControlProtocol
import Events

/// Who commits what, for those who watch: names each step to them, with its time. Costs nothing where nobody does.
final class CommitTrace: Sendable {
    let session: Int
    /// The number that conflicts and progress name the attempt by; not that of its record.
    let transaction: Int64
    /// W3C trace context: 32 hexadecimal digits, or what the client gave.
    let traceID: String
    private let clock: WallClock
    private let watcher: (@Sendable (ProgressEvent) -> Void)?

    init(
        session: Int, transaction: Int64, traceID: String?, clock: WallClock,
        watcher: (@Sendable (ProgressEvent) -> Void)?
    ) {
        self.session = session
        self.transaction = transaction
        self.traceID = traceID.map(Self.traceID) ?? Self.newTraceID()
        self.clock = clock
        self.watcher = watcher
    }

    /// 16 random bytes, not all zero.
    static func newTraceID() -> String {
        [UInt64.random(in: 1...UInt64.max), UInt64.random(in: 1...UInt64.max)].map { part in
            let digits = String(part, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }

    /// The trace id in a `traceparent` (`00-4bf9…4736-00f0…02b7-01`); anything else is one itself.
    private static func traceID(_ text: String) -> String {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 4, parts.map(\.count) == [2, 32, 16, 2], text.allSatisfy({ $0 == "-" || $0.isHexDigit })
        else { return text }
        return parts[1].lowercased()
    }

    // MARK: Steps

    /// Names a step, its end and how long it took.
    func step<Result>(
        _ phase: String, _ level: ProgressEvent.Level = .normal,
        _ work: () throws(ControlError) -> Result
    ) throws(ControlError) -> Result {
        guard watcher != nil else { return try work() }
        let start = begin(phase, level)
        do {
            let result = try work()
            end(phase, level, since: start)
            return result
        } catch {
            end(phase, level, since: start, "error")
            throw error
        }
    }

    /// Returns the time, for `end`.
    @discardableResult
    func begin(_ phase: String, _ level: ProgressEvent.Level = .normal, device: String? = nil) -> Int64 {
        let now = clock.now()
        send(.start, phase, level, now, device)
        return now
    }

    func end(
        _ phase: String, _ level: ProgressEvent.Level = .normal, since start: Int64, _ annotation: String = "ok",
        device: String? = nil
    ) {
        let now = clock.now()
        send(.stop, phase, level, now, device, annotation, duration: now - start)
    }

    func note(_ phase: String, _ level: ProgressEvent.Level = .normal, device: String? = nil) {
        send(.info, phase, level, clock.now(), device)
    }

    private func send(
        _ kind: ProgressEvent.Kind, _ phase: String, _ level: ProgressEvent.Level, _ time: Int64, _ device: String?,
        _ annotation: String = "", duration: Int64? = nil
    ) {
        guard let watcher else { return }
        var event = ProgressEvent(
            kind, phase, at: EventTime(microseconds: time), session: session, annotation: annotation,
            transaction: transaction, device: device, traceID: traceID, duration: duration)
        event.level = level
        watcher(event)
    }
}
