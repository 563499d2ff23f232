import Basics

/// Fills `src/package-meta-data.xml.in`: the package's name and the ned-id of each driver become
/// `<name>-{cli|gen|nc|snmp}-<major>.<minor>`, so that releases with the same major.minor share them.
package struct PackageTemplate: Sendable {
    /// What makes the identity, each replaceable by a variable of the environment of the build.
    package struct Options: Sendable {
        /// `NED_ID_MAJOR`, `NED_ID_MINOR`: instead of those of the version.
        package var major: String?
        package var minor: String?
        /// `NED_ID_SUFFIX`: behind the identity.
        package var suffix = ""

        package init() {}

        package init(environment: [String: String]) {
            major = environment["NED_ID_MAJOR"].flatMap { $0.isEmpty ? nil : $0 }
            minor = environment["NED_ID_MINOR"].flatMap { $0.isEmpty ? nil : $0 }
            suffix = environment["NED_ID_SUFFIX"] ?? ""
        }
    }

    private var root: XMLElement
    private let file: String
    /// The identity, and name of the package; nil if the package drives no devices.
    package let identity: String?
    /// The type of its first driver.
    package let type: PackageMetaData.NEDType?

    package init(_ bytes: [UInt8], file: String, options: Options = Options()) throws {
        self.file = file
        root = try XMLElement.parse(bytes, file: file)
        let neds = root.children("component").compactMap { $0.child("ned") }
        type = neds.lazy.flatMap(\.children).compactMap { PackageMetaData.NEDType(rawValue: $0.name) }.first
        guard let type else {
            identity = nil
            return
        }
        guard let name = root.child("name")?.trimmedText, let version = root.child("package-version")?.trimmedText
        else {
            throw DiagnosticsError(
                .error("<name> or <package-version> is missing", remedy: "add it", place: root.place))
        }
        let parts = version.split(whereSeparator: { $0 == "." || $0 == "-" }).map(String.init)
        guard parts.count >= 2 else {
            throw DiagnosticsError(
                .error(
                    "'\(version.visible())' is no version", remedy: "write it as 1.0 or 1.0.2",
                    place: root.child("package-version")?.place))
        }
        let (major, minor) = (options.major ?? parts[0], options.minor ?? parts[1])
        identity = "\(name)-\(type.identityPart)-\(major).\(minor)\(options.suffix)"
    }

    /// The bytes of the `package-meta-data.xml`.
    package func filled() throws -> [UInt8] {
        guard let identity else { return try root.print() }
        var result = root
        result.children = root.children.map { child in
            var child = child
            if child.name == "name" { child.text = identity }
            if child.name == "component" { child = Self.filled(child, identity: identity) }
            return child
        }
        return try result.print()
    }

    private static func filled(_ element: XMLElement, identity: String) -> XMLElement {
        var result = element
        result.children = element.children.map { child in
            var child = child
            if child.name == "ned" { child = filled(child, identity: identity) }
            guard element.name == "ned", PackageMetaData.NEDType(rawValue: child.name) != nil else { return child }
            child.children.removeAll { $0.name == "ned-id" }
            let id = XMLElement("ned-id", namespace: element.namespace, text: "\(identity):\(identity)")
            child.children.insert(id, at: 0)
            child.text = ""
            return child
        }
        return result
    }
}
