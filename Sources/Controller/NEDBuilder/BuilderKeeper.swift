import Basics
import ConfigDatabase
import ConfigTree
import ControlProtocol
import Foundation
import NEDRuntime
import PackageManager
import Synchronization
import YANG

/// The projects of drivers that are made of devices' modules (`netconf-ned-builder`): what is known of their modules, and
/// the work on them. One piece of work on a project at a time.
final class BuilderKeeper: Sendable {
    private let projects = Mutex<[BuilderProject.Key: BuilderProject]>([:])
    private let working = NSLock()
    private let database: ConfigurationDatabase
    private let directory: String
    private static let prefix = "ned-builder/"
    private static let outputLimit = 1 << 18

    init(_ database: ConfigurationDatabase, stateDirectory: String) {
        self.database = database
        directory = stateDirectory + "/netconf-ned-builder"
        for key in database.operationalKeys(prefix: Self.prefix) {
            let parts = key.dropFirst(Self.prefix.count).split(separator: "/").map(String.init)
            guard parts.count == 2, let bytes = database.operational(key), let project = BuilderProject(bytes) else {
                continue
            }
            projects.withLock { $0[BuilderProject.Key(family: parts[0], version: parts[1])] = project }
        }
    }

    /// Where the texts of a project's modules are, and where its package is made.
    func cache(_ key: BuilderProject.Key) -> String { "\(directory)/cache/\(key.name)" }
    func package(_ key: BuilderProject.Key) -> String { "\(directory)/\(key.name)" }

    func project(_ key: BuilderProject.Key) -> BuilderProject { projects.withLock { $0[key] } ?? BuilderProject() }

    private func store(_ project: BuilderProject, _ key: BuilderProject.Key) throws(ControlError) {
        projects.withLock { $0[key] = project }
        do {
            try database.setOperational([
                OperationalChange("\(Self.prefix)\(key.family)/\(key.version)", project.encode())
            ])
        } catch {
            throw ControlError(.resource, "the project cannot be stored: \(error)")
        }
    }

    private func alone<Result>(_ work: () throws(ControlError) -> Result) throws(ControlError) -> Result {
        guard working.try() else {
            throw ControlError(.conflict, "the NED builder is at work; try again when that is done")
        }
        defer { working.unlock() }
        return try work()
    }

    private static func failure(_ error: any Error) -> ControlError {
        error as? ControlError ?? ControlError(.resource, "\(error)")
    }

    // MARK: Modules

    /// Reads which modules the device has, and which lie in the directory of texts.
    func fetchList(
        _ key: BuilderProject.Key, _ access: DeviceAccess, overwrite: Bool
    ) throws(ControlError) {
        try alone { () throws(ControlError) in
            var project = overwrite ? BuilderProject() : project(key)
            guard project.modules.isEmpty else {
                throw ControlError(
                    .invalidValue, "the list of modules has been fetched already; give overwrite to fetch it anew")
            }
            var access = access
            access.target.netconf.readsModuleLibrary = true
            do throws(NEDError) {
                project.modules = try access.withSession { (session) throws(NEDError) in
                    guard let session = session as? NETCONFDeviceSession else { throw Self.noNETCONF(access.name) }
                    return try Self.modules(of: session)
                }
            } catch {
                throw ControlError(.device, access.masked(error.operatorText))
            }
            do { try DurableFiles.makeDirectory(cache(key)) } catch { throw Self.failure(error) }
            for index in project.modules.indices { note(&project.modules[index], key) }
            for module in found(key) where !project.modules.contains(where: { $0.fileName == module.fileName }) {
                project.modules.append(module)
            }
            project.modules.sort { ($0.name, $0.revision) < ($1.name, $1.revision) }
            try store(project, key)
        }
    }

    private static func noNETCONF(_ device: String) -> NEDError {
        NEDError(.driver, device: device, "it is no NETCONF device: give it device-type netconf ned-id netconf")
    }

    private static func modules(of session: NETCONFDeviceSession) throws(NEDError) -> [BuilderProject.Module] {
        let namespaces = session.namespaces
        let announced = Dictionary(
            session.announcement.modules.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        return try ModuleFetch(session: session).list().filter { ModuleFetch.isName($0.name) }.map { item in
            var module = BuilderProject.Module(
                name: item.name,
                revision: Self.isRevision(item.revision) ? item.revision : BuilderProject.Module.noRevision)
            module.namespace = namespaces[item.name] ?? ""
            module.features = announced[item.name]?.features ?? []
            return module
        }
    }

    /// A revision is part of a path.
    private static func isRevision(_ text: String) -> Bool { text.wholeMatch(of: /[0-9]{4}-[0-9]{2}-[0-9]{2}/) != nil }

    /// Modules that lie in the directory of texts.
    private func found(_ key: BuilderProject.Key) -> [BuilderProject.Module] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: cache(key))) ?? []
        return names.filter { $0.hasSuffix(".yang") }.compactMap { file in
            let parts = file.dropLast(5).split(separator: "@").map(String.init)
            guard let name = parts.first, ModuleFetch.isName(name) else { return nil }
            let revision = parts.count == 2 && Self.isRevision(parts[1]) ? parts[1] : BuilderProject.Module.noRevision
            var module = BuilderProject.Module(name: name, revision: revision)
            module.location = "LOCAL"
            note(&module, key)
            return module
        }
    }

    /// Whether a module's text is there, and what it imports.
    private func note(_ module: inout BuilderProject.Module, _ key: BuilderProject.Key) {
        let path = "\(cache(key))/\(module.fileName)"
        guard let bytes = try? DurableFiles.read(path, limit: 64 << 20) else { return }
        let text = String(decoding: bytes, as: UTF8.self)
        module.isDownloaded = true
        module.fault = nil
        module.imports = ModuleFetch.needed(text)
        if module.namespace.isEmpty, let match = text.firstMatch(of: /namespace\s+"?([^";\s]+)/) {
            module.namespace = String(match.output.1)
        }
    }

    /// Puts a module and what it needs into the driver, or takes it out; fetches texts that are not there.
    func select(
        _ isSelected: Bool, _ name: String, _ revision: String, _ key: BuilderProject.Key,
        access: () throws(ControlError) -> DeviceAccess
    ) throws(ControlError) {
        try alone { () throws(ControlError) in
            var project = project(key)
            guard let index = project.modules.firstIndex(where: { $0.name == name && $0.revision == revision }) else {
                throw ControlError(.notFound, "there is no module \(name) \(revision)")
            }
            guard isSelected else {
                project.modules[index].isSelected = false
                return try store(project, key)
            }
            var pending = [index]
            while let next = pending.popLast() {
                guard !project.modules[next].isSelected || !project.modules[next].isDownloaded else { continue }
                project.modules[next].isSelected = true
                if !project.modules[next].isDownloaded { try download(&project.modules[next], key, access()) }
                // What the installation has is there without the device.
                guard project.modules[next].isDownloaded else { continue }
                for name in project.modules[next].imports {
                    pending += project.modules.indices.filter {
                        project.modules[$0].name == name && !project.modules[$0].isSelected
                    }.prefix(1)
                }
            }
            try store(project, key)
        }
    }

    private func download(
        _ module: inout BuilderProject.Module, _ key: BuilderProject.Key, _ access: DeviceAccess
    ) throws(ControlError) {
        let (name, revision) = (module.name, module.revision)
        do throws(NEDError) {
            let text = try access.withSession { (session) throws(NEDError) in
                guard let session = session as? NETCONFDeviceSession else { throw Self.noNETCONF(access.name) }
                return try session.schemaText(
                    name, revision: revision == BuilderProject.Module.noRevision ? "" : revision)
            }
            do {
                try DurableFiles.makeDirectory(cache(key))
                try DurableFiles.write("\(cache(key))/\(module.fileName)", Array(text.utf8), mode: 0o644)
            } catch { throw NEDError(.driver, device: access.name, "\(error)") }
            note(&module, key)
        } catch {
            guard error.code == .refused else { throw ControlError(.device, access.masked(error.operatorText)) }
            module.fault = access.masked(error.message)
        }
    }

    // MARK: Packages

    /// Writes the sources of the package.
    func write(_ key: BuilderProject.Key, vendor: String, to target: String) throws(ControlError) {
        let selected = project(key).modules.filter(\.isSelected)
        guard !selected.isEmpty else {
            throw ControlError(.invalidValue, "no module is selected; select some with module NAME REVISION select")
        }
        if let missing = selected.first(where: { !$0.isDownloaded }) {
            throw ControlError(
                .invalidValue,
                "the text of module \(missing.name) is not there; put it into \(cache(key)), or deselect the module")
        }
        let texts = "\(directory)/texts-\(key.name)"
        do {
            try DurableFiles.removeTree(texts)
            try DurableFiles.makeDirectory(texts)
            defer { try? DurableFiles.removeTree(texts) }
            for module in selected {
                let bytes = try DurableFiles.read("\(cache(key))/\(module.fileName)", limit: 64 << 20)
                try DurableFiles.write("\(texts)/\(module.name).yang", bytes, mode: 0o644)
            }
            try NETCONFDriverPackage.write(
                family: key.family, version: key.version, vendor: vendor, modules: texts, to: target)
        } catch { throw Self.failure(error) }
    }

    /// Makes the package of the selected modules. Throws if the compiler refuses them; what it said is kept.
    func build(
        _ key: BuilderProject.Key, vendor: String, date: String, progress: @escaping @Sendable (String) -> Void
    ) throws(ControlError) {
        try alone { () throws(ControlError) in
            let target = package(key)
            do { try DurableFiles.removeTree(target) } catch { throw Self.failure(error) }
            try write(key, vendor: vendor, to: target)
            let lines = Mutex<[String]>([])
            var failure: (any Error)?
            do {
                _ = try PackageBuilder(
                    environment: ProcessInfo.processInfo.environment, compile: nil,
                    progress: { line in lines.withLock { $0.append(line) } }
                ).build(target, output: target + ".tar.gz")
            } catch { failure = error }
            var project = project(key)
            let output = lines.withLock { $0 }
            project.buildStatus = failure == nil ? "success" : "error"
            project.buildDate = date
            project.output = failure == nil ? "" : String(output.joined(separator: "\n").suffix(Self.outputLimit))
            Self.sort(output, into: &project)
            try store(project, key)
            if let failure {
                let first = project.modules.lazy.compactMap { module in
                    module.errors.first.map { " (\(module.name): \($0))" }
                }.first
                throw ControlError(.invalidValue, "Failed to compile NED bundle" + (first ?? ": \(failure)"))
            }
        }
    }

    /// What a compiler said of each module.
    private static func sort(_ lines: [String], into project: inout BuilderProject) {
        for index in project.modules.indices {
            project.modules[index].errors = []
            project.modules[index].warnings = []
        }
        for line in lines {
            guard let match = line.firstMatch(of: /([A-Za-z0-9_.\-]+)\.yang:(\d+)(?::\d+)?: *(error|warning)?:? *(.*)/),
                let index = project.modules.firstIndex(where: { $0.isSelected && $0.name == match.output.1 })
            else { continue }
            let text = "at line \(match.output.2): \(match.output.4)"
            if match.output.3 == "warning" {
                project.modules[index].warnings.append(text)
            } else {
                project.modules[index].errors.append(text)
            }
        }
    }

    /// Writes the package that was built as a file of the usual name into a directory; its path.
    func export(_ key: BuilderProject.Key, to place: String) throws(ControlError) -> String {
        guard project(key).buildStatus == "success", DurableFiles.exists(package(key) + ".tar.gz") else {
            throw ControlError(.invalidValue, "the package has not been built; build it with build-ned")
        }
        do {
            let (metaData, _) = try PackageBuilder.metaData(of: package(key))
            let name = PackageFileName(package: metaData.name, version: metaData.version).description
            let bytes = try DurableFiles.read(package(key) + ".tar.gz", limit: 1 << 30)
            try DurableFiles.write("\(place)/\(name)", bytes, mode: 0o644)
            return "\(place)/\(name)"
        } catch { throw Self.failure(error) }
    }

    /// Forgets projects that are no longer configured.
    func retain(_ keys: Set<BuilderProject.Key>) {
        let gone = projects.withLock { projects in
            let gone = projects.keys.filter { !keys.contains($0) }
            for key in gone { projects[key] = nil }
            return gone
        }
        for key in gone {
            try? database.setOperational([OperationalChange("\(Self.prefix)\(key.family)/\(key.version)", nil)])
            try? DurableFiles.removeTree(cache(key))
            try? DurableFiles.removeTree(package(key))
        }
    }
}
