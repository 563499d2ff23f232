import Basics
import CLIGrammar
package import ConfigTree
import Foundation
package import YANG

/// What all simulated devices of a package share: schema, grammar and checks. Immutable.
package final class DeviceModel: Sendable {
    package let package: NetsimPackage
    package let data: DataModel
    /// Where the modules that come with the installation lie.
    let moduleDirectory: String
    let grammar: CLIGrammar
    let validator: Validator
    let asksForDestination: Bool
    /// The leaf at the top of the model that holds the device's host name, if it has one.
    let hostname: SchemaNode?
    /// For the texts of configurations that its devices keep.
    let textBudget = TextBudget()

    /// Compiles the package's device modules. Throws `packageUnusable` with all faults.
    ///
    /// - Parameters:
    ///   - moduleDirectory: where the modules that come with the installation lie.
    ///   - provider: may know the schema from an earlier time.
    package init(
        _ package: NetsimPackage, moduleDirectory: String, provider: any SchemaProvider = DirectSchemaProvider()
    ) throws(NetsimError) {
        let modules = try DeviceModules(package)
        var options = SchemaCompiler.Options()
        options.policy = .vendor
        options.searchPath = modules.searchPath + [moduleDirectory]
        options.annotations = modules.annotations
        options.library = modules.library
        options.recipes = modules.recipes
        var outcome = provider.schema(of: modules.sources, options: options)
        // On a full disk nothing can be kept, but the devices can run.
        if outcome.schema == nil { outcome = DirectSchemaProvider().schema(of: modules.sources, options: options) }
        guard let schema = outcome.schema else {
            let faults = outcome.errors.prefix(20).map(\.description)
            throw NetsimError(
                .packageUnusable, package.directory, "the model cannot be compiled:\n" + faults.joined(separator: "\n"))
        }
        guard schema.root.dataChildCount > 0 else {
            throw NetsimError(
                .packageUnusable, package.directory, "the package has no device model",
                remedy: "build it with make -C src, or give a package with modules in src/yang")
        }
        self.package = package
        self.moduleDirectory = moduleDirectory
        data = DataModel(schema)
        grammar = CLIGrammar(model: data, dialect: package.dialect)
        validator = Validator(data)
        asksForDestination = package.asksForDestination
        hostname = schema.root.dataChildren.first { $0.name == "hostname" && $0.kind == .leaf }
    }

    /// A model without a package.
    init(_ data: DataModel, _ grammar: CLIGrammar, directory: String) {
        package = NetsimPackage(name: "lone", directory: directory)
        moduleDirectory = directory
        self.data = data
        self.grammar = grammar
        validator = Validator(data)
        asksForDestination = grammar.dialect == .i
        hostname = data.schema.root.dataChildren.first { $0.name == "hostname" && $0.kind == .leaf }
    }

    /// What the files that the model is made of look like: another value means that they have changed.
    package static func fingerprint(_ package: NetsimPackage) -> String {
        ["/package-meta-data.xml", "/load-dir", "/src/yang", "/src/recipes"].flatMap { part -> [String] in
            let path = package.directory + part
            return ([path] + PlainFiles.names(in: path).map { path + "/" + $0 }).map { file in
                var info = stat()
                guard stat(file, &info) == 0 else { return file }
                return "\(file) \(info.st_size) \(info.st_mtim.tv_sec).\(info.st_mtim.tv_nsec) \(info.st_ino)"
            }
        }.joined(separator: "\n")
    }
}

extension NetworkPaths {
    /// Schemas that the network keeps: those of the two largest public models at least.
    var schemas: SchemaCache { SchemaCache(directory: models, limit: 128 << 20, builder: DirectSchemaBuilder()) }
}

/// The YANG texts of a package that describe the device: `load-dir/*.fxs`, or `src/yang` of a package that is not
/// built here. Modules that belong to the controller's own data (ned-ids, what augments it) are left out.
struct DeviceModules {
    var sources: [SchemaCompiler.Source] = []
    var annotations: [SchemaCompiler.Source] = []
    var library: [SchemaCompiler.Source] = []
    var recipes: [SchemaCompiler.Source] = []
    var searchPath: [String] = []

    init(_ package: NetsimPackage) throws(NetsimError) {
        let compiled = package.directory + "/load-dir"
        var isForeign = false
        for name in PlainFiles.names(in: compiled) where name.hasSuffix(".fxs") {
            do throws(CompiledModuleError) {
                add(try CompiledModule.read(path: compiled + "/" + name), compiled + "/" + name)
            } catch {
                guard error.code == .foreign else {
                    throw NetsimError(.packageUnusable, "", error.description)
                }
                isForeign = true
            }
        }
        if isForeign || sources.isEmpty {
            (sources, annotations, library, recipes) = ([], [], [], [])
            try addTexts(in: package.directory + "/src/yang")
            try addRecipes(in: package.directory + "/src/recipes")
        }
    }

    private mutating func add(_ module: CompiledModule, _ file: String) {
        let isIdentity = file.split(separator: "/").last?.hasPrefix("tailf-ned-id-") ?? false
        guard !isIdentity, !module.imports.contains("tailf-ncs"), !module.imports.contains("tailf-ncs-ned") else {
            return
        }
        annotations += module.sources([.annotation], in: file)
        library += module.sources([.submodule, .dependency], in: file)
        for recipe in module.sources([.recipe], in: file) where !recipes.contains(where: { $0.bytes == recipe.bytes }) {
            recipes.append(recipe)
        }
        sources += module.sources([.module, .deviation], in: file)
    }

    private mutating func addTexts(in directory: String) throws(NetsimError) {
        searchPath.append(directory)
        for name in PlainFiles.names(in: directory) where name.hasSuffix(".yang") {
            let source = try read(directory + "/" + name)
            if name.hasSuffix("-ann.yang") { annotations.append(source) } else { sources.append(source) }
        }
    }

    private mutating func addRecipes(in directory: String) throws(NetsimError) {
        for name in PlainFiles.names(in: directory) where name.hasSuffix(".recipe") {
            recipes.append(try read(directory + "/" + name))
        }
    }

    private func read(_ path: String) throws(NetsimError) -> SchemaCompiler.Source {
        do {
            return SchemaCompiler.Source(path: path, bytes: try DurableFiles.read(path, limit: 64 << 20))
        } catch {
            throw NetsimError(.packageUnusable, "", "\(error)")
        }
    }
}
