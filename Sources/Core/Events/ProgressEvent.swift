internal import Synchronization

/// A step of a transaction or an action, for `commit | details` and the progress trace.
package struct ProgressEvent: Hashable, Sendable {
    package enum Kind: String, Sendable {
        case start, stop, info
    }

    /// How much somebody has to want to know to be told.
    package enum Level: Int, Comparable, CaseIterable, Sendable {
        case normal, verbose, veryVerbose, debug

        package static func < (a: Level, b: Level) -> Bool { a.rawValue < b.rawValue }
    }

    package var kind: Kind
    package var level = Level.normal
    package var time: EventTime
    /// What is done: `validate phase`, `push configuration`.
    package var phase: String
    /// What came of it, or more about it: `ok`, `3 modified paths`.
    package var annotation: String
    package var session: Int
    package var transaction: Int64?
    package var device: String?
    /// W3C trace context, 32 hexadecimal digits, or what the client gave.
    package var traceID: String?
    /// Of a `stop`: how long the phase took. Microseconds.
    package var duration: Int64?

    package init(
        _ kind: Kind, _ phase: String, at time: EventTime, session: Int, annotation: String = "",
        transaction: Int64? = nil, device: String? = nil, traceID: String? = nil, duration: Int64? = nil
    ) {
        self.kind = kind
        self.time = time
        self.phase = phase
        self.annotation = annotation
        self.session = session
        self.transaction = transaction
        self.device = device
        self.traceID = traceID
        self.duration = duration
    }

    /// A line of `commit | details`: `2021-12-09T17:13:57.506 ce0: push configuration: ok (0.012 s)`.
    package var text: String {
        var text = time.yangText.prefix(23) + " "
        if let device { text += "\(device): " }
        text += phase
        if kind == .start { text += "..." }
        if !annotation.isEmpty { text += ": \(annotation)" }
        if let duration {
            let milliseconds = (duration + 500) / 1_000
            let fraction = String(1_000 + milliseconds % 1_000).dropFirst()
            text += " (\(milliseconds / 1_000).\(fraction) s)"
        }
        return ControlCharacters.neutralised(String(text))
    }
}

/// Hands progress events to whoever is watching. Costs one lock when nobody is.
package final class ProgressHub: Sendable {
    private struct State: Sendable {
        var nextID = 1
        var watchers: [Int: @Sendable (ProgressEvent) -> Void] = [:]
    }

    private let state = Mutex(State())

    package init() {}

    /// Calls `watch` for each event, on the thread where it happens, until `stopWatching`.
    package func startWatching(_ watch: @escaping @Sendable (ProgressEvent) -> Void) -> Int {
        state.withLock { state in
            defer { state.nextID += 1 }
            state.watchers[state.nextID] = watch
            return state.nextID
        }
    }

    package func stopWatching(_ id: Int) { state.withLock { $0.watchers[id] = nil } }

    /// `event` is made only if somebody watches.
    package func post(_ event: () -> ProgressEvent) {
        let watchers = state.withLock { $0.watchers.sorted { $0.key < $1.key }.map(\.value) }
        guard !watchers.isEmpty else { return }
        let event = event()
        for watch in watchers { watch(event) }
    }
}
