import ConfigTree
import ControlProtocol
import Events
import YANG

/// The actions below `/alarms`.
enum AlarmActions {
    static let handlers: [String: ActionTable.Handler] = [
        "/tailf-ncs-alarms:alarms/alarm-list/alarm/handle-alarm": handle,
        "/tailf-ncs-alarms:alarms/synchronize-alarms": synchronise,
        "/tailf-ncs-alarms:alarms/compress-alarms": compress,
        "/tailf-ncs-alarms:alarms/purge-alarms": purge,
    ]

    static let handle: ActionTable.Handler = { (call, _) throws(ControlError) in
        let keys = call.path.steps.first { $0.node.name == "alarm" }?.keys ?? []
        guard keys.count == 4 else { throw call.invalid("\(call.path): the alarm is missing") }
        guard let state = Alarm.HandlingState(rawValue: try call.required("state")) else {
            throw call.invalid("there is no such state")
        }
        let type = keys[1].split(separator: ":").last.map(String.init) ?? keys[1]
        let key = AlarmKey(device: keys[0], type: type, managedObject: keys[2], specificProblem: keys[3])
        let user = call.session.user.name
        guard call.controller.alarms.handle(key, state, user: user, call.text("description") ?? "") else {
            throw ControlError(.notFound, "there is no such alarm")
        }
    }

    /// Looks again at every device that has an alarm about its connection or its state of synchronisation.
    static let synchronise: ActionTable.Handler = { (call, output) throws(ControlError) in
        let wanted: Set<String> = [AlarmType.connectionFailure.rawValue, AlarmType.outOfSync.rawValue]
        let open = call.controller.alarms.all.filter { !$0.isCleared && wanted.contains($0.key.type) }
        let devices = Set(open.map(\.key.device)).filter { call.controller.running.device($0) != nil }.sorted()
        _ = DeviceWork.inParallel(devices) { DeviceWork.checkSync(call, $0) }
        let left = call.controller.alarms.all.count { alarm in
            !alarm.isCleared && open.contains { $0.key == alarm.key }
        }
        output.put("result", "Cleared \(open.count - left) of \(open.count) alarms")
    }

    static let compress: ActionTable.Handler = { (call, output) throws(ControlError) in
        output.put("result", "Compressed \(call.controller.alarms.compress()) alarms")
    }

    static let purge: ActionTable.Handler = { (call, output) throws(ControlError) in
        let filter = try AlarmFilter(call)
        output.put("purged-alarms", "\(call.controller.alarms.purge { filter.holds($0, at: $1) })")
    }
}

/// Which alarms `purge-alarms` removes: those for which everything given holds.
private struct AlarmFilter {
    var isCleared: Bool?
    /// Not changed for so long, in microseconds.
    var age: Int64?
    /// Numbers of severities, the worst is the smallest.
    var severities: ClosedRange<Int> = 1...6
    var handling: Alarm.HandlingState?
    var handler: String?

    init(_ call: ActionCall) throws(ControlError) {
        switch call.text("alarm-status") ?? "cleared" {
        case "any": isCleared = nil
        case "not-cleared": isCleared = false
        default: isCleared = true
        }
        if let older = call.input.child("older-than"), older.row != nil {
            let units: [(String, Int64)] = [
                ("seconds", 1), ("minutes", 60), ("hours", 3_600), ("days", 86_400), ("weeks", 604_800),
            ]
            for (unit, seconds) in units {
                if let count = older.value(unit).flatMap({ Int64($0) }) { age = count * seconds * 1_000_000 }
            }
        }
        if let severity = call.input.child("severity"), severity.row != nil {
            if let name = severity.value("is") { severities = try Self.number(name)...Self.number(name) }
            if let name = severity.value("above") { severities = 2...max(2, try Self.number(name) - 1) }
            if let name = severity.value("below") { severities = min(6, try Self.number(name) + 1)...6 }
        }
        if let state = call.input.child("alarm-handling-state-filter"), state.row != nil {
            handling = state.value("state").flatMap { Alarm.HandlingState(rawValue: $0) }
            handler = state.value("user")
        }
    }

    private static func number(_ name: String) throws(ControlError) -> Int {
        for number in 2...6 where AlarmSeverity(rawValue: number)?.name == name { return number }
        throw ControlError(.invalidValue, "there is no severity \(name)")
    }

    func holds(_ alarm: Alarm, at time: EventTime) -> Bool {
        if let isCleared, alarm.isCleared != isCleared { return false }
        if let age, time.microseconds - alarm.lastStatusChange.microseconds < age { return false }
        guard severities.contains(alarm.lastPerceivedSeverity.rawValue) else { return false }
        if let handling, (alarm.handling.last?.state ?? .none) != handling { return false }
        if let handler, alarm.handling.last?.user != handler { return false }
        return true
    }
}
