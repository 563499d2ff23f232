package import Basics
import Foundation
import NEDKit
import YANG

/// The check of a package's migration maps when it is built: their syntax, against the package's own models, and against
/// those that they come from where these can be found.
package struct MapCheck {
    /// The directory of a package whose models are compiled.
    private let package: String
    private let searchPath: [String]

    package init(package: String, searchPath: [String]) {
        self.package = package
        self.searchPath = searchPath
    }

    /// Models that data comes from.
    package struct Origin {
        /// A package, a directory of modules, a module or a `.fxs`.
        package var path: String
        /// The ned-id, by which maps are chosen; nil: for all maps.
        package var nedID: String?

        package init(path: String, nedID: String?) {
            self.path = path
            self.nedID = nedID
        }
    }

    /// Every fault of every map; nothing without maps.
    ///
    /// - Parameter origins: what is to be read besides the packages beside this one that maps name with `from`.
    package func faults(origins: [Origin] = []) throws -> [Diagnostic] {
        let folder = package + "/migration"
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
        var maps: [MigrationMap] = []
        var faults: [Diagnostic] = []
        for name in names where name.hasSuffix(".map") {
            let path = "\(folder)/\(name)"
            let read = MigrationMap.read(try DurableFiles.read(path, limit: 1 << 20), path: path)
            maps += read.maps
            faults += read.faults
        }
        guard !maps.isEmpty else { return faults }
        let (new, unusable) = model(package)
        guard let new else { return faults + unusable }
        var known: [String: (schema: Schema?, faults: [Diagnostic])] = [:]
        var reported: Set<String> = []
        for map in maps {
            let found = origins.filter { $0.nedID.map(map.isFor) ?? true }.map(\.path) + beside(map)
            for path in found where known[path] == nil { known[path] = model(path) }
            let olds = found.compactMap { known[$0] }
            var own = olds.flatMap(\.faults)
            for old in olds.compactMap(\.schema) { own += BoundMap.bind(map, from: old, to: new).faults }
            if olds.isEmpty { own += BoundMap.faults(of: map, to: new) }
            own += map.programFaults(in: package)
            faults += own.filter { reported.insert($0.description).inserted }
        }
        return faults
    }

    /// Other packages in the same directory that have the name of an origin. What this package was before, in place, is
    /// not there.
    private func beside(_ map: MigrationMap) -> [String] {
        let place = URL(fileURLWithPath: package).standardizedFileURL
        let above = place.deletingLastPathComponent().path
        return map.origins.map { $0.split(separator: ":").last.map(String.init) ?? $0 }
            .filter { $0 != place.lastPathComponent }
            .map { "\(above)/\($0)" }
            .filter { DurableFiles.exists($0 + "/package-meta-data.xml") }
    }

    private func model(_ path: String) -> (schema: Schema?, faults: [Diagnostic]) {
        do {
            let model = try ComparedModel(path: path, searchPath: searchPath, isStrict: false) { _ in }
            return (model.schema, [])
        } catch let fault as ComparedModel.Fault {
            return (nil, fault.lines.map { .error($0) })
        } catch {
            return (nil, [.error("\(path): \(error)")])
        }
    }
}

extension MigrationMap {
    /// Why the program cannot be started.
    package func programFaults(in package: String) -> [Diagnostic] {
        guard let program else { return [] }
        do throws(ProgramFileFault) {
            _ = try ProgramFile.path(program.file, below: package)
            return []
        } catch {
            return [.error("the program \(error.description)", place: program.place)]
        }
    }
}
