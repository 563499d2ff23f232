package import Basics
import ConfigDatabase
import ConfigTree
import ControlProtocol
import Events
import Foundation
import PackageManager
import PackageSigning
import Secrets
import Synchronization
import Transactions
package import YANG

/// Why the daemon could not start: the exit status that the field's scripts know, and a sentence.
package struct StartupError: Error, Sendable, CustomStringConvertible {
    /// 10 faulty init file, 11 database of another kind, 13 upgrade failed, 15 database damaged, 16 file error,
    /// 20 cannot listen, 21 faulty configuration file, 22 faulty installation.
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

    /// What the log holds: the latest activation, and the changes since.
    private final class Replayed {
        var activation: ActivationRecord?
        var changes: [ChangeSet] = []
        var plan = RecoveryPlan()
        var number: Int64 = 0
        let history = CommitHistory()
    }

    package func start() throws(StartupError) -> NetworkController {
        let replayed = Replayed()
        let database = try openDatabase(replayed)
        let packages = packageService()
        let number = try generationNumber(replayed, packages)
        let generation = try load(number, packages)
        try requireUnchanged(generation, replayed.activation)
        let system = LoadedSystem.make(generation, previous: nil)
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
                secrets: secrets, alarms: alarms, logs: logs, configuration: configuration, packages: packages,
                history: replayed.history, rollbackFiles: rollbackFiles(secrets), host: host,
                clock: clock))
        recovery.set(controller)
        controller.startRollbackFiles()
        controller.startTicking()
        controller.startQueue()
        packages.removeLeftovers(current: number)
        noteLoaded(system.generation, packages)
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

    // MARK: Database

    private func openDatabase(_ replayed: Replayed) throws(StartupError) -> ConfigurationDatabase {
        do {
            try DurableFiles.makeDirectory(configuration.databaseDirectory, mode: 0o700)
            return try ConfigurationDatabase(directory: configuration.databaseDirectory) { step in
                guard case .record(let record) = step else { return }
                try Self.add(record, to: replayed)
            }
        } catch let fault as DatabaseFault {
            logs.note(.databaseStartFailed(reason: fault.description))
            throw StartupError(Self.exitStatus(of: fault), "\(fault)")
        } catch {
            logs.note(.databaseStartFailed(reason: "\(error)"))
            throw StartupError(16, "\(error)")
        }
    }

    /// The field's numbers for a database that cannot be used.
    private static func exitStatus(of fault: DatabaseFault) -> Int32 {
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
        try replayed.history.replay(record)
        if let kind = record.transactionKind {
            try replayed.plan.add(kind, number: record.number, payload: record.payload)
        }
        switch record.kind {
        case .activation:
            replayed.activation = try ActivationRecord(record.payload)
            replayed.changes = []
        case .initialise, .commit: replayed.changes.append(try CommitRecord(record.payload).changes)
        case .decisionCommit:
            guard case .decision(_, let change)? = TransactionPayload(.decisionCommit, record.payload) else { return }
            replayed.changes.append(try CommitRecord(change).changes)
        default: break
        }
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
        if let activation = replayed.activation {
            guard DurableFiles.exists(packages.generations.path(activation.generation)) else {
                throw StartupError(
                    13,
                    "\(packages.generations.path(activation.generation)): the packages in use are gone; restore the "
                        + "directory from a backup, or start from an empty database")
            }
            return activation.generation
        }
        do {
            try packages.buildFromLoadPath(1)
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
        _ generation: PackageGeneration, _ activation: ActivationRecord?
    ) throws(StartupError) {
        guard let activation, activation.digest != generation.digest else { return }
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
        guard let activation = replayed.activation else {
            return try initialise(system, database, secrets, replayed.history)
        }
        var tree = DataTree(system.model)
        do throws(PathError) {
            tree = try tree.applying(activation.data)
            for changes in replayed.changes { tree = try tree.applying(changes) }
            return tree
        } catch {
            throw StartupError(
                13,
                "the stored configuration does not fit the packages in use: \(error); restore the packages that were "
                    + "loaded, or load the configuration from a backup")
        }
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
            changes: ChangeSet(DataTree(system.model).diff(to: tree)))
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
