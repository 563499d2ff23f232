import Basics
import ControlProtocol
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
        let store = PackageStore(
            directory: configuration.stateDirectory + "/store", links: configuration.loadPath[0], verify: verify)
        self.store = store
        // What was valid when it was installed is still the same package when a certificate has expired.
        let accept: @Sendable (String) throws -> AcceptedBundle = { path in
            let now = Self.date(clock)
            let time = store.installTime(of: path) ?? now
            let bundle = try TrustStore(directory: trust).verify(UnverifiedBundle(path: path), at: time)
            let expired = bundle.certificates.filter { $0.notAfter < now }
            return AcceptedBundle(
                bundle,
                warnings: expired.map {
                    "\(Self.expiry) the certificate \($0) expired at \($0.notAfter.formatted(.iso8601))"
                })
        }
        generations = GenerationStore(
            directory: configuration.stateDirectory + "/packages-in-use",
            policy: LoadPathPolicy(rawValue: configuration.loadPathPolicy) ?? .require, accept: accept)
        loadPath = LoadPath(configuration.loadPath)
    }

    /// How a warning begins that is an alarm too.
    static let expiry = "signature:"

    private static func date(_ clock: WallClock) -> Date {
        Date(timeIntervalSince1970: Double(clock.now()) / 1_000_000)
    }

    func buildFromLoadPath(_ number: Int) throws {
        try generations.build(number, from: loadPath.sources())
        try generations.seal(number)
    }

    func load(_ number: Int, previous: PackageGeneration?) throws -> PackageGeneration {
        try PackageLoader(moduleDirectory: moduleDirectory, previous: previous, schemas: schemas)
            .load(number, directory: generations.path(number))
    }

    /// Removes what is no longer needed and what a crash left over.
    func removeLeftovers(current: Int) {
        generations.removeOld(current: current, keep: 2)
        store.removeLeftovers()
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

    func remember(_ plan: ActivationPlan) {
        plans.withLock { plans in
            plans.removeAll { $0.digest == plan.digest }
            plans.append((plan.digest, plan.inputs))
            if plans.count > 16 { plans.removeFirst() }
        }
    }

    /// What differs between a plan that was shown and another; nil if it is not known.
    func difference(_ digest: String, _ plan: ActivationPlan) -> [String]? {
        guard let old = plans.withLock({ plans in plans.first { $0.digest == digest }?.inputs }) else { return nil }
        return Set(old.keys).union(plan.inputs.keys).sorted().filter { old[$0] != plan.inputs[$0] }
    }
}
