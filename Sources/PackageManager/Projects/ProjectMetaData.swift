import Basics
import Foundation
import PackageSigning

/// What `project-meta-data.xml` says: the packages that a system is made of, and where each comes from.
struct ProjectMetaData: Hashable {
    static let namespace = "http://tail-f.com/ns/ncs-project"
    static let fileName = "project-meta-data.xml"

    /// Which state of a git repository is meant.
    enum Reference: Hashable {
        case branch(String), tag(String), commit(String)

        /// What git is asked for.
        var name: String {
            switch self {
            case .branch(let name), .tag(let name), .commit(let name): name
            }
        }
    }

    struct GitSource: Hashable {
        /// Nil for that of a packages-store.
        var repository: String?
        /// Nil for what the repository gives by itself.
        var reference: Reference?
    }

    enum Location: Hashable {
        /// Wherever a packages-store has it.
        case unsaid
        case local
        case url(String)
        case git(GitSource)
    }

    struct Package: Hashable {
        var name: String
        var location: Location
    }

    struct Device: Hashable {
        var package: String
        var prefix: String
        var count: Int
    }

    struct Bundle: Hashable {
        var name: String?
        var files: [String] = []
        var packages: [Package] = []
    }

    var name: String
    var version = "1.0"
    var description: String?
    /// The packages-stores: directories, and repositories below which the packages lie, `BASE/NAME.git`.
    var directories: [String] = []
    var stores: [GitSource] = []
    var devices: [Device] = []
    var bundle: Bundle?
    var packages: [Package] = []

    static func read(from directory: String) throws -> (project: ProjectMetaData, warnings: [Diagnostic]) {
        let file = directory + "/" + fileName
        guard DurableFiles.exists(file) else {
            throw PackageError(
                .metaDataInvalid, file, "is not there",
                remedy: "call ncs-project in the directory of a project, or make one with 'ncs-project create NAME'")
        }
        return try parse(DurableFiles.read(file, limit: 1 << 20), file: file)
    }

    static func parse(_ bytes: [UInt8], file: String) throws -> (project: ProjectMetaData, warnings: [Diagnostic]) {
        var limits = XMLLimits()
        limits.totalLength = 1 << 20
        limits.depth = 32
        let root = try XMLElement.parse(bytes, file: file, limits: limits)
        guard root.name == "project-meta-data", root.namespace == namespace else {
            throw DiagnosticsError(
                .error(
                    "the root element is <\(root.name.visible())>",
                    remedy: "<project-meta-data xmlns=\"\(namespace)\"> was expected", place: root.place))
        }
        var reader = ProjectReader()
        let project = reader.project(root)
        let findings = reader.findings.sorted { ($0.place?.line ?? 0) < ($1.place?.line ?? 0) }
        guard let project, !findings.contains(where: { $0.severity == .error }) else {
            throw DiagnosticsError(findings)
        }
        return (project, findings)
    }

    /// The file of a bundle: every package is where the project is.
    ///
    /// - Parameter names: what the packages call themselves, by their names in this project.
    func bundled(_ names: [String: String]) -> String {
        func element(_ name: String, _ text: String, _ indent: String) -> String {
            let escaped = text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
            return "\(indent)<\(name)>\(escaped)</\(name)>\n"
        }
        var text = "<project-meta-data xmlns=\"\(Self.namespace)\">\n" + element("name", name, "  ")
        text += element("project-version", version, "  ")
        if let description { text += element("description", description, "  ") }
        let packages = bundle?.packages ?? []
        let devices = devices.filter { device in packages.contains { $0.name == device.package } }
        if !devices.isEmpty {
            text += "  <netsim>\n"
            for device in devices {
                text += "    <device>\n" + element("name", names[device.package] ?? device.package, "      ")
                text += element("prefix", device.prefix, "      ")
                text += element("num-devices", "\(device.count)", "      ") + "    </device>\n"
            }
            text += "  </netsim>\n"
        }
        for package in packages {
            text += "  <package>\n"
            text += element("name", names[package.name] ?? package.name, "    ")
            text += "    <local/>\n  </package>\n"
        }
        return text + "</project-meta-data>\n"
    }
}

/// Turns the elements into a project. What ends up in make files, on command lines and as paths is judged here.
private struct ProjectReader: ElementReader {
    var findings: [Diagnostic] = []

    mutating func project(_ root: XMLElement) -> ProjectMetaData? {
        check(
            root, ["name", "project-version", "description", "packages-store", "netsim", "bundle", "package*"])
        guard let name = required("name", in: root) else { return nil }
        requireName(name, root, "name")
        var project = ProjectMetaData(name: name)
        if let version = text("project-version", in: root) {
            if !Version(version).isWellFormed {
                error("'\(version.visible())' is no version", "write it as 1.0", root, "project-version")
            }
            project.version = version
        }
        project.description = text("description", in: root)
        if let store = root.child("packages-store") {
            check(store, ["directory*", "git*"])
            project.directories = store.children("directory").compactMap { directory in
                check(directory, ["name"])
                return required("name", in: directory)
            }
            project.stores = store.children("git").compactMap { git in
                let source = gitSource(git)
                if source.repository == nil { error("<git> of a packages-store has no <repo>", "add it", git) }
                return source.repository == nil ? nil : source
            }
        }
        project.packages = root.children("package").compactMap { package($0) }
        unique(project.packages.map(\.name), "package", in: root)
        let names = Set(project.packages.map(\.name))
        if let netsim = root.child("netsim") {
            check(netsim, ["device*"])
            project.devices = netsim.children("device").compactMap { device($0, names) }
        }
        project.bundle = root.child("bundle").map { bundle($0, names) }
        return project
    }

    private mutating func package(_ element: XMLElement) -> ProjectMetaData.Package? {
        check(element, ["name", "local", "url", "git"], unordered: ["local", "url", "git"])
        guard let name = required("name", in: element) else { return nil }
        requireName(name, element, "name")
        let present = element.children.filter { ["local", "url", "git"].contains($0.name) }
        guard let first = present.first else { return .init(name: name, location: .unsaid) }
        if present.count > 1 { error("<package> has one of <local>, <url> and <git>", "leave one", element) }
        switch first.name {
        case "local": return .init(name: name, location: .local)
        case "url": return .init(name: name, location: .url(first.trimmedText))
        default: return .init(name: name, location: .git(gitSource(first)))
        }
    }

    private mutating func gitSource(_ element: XMLElement) -> ProjectMetaData.GitSource {
        let kinds = ["branch", "tag", "commit"]
        check(element, ["repo"] + kinds, unordered: Set(kinds))
        for child in element.children where !Self.isPlain(child.trimmedText) {
            error(
                "'\(child.trimmedText.visible(limit: 60))' is not allowed in <\(child.name)>",
                "it has no white space and does not begin with '-'", child)
        }
        let present = element.children.filter { kinds.contains($0.name) }
        if present.count > 1 { error("<git> has one of <branch>, <tag> and <commit>", "leave one", element) }
        let reference: ProjectMetaData.Reference? = present.first.map { child in
            switch child.name {
            case "branch": .branch(child.trimmedText)
            case "tag": .tag(child.trimmedText)
            default: .commit(child.trimmedText)
            }
        }
        return .init(repository: text("repo", in: element), reference: reference)
    }

    private mutating func device(_ element: XMLElement, _ packages: Set<String>) -> ProjectMetaData.Device? {
        check(element, ["name", "prefix", "num-devices"])
        let prefix = required("prefix", in: element)
        let number = required("num-devices", in: element)
        guard let name = required("name", in: element), let prefix, let number else { return nil }
        requireMember(name, of: packages, element)
        requireName(prefix, element, "prefix")
        guard let count = Int(number), (1...100_000).contains(count) else {
            error("'\(number.visible(limit: 20))' is no number of devices", "write 1 or more", element, "num-devices")
            return nil
        }
        return .init(package: name, prefix: prefix, count: count)
    }

    private mutating func bundle(_ element: XMLElement, _ packages: Set<String>) -> ProjectMetaData.Bundle {
        check(element, ["name", "includes", "package*"])
        var bundle = ProjectMetaData.Bundle(name: text("name", in: element))
        if let name = bundle.name { requireName(name, element, "name") }
        if let includes = element.child("includes") {
            check(includes, ["file*"])
            for file in includes.children("file") {
                check(file, ["path"])
                guard let path = required("path", in: file) else { continue }
                if path.hasPrefix("/") || path.split(separator: "/").contains("..") {
                    error("'\(path.visible())' leads out of the project", "give a path in the project", file, "path")
                }
                bundle.files.append(path)
            }
        }
        bundle.packages = element.children("package").compactMap { package($0) }
        unique(bundle.packages.map(\.name), "package", in: element)
        for child in element.children("package") {
            if let name = text("name", in: child) { requireMember(name, of: packages, child) }
        }
        return bundle
    }

    private mutating func requireMember(_ name: String, of packages: Set<String>, _ element: XMLElement) {
        guard !packages.contains(name) else { return }
        error("there is no <package> '\(name.visible(limit: 60))' in the project", "add it", element, "name")
    }

    private mutating func requireName(_ name: String, _ element: XMLElement, _ child: String) {
        guard !PackageNameRules.isPackageName(name) else { return }
        error(
            "'\(name.visible(limit: 60))' is not allowed as <\(child)>", "use letters, digits, '_', '-' and '.'",
            element, child)
    }

    private static func isPlain(_ text: String) -> Bool {
        !text.isEmpty && !text.hasPrefix("-") && text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F }
    }
}
