import Events
import Synchronization
import TerminalSession

/// Prints the steps of a commit as they happen (`commit | details`), in the shape that the field's tools read:
/// ```
/// entering validate phase
///  2021-05-25T17:28:12.267 taking transaction lock... ok (0.000 s)
/// ```
/// What other steps come between stands on lines of its own.
final class ProgressPrinter: Sendable {
    private struct Step: Hashable, Sendable {
        var phase: String
        var device: String?
    }

    private let screen: TerminalScreen
    private let level: ProgressEvent.Level
    /// The step whose line is not ended yet.
    private let open = Mutex<(step: Step, line: String)?>(nil)

    init(_ screen: TerminalScreen, level: ProgressEvent.Level) {
        self.screen = screen
        self.level = level
    }

    /// From any thread.
    @Sendable func print(_ event: ProgressEvent) {
        guard event.level <= level else { return }
        let step = Step(phase: event.phase, device: event.device)
        let text = open.withLock { open -> String in
            let before = open
            open = nil
            let rest = before.map { $0.line + "...\n" } ?? ""
            if let frame = Self.frame(event) { return rest + frame + "\n" }
            let line = Self.line(event)
            switch event.kind {
            case .start:
                open = (step, line)
                return rest
            case .stop where before?.step == step: return (before?.line ?? line) + "... " + Self.result(event) + "\n"
            case .stop: return rest + line + ": " + Self.result(event) + "\n"
            case .info: return rest + line + "\n"
            }
        }
        if !text.isEmpty { screen.interject(text) }
    }

    private static func line(_ event: ProgressEvent) -> String {
        " \(event.time.yangText.prefix(23)) " + (event.device.map { "device \($0): " } ?? "") + event.phase
    }

    private static func result(_ event: ProgressEvent) -> String {
        event.annotation + seconds(event)
    }

    private static func seconds(_ event: ProgressEvent) -> String {
        guard let duration = event.duration else { return "" }
        let milliseconds = (duration + 500) / 1_000
        return " (\(milliseconds / 1_000).\(String(1_000 + milliseconds % 1_000).dropFirst()) s)"
    }

    /// The transaction as a whole, and its phases, have lines of another shape.
    private static func frame(_ event: ProgressEvent) -> String? {
        if event.phase.hasSuffix(" phase") {
            return event.kind == .start ? "entering \(event.phase)" : "leaving \(event.phase)\(seconds(event))"
        }
        guard event.phase.hasPrefix("applying transaction") else { return nil }
        let transaction = event.transaction.map { " tid=\($0)" } ?? ""
        let trace = event.traceID.map { " trace-id=\($0)" } ?? ""
        let failure = event.annotation == "error" ? " error" : ""
        return "\(event.phase) usid=\(event.session)\(transaction)\(trace)\(failure)\(seconds(event))"
    }
}
