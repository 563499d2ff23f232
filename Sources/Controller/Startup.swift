package import Basics
import ConfigDatabase
import ConfigTree
import ControlProtocol
import Events
import Foundation
import NEDKit
import PackageManager
import PackageSigning
import Secrets
import Synchronization
import Transactions
package import YANG

/// Why the daemon could not start: the exit status that the field's scripts know, and a sentence.
package struct StartupError: Error, Sendable, CustomStringConvertible {
    /// 10 faulty init file, 11 database of another kind, 13 upgrade failed, 14 upgrade left data that its own models do not
    /// take, 15 database damaged, 16 file error, 20 cannot listen, 21 faulty configuration file, 22 faulty installation.
    package var exitStatus: Int32
    package var description: String

    package init(_ exitStatus: Int32, _ description: String) {
        self.exitStatus = exitStatus
        self.description = description
    }
}

/// Brings a controller up: packages, database, recovery. What the log says decides which packages are in force.
package struct Startup {
    private let configuration: SystemConfiguration
    private let moduleDirectory: String
    private let logs: SystemLogs
    private let clock: WallClock
    private let host: String
    private let builder: any SchemaBuilder

    /// - Parameter builder: what compiles models: the daemon does it in child processes, tests in their own.
    package init(
        configuration: SystemConfiguration, installation: String, logs: SystemLogs, host: String, clock: WallClock,
        builder: any SchemaBuilder = DirectSchemaBuilder()
    ) {
        self.builder = builder
        self.configuration = configuration
        self.logs = logs
        self.clock = clock
        self.host = host
        moduleDirectory = installation + "/src/ncs/yang"
    }

    /// What the log holds: the latest activation, and the changes since the latest snapshot.
    private final class Replayed {
        var anchor: LogAnchor?
        var snapshots: [StoredSnapshot] = []
        var activation: ActivationRecord?
        /// Where the latest activation is in the log.
        var activated: LogPosition?
        var changes: [ArraySlice<UInt8>] = []
        /// The records after the latest snapshot, and their bytes.
        var tail = (records: 0, bytes: 0)
        var plan = RecoveryPlan()
        var number: Int64 = 0
        let history = CommitHistory()

        /// The packages in force, as the log says or the snapshot that it begins with.
        var inForce: (generation: Int, digest: String)? {
            if let activation { return (activation.generation, activation.digest) }
            return (anchor?.manifest).flatMap { SnapshotManifest($0) }.map { ($0.generation, $0.generationDigest) }
        }

        /// From what the configuration can be made, the least work first.
        var bases: [StoredConfiguration.Base] {
            var bases = snapshots.filter { $0.position.number > activated?.number ?? 0 }
                .map { StoredConfiguration.Base(position: $0.position, content: .snapshot($0.manifest)) }
            if let activation, let activated {
                bases.append(StoredConfiguration.Base(position: activated, content: .activation(activation)))
            } else if let anchor, let manifest = SnapshotManifest(anchor.manifest) {
                bases.append(StoredConfiguration.Base(position: anchor.position, content: .snapshot(manifest)))
            }
            return bases
        }
    }

    package func start() throws(StartupError) -> NetworkController {
        let strays = ProgramStrays.end(owner: ProgramHost.owner(configuration))
        if strays > 0 { logs.develop(.warning, "ended \(strays) programs of packages that an earlier daemon left") }
        let replayed = Replayed()
        let database = try openDatabase(replayed)
        let packages = packageService()
        let number = try generationNumber(replayed, packages)
        let generation = try load(number, packages)
        try requireUnchanged(generation, replayed.inForce?.digest)
        let programs = ProgramHost(configuration, host: host, clock: clock)
        let system = LoadedSystem.make(generation, previous: nil, programs: programs)
        let secrets = try secretHandling(database)
        let tree = try data(replayed, system, database, secrets)
        try noteKeys(secrets, database)
        replayed.history.open(database)
        let alarms = AlarmKeeper(database, clock: clock)
        report(system.generation, alarms)
        let devices = DeviceManager(
            database: database, secrets: secrets, alarms: alarms, logDirectory: configuration.logDirectory, host: host,
            clock: clock)
        let doubts = try recover(replayed, database)
        let recovery = RecoveryHook()
        let agent = DeviceRecoveryAgent(
            access: { (name) throws(ControlError) in try recovery.controller?.recoveryAccess(name) }, secrets: secrets,
            devices: devices)
        let controller = NetworkController(
            ControllerParts(
                tree: tree, system: system, number: database.head.number, database: database, doubts: doubts,
                retrier: InDoubtRetrier(log: database, agent: agent, doubts: doubts, limit: 32), devices: devices,
                secrets: secrets, alarms: alarms, logs: logs, programs: programs, configuration: configuration,
                packages: packages,
                history: replayed.history, rollbackFiles: rollbackFiles(secrets),
                storage: storageKeeper(database, replayed, alarms), host: host, clock: clock))
        recovery.set(controller)
        do { try controller.confirmed.forgetUnlessChanged(since: replayed.history.commits.first?.transaction) } catch {
            throw StartupError(16, error.message)
        }
        controller.startRollbackFiles()
        controller.startTicking()
        controller.startQueue()
        do { try controller.callHome.start(controller) } catch {
            throw StartupError(22, "netconf-call-home: \(error)")
        }
        controller.storage.check()
        packages.removeLeftovers(current: number)
        noteLoaded(system.generation, packages)
        FreedMemory.giveBack()
        return controller
    }

    private func noteLoaded(_ generation: PackageGeneration, _ packages: PackageService) {
        do { try packages.noteLoaded(generation, Date(timeIntervalSince1970: Double(clock.now()) / 1e6)) } catch {
            logs.develop(.error, "what is loaded could not be written down: \(error)")
        }
    }

    private func rollbackFiles(_ secrets: SecretHandling) -> RollbackFiles? {
        guard configuration.rollback.isEnabled else { return nil }
        return RollbackFiles(
            directory: configuration.rollback.directory, historySize: configuration.rollback.historySize, host: host,
            resealed: { secrets.store.resealed(text: $0) },
            report: { [logs] in logs.develop(.error, $0) })
    }

    private func storageKeeper(
        _ database: ConfigurationDatabase, _ replayed: Replayed, _ alarms: AlarmKeeper
    ) -> StorageKeeper {
        StorageKeeper(
            database, history: replayed.history, policy: configuration.compaction,
            historySize: configuration.rollback.historySize, found: replayed.tail,
            report: { [logs] in $0.tell(logs, alarms) })
    }

    // MARK: Database

    private func openDatabase(_ replayed: Replayed) throws(StartupError) -> ConfigurationDatabase {
        do {
            try DurableFiles.makeDirectory(configuration.databaseDirectory, mode: 0o700)
            return try ConfigurationDatabase(directory: configuration.databaseDirectory) { step in
                switch step {
                case .anchor(let anchor):
                    replayed.anchor = anchor
                    guard !anchor.manifest.isEmpty else { return }
                    try Self.begin(replayed, anchor)
                case .snapshots(let snapshots): replayed.snapshots = snapshots
                case .record(let record): try Self.add(record, to: replayed)
                }
            }
        } catch let fault as DatabaseFault {
            logs.note(.databaseStartFailed(reason: fault.description))
            throw StartupError(Self.exitStatus(of: fault), "\(fault)")
        } catch {
            logs.note(.databaseStartFailed(reason: "\(error)"))
            throw Self.startupError(error)
        }
    }

    private static func startupError(_ error: any Error) -> StartupError {
        switch error {
        case let error as StartupError: return error
        case let error as FileError:
            return StartupError([EACCES, EPERM].contains(error.errno) ? 22 : 16, "\(error)")
        default:
            // The bytes are those that were written, but nobody can make anything of them.
            return StartupError(15, "a record of the database cannot be understood: \(error)")
        }
    }

    private static func begin(_ replayed: Replayed, _ anchor: LogAnchor) throws {
        guard let manifest = SnapshotManifest(anchor.manifest) else {
            throw StartupError(15, "the row that names the first snapshot of the database is damaged")
        }
        replayed.history.begin(after: manifest.commits)
    }

    /// The field's numbers for a database that cannot be used.
    static func exitStatus(of fault: DatabaseFault) -> Int32 {
        switch fault.code {
        case .damaged, .missing: 15
        case .foreign, .newer: 11
        case .permission: 22
        case .inUse: 20
        case .noSpace, .readOnly, .inputOutput, .outcomeUnknown, .tooLarge, .closed: 16
        }
    }

    private static func add(_ record: LogRecord, to replayed: Replayed) throws {
        replayed.number = record.number
        let changes = try replayed.history.replay(record)
        if let kind = record.transactionKind {
            try replayed.plan.add(kind, number: record.number, payload: record.payload)
        }
        if record.kind == .activation {
            replayed.activation = try ActivationRecord(record.payload)
            replayed.activated = record.position
            replayed.changes = []
            replayed.tail = (0, 0)
            return
        }
        // The snapshot has what comes before; should it turn out to be damaged, the log is read again.
        guard record.number > replayed.snapshots.first?.position.number ?? 0 else { return }
        replayed.tail.records += 1
        replayed.tail.bytes += record.payload.count
        if let changes { replayed.changes.append(changes) }
    }

    private func secretHandling(_ database: ConfigurationDatabase) throws(StartupError) -> SecretHandling {
        let named = database.operational(NetworkController.activeKeyName).map { String(decoding: $0, as: UTF8.self) }
        do {
            return SecretHandling(
                store: try SecretStore(
                    keyFile: configuration.keyFile, mayCreate: database.isNew, source: configuration.keySource,
                    active: named.flatMap { KeyIdentity($0) }))
        } catch {
            throw StartupError(22, error.description)
        }
    }

    /// From now on the database says which keys are in use.
    private func noteKeys(
        _ secrets: SecretHandling, _ database: ConfigurationDatabase
    ) throws(StartupError) {
        let name = Array(secrets.store.active.description.utf8)
        guard database.operational(NetworkController.activeKeyName) != name else { return }
        do {
            try database.setOperational([OperationalChange(NetworkController.activeKeyName, name)])
        } catch {
            throw StartupError(16, "\(error)")
        }
    }

    // MARK: Packages

    private func packageService() -> PackageService {
        PackageService(
            configuration: configuration, moduleDirectory: moduleDirectory, clock: clock, builder: builder)
    }

    /// The generation that the log says is in force; for an empty database, a first one made from the load path.
    private func generationNumber(_ replayed: Replayed, _ packages: PackageService) throws(StartupError) -> Int {
        if let (generation, _) = replayed.inForce {
            guard DurableFiles.exists(packages.generations.path(generation)) else {
                throw StartupError(
                    13,
                    "\(packages.generations.path(generation)): the packages in use are gone; restore the "
                        + "directory from a backup, or start from an empty database")
            }
            return generation
        }
        do {
            try packages.buildFromLoadPath(1, logs)
            return 1
        } catch {
            throw StartupError(16, "\(error)")
        }
    }

    private func load(_ number: Int, _ packages: PackageService) throws(StartupError) -> PackageGeneration {
        do {
            return try packages.load(number, previous: nil)
        } catch {
            throw StartupError(22, "the data models cannot be loaded: \(error)")
        }
    }

    /// That the private copies are still those that the log put in force. Where only signed packages are loaded, others
    /// are not started; elsewhere it is noted.
    private func requireUnchanged(
        _ generation: PackageGeneration, _ digest: String?
    ) throws(StartupError) {
        guard let digest, digest != generation.digest else { return }
        let what =
            "\(configuration.stateDirectory)/packages-in-use/\(generation.number): the packages in use were changed"
        guard configuration.loadPathPolicy == "require" else { return logs.develop(.warning, what + " by hand") }
        throw StartupError(13, what + " since they were verified; restore the directory from a backup")
    }

    private func report(_ generation: PackageGeneration, _ alarms: AlarmKeeper) {
        for package in generation.packages { package.report(to: logs, alarms) }
    }

    // MARK: Data

    private func data(
        _ replayed: Replayed, _ system: LoadedSystem, _ database: ConfigurationDatabase, _ secrets: SecretHandling
    ) throws(StartupError) -> DataTree {
        guard replayed.inForce != nil else {
            return try initialise(system, database, secrets, replayed.history)
        }
        let stored = StoredConfiguration(database: database, model: system.model) { [logs] in logs.develop(.error, $0) }
        let bases = replayed.bases
        defer { replayed.changes = [] }
        return try stored.tree(bases, changes: replayed.changes)
    }

    /// Fills an empty database from `ncs-cdb/*.xml`, in order of their names.
    private func initialise(
        _ system: LoadedSystem, _ database: ConfigurationDatabase, _ secrets: SecretHandling,
        _ history: CommitHistory
    ) throws(StartupError) -> DataTree {
        var tree = DataTree(system.model)
        let directory = configuration.databaseDirectory
        let files = ((try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []).sorted()
        for file in files where file.hasSuffix(".xml") {
            let path = directory + "/" + file
            logs.note(.loadingInitialData(file: path))
            tree = tree.merging(try initialData(path, system, tree, secrets))
        }
        let faults = Validator(system.model).violations(in: tree).filter { $0.severity == .error }
        guard faults.isEmpty else {
            throw StartupError(
                10,
                "the init files in \(directory) make no valid configuration:\n"
                    + faults.prefix(20).map(\.description).joined(separator: "\n"))
        }
        let activation = ActivationRecord(
            generation: system.generation.number, digest: system.generation.digest, user: "system", data: ChangeSet())
        let first = CommitRecord(
            user: "system", context: "system", label: "init",
            changes: ChangeSet(DataTree(system.model).diff(to: tree), packing: .all))
        do {
            let written = try database.append([
                LogEntry(kind: .activation, time: clock.now(), payload: activation.encode()),
                LogEntry(kind: .initialise, time: clock.now(), payload: first.encode()),
            ])
            for record in written { try history.replay(record) }
        } catch {
            throw StartupError(16, "\(error)")
        }
        return tree
    }

    private func initialData(
        _ path: String, _ system: LoadedSystem, _ tree: DataTree, _ secrets: SecretHandling
    ) throws(StartupError) -> DataTree {
        do {
            let bytes = try DurableFiles.read(path)
            let decoded = XMLDataDecoder.tree(
                bytes, file: path, model: system.model, options: DecodeOptions(.strict, base: tree))
            return try secrets.sealed(try decoded.get(), like: nil)
        } catch {
            logs.note(.databaseStartFailed(reason: "\(error)"))
            throw StartupError(10, "\(error)")
        }
    }

    private func recover(
        _ replayed: Replayed, _ database: ConfigurationDatabase
    ) throws(StartupError) -> InDoubtList {
        if !replayed.plan.isEmpty {
            let open = replayed.plan.undo + replayed.plan.redo + replayed.plan.inDoubt
            logs.note(.recovery(transactions: Set(open.map(\.transaction)).count, participants: open.count))
        }
        do {
            return try replayed.plan.start(log: database, time: clock.now())
        } catch {
            throw StartupError(16, error.reason)
        }
    }
}

/// The controller that recovery works for, which is made after it.
private final class RecoveryHook: Sendable {
    private struct Reference: Sendable {
        weak var controller: NetworkController?
    }

    private let reference = Mutex(Reference())

    var controller: NetworkController? { reference.withLock { $0.controller } }
    func set(_ controller: NetworkController) { reference.withLock { $0.controller = controller } }
}
