import Basics
package import CLIGrammar
import Foundation

/// A driver package as far as a simulated device needs it.
package struct NetsimPackage: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable, CaseIterable { case cli, netconf, generic, snmp }

    package var name: String
    package var directory: String
    package var kind: Kind
    /// As the package gives it, possibly with the name of its module in front; nil for a package without.
    package var nedID: String?

    private static let namespace = "http://tail-f.com/ns/ncs-packages"

    /// A package without files, for command lines.
    init(name: String, directory: String) {
        self.name = name
        self.directory = directory
        kind = .cli
    }

    /// Reads `package-meta-data.xml`, or the form of it that the build completes. Throws `packageUnusable`.
    package init(directory: String) throws(NetsimError) {
        let files = ["/package-meta-data.xml", "/src/package-meta-data.xml.in"].map { directory + $0 }
        guard let file = files.first(where: DurableFiles.exists) else {
            throw NetsimError(
                .packageUnusable, directory, "there is no package-meta-data.xml",
                remedy: "give the directory of a package")
        }
        let root: XMLElement
        do {
            root = try XMLElement.parse(try DurableFiles.read(file, limit: 1 << 20), file: file)
        } catch {
            throw NetsimError(.packageUnusable, file, "cannot be read: \(error)")
        }
        guard root.name == "ncs-package", root.namespace == Self.namespace,
            let name = root.child("name")?.trimmedText, !name.isEmpty
        else { throw NetsimError(.packageUnusable, file, "it describes no package", remedy: "see the manual") }
        let drivers = root.children("component").compactMap { $0.child("ned") }
        let found = drivers.first.flatMap { driver in
            Kind.allCases.lazy.compactMap { kind in driver.child(kind.rawValue).map { (kind, $0) } }.first
        }
        guard let (kind, element) = found else {
            throw NetsimError(
                .packageUnusable, file, "the package is no driver",
                remedy: "give a package with a component of kind ned")
        }
        self.directory = directory
        self.kind = kind
        self.name = name
        // The module of a driver's identity bears the identity's name, whatever prefix the meta-data gives it.
        nedID = element.child("ned-id")?.trimmedText.split(separator: ":").last.map(String.init)
        if file.hasSuffix(".in") {
            let version = root.child("package-version")?.trimmedText ?? "1.0"
            self.name = Self.builtName(name, kind, version)
            nedID = self.name
        }
    }

    /// What the build calls `openned-ios` of version 1.0.2: `openned-ios-cli-1.0`.
    private static func builtName(_ name: String, _ kind: Kind, _ version: String) -> String {
        let short = version.split(whereSeparator: { $0 == "." || $0 == "-" }).prefix(2).joined(separator: ".")
        let type = ["cli": "cli", "netconf": "nc", "generic": "gen", "snmp": "snmp"][kind.rawValue] ?? kind.rawValue
        return "\(name)-\(type)-\(short)"
    }

    /// The identity that `ncs-xml-init` names: module and name.
    package var identity: (module: String, name: String)? {
        guard let nedID, !nedID.isEmpty else { return kind == .netconf ? ("netconf", "netconf") : nil }
        return (nedID, nedID)
    }

    /// Whether `copy running-config startup-config` asks for a name: NX-OS does not.
    var asksForDestination: Bool { dialect == .i && !name.contains("-nx") }

    /// How the device's configuration looks, as `driver/driver.yaml` names it; IOS without one.
    package var dialect: CLIDialect {
        let bytes = (try? DurableFiles.read(directory + "/driver/driver.yaml", limit: 1 << 20)) ?? []
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        let words = lines.first { $0.hasPrefix("dialect:") }?.dropFirst(8).split(whereSeparator: {
            " \t\r#'\"".contains($0)
        })
        switch words?.first {
        case "xr": return .xr
        case "nx": return .nx
        case "c": return .c
        case "junos": return .j
        default: return .i
        }
    }
}
