import Basics
import ConfigTree
import Foundation
import NEDKit
package import YANG

/// Makes a generation out of the package directories of one: reads meta-data, judges dependencies, compiles models.
///
/// What has not changed since `previous` is taken over as it is, so that data over an unchanged model need not be
/// converted and a reload costs what has changed.
package struct PackageLoader: Sendable {
    /// Where our own and the standard modules lie: `$NCS_DIR/src/ncs/yang`.
    package var moduleDirectory: String
    package var previous: PackageGeneration?
    /// What makes schemas of modules: the compiler, or a cache before it.
    package var schemas: any SchemaProvider
    /// Is told of models that take long.
    package var meter: WorkMeter?

    package init(
        moduleDirectory: String, previous: PackageGeneration? = nil,
        schemas: any SchemaProvider = DirectSchemaProvider(), meter: WorkMeter? = nil
    ) {
        self.meter = meter
        self.moduleDirectory = moduleDirectory
        self.previous = previous
        self.schemas = schemas
    }

    /// Loads the packages in `directory`. Faulty packages are in the result with their status; only a fault in the
    /// system model itself throws.
    package func load(_ number: Int, directory: String) throws -> PackageGeneration {
        var packages = try readAll(directory)
        packages += PackageCopyFault.read(from: directory).map(Self.package)
        PackageDependencies.judge(&packages)
        var systemSources: [SystemModule] = []
        for index in packages.indices where packages[index].isUp {
            systemSources += loadModels(&packages[index])
        }
        PackageDependencies.judgeMissing(&packages)
        let system = try systemSchema(systemSources, &packages)
        for index in packages.indices {
            if !packages[index].isUp { packages[index].drivers = [] }
            packages[index].nameSource()
        }
        return PackageGeneration(
            number: number, packages: packages.sorted { $0.name < $1.name }, systemSchema: system.schema,
            systemDigest: system.digest, digest: Self.digest(packages))
    }

    private static func digest(_ packages: [LoadedPackage]) -> String {
        let text = packages.sorted { $0.name < $1.name }.map { "\($0.name) \($0.digest)\n" }.joined()
        return TextDigest.sha256(text)
    }

    /// Over names and content of the texts that make the system model.
    private static func digest(_ sources: [SchemaCompiler.Source]) -> String {
        let lines = sources.map { "\(SystemModules.moduleName($0.path)) \(TextDigest.sha256($0.bytes))\n" }
        return TextDigest.sha256(lines.sorted().joined())
    }

    private static func package(_ fault: PackageCopyFault) -> LoadedPackage {
        LoadedPackage(
            name: fault.package, directory: fault.path,
            status: fault.isMetaData ? .metaDataError : .fileLoadError, errorInfo: [fault.reason],
            metaDataFault: fault.kind)
    }

    // MARK: Meta-data

    private func readAll(_ directory: String) throws -> [LoadedPackage] {
        let names = try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
        return names.filter { !$0.hasPrefix(".") }.map { name in
            let path = directory + "/" + name
            let origin = PackageOrigin(of: path)
            var package = LoadedPackage(
                name: name, directory: path, signer: origin.signer, status: .up, warnings: origin.warnings)
            package.source = origin.path
            do {
                package.content = try sharedContent(name, origin) ?? DirectoryDigest(of: path)
                try read(&package)
            } catch {
                package.fail(error is FileError ? .fileLoadError : .metaDataError, ["\(error)"])
                if error is DiagnosticsError { package.metaDataFault = .syntax }
            }
            return package
        }
    }

    /// Of files that were taken over from the generation in force as they are.
    private func sharedContent(_ name: String, _ origin: PackageOrigin) -> DirectoryDigest? {
        guard let digest = origin.sharedDigest, let before = previous?.package(name), before.digest == digest else {
            return nil
        }
        return before.content
    }

    private func read(_ package: inout LoadedPackage) throws {
        let (metaData, warnings) = try PackageBuilder.metaData(of: package.directory)
        package.metaData = metaData
        package.name = metaData.name
        package.warnings += warnings.map(\.description) + Self.deadCode(metaData, package.directory)
        readBuildInfo(&package)
        let faults = Self.programFaults(metaData, package.directory)
        if !faults.isEmpty { package.fail(.programCodeError, faults) }
        guard !metaData.runs(on: Product.compatibleVersion) else { return }
        let lowest = metaData.minimumVersions.map(\.description).joined(separator: ", ")
        let highest = metaData.maximumVersions.map(\.description).joined(separator: ", ")
        let wanted = [lowest, highest.isEmpty ? "" : "at most \(highest)"].filter { !$0.isEmpty }
        package.fail(
            .badNCSVersion,
            [
                "Failed to load NCS package: \(metaData.name); requires NCS version "
                    + wanted.joined(separator: ", ")
            ])
    }

    /// For show only: what cannot be read is a warning.
    private func readBuildInfo(_ package: inout LoadedPackage) {
        let file = package.directory + "/" + BuildMetaData.fileName
        guard DurableFiles.exists(file) else { return }
        do {
            let (info, warnings) = try BuildMetaData.parse(DurableFiles.read(file, limit: 1 << 20), file: file)
            package.buildInfo = info
            package.warnings += warnings.map(\.description)
        } catch {
            package.warnings.append("\(error)")
        }
    }

    /// Programs of upgrade components that cannot be started.
    private static func programFaults(_ metaData: PackageMetaData, _ directory: String) -> [String] {
        metaData.components.compactMap { component in
            guard case .upgrade(_, _, let program?) = component.kind else { return nil }
            do throws(ProgramFileFault) {
                _ = try ProgramFile.path(program, below: directory)
                return nil
            } catch {
                return "the program of upgrade component \(component.name), \(error.description)"
            }
        }
    }

    /// What of the package's code is not run here.
    private static func deadCode(_ metaData: PackageMetaData, _ directory: String) -> [String] {
        var warnings = metaData.components.compactMap { component -> String? in
            switch component.kind {
            case .ned: nil
            case .application: "the code of application component \(component.name) is not run"
            case .callback: "the code of callback component \(component.name) is not run"
            case .upgrade(_, _, program: .some): nil
            case .upgrade: "the code of upgrade component \(component.name) is not run"
            }
        }
        if DurableFiles.exists(directory + "/python") { warnings.append("the code in python/ is not run") }
        if hasFile(".java", below: directory + "/src/java"), !hasFile(".jar", below: directory + "/private-jar"),
            !hasFile(".jar", below: directory + "/shared-jar")
        {
            warnings.append("the Java part in src/java is not built; the models are loaded without it")
        }
        return warnings
    }

    private static func hasFile(_ suffix: String, below directory: String) -> Bool {
        guard let walker = FileManager.default.enumerator(atPath: directory) else { return false }
        while let name = walker.nextObject() as? String { if name.hasSuffix(suffix) { return true } }
        return false
    }

    // MARK: Models

    /// Compiles the models of a package's drivers and returns the modules that it adds to the system. A package that is
    /// the same to the last byte is not read again.
    private func loadModels(_ package: inout LoadedPackage) -> [SystemModule] {
        if let before = previous?.package(package.name), before.isUp, before.digest == package.digest {
            package.takeModels(of: before)
        } else {
            let count = package.warnings.count
            package.systemModules = readModels(&package)
            package.modelWarnings = Array(package.warnings.dropFirst(count))
        }
        return package.systemModules
    }

    private func readModels(_ package: inout LoadedPackage) -> [SystemModule] {
        let modules: PackageModules
        do {
            modules = try PackageModules(package, moduleDirectory: moduleDirectory)
        } catch {
            package.fail(.fileLoadError, ["\(error)"])
            return []
        }
        package.warnings += modules.warnings
        // What annotates in a driver package annotates the device model.
        let annotations = package.metaData?.neds.isEmpty == false ? [] : modules.annotations
        var system = modules.system.map {
            SystemModule(source: $0, library: modules.library, annotations: annotations, package: package.name)
        }
        for ned in package.metaData?.neds ?? [] {
            guard let identity = ned.identity ?? Self.standardIdentity(ned.type) else { continue }
            // The module of a driver's identity bears the identity's name, whatever prefix the meta-data gives it.
            let nedID = "\(identity):\(identity)"
            guard let (schema, revisions, digest) = driverSchema(&package, modules) else { return [] }
            let description = package.directory + "/" + LoadedPackage.descriptionFile
            package.drivers.append(
                LoadedPackage.DriverModel(
                    nedID: nedID, type: ned.type, schema: schema, modelDigest: digest,
                    revisions: revisions,
                    hasDescription: DurableFiles.exists(description),
                    javaClassName: ned.javaClassName))
            if !modules.systemNames.contains(identity), ned.nedID != nil {
                let source = NEDIDModule.source(identity: identity, type: ned.type)
                system.append(SystemModule(source: source, package: package.name))
            }
        }
        return system
    }

    /// A NETCONF or SNMP package may rely on the built-in ned-id.
    private static func standardIdentity(_ type: PackageMetaData.NEDType) -> String? {
        type == .netconf || type == .snmp ? type.rawValue : nil
    }

    /// A package that has changed in other things than its models keeps the model that it had.
    private func driverSchema(
        _ package: inout LoadedPackage, _ modules: PackageModules
    ) -> (schema: Schema, revisions: DriverRevisions, digest: String)? {
        let digest = [modules.device, modules.annotations, modules.library, modules.recipes].map(Self.digest).joined(
            separator: " ")
        if let driver = previous?.package(package.name)?.drivers.first, driver.modelDigest == digest {
            package.notes = Self.notes(driver.schema.diagnostics)
            return (driver.schema, driver.revisions, digest)
        }
        guard !modules.device.isEmpty else {
            package.fail(
                .fileLoadError,
                [
                    "load-dir holds no data model of a device; build the package, with make -C src, before it is "
                        + "loaded"
                ])
            return nil
        }
        var options = driverOptions(modules)
        options.mergesRevisions = true
        sayModels(package.name, modules)
        let compiled = schemas.schema(of: modules.device, options: options)
        package.warnings += compiled.warnings.prefix(20).map(\.description)
        guard let schema = compiled.schema else {
            package.fail(.fileLoadError, compiled.errors.prefix(20).map(\.description))
            return nil
        }
        package.notes = Self.notes(schema.diagnostics)
        return (schema, revisions(of: schema, modules), digest)
    }

    /// Some hundred modules take seconds to compile, unless they are in the cache.
    private func sayModels(_ name: String, _ modules: PackageModules) {
        let bytes = (modules.device + modules.library).reduce(0) { $0 + $1.bytes.count }
        guard bytes >= 2 << 20 else { return }
        meter?.say("loading the data models of \(name): \(modules.device.count) modules, \(bytes >> 20) MiB")
    }

    private func driverOptions(_ modules: PackageModules) -> SchemaCompiler.Options {
        var options = SchemaCompiler.Options()
        options.policy = .vendor
        options.searchPath = modules.searchPath + [moduleDirectory]
        options.annotations = modules.annotations
        options.library = modules.library
        options.recipes = modules.recipes
        return options
    }

    /// Keeps the texts only if there are several revisions of a module: what the devices of one know is compiled when
    /// the first of them is met.
    private func revisions(of union: Schema, _ modules: PackageModules) -> DriverRevisions {
        guard modules.revisions.values.contains(where: { $0.count > 1 }) else {
            return DriverRevisions(available: modules.revisions, union: union) { _ in (nil, []) }
        }
        let (sources, options, schemas) = (modules.device, driverOptions(modules), schemas)
        return DriverRevisions(available: modules.revisions, union: union) { selection in
            var options = options
            options.announced = selection
            let compiled = schemas.schema(of: sources, options: options)
            return (compiled.schema, compiled.diagnostics)
        }
    }

    /// What recipes did, and which of them no longer apply.
    private static func notes(_ diagnostics: [Diagnostic]) -> [String] {
        diagnostics.filter { $0.place?.file.hasSuffix(".recipe") ?? false }.map(\.description)
    }

    /// The system model with the packages' modules. A package whose modules do not compile fails, and the rest goes on.
    private func systemSchema(
        _ modules: [SystemModule], _ packages: inout [LoadedPackage]
    ) throws -> (schema: Schema, digest: String) {
        var modules = modules.filter { module in packages.contains { $0.name == module.package && $0.isUp } }
        while true {
            let sources = try SystemModules.sources(in: moduleDirectory) + modules.map(\.source)
            let digest = Self.digest(sources + modules.flatMap { $0.library + $0.annotations })
            if let previous, previous.systemDigest == digest { return (previous.systemSchema, digest) }
            let compiled = schemas.schema(of: sources, options: systemOptions(modules))
            if let schema = compiled.schema { return (schema, digest) }
            let errors = compiled.errors
            let guilty = try guilty(of: errors, modules)
            for index in packages.indices where guilty.contains(packages[index].name) {
                let paths = modules.filter { $0.package == packages[index].name }.map(\.source.path)
                let own = errors.filter { paths.contains($0.place?.file ?? "") }
                packages[index].fail(.fileLoadError, (own.isEmpty ? errors : own).prefix(20).map(\.description))
            }
            PackageDependencies.judgeMissing(&packages)
            modules.removeAll { module in packages.contains { $0.name == module.package && !$0.isUp } }
        }
    }

    /// The packages whose modules the errors are in. Errors elsewhere are laid to the first package with which the
    /// system model no longer compiles.
    private func guilty(of errors: [Diagnostic], _ modules: [SystemModule]) throws -> Set<String> {
        let named = modules.filter { module in errors.contains { $0.place?.file == module.source.path } }
        if !named.isEmpty { return Set(named.map(\.package)) }
        let own = try SystemModules.sources(in: moduleDirectory)
        var names: [String] = []
        for module in modules where names.last != module.package { names.append(module.package) }
        for count in names.indices {
            let some = modules.filter { names[...count].contains($0.package) }
            if schemas.schema(of: own + some.map(\.source), options: systemOptions(some)).schema == nil {
                return [names[count]]
            }
        }
        throw DiagnosticsError(errors)
    }

    private func systemOptions(_ modules: [SystemModule]) -> SchemaCompiler.Options {
        var options = SchemaCompiler.Options()
        options.searchPath = [moduleDirectory]
        options.library = modules.flatMap(\.library)
        options.annotations = modules.flatMap(\.annotations)
        return options
    }
}
