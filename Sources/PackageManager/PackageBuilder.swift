package import Basics
import Foundation
import Migration

/// Makes the archive of a package from its directory: builds what is to be built, then packs it reproducibly.
///
/// With `src/Makefile` it runs `make` there. Without, it fills `src/package-meta-data.xml.in` and compiles `src/yang`
/// into `load-dir`.
package struct PackageBuilder: Sendable {
    /// What the compiler of YANG modules is asked for.
    package struct CompileRequest: Hashable, Sendable {
        /// The directory of the modules, `src/yang`.
        package var yangDirectory: String
        /// Where the compiled modules go; it exists.
        package var loadDirectory: String
        /// The type and identity of the driver whose device model this is; nil for modules of the system.
        package var type: PackageMetaData.NEDType?
        /// `router-cli-1.0:router-cli-1.0`.
        package var nedID: String?
    }

    /// Compiles modules; gives what it found. Throws, or gives an error among the findings, if it failed.
    package typealias Compile = @Sendable (CompileRequest) throws -> [Diagnostic]

    package struct Result: Sendable {
        package var archive: String
        package var metaData: PackageMetaData
        package var warnings: [Diagnostic]
    }

    private let environment: [String: String]
    private let compile: Compile?
    private let progress: @Sendable (String) -> Void

    /// - Parameter compile: nil if no compiler is at hand; a package that needs it is then refused.
    /// - Parameter progress: is given what the build prints, line by line.
    package init(
        environment: [String: String], compile: Compile?, progress: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.environment = environment
        self.compile = compile
        self.progress = progress
    }

    /// Builds the package in `directory`.
    ///
    /// - Parameter output: the file to write, or a directory for one of the usual name (`ncs-6.7-NAME-VERSION.tar.gz`).
    /// - Parameter origins: packages or models that migration maps lead from, besides those found by name.
    package func build(_ directory: String, output: String = ".", origins: [String] = []) throws -> Result {
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: directory, isDirectory: &isDirectory), isDirectory.boolValue else {
            throw PackageError(
                .fileUnusable, directory, "is not a directory", remedy: "give the directory of a package")
        }
        var warnings = [Diagnostic]()
        if DurableFiles.exists(directory + "/src/Makefile") {
            try make(in: directory + "/src")
        } else {
            warnings += try buildWithoutMakefile(directory)
        }
        try checkMaps(directory, origins)
        let (metaData, more) = try Self.metaData(of: directory)
        let name = PackageFileName(package: metaData.name, version: metaData.version).description
        let archive =
            FileManager.default.fileExists(atPath: output, isDirectory: &isDirectory) && isDirectory.boolValue
            ? (output == "." ? name : output + "/" + name) : output
        try PackageArchiveWriter.write(directory: directory, name: metaData.name, to: archive)
        return Result(archive: archive, metaData: metaData, warnings: warnings + more)
    }

    /// The meta-data of a built package directory.
    package static func metaData(of directory: String) throws -> (metaData: PackageMetaData, warnings: [Diagnostic]) {
        let file = directory + "/" + PackageMetaData.fileName
        guard DurableFiles.exists(file) else {
            throw PackageError(
                .metaDataInvalid, directory, "has no \(PackageMetaData.fileName)",
                remedy: DurableFiles.exists(directory + "/src/" + PackageMetaData.fileName + ".in")
                    ? "build it with 'ncs-package build \(directory)'" : "write one")
        }
        return try PackageMetaData.parse(DurableFiles.read(file, limit: 1 << 20), file: file)
    }

    private func buildWithoutMakefile(_ directory: String) throws -> [Diagnostic] {
        let source = directory + "/src/" + PackageMetaData.fileName + ".in"
        let file = directory + "/" + PackageMetaData.fileName
        if DurableFiles.exists(source) {
            let options = PackageTemplate.Options(environment: environment)
            let bytes = try DurableFiles.read(source, limit: 1 << 20)
            let template = try PackageTemplate(bytes, file: source, options: options)
            try DurableFiles.replace(file, with: template.filled())
            progress("Filled \(file)")
        }
        let (metaData, _) = try Self.metaData(of: directory)
        let yang = directory + "/src/yang"
        let modules = (try? FileManager.default.contentsOfDirectory(atPath: yang)) ?? []
        guard modules.contains(where: { $0.hasSuffix(".yang") }) else { return [] }
        guard let compile else {
            throw PackageError(
                .buildFailed, yang, "cannot be compiled: there is no compiler",
                remedy: "compile it with ncsc into load-dir")
        }
        let loadDirectory = directory + "/load-dir"
        try DurableFiles.makeDirectory(loadDirectory)
        let ned = metaData.neds.first
        let findings = try compile(
            CompileRequest(yangDirectory: yang, loadDirectory: loadDirectory, type: ned?.type, nedID: ned?.nedID))
        if findings.contains(where: { $0.severity == .error }) { throw DiagnosticsError(findings) }
        progress("Compiled \(yang)")
        return findings
    }

    /// Refuses migration maps that do not fit the models that were just compiled, or those that they come from.
    private func checkMaps(_ directory: String, _ origins: [String]) throws {
        let search = environment["NCS_DIR"].map { ["\($0)/src/ncs/yang"] } ?? []
        let olds = origins.map { path in
            let nedID = (try? Self.metaData(of: path))?.metaData.neds.first?.nedID
            return MapCheck.Origin(path: path, nedID: nedID)
        }
        let faults = try MapCheck(package: directory, searchPath: search).faults(origins: olds)
        if !faults.isEmpty { throw DiagnosticsError(faults) }
    }

    /// Runs `make` in the `src` directory of a package.
    func make(in directory: String) throws {
        guard environment["NCS_DIR"]?.isEmpty == false else {
            throw PackageError(
                .buildFailed, directory, "NCS_DIR is not set, which its Makefile needs",
                remedy: "source the ncsrc file of the installation")
        }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["make", "-C", directory]
        process.environment = environment
        process.standardInput = FileHandle.nullDevice
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        do {
            try process.run()
        } catch {
            throw PackageError(.buildFailed, directory, "make cannot be started: \(error)", remedy: "install make")
        }
        var rest = [UInt8]()
        while case let data = pipe.fileHandleForReading.availableData, !data.isEmpty {
            rest += data
            while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                progress(String(decoding: rest[..<end], as: UTF8.self))
                rest.removeFirst(end + 1)
            }
        }
        if !rest.isEmpty { progress(String(decoding: rest, as: UTF8.self)) }
        process.waitUntilExit()
        guard process.terminationReason == .exit, process.terminationStatus == 0 else {
            throw PackageError(
                .buildFailed, directory, "make failed with status \(process.terminationStatus)",
                remedy: "mend what it reported above")
        }
    }
}
