import Basics
import Foundation

/// A package in the `packages` directory of a project, as far as a project has to know it. It may not be built yet.
struct ProjectPackage: Hashable {
    /// The directory in `packages`, or the file of an archive.
    var directory: String
    /// What it calls itself: a driver that is not built yet has a name without its ned-id.
    var name: String
    var version: Version?
    var minimumVersions: [Version] = []
    var required: [PackageMetaData.RequiredPackage] = []

    /// Whether a `<required-package>` of that name means it.
    func isNamed(_ wanted: String) -> Bool { wanted == name || wanted == DurableFiles.lastComponent(directory) }
}

extension ProjectPackage {
    /// Nil if there is no package at that path.
    init?(at path: String) throws {
        let isArchive = PackageFileName.suffixes.contains { path.hasSuffix($0) }
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else { return nil }
        if !isDirectory.boolValue {
            guard isArchive else { return nil }
            self.init(try PackageArchive(path: path).describe().metaData, path)
            return
        }
        let built = path + "/" + PackageMetaData.fileName
        if DurableFiles.exists(built) {
            self.init(try PackageBuilder.metaData(of: path).metaData, path)
            return
        }
        let source = "\(path)/src/\(PackageMetaData.fileName).in"
        guard DurableFiles.exists(source) else { return nil }
        // What the build fills in is not there yet: only what is needed is read.
        let root = try XMLElement.parse(DurableFiles.read(source, limit: 1 << 20), file: source)
        self.init(
            directory: path, name: root.child("name")?.trimmedText ?? DurableFiles.lastComponent(path))
        version = root.child("package-version").map { Version($0.trimmedText) }
        minimumVersions = root.children("ncs-min-version").map { Version($0.trimmedText) }
        required = root.children("required-package").compactMap { element in
            guard let name = element.child("name")?.trimmedText else { return nil }
            return .init(
                name: name, minimumVersion: element.child("min-version").map { Version($0.trimmedText) },
                maximumVersion: element.child("max-version").map { Version($0.trimmedText) })
        }
    }

    private init(_ metaData: PackageMetaData, _ path: String) {
        self.init(directory: path, name: metaData.name, version: metaData.version)
        minimumVersions = metaData.minimumVersions
        required = metaData.requiredPackages
    }

    /// The releases on which all of them run, one a release line: what every package names, or with `strict` off any.
    static func releases(of packages: [ProjectPackage], strict: Bool) -> [Version] {
        func line(_ version: Version) -> String {
            version.description.split(separator: ".").prefix(2).joined(separator: ".")
        }
        let choosy = packages.filter { !$0.minimumVersions.isEmpty }
        let highest = Dictionary(choosy.flatMap(\.minimumVersions).map { (line($0), $0) }) { max($0, $1) }
        return highest.values.filter { version in
            !strict || choosy.allSatisfy { package in package.minimumVersions.contains { line($0) == line(version) } }
        }.sorted()
    }

    /// Each behind those that it requires.
    static func inBuildOrder(_ packages: [ProjectPackage]) throws -> [ProjectPackage] {
        var rest = packages
        var ordered: [ProjectPackage] = []
        while !rest.isEmpty {
            let free = rest.filter { package in
                !package.required.contains { wanted in rest.contains { $0.isNamed(wanted.name) } }
            }
            guard !free.isEmpty else {
                throw PackageError(
                    .unknownPackage, rest.map(\.name).joined(separator: ", "), "require each other in a circle",
                    remedy: "mend their <required-package>")
            }
            ordered += free
            rest.removeAll { package in free.contains(package) }
        }
        return ordered
    }
}
