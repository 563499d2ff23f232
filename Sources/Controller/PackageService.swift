import Basics
import Foundation
import PackageManager
import PackageSigning

/// Packages as the controller uses them: load path, private copies, store and trust, by the configuration in force.
package struct PackageService: Sendable {
    let generations: GenerationStore
    let loadPath: LoadPath
    let store: PackageStore
    private let moduleDirectory: String

    init(configuration: SystemConfiguration, moduleDirectory: String, clock: WallClock) {
        self.moduleDirectory = moduleDirectory
        let trust = configuration.trustDirectory
        let verify: @Sendable (String) throws -> VerifiedBundle = { path in
            let now = Date(timeIntervalSince1970: Double(clock.now()) / 1_000_000)
            return try TrustStore(directory: trust).verify(UnverifiedBundle(path: path), at: now)
        }
        generations = GenerationStore(
            directory: configuration.stateDirectory + "/packages-in-use", policy: configuration.loadPathPolicy,
            verify: verify)
        loadPath = LoadPath(configuration.loadPath)
        store = PackageStore(
            directory: configuration.stateDirectory + "/store", links: configuration.loadPath[0], verify: verify)
    }

    func buildFromLoadPath(_ number: Int) throws -> [PackageCopyFault] {
        try generations.build(number, from: loadPath.sources())
    }

    func load(
        _ number: Int, previous: PackageGeneration?, copyFaults: [PackageCopyFault] = []
    ) throws -> PackageGeneration {
        var loader = PackageLoader(moduleDirectory: moduleDirectory, previous: previous)
        loader.copyFaults = copyFaults
        return try loader.load(number, directory: generations.path(number))
    }
}
