import Basics
import CLIGrammar
import ConfigDatabase
import ConfigTree
package import ControlProtocol
import Events
import Foundation
import PackageManager
import Secrets
import Synchronization
import Transactions

/// Owns the running configuration and everything that changes it.
///
/// Invariants:
/// - `Head.tree` is what the log says, no more and no less: it is replaced only by `publish`, in the order of the log.
/// - `Head.system` and the model of `Head.tree` change together, in an activation.
/// - No door holds anything of this type but a `ControlSession`.
package final class NetworkController: Sendable {
    struct Head: Sendable {
        var tree: DataTree
        var system: LoadedSystem
        /// Number of the log's record that the tree includes.
        var number: Int64
        /// Who made the latest changes, newest last: to name them in a conflict, and to tell what they leave alone.
        var recent: [RecentChange] = []
    }

    struct RecentChange: Sendable {
        var user: String
        /// The number by which conflicts and progress name it.
        var transaction: Int64
        /// Of its record in the log.
        var number: Int64
        var paths: [String]
        /// What it excluded others from.
        var claim: Claim
    }

    let head: BargingMutex<Head>
    let database: ConfigurationDatabase
    let coordinator: CommitCoordinator
    let doubts: InDoubtList
    let retrier: InDoubtRetrier
    let reservations = Reservations()
    let devices: DeviceManager
    let secrets: SecretHandling
    let alarms: AlarmKeeper
    let queue: CommitQueueKeeper
    let notifications: NotificationKeeper
    let builder: BuilderKeeper
    let logs: SystemLogs
    let programs: ProgramHost
    let configuration: SystemConfiguration
    let packages: PackageService
    let history: CommitHistory
    let rollbackFiles: RollbackFiles?
    let storage: StorageKeeper
    let host: String
    let sessions = SessionRegistry()
    let operational = OperationalRegistry()
    let upgradeGate = UpgradeGate()
    let clock: WallClock
    let runningLock = RunningLock()
    let nextTransaction = Atomic<Int64>(1)
    let confirmed: ConfirmedCommits
    let isGoingBack = Atomic(false)
    let packageConfirmation: PackageConfirmation
    let isReturning = Atomic(false)
    let plans = ShownPlans()
    /// Whether an open session may have values under keys that are no longer in use.
    let hasRotatedKeys = Atomic(false)
    private let stopping = Atomic(false)
    let callHome = CallHomeDoor()

    init(_ parts: ControllerParts) {
        head = BargingMutex(Head(tree: parts.tree, system: parts.system, number: parts.number))
        database = parts.database
        doubts = parts.doubts
        confirmed = ConfirmedCommits(parts.database)
        packageConfirmation = PackageConfirmation(parts.database)
        coordinator = CommitCoordinator(
            log: parts.database, doubts: parts.doubts, limit: parts.configuration.prepareLimit,
            clock: parts.clock.now)
        retrier = parts.retrier
        devices = parts.devices
        secrets = parts.secrets
        alarms = parts.alarms
        queue = CommitQueueKeeper(
            parts.database, alarms: parts.alarms, devices: parts.devices, logs: parts.logs, clock: parts.clock)
        notifications = NotificationKeeper(parts.database, logs: parts.logs, clock: parts.clock)
        builder = BuilderKeeper(parts.database, stateDirectory: parts.configuration.stateDirectory)
        logs = parts.logs
        programs = parts.programs
        configuration = parts.configuration
        packages = parts.packages
        history = parts.history
        rollbackFiles = parts.rollbackFiles
        storage = parts.storage
        host = parts.host
        clock = parts.clock
        alarms.connect(
            limit: { [weak self] in self?.alarmHistoryLimit },
            announce: { [sessions] in sessions.tellAll(.alarm(type: $0.key.type, text: $0.lastAlarmText)) })
        registerOperationalProviders()
        database.watch { [alarms, logs] in Self.report($0, alarms, logs) }
    }

    /// What hinders the database is an alarm until it is over.
    private static func report(_ fault: DatabaseFault?, _ alarms: AlarmKeeper, _ logs: SystemLogs) {
        if let fault {
            logs.develop(.critical, "\(fault)\(fault.cause.map { " (\($0))" } ?? "")")
            alarms.raise(.databaseWriteFailure, device: "ncs", text: fault.description)
        } else {
            logs.develop(.info, "the database can be written again")
            alarms.clear(.databaseWriteFailure, device: "ncs")
        }
    }

    var isStopping: Bool { stopping.load(ordering: .relaxed) }
    var running: DataTree { head.withLock { $0.tree } }

    /// `/alarms/control/max-alarm-status-changes`.
    private var alarmHistoryLimit: Int? {
        running.rootInstance.child("alarms")?.child("control")?.value("max-alarm-status-changes").flatMap { Int($0) }
    }

    var system: LoadedSystem { head.withLock { $0.system } }

    /// Makes a durable change visible. Called in the order of the log; short.
    /// - Parameters:
    ///   - number: of its record in the log.
    ///   - time: of that record.
    func publish(
        _ record: CommitRecord, _ prepared: PreparedCommit, transaction: Int64, number: Int64, time: Int64
    ) {
        let (base, candidate) = (prepared.base, prepared.candidate)
        let commit = history.add(record, transaction: number, time: time)
        let changes = record.changes
        let change = head.withLock { head in
            let before = head.tree
            if head.tree.root === base.root {
                head.tree = candidate
            } else if let grafted = head.tree.grafting(candidate, changedFrom: base) {
                head.tree = grafted
            } else {
                do throws(PathError) {
                    head.tree = try before.applying(changes)
                    before.diff(to: head.tree).takeIndexes(from: before.root, to: head.tree.root)
                } catch {
                    // The log has the change; what reservations exclude has happened all the same.
                    logs.develop(.critical, "transaction \(number) is in the log but not in memory: \(error); restart")
                }
            }
            head.number = number
            head.recent.append(
                RecentChange(
                    user: record.user, transaction: transaction, number: number,
                    paths: changes.items.prefix(10_000).map(\.path),
                    claim: prepared.claim))
            if head.recent.count > 256 { head.recent.removeFirst(128) }
            return CommittedChange(before: before, after: head.tree)
        }
        rollbackFiles?.add(commit, change)
    }

    /// Ends every session and closes the database.
    package func stop() {
        stopping.store(true, ordering: .relaxed)
        callHome.stop()
        queue.stop()
        notifications.stop()
        sessions.closeAll("The system is going down.")
        devices.disconnectAll()
        rollbackFiles?.stop()
        storage.stop()
        database.close()
    }
}

/// What `Startup` hands the controller.
struct ControllerParts {
    var tree: DataTree
    var system: LoadedSystem
    var number: Int64
    var database: ConfigurationDatabase
    var doubts: InDoubtList
    var retrier: InDoubtRetrier
    var devices: DeviceManager
    var secrets: SecretHandling
    var alarms: AlarmKeeper
    var logs: SystemLogs
    var programs: ProgramHost
    var configuration: SystemConfiguration
    var packages: PackageService
    var history: CommitHistory
    var rollbackFiles: RollbackFiles?
    var storage: StorageKeeper
    var host: String
    var clock: WallClock
}

extension NetworkController: ControlService {
    package func openSession(
        _ user: SessionUser, events: @escaping @Sendable (SessionEvent) -> Void
    ) throws(ControlError) -> any ControlSession {
        try upgradeGate.admit()
        let session = sessions.open(user, EventTime(microseconds: clock.now()).yangText, events) {
            ControllerSession(self, user, id: $0)
        }
        let who = LogEvent.AuditUser(user.name, session: session.id)
        logs.audit(.sessionCreated(who, context: user.context, address: user.from, transport: user.proto))
        return session
    }
}
