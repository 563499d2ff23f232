import Testing

@testable import Events

private let key = AlarmKey(
    device: "ce0", type: AlarmType.connectionFailure.rawValue, managedObject: "/ncs:devices/device[name='ce0']")

private func time(_ seconds: Int64) -> EventTime { EventTime(microseconds: seconds * 1_000_000) }

@Test func anAlarmIsRaisedChangedAndCleared() throws {
    var list = AlarmList()
    let raised = list.raise(key, .major, "Failed to connect to device ce0: refused", at: time(1))
    #expect(raised?.announcement == "*** ALARM connection-failure: Failed to connect to device ce0: refused")
    #expect(list.raise(key, .major, "Failed to connect to device ce0: refused", at: time(2)) == nil)
    #expect(list.raise(key, .major, "Failed to connect to device ce0: timeout", at: time(3)) != nil)
    #expect(list.active.count == 1)
    #expect(list.clear(key, at: time(4)) != nil)
    #expect(list.clear(key, at: time(5)) == nil)
    let alarm = try #require(list[key])
    #expect(alarm.isCleared)
    #expect(alarm.lastPerceivedSeverity == .major)
    #expect(alarm.lastStatusChange == time(4))
    #expect(alarm.statusChanges.map(\.severity) == [.major, .major, .cleared])
    #expect(list.active.isEmpty)
    #expect(list.raise(key, .major, "again", at: time(6)) != nil)
    #expect(list.active.count == 1)
}

@Test func anAlarmThatFlapsForeverTakesBoundedSpace() {
    var list = AlarmList()
    for second in 0..<1_000 as Range<Int64> {
        _ = list.raise(key, .major, "down", at: time(second * 2))
        _ = list.clear(key, at: time(second * 2 + 1))
    }
    #expect(list[key]?.statusChanges.count == 32)
    #expect(list[key]?.lastStatusChange == time(1_999))
    let compressed = list.compress()
    #expect(compressed == [key])
    #expect(list[key]?.statusChanges.count == 1)
    let purged = list.purge { $0.isCleared }
    #expect(purged == [key])
    #expect(list.all.isEmpty)
}

@Test func theListSurvivesItsEncoding() throws {
    var list = AlarmList()
    for index in 0..<5 {
        let key = AlarmKey(
            device: "ce\(index)", type: "out-of-sync", managedObject: "/x/\(index)", specificProblem: "p")
        _ = list.raise(key, .major, "got: 1 expected: 2.", at: time(Int64(index)))
    }
    let isHandled = list.handle(list.all[2].key, .ack, user: "admin", "seen", at: time(9))
    let isUnknownHandled = list.handle(key, .ack, user: "admin", "seen", at: time(9))
    #expect(isHandled && !isUnknownHandled)
    #expect(AlarmList(list.all.compactMap { Alarm(decoding: $0.encode()) }) == list)
    let bytes = list.all[2].encode()
    #expect(Alarm(decoding: bytes)?.encode() == bytes)
    for length in stride(from: 0, to: bytes.count, by: 7) { #expect(Alarm(decoding: Array(bytes[..<length])) == nil) }
}

@Test func changesInOneMomentHaveTimesOfTheirOwn() throws {
    var list = AlarmList()
    for text in ["one", "two", "three"] { _ = list.raise(key, .major, text, at: time(1)) }
    for state in [Alarm.HandlingState.ack, .closed] {
        let isThere = list.handle(key, state, user: "admin", "", at: time(1))
        #expect(isThere)
    }
    let alarm = try #require(list[key])
    #expect(Set(alarm.statusChanges.map(\.time)).count == 3)
    #expect(Set(alarm.handling.map(\.time)).count == 2)
}

@Test func severitiesHaveTheNumbersOfTheModel() {
    #expect(AlarmSeverity.cleared.rawValue == 1)
    #expect(AlarmSeverity.warning.rawValue == 6)
    #expect(AlarmType.connectionFailure.severity.name == "major")
}
