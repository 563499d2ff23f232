import Basics
import Foundation
import Testing

@testable import YANG

/// Compiles module texts named `a.yang`, `b.yang`, ... after their modules.
func compile(
    _ texts: String..., policy: CompilePolicy = .strict, features: FeatureSelection = .all,
    annotations: [String] = [], library: [String] = []
) -> SchemaCompiler.Outcome {
    var options = SchemaCompiler.Options()
    options.policy = policy
    options.features = features
    options.annotations = annotations.map(source)
    options.library = library.map(source)
    return SchemaCompiler(options: options).compile(texts.map(source))
}

func source(_ text: String) -> SchemaCompiler.Source {
    let name = CompilerCommand.moduleName(of: .init(path: "", bytes: Array(text.utf8)))
    return SchemaCompiler.Source(path: "\(name).yang", bytes: Array(text.utf8))
}

/// A module around `body`, whose first line is line 2.
func module(_ name: String, _ body: String, imports: [String] = []) -> String {
    let imported = imports.map { "import \($0) { prefix \($0); }" }.joined(separator: " ")
    return "module \(name) { yang-version 1.1; namespace \"urn:\(name)\"; prefix \(name); \(imported)\n\(body)\n}"
}

/// A small stand-in for the module of public extensions.
let tailf = """
    module tailf-common { namespace "http://tail-f.com/yang/common"; prefix tailf;
      extension info { argument text; } extension annotate { argument target; }
      extension annotate-module { argument name; } extension annotate-statement { argument s; }
      extension cli-sequence-commands; extension cli-reset-siblings; extension abstract; extension hidden { argument g; }
      extension action { argument name; } extension actionpoint { argument id; }
      typedef aes-256-cfb-128-encrypted-string { type string; }
    }
    """

extension SchemaCompiler.Outcome {
    /// `FILE:LINE:COLUMN: SUMMARY` of each finding.
    var findings: [String] { diagnostics.map { "\($0.place.map(\.description) ?? ""): \($0.summary)" } }
}

extension Schema {
    /// The node at a data path of plain names.
    func node(_ path: String) -> SchemaNode? {
        var node: SchemaNode? = root
        for step in path.split(separator: "/") { node = node?.dataChild(named: String(step)) }
        return node
    }

    /// The tree as indented lines: kind, name and flags.
    var outline: [String] {
        func lines(_ node: SchemaNode, _ indent: String) -> [String] {
            node.children.flatMap { child in
                ["\(indent)\(child.kind) \(child.name)"] + lines(child, indent + "  ")
            }
        }
        return lines(root, "")
    }
}

/// Public data beside the checkout, if it is there.
enum SharedData {
    static let root: String? = {
        let environment = ProcessInfo.processInfo.environment
        let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        var candidates = [environment["OPENNED_SHARED_DATA"]].compactMap { $0 }
        candidates.append(package.deletingLastPathComponent().appendingPathComponent("shared/data").path)
        candidates.append(
            package.deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("shared/data").path)
        return candidates.first { FileManager.default.fileExists(atPath: $0) }
    }()

    /// Our own modules under `yang/`.
    static let ownModules: [String] = ["tailf", "openned"].map { folder in
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("yang/\(folder)").path
    }

    static let standardModules = "/usr/share/yuma/modules/ietf"

    static var hasAll: Bool {
        root != nil && (ownModules + [standardModules]).allSatisfy { FileManager.default.fileExists(atPath: $0) }
    }

    static func yangFiles(_ folder: String) -> [String] {
        let base = "\(root ?? "")/\(folder)"
        let names = FileManager.default.enumerator(atPath: base)?.compactMap { $0 as? String } ?? []
        return names.filter { $0.hasSuffix(".yang") }.sorted().map { "\(base)/\($0)" }
    }

    static func sources(_ folder: String) -> [SchemaCompiler.Source] {
        yangFiles(folder).compactMap { path in
            FileManager.default.contents(atPath: path).map { SchemaCompiler.Source(path: path, bytes: [UInt8]($0)) }
        }
    }
}

/// A directory that goes away with the value.
final class TemporaryDirectory {
    let path: String

    init() throws {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("openned-yang-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        path = url.path
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ text: String, to name: String) throws -> String {
        let url = URL(fileURLWithPath: path).appendingPathComponent(name)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
        return url.path
    }
}
