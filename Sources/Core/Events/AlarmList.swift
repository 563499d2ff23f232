internal import Foundation

/// The severities of X.733 as `tailf-ncs-alarms` numbers them.
package enum AlarmSeverity: Int, Codable, Sendable {
    case cleared = 1
    case indeterminate, critical, major, minor, warning

    /// The name in the data model.
    package var name: String { "\(self)" }
}

/// What names an alarm: the keys of `/alarms/alarm-list/alarm`.
package struct AlarmKey: Hashable, Codable, Comparable, Sendable {
    package var device: String
    /// The identity without its module: `connection-failure`.
    package var type: String
    /// The path of what has the fault.
    package var managedObject: String
    /// Tells alarms of one type at one object apart; mostly empty.
    package var specificProblem: String

    package init(device: String, type: String, managedObject: String, specificProblem: String = "") {
        self.device = device
        self.type = type
        self.managedObject = managedObject
        self.specificProblem = specificProblem
    }

    package static func < (a: AlarmKey, b: AlarmKey) -> Bool {
        (a.device, a.type, a.managedObject, a.specificProblem) < (b.device, b.type, b.managedObject, b.specificProblem)
    }
}

/// An entry of the alarm list.
package struct Alarm: Hashable, Codable, Sendable {
    package struct StatusChange: Hashable, Codable, Sendable {
        package var time: EventTime
        package var severity: AlarmSeverity
        package var text: String
    }

    package enum HandlingState: String, Codable, Sendable {
        case none, ack, investigation, observation, closed
    }

    package struct Handling: Hashable, Codable, Sendable {
        package var time: EventTime
        package var state: HandlingState
        package var user: String
        package var description: String
    }

    package var key: AlarmKey
    /// Newest last; never empty.
    package internal(set) var statusChanges: [StatusChange]
    package internal(set) var handling: [Handling] = []
    package internal(set) var lastPerceivedSeverity: AlarmSeverity

    package var isCleared: Bool { statusChanges.last?.severity == .cleared }
    package var lastStatusChange: EventTime { statusChanges.last?.time ?? EventTime(microseconds: 0) }
    package var lastAlarmText: String { statusChanges.last?.text ?? "" }

    /// What a CLI session shows when the alarm is raised.
    package var announcement: String { "*** ALARM \(key.type): \(lastAlarmText)" }
}

/// All alarms, cleared ones included until they are purged. A value: whoever owns it decides where it is stored.
package struct AlarmList: Hashable, Sendable {
    private var alarms: [AlarmKey: Alarm] = [:]
    /// How many status changes an alarm remembers (`max-alarm-status-changes`).
    package var statusChangeLimit = 32

    package init(_ alarms: [Alarm] = []) {
        self.alarms = Dictionary(alarms.map { ($0.key, $0) }) { _, last in last }
    }

    package var all: [Alarm] { alarms.values.sorted { $0.key < $1.key } }
    package var active: [Alarm] { all.filter { !$0.isCleared } }

    package subscript(key: AlarmKey) -> Alarm? { alarms[key] }

    /// Raises an alarm, or changes its severity or text. Nil if nothing changed, so that a fault that goes on is
    /// announced once.
    package mutating func raise(
        _ key: AlarmKey, _ severity: AlarmSeverity, _ text: String, at time: EventTime
    ) -> Alarm? {
        if severity == .cleared { return clear(key, text, at: time) }
        if let last = alarms[key]?.statusChanges.last, last.severity == severity, last.text == text { return nil }
        var alarm = alarms[key] ?? Alarm(key: key, statusChanges: [], lastPerceivedSeverity: severity)
        alarm.lastPerceivedSeverity = severity
        add(Alarm.StatusChange(time: time, severity: severity, text: text), to: &alarm)
        return alarm
    }

    /// Clears an alarm. Nil if there is none, or it is cleared already.
    package mutating func clear(_ key: AlarmKey, _ text: String? = nil, at time: EventTime) -> Alarm? {
        guard var alarm = alarms[key], !alarm.isCleared else { return nil }
        add(Alarm.StatusChange(time: time, severity: .cleared, text: text ?? alarm.lastAlarmText), to: &alarm)
        return alarm
    }

    private mutating func add(_ change: Alarm.StatusChange, to alarm: inout Alarm) {
        // The time is the key of a change: the next is later, whatever the clock says.
        var change = change
        if let last = alarm.statusChanges.last { change.time = change.time.after(last.time) }
        alarm.statusChanges.append(change)
        alarm.statusChanges.removeFirst(max(0, alarm.statusChanges.count - max(1, statusChangeLimit)))
        alarms[alarm.key] = alarm
    }

    /// What the action `handle-alarm` notes down. False if there is no such alarm.
    package mutating func handle(
        _ key: AlarmKey, _ state: Alarm.HandlingState, user: String, _ description: String, at time: EventTime
    ) -> Bool {
        guard let alarm = alarms[key] else { return false }
        let time = alarm.handling.last.map { time.after($0.time) } ?? time
        alarms[key]?.handling.append(
            Alarm.Handling(time: time, state: state, user: user, description: description))
        return true
    }

    /// Forgets all but the last status change of each alarm, and returns those that it touched.
    package mutating func compress() -> [AlarmKey] {
        let long = alarms.values.filter { $0.statusChanges.count > 1 }
        for alarm in long { alarms[alarm.key]?.statusChanges.removeFirst(alarm.statusChanges.count - 1) }
        return long.map(\.key)
    }

    /// Removes the alarms for which `isWanted` holds, and returns them.
    package mutating func purge(where isWanted: (Alarm) -> Bool) -> [AlarmKey] {
        let gone = alarms.values.filter(isWanted).map(\.key)
        for key in gone { alarms[key] = nil }
        return gone
    }
}

// MARK: - Storing

extension Alarm {
    /// JSON; the same alarm gives the same bytes.
    package func encode() -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Strings and integers only: encoding cannot fail.
        return (try? encoder.encode(self)).map(Array.init) ?? []
    }

    /// Nil if the bytes are not what `encode` gives.
    package init?(decoding bytes: [UInt8]) {
        guard let alarm = try? JSONDecoder().decode(Alarm.self, from: Data(bytes)), !alarm.statusChanges.isEmpty
        else { return nil }
        self = alarm
    }
}

extension EventTime {
    fileprivate func after(_ other: EventTime) -> EventTime {
        EventTime(microseconds: max(microseconds, other.microseconds + 1))
    }
}
