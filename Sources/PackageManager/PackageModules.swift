import Basics
import Crypto
import Foundation
import YANG

/// The YANG texts of a package, sorted by what they are for: the device model, or the system.
struct PackageModules {
    var device: [SchemaCompiler.Source] = []
    var system: [SchemaCompiler.Source] = []
    var annotations: [SchemaCompiler.Source] = []
    /// Texts that the modules refer to: submodules, and modules that the package brings for its own use.
    var library: [SchemaCompiler.Source] = []
    /// Files of recipes: patches to the device model.
    var recipes: [SchemaCompiler.Source] = []
    var searchPath: [String] = []
    /// The revisions of each module of the device model, the newest first; "" is none.
    var revisions: [String: [String]] = [:]
    var warnings: [String] = []

    var systemNames: Set<String> { Set(system.map { SystemModules.moduleName($0.path) }) }

    /// Reads `load-dir/*.fxs`; of a package whose compiled files are not ours, its sources under `src/yang`.
    init(_ package: LoadedPackage, moduleDirectory: String) throws {
        let loadDirectory = package.directory + "/load-dir"
        let sourceDirectory = package.directory + "/src/yang"
        let files = ((try? FileManager.default.contentsOfDirectory(atPath: loadDirectory)) ?? []).sorted()
        var isForeign = false
        for file in files where file.hasSuffix(".fxs") {
            do throws(CompiledModuleError) {
                add(try CompiledModule.read(path: loadDirectory + "/" + file), loadDirectory + "/" + file, package)
            } catch {
                guard error.code == .foreign else { throw error }
                isForeign = true
            }
        }
        guard isForeign else { return }
        guard DurableFiles.exists(sourceDirectory) else {
            throw PackageError(
                .fileUnusable, loadDirectory,
                "its .fxs files were made by another compiler, and the package has no src/yang",
                remedy: "build the package here with make -C src, or get one with its YANG sources")
        }
        warnings.append("the .fxs files were made by another compiler; the models were compiled from src/yang")
        (device, system, annotations, library, recipes, revisions) = ([], [], [], [], [], [:])
        try addSources(sourceDirectory, of: package)
        try addRecipes(package.directory + "/src/recipes")
        revisions = Self.revisions(of: device)
    }

    private mutating func add(_ module: CompiledModule, _ file: String, _ package: LoadedPackage) {
        annotations += module.sources([.annotation], in: file)
        library += module.sources([.submodule, .dependency], in: file)
        for recipe in module.sources([.recipe], in: file) where !recipes.contains(where: { $0.bytes == recipe.bytes }) {
            recipes.append(recipe)
        }
        let isSystem = module.deviceType == nil && Self.isSystemModule(file, imports: module.imports, package)
        let sources = module.sources([.module, .revision, .deviation], in: file)
        if isSystem { return system += sources }
        device += sources
        let own = module.texts.filter { $0.role == .module || $0.role == .revision }.map { $0.revision ?? "" }
        revisions[module.name] = own.sorted(by: >)
    }

    private mutating func addSources(_ directory: String, of package: LoadedPackage) throws {
        searchPath.append(directory)
        for file in try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
        where file.hasSuffix(".yang") {
            let source = SchemaCompiler.Source(
                path: directory + "/" + file, bytes: try DurableFiles.read(directory + "/" + file, limit: 64 << 20))
            let text = String(decoding: source.bytes, as: UTF8.self)
            if text.contains(Self.annotation) {
                annotations.append(source)
            } else if Self.isSystemModule(file, text: text, package) {
                system.append(source)
            } else {
                device.append(source)
            }
        }
    }

    private static func revisions(of sources: [SchemaCompiler.Source]) -> [String: [String]] {
        var result: [String: [String]] = [:]
        for source in sources {
            guard let module = Statement.parse(source.bytes, path: source.path).statements.first,
                module.keyword == .module
            else { continue }
            result[module.text, default: []].append(module.all(.revision).map(\.text).max() ?? "")
        }
        return result.mapValues { $0.sorted(by: >) }
    }

    private mutating func addRecipes(_ directory: String) throws {
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []).sorted()
        for name in names where name.hasSuffix(".recipe") {
            let path = directory + "/" + name
            recipes.append(SchemaCompiler.Source(path: path, bytes: try DurableFiles.read(path, limit: 64 << 20)))
        }
    }

    /// Only modules that annotate others have this statement.
    private static let annotation = ":annotate-module"

    private static func isSystemModule(_ file: String, text: String, _ package: LoadedPackage) -> Bool {
        guard package.metaData?.neds.isEmpty == false else { return true }
        return text.contains(/import\s+"?tailf-ncs(-ned)?"?\s*\{/) || file.hasPrefix("tailf-ned-id-")
    }

    /// Modules of a driver package that belong to our own data, not to the device's: its ned-id, and what augments us.
    private static func isSystemModule(_ file: String, imports: [String], _ package: LoadedPackage) -> Bool {
        guard package.metaData?.neds.isEmpty == false else { return true }
        return imports.contains("tailf-ncs") || imports.contains("tailf-ncs-ned") || file.contains("/tailf-ned-id-")
    }
}

/// The modules of the system model that come with the installation.
enum SystemModules {
    /// What the daemon itself serves; modules that these import are found in the same directory.
    static let ownNames = [
        "tailf-ncs", "tailf-ncs-ned", "tailf-ncs-alarms", "tailf-ncs-monitoring", "tailf-rollback",
        "tailf-key-rotation", "tailf-netconf-ned-builder", "openned-cdb", "openned-devices",
        "tailf-aaa", "ietf-netconf-acm", "tailf-acm",
    ]

    static func sources(in directory: String) throws -> [SchemaCompiler.Source] {
        let files = ((try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []).sorted()
        return try ownNames.compactMap { name in
            guard let file = files.last(where: { moduleName($0) == name && $0.hasSuffix(".yang") }) else {
                if name == "tailf-ncs" {
                    throw PackageError(
                        .fileUnusable, directory, "the module tailf-ncs is missing",
                        remedy: "install the product again, and set NCS_DIR to where it is")
                }
                return nil
            }
            let path = directory + "/" + file
            return SchemaCompiler.Source(path: path, bytes: try DurableFiles.read(path, limit: 64 << 20))
        }
    }

    /// `tailf-ncs` for `/a/tailf-ncs@2026-11-20.yang`, and for `/a/b.fxs:tailf-ncs.yang`.
    static func moduleName(_ path: String) -> String {
        let file = path.split(whereSeparator: { $0 == "/" || $0 == ":" }).last ?? ""
        let name = file.hasSuffix(".yang") ? file.dropLast(".yang".count) : file
        return String(name.prefix { $0 != "@" })
    }
}

/// The module that declares a driver's identity, for packages that do not bring it.
enum NEDIDModule {
    static func source(identity: String, type: PackageMetaData.NEDType) -> SchemaCompiler.Source {
        let text = """
            module \(identity) {
              namespace "http://tail-f.com/ns/ned-id/\(identity)";
              prefix \(identity);
              import tailf-ncs-ned { prefix ned; }
              identity \(identity) { base ned:\(type.rawValue)-ned-id; }
            }
            """
        return SchemaCompiler.Source(path: "\(identity).yang", bytes: Array(text.utf8))
    }
}

enum TextDigest {
    static func sha256(_ text: String) -> String { sha256(Array(text.utf8)) }

    static func sha256(_ bytes: [UInt8]) -> String {
        SHA256.hash(data: bytes).map { String(format: "%02x", $0) }.joined()
    }
}
