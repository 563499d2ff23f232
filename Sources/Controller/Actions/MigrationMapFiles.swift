import Basics
import ConfigTree
import ControlProtocol
import Foundation
import Migration
import NEDRuntime
import PackageManager

/// The migration maps of packages: `migration/*.map` in the package that data goes to.
enum MigrationMapFiles {
    private static let limit = 1 << 20

    /// The map from one driver to another, over both their models. Throws `.validation` with every fault.
    static func map(from old: Driver, to new: Driver, in system: LoadedSystem) throws(ControlError) -> Found {
        let found = find(from: old, to: new, in: system)
        let faults = found.faults
        guard faults.isEmpty else {
            let lines = faults.map(\.description).joined(separator: "\n")
            throw ControlError(
                .validation, "the migration map of package \(new.package) does not fit:\n\(lines)", diagnostics: faults)
        }
        return found
    }

    /// A map, bound to the models that it leads between, and its program.
    struct Found {
        var map: BoundMap?
        /// The map as it was written.
        var source: MigrationMap?
        var program: DataConversion.MapProgram?
        var faults: [Diagnostic] = []

        /// The same map between models of templates.
        func map(from old: DataModel, to new: DataModel) -> BoundMap? {
            source.flatMap { BoundMap.bind($0, from: old.schema, to: new.schema).map }
        }
    }

    /// For the upgrade of a whole generation: each driver's map from its former self, and what stops the upgrade.
    static func upgrade(from current: LoadedSystem, to next: LoadedSystem) -> (
        plans: CarryPlans, programs: [String: DataConversion.MapProgram], faults: [String]
    ) {
        var maps: [ObjectIdentifier: BoundMap] = [:]
        var sources: [(model: DataModel, found: Found)] = []
        var programs: [String: DataConversion.MapProgram] = [:]
        var faults: [String] = []
        for (nedID, driver) in next.drivers.sorted(by: { $0.key < $1.key }) {
            guard let old = current.drivers[nedID], old.model !== driver.model else { continue }
            let found = find(from: old, to: driver, in: next)
            maps[ObjectIdentifier(driver.model)] = found.map
            if found.map != nil { sources.append((driver.model, found)) }
            programs[nedID] = found.program
            faults += found.faults.map(\.description)
        }
        if !faults.isEmpty { faults.insert("The following migration maps do not fit their models:", at: 0) }
        let (known, others) = (maps, sources)
        let plans = CarryPlans { old, new in
            known[ObjectIdentifier(new)]
                ?? others.first { $0.model.knownForTemplates === new }?.found.map(from: old, to: new)
        }
        return (plans, programs, faults)
    }

    private static func find(
        from old: Driver, to new: Driver, in system: LoadedSystem
    ) -> Found {
        guard let package = system.generation.package(new.package) else { return Found() }
        let folder = package.directory + "/migration"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        var faults: [Diagnostic] = []
        var maps: [MigrationMap] = []
        for name in names.sorted() where name.hasSuffix(".map") {
            do {
                let read = MigrationMap.read(
                    try DurableFiles.read("\(folder)/\(name)", limit: limit), path: "migration/\(name)")
                maps += read.maps
                faults += read.faults
            } catch {
                faults.append(.error("cannot be read: \(error)", place: SourcePlace(file: "migration/\(name)")))
            }
        }
        let fitting = maps.filter { $0.isFor(old.nedID) }
        if fitting.count > 1 {
            faults.append(
                .error(
                    "there are two migration maps for data of \(old.shortID)",
                    remedy: "make one of them, or name their origins with 'from'", place: fitting[1].place))
        }
        faults += fitting.first?.programFaults(in: package.directory) ?? []
        guard faults.isEmpty, let map = fitting.first else { return Found(faults: faults) }
        let bound = BoundMap.bind(map, from: old.model.schema, to: new.model.schema)
        let program = map.program.map { program in
            DataConversion.MapProgram(program: program, package: package, from: old.shortID, to: new.shortID)
        }
        return Found(map: bound.map, source: map, program: program, faults: bound.faults)
    }
}
