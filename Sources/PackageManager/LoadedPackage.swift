import Basics
package import ConfigTree
package import YANG

/// A package of a generation: what it says of itself, what became of it, and the models that it brings.
package struct LoadedPackage: Sendable {
    package enum Status: Hashable, Sendable {
        case up
        case programCodeError
        case badNCSVersion
        case missingDependency(name: String, version: String)
        case circularDependency
        case metaDataError
        case fileLoadError

        /// The leaf of `oper-status` that stands for it.
        package var leafName: String {
            switch self {
            case .up: "up"
            case .programCodeError: "program-code-error"
            case .badNCSVersion: "bad-ncs-version"
            case .missingDependency: "missing-dependency"
            case .circularDependency: "circular-dependency"
            case .metaDataError: "package-meta-data-error"
            case .fileLoadError: "file-load-error"
            }
        }
    }

    /// What is wrong with a description that is at fault, where it is one of these.
    package enum MetaDataFault: String, Codable, Sendable { case syntax, duplicate }

    /// A ned-id that the package brings.
    package struct DriverModel: Sendable {
        /// `module:identity`.
        package var nedID: String
        package var type: PackageMetaData.NEDType
        package var schema: Schema
        /// SHA-256 over the texts that the model was made of: the same digest, the same model.
        package var modelDigest: String
        /// The revisions of modules that the schema is the union of.
        package var revisions: DriverRevisions
        /// Whether the package describes the driver, in `LoadedPackage.descriptionFile`.
        package var hasDescription: Bool
        package var javaClassName: String?
    }

    package var name: String
    package var metaData: PackageMetaData?
    /// Where the copy in use lies.
    package var directory: String
    /// Where it lay in the load path, if that is known.
    var source: String?
    /// How it was built, if it says so.
    package var buildInfo: BuildMetaData?
    /// Of all its files as they were loaded.
    package var content = DirectoryDigest()
    /// Nil if it bears no signature.
    package var signer: PackageSigner?
    package var status: Status
    package var errorInfo: [String] = []
    package var metaDataFault: MetaDataFault?
    package var warnings: [String] = []
    /// What was done to its models: recipes that were applied, and such as no longer apply.
    package var notes: [String] = []
    package var drivers: [DriverModel] = []
    /// What reading the models gave: warnings that are among `warnings` too, and the modules that extend the system.
    var modelWarnings: [String] = []
    var systemModules: [SystemModule] = []

    /// The names of the modules that it adds to the system model.
    package var systemModuleNames: Set<String> {
        Set(systemModules.map { SystemModules.moduleName($0.source.path) })
    }

    package static let descriptionFile = "driver/driver.yaml"

    /// SHA-256 over names, modes and content of all its files, in hexadecimal; empty if it could not be read.
    package var digest: String { content.whole }
    package var isUp: Bool { status == .up }
    /// Subject of the signer's certificate, or why there is none.
    package var signature: String { signer?.subject ?? "none (local build)" }
    package var version: String { metaData?.version.description ?? "" }

    /// What was done to its files on disk since they were loaded.
    package func differencesOnDisk() throws -> [String] {
        try DirectoryDigest(of: directory).differences(since: content)
    }

    /// For a package with the same content.
    mutating func takeModels(of other: Self) {
        drivers = other.drivers
        notes = other.notes
        warnings += other.modelWarnings
        modelWarnings = other.modelWarnings
        systemModules = other.systemModules
    }

    /// Lets what is said of it speak of the files that people know, in the load path, not of our copy.
    package mutating func nameSource() {
        guard let source else { return }
        let separator = PackageFileName.suffixes.contains { source.hasSuffix($0) } ? ": " : "/"
        func renamed(_ text: String) -> String {
            text.replacing(directory + "/", with: source + separator).replacing(directory, with: source)
        }
        errorInfo = errorInfo.map(renamed)
        warnings = warnings.map(renamed)
        modelWarnings = modelWarnings.map(renamed)
        notes = notes.map(renamed)
    }

    mutating func fail(_ status: Status, _ info: [String]) {
        self.status = status
        errorInfo += info
    }
}

/// A module that goes into the system model, and whose package fails with it.
struct SystemModule: Sendable {
    var source: SchemaCompiler.Source
    var library: [SchemaCompiler.Source] = []
    var annotations: [SchemaCompiler.Source] = []
    var package: String
}

/// A whole set of packages that is, was or may be in force. Immutable.
package struct PackageGeneration: Sendable {
    package var number: Int
    package var packages: [LoadedPackage]
    /// The system model: our modules and those that packages add to it.
    package var systemSchema: Schema
    /// SHA-256 over the texts that the system model was made of: the same digest, the same model.
    package var systemDigest: String
    /// SHA-256 over the names and digests of the packages.
    package var digest: String

    package func package(_ name: String) -> LoadedPackage? { packages.first { $0.name == name } }

    package var driverModels: [(package: LoadedPackage, driver: LoadedPackage.DriverModel)] {
        packages.flatMap { package in package.drivers.map { (package, $0) } }
    }
}
