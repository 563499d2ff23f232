import Basics
import Foundation
import Testing

@testable import YANG

/// Published models, compiled whole. The counts are those of the trees that `pyang -f tree` (2.7.1) prints for the same
/// files, which were compared node by node; the operations' input and output and the root come on top.
@Suite(.enabled(if: SharedData.hasAll, "the shared data, our modules or the standard modules are not here"))
struct PublicModelTests {
    private func compile(_ folder: String, policy: CompilePolicy) -> SchemaCompiler.Outcome {
        var options = SchemaCompiler.Options()
        options.policy = policy
        options.searchPath = SharedData.ownModules + [SharedData.standardModules]
        return SchemaCompiler(options: options).compile(SharedData.sources(folder))
    }

    @Test(arguments: [
        ("nso-examples/router-cli-1.0", 175), ("nso-examples/router-nc-1.0", 167), ("nso-examples/router-nc-1.1", 172),
        ("nso-examples/cisco-nx-netsim-cli-1.0", 14430), ("nso-examples/cisco-ios-netsim-cli-1.0", 312_312),
        ("openconfig/v4.4.0", 13636), ("openconfig/v5.0.0", 14089), ("tapi/v2.1.3", 9438),
    ])
    func modelsCompileWithoutErrors(folder: String, nodes: Int) throws {
        let outcome = compile(folder, policy: .strict)
        // OpenConfig repeats revisions, and writes names without prefix in other modules' conditions.
        let known: [FaultKind] = [.repeatedRevision, .xpathNode, .deprecatedUse]
        let others = outcome.diagnostics.filter { finding in !known.contains { $0.rawValue == finding.code } }
        #expect(others.isEmpty, "\(others.prefix(5))")
        #expect(folder.hasPrefix("openconfig") || outcome.diagnostics.isEmpty, "\(outcome.findings.prefix(5))")
        #expect(try #require(outcome.schema).nodeCount == nodes)
    }

    @Test func annotationsReachTheirStatements() throws {
        let schema = try #require(compile("nso-examples/router-cli-1.0", policy: .strict).schema)
        #expect(schema.node("sys/syslog/server/administrator")?.annotation("hidden")?.argument == "maint")
    }

    @Test func faultyModelsLoadUnderVendorPolicyOnly() {
        let strict = compile("tapi/v2.3.1", policy: .strict)
        #expect(strict.schema == nil && strict.diagnostics.count == 8)
        #expect(strict.findings.contains { $0.contains("tapi-topology.yang:239:17: configuration leafref") })
        let vendor = compile("tapi/v2.3.1", policy: .vendor)
        #expect(vendor.schema?.diagnostics.count == 8)
    }

    @Test func standardModulesCompile() throws {
        var options = SchemaCompiler.Options()
        options.searchPath = [SharedData.standardModules]
        let names = try FileManager.default.contentsOfDirectory(atPath: SharedData.standardModules).sorted()
        let sources = names.filter { $0.hasSuffix(".yang") }.map { name in
            let path = "\(SharedData.standardModules)/\(name)"
            return SchemaCompiler.Source(
                path: path, bytes: [UInt8](FileManager.default.contents(atPath: path) ?? Data()))
        }
        let outcome = SchemaCompiler(options: options).compile(sources)
        #expect(outcome.schema != nil, "\(outcome.findings.prefix(5))")
    }
}
