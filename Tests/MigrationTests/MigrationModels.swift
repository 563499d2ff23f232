import Basics
import ConfigTree
import Foundation
import Testing
import YANG

@testable import Migration

/// Models and data for migrations.
enum MigrationModels {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    static let ietfDirectory = ProcessInfo.processInfo.environment["YANG_MODULE_DIR"] ?? "/usr/share/yuma/modules/ietf"

    /// Data that is not part of the repository: models and configurations published by others.
    static let shared: URL =
        ProcessInfo.processInfo.environment["OPENNED_SHARED_DATA"].map { URL(filePath: $0) }
        ?? root.deletingLastPathComponent().appending(path: "shared/data")

    static func isShared(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: shared.appending(path: path).path)
    }

    static var hasDriverModels: Bool { FileManager.default.fileExists(atPath: ietfDirectory) }

    static func compile(_ texts: [String]) throws -> Schema {
        let sources = texts.enumerated().map {
            SchemaCompiler.Source(path: "t\($0.offset).yang", bytes: Array($0.element.utf8))
        }
        return try compile(sources, policy: .strict)
    }

    static func compile(_ sources: [SchemaCompiler.Source], policy: CompilePolicy) throws -> Schema {
        var options = SchemaCompiler.Options()
        options.policy = policy
        options.searchPath = [
            root.appending(path: "yang/tailf").path, root.appending(path: "yang/openned").path, ietfDirectory,
        ]
        let outcome = SchemaCompiler(options: options).compile(sources)
        guard let schema = outcome.schema else { throw DiagnosticsError(outcome.diagnostics) }
        return schema
    }

    static func folder(_ folder: URL, policy: CompilePolicy = .strict, except: Set<String> = []) throws -> Schema {
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        let sources = try names.filter { $0.hasSuffix(".yang") && !except.contains($0) }.map {
            SchemaCompiler.Source(path: $0, bytes: Array(try Data(contentsOf: folder.appending(path: $0))))
        }
        return try compile(sources, policy: policy)
    }

    /// A module `m` with `body`.
    static func schema(_ body: String) throws -> Schema {
        try compile(["module m { yang-version 1.1; namespace \"urn:m\"; prefix m; \(body) }"])
    }
}

extension DataTree {
    init(_ model: DataModel, _ edits: [(Edit, String)]) throws {
        var tree = DataTree(model)
        for (edit, path) in edits { tree = try tree.applying(edit, at: tree.path(path)) }
        self = tree
    }

    /// What is stored as change set items, keys left out: `/m:a/b v`.
    var items: [String] {
        ChangeSet(DataTree(model).diff(to: self)).items.map { item in
            if case .set(let value) = item.edit { "\(item.path) \(value)" } else { item.path }
        }
    }
}
