import Basics
import ControlProtocol
import Events
import Foundation
import PackageManager
import PackageSigning
import Synchronization
import YANG

/// Packages as the controller uses them: load path, private copies, store and trust, by the configuration in force.
package struct PackageService: Sendable {
    let generations: GenerationStore
    let loadPath: LoadPath
    let store: PackageStore
    let ledger: SignerLedger
    private let lockFile: String
    /// How many generations are kept, the one in force among them.
    let kept: Int
    /// A repository of the network, as it is judged here.
    let repository: @Sendable (RepositoryAddress) -> PackageRepository
    let turn = PackageTurn()
    let plans = PlanMemory()
    private let moduleDirectory: String
    private let schemas: SchemaCache

    /// - Parameter builder: what compiles models that are not in the cache.
    init(
        configuration: SystemConfiguration, moduleDirectory: String, clock: WallClock, builder: any SchemaBuilder
    ) {
        self.moduleDirectory = moduleDirectory
        schemas = SchemaCache(directory: configuration.stateDirectory + "/schema-cache", builder: builder)
        let trust = configuration.trustDirectory
        let verify: @Sendable (String) throws -> VerifiedBundle = { path in
            try TrustStore(directory: trust).verify(UnverifiedBundle(path: path), at: Self.date(clock))
        }
        let ledger = SignerLedger(directory: configuration.stateDirectory)
        let store = PackageStore(
            directory: configuration.stateDirectory + "/store", links: configuration.loadPath[0], ledger: ledger,
            verify: verify)
        self.store = store
        self.ledger = ledger
        let (state, indexPolicy) = (configuration.stateDirectory, IndexPolicy(rawValue: configuration.indexPolicy))
        repository = { address in
            PackageRepository(
                address, policy: indexPolicy ?? .require, partial: "\(state)/store/\(PackageStore.partialName)",
                ledger: RepositoryLedger(directory: state), now: { Self.date(clock) },
                verify: { try TrustStore(directory: trust).verify(index: $0, at: Self.date(clock)) })
        }
        kept = configuration.packageGenerations
        lockFile = configuration.stateDirectory + "/" + PackageLock.fileName
        let policy = LoadPathPolicy(rawValue: configuration.loadPathPolicy) ?? .require
        // What was valid when it was installed is still the same package when a certificate has expired.
        let accept: @Sendable (String) throws -> AcceptedBundle = { path in
            let now = Self.date(clock)
            let installed = store.installTime(of: path)
            let bundle = try TrustStore(directory: trust).verify(UnverifiedBundle(path: path), at: installed ?? now)
            var warnings = bundle.certificates.filter { $0.notAfter < now }.map {
                "\(Self.expiry) the certificate \($0) expired at \($0.notAfter.formatted(.iso8601))"
            }
            warnings += bundle.expiredRevocationLists(at: now).map { "\(Self.expiry) \($0)" }
            // What is installed was held against the ledger then, with what was permitted.
            if installed == nil {
                warnings += try Self.judge(bundle, ledger, policy)
                if policy == .require { try bundle.requireCurrentRevocationLists(at: now) }
            }
            return AcceptedBundle(bundle, warnings: warnings)
        }
        generations = GenerationStore(
            directory: configuration.stateDirectory + "/packages-in-use", policy: policy, accept: accept)
        loadPath = LoadPath(configuration.loadPath)
    }

    /// Holds a bundle that lies in the load path without having been installed against the ledger.
    private static func judge(
        _ bundle: VerifiedBundle, _ ledger: SignerLedger, _ policy: LoadPathPolicy
    ) throws -> [String] {
        guard policy != .off else { return [] }
        do {
            try ledger.check(bundle)
            return []
        } catch let error as PackageError where policy == .warn && error.code != .fileUnusable {
            return [error.sentence]
        }
    }

    /// How a warning begins that is an alarm too.
    static let expiry = "signature:"

    private static func date(_ clock: WallClock) -> Date {
        Date(timeIntervalSince1970: Double(clock.now()) / 1_000_000)
    }

    func buildFromLoadPath(_ number: Int, _ logs: SystemLogs) throws {
        try generations.build(number, from: loadPath.sources()) { source, target in
            logs.note(.packageCopying(from: source, to: target))
        }
        try generations.seal(number)
    }

    func load(
        _ number: Int, previous: PackageGeneration?, _ meter: WorkMeter? = nil
    ) throws -> PackageGeneration {
        try PackageLoader(moduleDirectory: moduleDirectory, previous: previous, schemas: schemas, meter: meter)
            .load(number, directory: generations.path(number))
    }

    /// Writes down what is in force: who signed it and in which version, for what comes after; and all of it for people.
    ///
    /// - Parameter date: for a generation whose note is missing.
    func noteLoaded(_ generation: PackageGeneration, _ date: Date) throws {
        try generations.complete(generation.number, GenerationNote(time: date, user: "system", of: generation))
        let signed = generation.packages.compactMap { package in
            package.signer.map { signer in
                SignerLedger.Accepted(package: package.name, version: Version(package.version), signer: signer)
            }
        }
        try ledger.note(signed.filter { !$0.version.description.isEmpty })
        try PackageLock(generation).write(to: lockFile)
    }

    /// What was found of a loaded package: what is wrong, and what else there is to say.
    struct Verification {
        var faults: [String] = []
        var notes: [String] = []
    }

    /// Whether files were changed since the package was loaded, and whether its signature would still be accepted. That
    /// it was deinstalled since, or came back by a rollback, is no fault: its signed file is in the store.
    func verify(_ package: LoadedPackage) -> Verification {
        var found = Verification()
        guard !package.digest.isEmpty else { return Verification(faults: package.errorInfo) }
        do { found.faults += try package.differencesOnDisk() } catch { found.faults.append("\(error)") }
        guard let signer = package.signer else { return found }
        let loaded = loadPath.sources().first { source in
            source.form == .bundle
                && (try? UnverifiedBundle(path: source.path))?.manifest.sha256 == signer.manifestSHA256
        }
        guard let origin = loaded ?? store.signedFile(manifestSHA256: signer.manifestSHA256) else {
            found.faults.append(
                "the signed file that it was loaded from is neither in the load path nor in the store, or damaged; "
                    + "fetch it again with software packages fetch")
            return found
        }
        if loaded == nil { found.notes.append("it is not installed any more; its signed file is in the store") }
        do { found.faults += try generations.warnings(of: origin) } catch { found.faults.append("\(error)") }
        return found
    }

    /// Removes what is no longer needed and what a crash left over.
    func removeLeftovers(current: Int) {
        generations.removeOld(current: current, keep: kept)
        store.removeLeftovers()
        let directory = DurableFiles.parent(of: lockFile)
        let replaced = [PackageLock.fileName, SignerLedger.fileName, RepositoryLedger.fileName]
        for name in (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        where name.hasSuffix(".new") && replaced.contains(where: name.hasPrefix) {
            unlink(directory + "/" + name)
        }
    }
}

/// From plan to end, only one operation on the loaded packages at a time: each builds on what is in force.
final class PackageTurn: Sendable {
    private let owner = Mutex<String?>(nil)

    func take<Result>(for user: String, _ work: () throws(ControlError) -> Result) throws(ControlError) -> Result {
        let other = owner.withLock { owner -> String? in
            if let owner { return owner }
            owner = user
            return nil
        }
        if let other {
            throw ControlError(
                .upgradeInProgress, "\(other) is changing the loaded packages; try again when that is done")
        }
        defer { owner.withLock { $0 = nil } }
        return try work()
    }
}

/// The plans that were shown lately, so that what has moved since can be named.
final class PlanMemory: Sendable {
    private let plans = Mutex<[(digest: String, inputs: [String: String])]>([])

    func remember(_ digest: String, _ inputs: [String: String]) {
        plans.withLock { plans in
            plans.removeAll { $0.digest == digest }
            plans.append((digest, inputs))
            if plans.count > 16 { plans.removeFirst() }
        }
    }

    /// What differs between a plan that was shown and another; nil if it is not known.
    func difference(_ digest: String, _ inputs: [String: String]) -> [String]? {
        guard let old = plans.withLock({ plans in plans.first { $0.digest == digest }?.inputs }) else { return nil }
        return Set(old.keys).union(inputs.keys).sorted().filter { old[$0] != inputs[$0] }
    }
}
