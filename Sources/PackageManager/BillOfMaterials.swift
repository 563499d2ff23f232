import Basics
import Foundation
import PackageSigning
import YANG

/// What a package consists of, as CycloneDX 1.5 JSON: every file with its digest, every YANG module with its revision.
///
/// The same package gives the same text: there is no time and no random number in it.
struct BillOfMaterials: Encodable {
    private let bomFormat = "CycloneDX"
    private let specVersion = "1.5"
    private let version = 1
    private let metadata: Metadata
    private let components: [Component]

    private struct Metadata: Encodable {
        var component: Component
        var supplier: Organization?
    }

    private struct Organization: Encodable { var name: String }

    private struct Component: Encodable {
        var type: String
        var name: String
        var version: String?
        var description: String?
        var hashes: [Digest]?
        var properties: [Property]?
    }

    private struct Digest: Encodable {
        var alg = "SHA-256"
        var content: String
    }

    private struct Property: Encodable {
        var name: String
        var value: String
    }

    /// Of a built package in a directory.
    ///
    /// - Parameter signer: whose signature was checked, if it bears one.
    init(directory: String, signer: String?) throws {
        let (metaData, _) = try PackageBuilder.metaData(of: directory)
        var properties = metaData.neds.compactMap(\.nedID).map { Property(name: "openned:ned-id", value: $0) }
        properties += metaData.minimumVersions.map { Property(name: "openned:ncs-min-version", value: "\($0)") }
        properties += metaData.requiredPackages.map { Property(name: "openned:required-package", value: $0.name) }
        metadata = Metadata(
            component: Component(
                type: "application", name: metaData.name, version: "\(metaData.version)",
                description: metaData.description,
                properties: properties.isEmpty ? nil : properties),
            supplier: signer.map(Organization.init))
        components = try Self.modules(directory) + Self.files(directory)
    }

    private static func files(_ directory: String) throws -> [Component] {
        try DirectoryDigest(of: directory).sortedFiles.map { file in
            Component(type: "file", name: file.path, hashes: [Digest(content: file.sha256)])
        }
    }

    /// From the compiled modules; where another compiler made them, from the sources.
    private static func modules(_ directory: String) throws -> [Component] {
        var found: [String: Component] = [:]
        for name in names(directory + "/load-dir", ".fxs") {
            guard let module = try? CompiledModule.read(path: "\(directory)/load-dir/\(name)") else { continue }
            for text in module.texts where text.role == .module || text.role == .revision {
                add(Statement.parse(text.bytes, path: name).statements, to: &found)
            }
        }
        for name in names(directory + "/src/yang", ".yang") {
            let path = "\(directory)/src/yang/\(name)"
            add(Statement.parse(try DurableFiles.read(path, limit: 64 << 20), path: path).statements, to: &found)
        }
        return found.sorted { $0.key < $1.key }.map(\.value)
    }

    private static func add(_ statements: [Statement], to found: inout [String: Component]) {
        guard let module = statements.first, module.keyword == .module else { return }
        let revision = module.all(.revision).map(\.text).max()
        let namespace = module.first(.namespace).map { [Property(name: "yang:namespace", value: $0.text)] }
        found["\(module.text)@\(revision ?? "")"] = Component(
            type: "data", name: module.text, version: revision, properties: namespace)
    }

    private static func names(_ directory: String, _ suffix: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []).filter { $0.hasSuffix(suffix) }
            .sorted()
    }

    var text: String {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            return String(decoding: try encoder.encode(self), as: UTF8.self) + "\n"
        }
    }
}
