import Events
import TerminalSession
import Testing

@testable import OperatorCLI

/// `commit | details`: the lines that tools of the field read.
@Suite struct ProgressPrinterTests {
    private static func event(
        _ kind: ProgressEvent.Kind, _ phase: String, _ annotation: String = "", device: String? = nil,
        duration: Int64? = nil, level: ProgressEvent.Level = .normal
    ) -> ProgressEvent {
        var event = ProgressEvent(
            kind, phase, at: EventTime(microseconds: 1_621_963_692_267_000), session: 41, annotation: annotation,
            transaction: 1_761, device: device, traceID: "d7f0", duration: duration)
        event.level = level
        return event
    }

    private func text(_ level: ProgressEvent.Level, _ events: [ProgressEvent]) -> String {
        let terminal = FakeTerminal([])
        let printer = ProgressPrinter(TerminalScreen(terminal), level: level)
        for event in events { printer.print(event) }
        return terminal.text
    }

    private static let events = [
        event(.start, "applying transaction for running datastore"), event(.start, "validate phase"),
        event(.start, "taking transaction lock"), event(.stop, "taking transaction lock", "ok", duration: 300),
        event(.info, "cdb: write intent 7", level: .verbose), event(.stop, "validate phase", "ok", duration: 45_100),
        event(.start, "push configuration", device: "c1"), event(.start, "push configuration", device: "c2"),
        event(.stop, "push configuration", "ok", device: "c2", duration: 12_000),
        event(.stop, "push configuration", "error (no)", device: "c1", duration: 1_500_000),
        event(.stop, "applying transaction for running datastore", "error", duration: 53_000),
    ]

    @Test func stepsHaveTheShapeThatTheFieldKnows() {
        #expect(
            text(.normal, Self.events) == """
                applying transaction for running datastore usid=41 tid=1761 trace-id=d7f0
                entering validate phase
                 2021-05-25T17:28:12.267 taking transaction lock... ok (0.000 s)
                leaving validate phase (0.045 s)
                 2021-05-25T17:28:12.267 device c1: push configuration...
                 2021-05-25T17:28:12.267 device c2: push configuration... ok (0.012 s)
                 2021-05-25T17:28:12.267 device c1: push configuration: error (no) (1.500 s)
                applying transaction for running datastore usid=41 tid=1761 trace-id=d7f0 error (0.053 s)

                """)
    }

    @Test func moreIsToldToWhomWantsIt() {
        #expect(!text(.normal, Self.events).contains("write intent"))
        #expect(text(.verbose, Self.events).contains(" 2021-05-25T17:28:12.267 cdb: write intent 7\n"))
    }
}
