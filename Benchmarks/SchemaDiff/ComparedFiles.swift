import Basics
import Foundation
import Migration
import YANG

/// Two revisions of a module, each with what it imports beside it.
struct ComparedFiles {
    var old: String
    var new: String

    /// `Cisco-IOS-XE-native` in the directories that `OPENNED_YDK_XE_OLD` and `OPENNED_YDK_XE` name.
    static func native() -> ComparedFiles? {
        let environment = ProcessInfo.processInfo.environment
        guard let old = environment["OPENNED_YDK_XE_OLD"], let new = environment["OPENNED_YDK_XE"] else { return nil }
        return existing(old + "/Cisco-IOS-XE-native.yang", new + "/Cisco-IOS-XE-native.yang")
    }

    static func openConfig() -> ComparedFiles? {
        let beside = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("shared/data").path
        let root = (ProcessInfo.processInfo.environment["OPENNED_SHARED_DATA"] ?? beside) + "/openconfig/"
        let file = "/network-instance/openconfig-network-instance.yang"
        return existing(root + "v4.4.0" + file, root + "v5.0.0" + file)
    }

    private static func existing(_ old: String, _ new: String) -> ComparedFiles? {
        DurableFiles.exists(old) && DurableFiles.exists(new) ? ComparedFiles(old: old, new: new) : nil
    }

    /// The directory of a file, and those beside it.
    private static func searchPath(_ file: String) -> [String] {
        let own = DurableFiles.parent(of: file)
        let above = DurableFiles.parent(of: own)
        let beside = ((try? FileManager.default.contentsOfDirectory(atPath: above)) ?? []).sorted()
            .map { "\(above)/\($0)" }
        return [own] + beside.filter { $0 != own }
    }

    typealias Compared = (old: Schema, new: Schema, comparison: SchemaComparison)

    /// Compiles both and compares them; nil if one does not compile.
    func compareSources() -> Compared? {
        guard let (before, beforeSources) = Self.compiled(old), let (after, afterSources) = Self.compiled(new) else {
            return nil
        }
        let comparison = SchemaComparison(
            from: before, to: after, oldSources: beforeSources, newSources: afterSources)
        return (before, after, comparison)
    }

    private static func compiled(_ file: String) -> (Schema, SchemaSources)? {
        guard let bytes = try? DurableFiles.read(file) else { return nil }
        var options = SchemaCompiler.Options()
        options.policy = .vendor
        options.implementsImports = true
        options.searchPath = searchPath(file)
        let result = SchemaCompiler(options: options)
            .compileKeepingSources([SchemaCompiler.Source(path: file, bytes: bytes)])
        return result.outcome.schema.flatMap { schema in result.sources.map { (schema, $0) } }
    }

    /// What pyang takes, and where it finds something: `FILE:LINE`.
    func peer(_ pyang: String) -> (cpu: Double, places: [String]) {
        let words = [
            pyang, "--print-error-code", "-p", Self.searchPath(new).joined(separator: ":"), "-P",
            Self.searchPath(old).joined(separator: ":"), "--check-update-from", old, new,
        ]
        let run = Peer.run(words, keepingErrors: true)
        let places = run.errors.split(separator: "\n").compactMap { line -> String? in
            guard line.contains(": CHK_"), let place = line.components(separatedBy: ": ").first
            else { return nil }
            // Of a node that a grouping brought: `USES (at WRITTEN)`.
            let written = place.components(separatedBy: "(at ").last?.replacingOccurrences(of: ")", with: "") ?? place
            return written.split(separator: "/").last.map(String.init)
        }
        return (run.cpu, places)
    }
}
