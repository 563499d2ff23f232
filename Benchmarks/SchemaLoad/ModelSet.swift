import Basics
import Foundation
import YANG

/// Modules to compile, and how the peers are told to.
struct ModelSet {
    var name: String
    var files: [String]
    var searchPath: [String]
    /// libyang wants what OpenConfig refers to implemented.
    var lintOptions: [String]

    var sources: [SchemaCompiler.Source] {
        get throws {
            try files.map { SchemaCompiler.Source(path: $0, bytes: try DurableFiles.read($0)) }
        }
    }

    var options: SchemaCompiler.Options {
        var options = SchemaCompiler.Options()
        options.policy = .vendor
        options.searchPath = searchPath
        return options
    }

    var lint: [String] { lintOptions + searchPath.flatMap { ["-p", $0] } + files }
    var pyang: [String] { ["-p", searchPath.joined(separator: ":")] + files }

    /// All modules of OpenConfig v5.0.0 in the shared data; nil if it is not here.
    static func openConfig() -> ModelSet? {
        let environment = ProcessInfo.processInfo.environment
        let beside = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("shared/data").path
        let root = (environment["OPENNED_SHARED_DATA"] ?? beside) + "/openconfig/v5.0.0"
        guard let walker = FileManager.default.enumerator(atPath: root) else { return nil }
        let files = walker.compactMap { $0 as? String }.filter { $0.hasSuffix(".yang") }.sorted().map {
            root + "/" + $0
        }
        let directories = Set(files.map { DurableFiles.parent(of: $0) }).sorted()
        let modules = files.filter { isModule($0) }
        guard !modules.isEmpty else { return nil }
        return ModelSet(name: "OpenConfig v5.0.0", files: modules, searchPath: directories, lintOptions: ["-i"])
    }

    private static func isModule(_ path: String) -> Bool {
        guard let bytes = try? DurableFiles.read(path) else { return false }
        return Statement.parse(bytes, path: path).statements.first?.keyword == .module
    }

    /// `Cisco-IOS-XE-native` with what it imports, in the directory that `OPENNED_YDK_XE` names.
    static func native() -> ModelSet? {
        guard let directory = ProcessInfo.processInfo.environment["OPENNED_YDK_XE"] else { return nil }
        let file = directory + "/Cisco-IOS-XE-native.yang"
        guard DurableFiles.exists(file) else { return nil }
        return ModelSet(name: "IOS-XE native", files: [file], searchPath: [directory], lintOptions: [])
    }
}
