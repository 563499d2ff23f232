import Basics
import Foundation

/// `ncs-project export`: the packages and files that the section `bundle` names, in one archive.
struct ProjectExporter {
    struct Options {
        /// Instead of the configured name; without the version then.
        var name: String?
        var prefix: String?
        /// Before the names of the packages: `ncs-6.7` unless told.
        var packagePrefix: String?
        var isBuilt = true
        /// Packages as the project has them, whatever the bundle says.
        var isAsInstalled = false
        /// Put behind the name.
        var timestamp: String?
    }

    let sources: ProjectSources
    let builder: PackageBuilder
    let options: Options
    let say: (String) -> Void

    private var root: String { sources.root }
    private var project: ProjectMetaData { sources.project }
    private var scratch: String { root + "/.bundle" }

    /// Writes the archive into the project's directory; gives its name and what there is to say.
    func run() throws -> (file: String, warnings: [String]) {
        guard let bundle = project.bundle else {
            throw PackageError(
                .metaDataInvalid, root + "/" + ProjectMetaData.fileName, "has no <bundle>",
                remedy: "say there which packages and files are exported")
        }
        let top = fileName(bundle)
        try DurableFiles.removeTree(scratch)
        defer { try? DurableFiles.removeTree(scratch) }
        let warnings = try fill(scratch + "/" + top, bundle)
        try PackageArchiveWriter.write(directory: scratch + "/" + top, name: top, to: "\(root)/\(top).tar.gz")
        return (top + ".tar.gz", warnings)
    }

    private func fill(_ folder: String, _ bundle: ProjectMetaData.Bundle) throws -> [String] {
        try DurableFiles.makeDirectory(folder + "/packages")
        var warnings: [String] = []
        if bundle.packages.isEmpty { warnings.append("the bundle names no packages") }
        var names: [String: String] = [:]
        for package in bundle.packages {
            let source = location(package)
            if case .git(let git) = source.location, case .branch(let branch) = git.reference,
                !options.isAsInstalled
            {
                warnings.append(
                    "package \(package.name) is taken from branch \(branch), which moves; name a tag or commit")
            }
            names[package.name] = try add(source, to: folder + "/packages")
        }
        warnings += try missing(in: folder + "/packages")
        for file in bundle.files { try copy(file, to: folder) }
        if DurableFiles.exists(root + "/init_data"), !bundle.files.contains("init_data") {
            try copy("init_data", to: folder)
        }
        try DurableFiles.write(folder + "/" + ProjectMetaData.fileName, Array(project.bundled(names).utf8))
        return warnings
    }

    /// What the packages of the bundle require, and the bundle has not.
    private func missing(in folder: String) throws -> [String] {
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        let inside = try names.compactMap { try ProjectPackage(at: "\(folder)/\($0)") }
        return inside.flatMap { package in
            package.required.filter { required in !inside.contains { $0.isNamed(required.name) } }
                .map { "package \(package.name) requires \($0.name), which is not in the bundle" }
        }
    }

    private func fileName(_ bundle: ProjectMetaData.Bundle) -> String {
        let base = options.name ?? "\(bundle.name ?? project.name)-\(project.version)"
        return [options.prefix, base, options.timestamp].compactMap { $0 }.joined(separator: "-")
    }

    /// Where the bundle wants the package from: what it does not say is as in the project.
    private func location(_ package: ProjectMetaData.Package) -> ProjectMetaData.Package {
        let own = project.packages.first { $0.name == package.name } ?? package
        switch (package.location, own.location) {
        case (.unsaid, _): return own
        case (.git(var source), .git(let developed)) where source.repository == nil:
            source.repository = developed.repository
            return .init(name: package.name, location: .git(source))
        default: return package
        }
    }

    /// Puts the archive of a package into a directory; what the package calls itself.
    private func add(_ package: ProjectMetaData.Package, to folder: String) throws -> String {
        if case .url(let url) = package.location, !options.isAsInstalled {
            let (file, isTemporary) = try sources.fetch(url)
            defer { if isTemporary { unlink(file) } }
            let name = try PackageArchive(path: file).describe().metaData.name
            try FileManager.default.copyItem(atPath: file, toPath: "\(folder)/\(DurableFiles.lastComponent(url))")
            return name
        }
        let place = "\(scratch)/\(package.name)"
        if case .git = package.location, !options.isAsInstalled {
            try sources.install(package, in: scratch)
        } else {
            let installed = "\(root)/packages/\(package.name)"
            guard try ProjectPackage(at: installed) != nil else {
                throw PackageError(
                    .unknownPackage, installed, "is not there", remedy: "call 'ncs-project update' first")
            }
            try FileManager.default.copyItem(
                atPath: URL(fileURLWithPath: installed).resolvingSymlinksInPath().path, toPath: place)
        }
        return try pack(place, to: folder)
    }

    private func pack(_ directory: String, to folder: String) throws -> String {
        if options.isBuilt, DurableFiles.exists(directory + "/src") {
            say("building \(DurableFiles.lastComponent(directory))")
            let result = try builder.build(directory, output: folder)
            let name = PackageFileName(package: result.metaData.name, version: result.metaData.version)
            if let prefix = options.packagePrefix {
                try DurableFiles.rename(result.archive, to: "\(folder)/\(prefix)-\(name.stem).tar.gz")
            }
            return result.metaData.name
        }
        let metaData = try PackageBuilder.metaData(of: directory).metaData
        let name = PackageFileName(package: metaData.name, version: metaData.version)
        let file = options.packagePrefix.map { "\($0)-\(name.stem).tar.gz" } ?? "\(name)"
        try PackageArchiveWriter.write(directory: directory, name: metaData.name, to: "\(folder)/\(file)")
        return metaData.name
    }

    private func copy(_ path: String, to folder: String) throws {
        guard DurableFiles.exists(root + "/" + path) else {
            throw PackageError(
                .fileUnusable, root + "/" + path, "is not there",
                remedy: "make it, or take it out of <includes>")
        }
        try DurableFiles.makeDirectory(DurableFiles.parent(of: folder + "/" + path))
        try FileManager.default.copyItem(atPath: root + "/" + path, toPath: folder + "/" + path)
    }
}
