import Basics
import ConfigDatabase
import Events
import Synchronization

/// The alarm list as it is kept: durable, and announced to the sessions as it changes.
///
/// Each alarm is a value of its own in the database, so that a change costs what one alarm costs.
package final class AlarmKeeper: Sendable {
    private static let prefix = "alarm/"

    private let list: BargingMutex<AlarmList>
    private let database: ConfigurationDatabase
    private let clock: WallClock
    private let hooks = Mutex(Hooks())

    private struct Hooks: Sendable {
        var announce: @Sendable (Alarm) -> Void = { _ in }
        var limit: @Sendable () -> Int? = { nil }
    }

    init(_ database: ConfigurationDatabase, clock: WallClock) {
        self.database = database
        self.clock = clock
        let stored = database.operationalKeys(prefix: Self.prefix).compactMap { database.operational($0) }
        list = BargingMutex(AlarmList(stored.compactMap { Alarm(decoding: $0) }))
    }

    /// - Parameters:
    ///   - tell: told each alarm that began or changed; not those that ended.
    ///   - limit: how many changes of state an alarm remembers; nil: as many as the list itself says.
    func connect(limit: @escaping @Sendable () -> Int?, announce tell: @escaping @Sendable (Alarm) -> Void) {
        hooks.withLock { $0 = Hooks(announce: tell, limit: limit) }
    }

    var all: [Alarm] { list.withLock { $0.all } }
    private var now: EventTime { EventTime(microseconds: clock.now()) }

    // MARK: Raising and clearing

    func raise(
        _ type: AlarmType, device: String, problem: String = "", text: String, severity: AlarmSeverity? = nil
    ) {
        let key = Self.key(type, device, problem)
        let hooks = hooks.withLock { $0 }
        let limit = hooks.limit()
        let raised = list.withLock { list in
            if let limit { list.statusChangeLimit = limit }
            let alarm = list.raise(key, severity ?? type.severity, text, at: now)
            if alarm != nil { store(key, list[key]) }
            return alarm
        }
        if let raised { hooks.announce(raised) }
    }

    func clear(_ type: AlarmType, device: String, problem: String = "") { clear(Self.key(type, device, problem)) }

    /// Clears the alarms of a type at a device, whatever their specific problem.
    func clearAll(_ type: AlarmType, device: String) {
        for alarm in all where alarm.key.device == device && alarm.key.type == type.rawValue { clear(alarm.key) }
    }

    private func clear(_ key: AlarmKey) {
        list.withLock { list in
            if list.clear(key, at: now) != nil { store(key, list[key]) }
        }
    }

    // MARK: What operators do

    /// False if there is no such alarm.
    func handle(_ key: AlarmKey, _ state: Alarm.HandlingState, user: String, _ description: String) -> Bool {
        list.withLock { list in
            let isThere = list.handle(key, state, user: user, description, at: now)
            if isThere { store(key, list[key]) }
            return isThere
        }
    }

    /// Keeps only the last change of each alarm; returns how many alarms became shorter.
    func compress() -> Int {
        list.withLock { list in
            let changed = list.compress()
            for key in changed { store(key, list[key]) }
            return changed.count
        }
    }

    /// Removes the alarms for which `isWanted` holds; returns how many.
    func purge(where isWanted: (Alarm, EventTime) -> Bool) -> Int {
        let time = now
        return list.withLock { list in
            let gone = list.purge { isWanted($0, time) }
            for key in gone { store(key, nil) }
            return gone.count
        }
    }

    // MARK: Storing

    /// Stored in the order of the changes: called with the list locked. It need not survive a crash of this moment: what
    /// is faulty is found faulty again.
    private func store(_ key: AlarmKey, _ alarm: Alarm?) {
        let name = Self.prefix + [key.device, key.type, key.managedObject, key.specificProblem].joined(separator: "|")
        try? database.setOperationalUnsynced([OperationalChange(name, alarm?.encode())])
    }

    /// - Parameter device: for what is no device's, `ncs`; for what concerns a package, its name.
    private static func key(_ type: AlarmType, _ device: String, _ problem: String) -> AlarmKey {
        if type == .packageLoadFailure {
            return AlarmKey(
                device: "ncs", type: type.rawValue, managedObject: "/packages/package[name='\(device)']",
                specificProblem: problem)
        }
        let object = device == "ncs" ? "/ncs" : "/devices/device[name='\(device)']"
        return AlarmKey(device: device, type: type.rawValue, managedObject: object, specificProblem: problem)
    }
}
