import Basics
import ConfigDatabase
import Events
import Synchronization

/// The alarm list as it is kept: durable, and announced to the sessions as it changes.
package final class AlarmKeeper: Sendable {
    private static let databaseKey = "alarms"

    private let list: Mutex<AlarmList>
    private let database: ConfigurationDatabase
    private let clock: WallClock
    private let listener = Mutex<@Sendable (String, String) -> Void>({ _, _ in })

    init(_ database: ConfigurationDatabase, clock: WallClock) {
        self.database = database
        self.clock = clock
        list = Mutex(database.operational(Self.databaseKey).flatMap { AlarmList(decoding: $0) } ?? AlarmList())
    }

    /// Who is told type and text of each new alarm.
    func announce(to tell: @escaping @Sendable (String, String) -> Void) { listener.withLock { $0 = tell } }

    var all: [Alarm] { list.withLock { $0.all } }

    func raise(_ type: AlarmType, device: String, text: String, severity: AlarmSeverity? = nil) {
        let key = Self.key(type, device)
        let time = EventTime(microseconds: clock.now())
        let change = list.withLock { list in
            list.raise(key, severity ?? type.severity, text, at: time).map { ($0, list.encode()) }
        }
        guard let (alarm, bytes) = change else { return }
        try? database.setOperationalUnsynced([OperationalChange(Self.databaseKey, bytes)])
        listener.withLock { $0 }(alarm.key.type, alarm.lastAlarmText)
    }

    func clear(_ type: AlarmType, device: String) {
        let key = Self.key(type, device)
        let time = EventTime(microseconds: clock.now())
        let bytes = list.withLock { list in list.clear(key, at: time).map { _ in list.encode() } }
        guard let bytes else { return }
        try? database.setOperationalUnsynced([OperationalChange(Self.databaseKey, bytes)])
    }

    private static func key(_ type: AlarmType, _ device: String) -> AlarmKey {
        AlarmKey(
            device: device, type: type.rawValue, managedObject: "/devices/device[name='\(device)']", specificProblem: ""
        )
    }
}
