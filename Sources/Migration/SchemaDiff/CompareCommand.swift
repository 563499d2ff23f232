import Basics
import Foundation
import YANG

/// `ncsc --compare OLD NEW`: what changed from one model to another, for people and for build servers.
///
/// Exit status: 0 compatible, 1 incompatible, 2 undecided, 3 faulty input.
package struct CompareCommand {
    /// Unpacks the archive at the first path to a new directory at the second, and says what its top directory is.
    package typealias Unpack = (_ archive: String, _ directory: String) throws -> String

    private let arguments: CompareArguments
    private let environment: [String: String]
    private let unpack: Unpack
    private let output: (String) -> Void
    private let errors: (String) -> Void

    /// Whether a command line of `ncsc` is one of these.
    package static func isMeant(by arguments: [String]) -> Bool { arguments.contains("--compare") }

    /// - Parameters:
    ///   - output: gets the report, which ends in a new line.
    ///   - errors: gets one line at a time, without its end.
    package static func run(
        arguments: [String], environment: [String: String], unpack: @escaping Unpack,
        output: @escaping (String) -> Void, errors: @escaping (String) -> Void
    ) -> Int32 {
        do {
            let command = CompareCommand(
                arguments: try CompareArguments(arguments), environment: environment, unpack: unpack, output: output,
                errors: errors)
            return try command.run()
        } catch let fault as CompareArguments.Fault {
            errors("ncsc: \(fault.message)")
        } catch let fault as ComparedModel.Fault {
            fault.lines.forEach(errors)
        } catch {
            errors("ncsc: \(error)")
        }
        return 3
    }

    private func run() throws -> Int32 {
        let temporary = FileManager.default.temporaryDirectory.appendingPathComponent("ncsc-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: temporary) }
        let (old, new) = (try model(0, temporary), try model(1, temporary))
        let comparison = SchemaComparison(
            from: old.schema, to: new.schema, rules: arguments.rules, oldSources: old.sources, newSources: new.sources)
        let report = ComparisonReport(
            comparison, from: old.schema, to: new.schema, names: (arguments.models[0], arguments.models[1]))
        try write(report.written(as: arguments.format))
        switch comparison.compatibility {
        case .compatible: return 0
        case .incompatible: return 1
        case .unknown: return 2
        }
    }

    private func model(_ index: Int, _ temporary: URL) throws -> ComparedModel {
        var path = arguments.models[index]
        if Self.archiveSuffixes.contains(where: path.hasSuffix) {
            guard FileManager.default.fileExists(atPath: path) else {
                throw ComparedModel.Fault(lines: ["\(path): there is no such file or directory"])
            }
            try FileManager.default.createDirectory(at: temporary, withIntermediateDirectories: true)
            path = try unpack(path, temporary.appendingPathComponent("\(index)").path)
        }
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        let installed = environment["NCS_DIR"].map { ["\($0)/src/ncs/yang"] } ?? []
        return try ComparedModel(
            path: path, searchPath: arguments.searchPath + installed, isStrict: arguments.isStrict
        ) { line in
            if arguments.isVerbose { errors(line) }
        }
    }

    private static let archiveSuffixes = [".tar", ".tar.gz", ".tgz", ".tar.zst"]

    private func write(_ text: String) throws {
        guard let path = arguments.output else { return output(text) }
        do {
            try DurableFiles.replace(path, with: Array(text.utf8))
        } catch {
            throw CompareArguments.Fault(message: "\(error)")
        }
    }
}
