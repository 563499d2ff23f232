import Basics
import ConfigTree
import Foundation
import Testing
import YANG

@testable import CLIGrammar

/// Models to test on: written in the test, our own drivers, and the public ones where they are there.
enum TestModels {
    static let packageRoot = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    static let sharedData: URL? = {
        let path =
            ProcessInfo.processInfo.environment["OPENNED_SHARED_DATA"]
            ?? packageRoot.appending(path: "../shared/data").standardized.path
        let candidates = [path, packageRoot.appending(path: "../../shared/data").standardized.path]
        return candidates.first { FileManager.default.fileExists(atPath: $0) }.map { URL(filePath: $0) }
    }()

    static var hasSharedData: Bool { sharedData != nil }

    private static var searchPath: [String] {
        var paths = ["yang/tailf", "yang/openned", "yang/ietf"].map { packageRoot.appending(path: $0).path }
        paths.append("/usr/share/yuma/modules/ietf")
        if let sharedData {
            paths.append(sharedData.appending(path: "openconfig/v5.0.0/third_party/ietf").path)
        }
        return paths
    }

    static func compile(_ sources: [SchemaCompiler.Source]) throws -> Schema {
        var options = SchemaCompiler.Options()
        options.policy = .vendor
        options.searchPath = searchPath
        let outcome = SchemaCompiler(options: options).compile(sources)
        guard let schema = outcome.schema else {
            let errors = outcome.diagnostics.filter { $0.severity == .error }.prefix(5).map(\.description)
            throw TestFailure(errors.joined(separator: "\n"))
        }
        return schema
    }

    /// A module `m` (prefix `m`) with that body.
    static func model(_ body: String) throws -> DataModel {
        let text = """
            module m { yang-version 1.1; namespace "urn:m"; prefix m;
              import tailf-common { prefix tailf; }
              \(body)
            }
            """
        return DataModel(try compile([SchemaCompiler.Source(path: "m.yang", bytes: Array(text.utf8))]))
    }

    static func directory(_ url: URL) throws -> DataModel {
        let files = try FileManager.default.contentsOfDirectory(at: url, includingPropertiesForKeys: nil)
            .filter { $0.pathExtension == "yang" }.sorted { $0.path < $1.path }
        let sources = try files.map { SchemaCompiler.Source(path: $0.path, bytes: Array(try Data(contentsOf: $0))) }
        return DataModel(try compile(sources))
    }

    static let ownDriver = Result {
        try directory(packageRoot.appending(path: "packages/openned-ios-cli-1.0/src/yang"))
    }

    /// The second version of the driver for routers: its model is much larger.
    static let ownRouter = Result {
        try directory(packageRoot.appending(path: "packages/openned-ios-cli-2.0/src/yang"))
    }

    static let ownSwitch = Result {
        try directory(packageRoot.appending(path: "packages/openned-nx-cli-1.0/src/yang"))
    }

    static let junos = Result {
        try directory(packageRoot.appending(path: "packages/openned-junos-cli-1.0/src/yang"))
    }

    static let netsimIOS = Result {
        let url = try #require(sharedData).appending(path: "nso-examples/cisco-ios-netsim-cli-1.0/src/yang")
        let file = url.appending(path: "netsim-ned-cisco-ios.yang")
        return DataModel(
            try compile([SchemaCompiler.Source(path: file.path, bytes: Array(try Data(contentsOf: file)))]))
    }

    static let netsimNX = Result {
        let url = try #require(sharedData).appending(path: "nso-examples/cisco-nx-netsim-cli-1.0/src/yang")
        let file = url.appending(path: "netsim-ned-cisco-nx.yang")
        return DataModel(
            try compile([SchemaCompiler.Source(path: file.path, bytes: Array(try Data(contentsOf: file)))]))
    }

    static let router = Result {
        try directory(try #require(sharedData).appending(path: "nso-examples/router-cli-1.0/src/yang"))
    }
}

struct TestFailure: Error, CustomStringConvertible {
    var description: String
    init(_ description: String) { self.description = description }
}

extension CLIGrammar {
    func parse(_ text: String, strict: Bool = true) throws -> ParsedConfiguration {
        var options = ParseOptions()
        options.isStrict = strict
        return try parse(Array(text.utf8), options: options)
    }

    /// The text after reading it and printing it again.
    func again(_ text: String) throws -> String { render(try parse(text).tree) }
}
