import Basics
import CLIGrammar
import Foundation
import YANG

/// The sources that an installation is made of, found from this file.
enum ShippedSources {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    static let ietfDirectory = ProcessInfo.processInfo.environment["YANG_MODULE_DIR"] ?? "/usr/share/yuma/modules/ietf"
    static let drivers = ["openned-ios-cli-1.0", "openned-ios-cli-2.0", "openned-nx-cli-1.0", "openned-junos-cli-1.0"]

    static func dialect(_ driver: String) -> CLIDialect {
        driver.contains("-nx-") ? .nx : driver.contains("-junos-") ? .j : .i
    }

    static func url(_ path: String) -> URL { root.appending(path: path) }

    static func yangFiles(_ folder: String) throws -> [SchemaCompiler.Source] {
        let names = try FileManager.default.contentsOfDirectory(atPath: url(folder).path)
        return try names.filter { $0.hasSuffix(".yang") }.sorted().map { name in
            SchemaCompiler.Source(path: "\(folder)/\(name)", bytes: try bytes("\(folder)/\(name)"))
        }
    }

    static func bytes(_ path: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: url(path))) }

    static func compile(_ sources: [SchemaCompiler.Source]) -> SchemaCompiler.Outcome {
        var options = SchemaCompiler.Options()
        options.searchPath = [url("yang/tailf").path, url("yang/openned").path, ietfDirectory]
        return SchemaCompiler(options: options).compile(sources)
    }

    /// The model of a driver under `packages/`.
    static func driver(_ name: String) throws -> Schema {
        let outcome = compile(try yangFiles("packages/\(name)/src/yang"))
        guard let schema = outcome.schema else { throw DiagnosticsError(outcome.diagnostics) }
        return schema
    }
}
