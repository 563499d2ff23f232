import Testing

@testable import Transactions

private let a = ParticipantID("device/a")
private let b = ParticipantID("device/b")
private typealias Machine = CommitStateMachine

/// A machine brought into a state by the shortest way, two participants unless none are wanted.
private func machine(in state: Machine.State) -> Machine {
    let ways: [Machine.State: [Machine.Event]] = [
        .ready: [],
        .recordingIntent: [.begin],
        .preparing: [.begin, .recorded],
        .draining: [.begin, .recorded, .refused(a, Refusal("no"))],
        .recordingDecision: [.begin, .recorded, .prepared(a), .prepared(b)],
        .applying: [.begin, .recorded, .prepared(a), .prepared(b), .recorded],
        .aborting: [.begin, .recorded, .refused(a, Refusal("no")), .prepared(b)],
        .recordingOutcomes(committed: true): [
            .begin, .recorded, .prepared(a), .prepared(b), .recorded, .ended(a, .done), .ended(b, .done),
        ],
        .recordingOutcomes(committed: false): [
            .begin, .recorded, .refused(a, Refusal("no", isUntouched: true)), .skipped(b),
        ],
        .committed: [
            .begin, .recorded, .prepared(a), .prepared(b), .recorded, .ended(a, .done), .ended(b, .done), .recorded,
        ],
        .aborted: [.begin, .recorded, .refused(a, Refusal("no", isUntouched: true)), .skipped(b), .recorded],
        .failed: [.begin, .recordFailed(certain: true)],
        .suspended: [.begin, .recorded, .prepared(a), .prepared(b), .recordFailed(certain: false)],
    ]
    if state == .recordingCommit {
        var machine = Machine(participants: [])
        _ = machine.handle(.begin)
        return machine
    }
    var machine = Machine(participants: [a, b])
    for event in ways[state] ?? [] { _ = machine.handle(event) }
    return machine
}

private let states: [Machine.State] = [
    .ready, .recordingCommit, .recordingIntent, .preparing, .draining, .recordingDecision, .applying, .aborting,
    .recordingOutcomes(committed: true), .recordingOutcomes(committed: false), .committed, .aborted, .failed,
    .suspended,
]

private let events: [Machine.Event] = [
    .begin, .recorded, .recordFailed(certain: true), .recordFailed(certain: false), .prepared(b),
    .refused(b, Refusal("full")), .skipped(b), .ended(b, .done), .ended(b, .inDoubt(reason: "hung up")),
    .cancel(reason: "by admin"),
]

/// Every pair that is not a violation: the action and the state after it.
private func expected(_ state: Machine.State, _ event: Machine.Event) -> (Machine.Action, Machine.State)? {
    switch (state, event) {
    case (.ready, .begin): (.recordIntent([a, b]), .recordingIntent)
    case (.ready, .cancel): (.release, .failed)
    case (.recordingCommit, .recorded): (.release, .committed)
    case (.recordingCommit, .recordFailed(certain: true)): (.release, .failed)
    case (.recordingCommit, .recordFailed(certain: false)): (.suspend, .suspended)
    case (.recordingIntent, .recorded): (.prepare([a, b]), .preparing)
    case (.recordingIntent, .recordFailed): (.release, .failed)
    case (.preparing, .prepared): (.wait, .preparing)
    case (.preparing, .refused), (.preparing, .cancel): (.stopPreparing, .draining)
    case (.draining, .prepared), (.draining, .refused): (.abort([a, b]), .aborting)
    case (.draining, .skipped): (.abort([a]), .aborting)
    case (.recordingDecision, .recorded): (.apply([a, b]), .applying)
    case (.recordingDecision, .recordFailed(certain: true)): (.abort([a, b]), .aborting)
    case (.recordingDecision, .recordFailed(certain: false)): (.suspend, .suspended)
    case (.applying, .ended): (.wait, .applying)
    case (.aborting, .ended): (.wait, .aborting)
    case (.recordingOutcomes(true), .recorded), (.recordingOutcomes(true), .recordFailed): (.release, .committed)
    case (.recordingOutcomes(false), .recorded), (.recordingOutcomes(false), .recordFailed): (.release, .aborted)
    case (_, .cancel): (.wait, state)
    default: nil
    }
}

@Test func everyPairOfStateAndEventIsAnsweredAsNamed() {
    for state in states {
        #expect(machine(in: state).state == state)
        for event in events {
            var machine = machine(in: state)
            let before = machine
            let action = machine.handle(event)
            if let (wantedAction, wantedState) = expected(state, event) {
                #expect(action == wantedAction, "\(state) × \(event)")
                #expect(machine.state == wantedState, "\(state) × \(event)")
            } else {
                #expect(action == .violation, "\(state) × \(event)")
                #expect(machine == before, "a violation changes nothing: \(state) × \(event)")
            }
        }
    }
}

@Test func aRefusalThatLeftNothingAbortsOnlyThoseWhoHadPrepared() {
    var machine = Machine(participants: [a, b])
    for event in [.begin, .recorded, .prepared(b)] as [Machine.Event] { _ = machine.handle(event) }
    #expect(machine.handle(.refused(a, Refusal("no", isUntouched: true))) == .abort([b]))
}

@Test func anAnswerThatComesTwiceIsAViolation() {
    var machine = machine(in: .preparing)
    #expect(machine.handle(.prepared(a)) == .wait)
    #expect(machine.handle(.prepared(a)) == .violation)
    #expect(machine.handle(.prepared(ParticipantID("device/unknown"))) == .violation)
}

@Test func aCancellationDuringTheIntentTouchesNobody() {
    var machine = Machine(participants: [a, b])
    _ = machine.handle(.begin)
    #expect(machine.handle(.cancel(reason: "by admin")) == .wait)
    #expect(machine.handle(.recorded) == .recordOutcomes(committed: false, [:]))
}
