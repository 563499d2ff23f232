import Basics
import ConfigTree
import Foundation
import Testing
import YANG

/// Published model sets in the shared data; nil where they are not there.
struct PublishedModels {
    var name: String
    var files: [String]
    var folders: [String]

    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    static let shared =
        ProcessInfo.processInfo.environment["OPENNED_SHARED_DATA"]
        ?? [1, 2].lazy.map { up in (0..<up).reduce(root) { path, _ in path.deletingLastPathComponent() } }
        .map { $0.appendingPathComponent("shared/data").path }.first { DurableFiles.exists($0) } ?? ""

    static let all: [PublishedModels] = {
        let openconfig = shared + "/openconfig/v5.0.0"
        let types = openconfig + "/third_party/ietf"
        let tapi = shared + "/tapi/v2.1.3"
        let ios = shared + "/nso-examples/cisco-ios-netsim-cli-1.0/src/yang"
        let nx = shared + "/nso-examples/cisco-nx-netsim-cli-1.0/src/yang"
        return [
            PublishedModels(
                name: "openconfig",
                files: ["interfaces", "network-instance", "bgp"].map {
                    "\(openconfig)/release/models/\($0)/openconfig-\($0).yang"
                } + [
                    "\(openconfig)/release/models/interfaces/openconfig-if-ip.yang",
                    "\(openconfig)/release/models/policy/openconfig-routing-policy.yang",
                    "\(openconfig)/release/models/vlan/openconfig-vlan.yang",
                ],
                folders: [openconfig]),
            PublishedModels(name: "tapi", files: yang(in: tapi), folders: [tapi, types]),
            PublishedModels(name: "nx", files: [nx + "/netsim-ned-cisco-nx.yang"], folders: [nx, types]),
            PublishedModels(name: "ios", files: [ios + "/netsim-ned-cisco-ios.yang"], folders: [ios, types]),
        ]
    }()

    private static func yang(in folder: String) -> [String] {
        let names = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
        return names.filter { $0.hasSuffix(".yang") }.sorted().map { folder + "/" + $0 }
    }

    func model() throws -> DataModel? {
        guard files.allSatisfy({ DurableFiles.exists($0) }), !files.isEmpty else { return nil }
        var options = SchemaCompiler.Options()
        options.policy = .vendor
        let below = Set(folders.flatMap(Self.yang).map { ($0 as NSString).deletingLastPathComponent })
        let own = ["tailf", "ietf", "iana"].map { Self.root.path + "/yang/" + $0 }
        options.searchPath = below.sorted() + own
        let sources = try files.map { SchemaCompiler.Source(path: $0, bytes: try DurableFiles.read($0)) }
        let outcome = SchemaCompiler(options: options).compile(sources)
        #expect(outcome.schema != nil, "\(outcome.diagnostics.filter { $0.severity == .error }.prefix(5))")
        return outcome.schema.map { DataModel($0) }
    }
}
