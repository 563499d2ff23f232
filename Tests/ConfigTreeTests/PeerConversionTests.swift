import Basics
import ConfigTree
import Foundation
import Testing
import YANG

/// What `yanglint` makes of our documents must be the same data: XML to JSON, and JSON to XML.
@Suite struct PeerConversionTests {
    private static let program = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        .map { "\($0)/yanglint" }.first { FileManager.default.isExecutableFile(atPath: $0) }

    private static let module = """
        module peers {
          yang-version 1.1; namespace "urn:peers"; prefix p;
          identity base; identity one { base base; } identity two { base base; }
          container top {
            leaf name { type string; } leaf small { type int16 { range "-9..9 | 100..200"; } } leaf big { type uint64; }
            leaf ratio { type decimal64 { fraction-digits 3; } } leaf on { type boolean; } leaf none { type empty; }
            leaf kind { type identityref { base base; } } leaf flags { type bits { bit a; bit b; bit c; } }
            leaf raw { type binary; } leaf mode { type enumeration { enum up; enum down; } }
            leaf either { type union { type uint8; type identityref { base base; } type enumeration { enum auto; } } }
            leaf-list tag { type string; ordered-by user; } leaf-list number { type int32; }
            list item { key "id mode"; leaf id { type string; } leaf mode { type int8; }
              leaf note { type string; } container in { leaf-list x { type boolean; } } }
            list ordered { key n; ordered-by user; leaf n { type uint8; } leaf v { type string; } }
            choice way { container left { presence l; leaf a { type string; } } leaf right { type string; } }
          }
        }
        """

    @Test(.enabled(if: program != nil, "yanglint is not installed"))
    func yanglintTellsTheSameDataInTheOtherEncoding() throws {
        let model = try CodecModels.model([("peers", Self.module)])
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("peers-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try Data(Self.module.utf8).write(to: folder.appendingPathComponent("peers.yang"))
        for seed in 0..<RandomTree.seeds {
            let tree = RandomTree.make(model, seed: UInt64(seed) + 100, limit: 60)
            guard !tree.isEmpty else { continue }
            let options = EncodeOptions(wrapped: false)
            let json = try Self.convert(XMLDataEncoder.bytes(tree, options), "data.xml", to: "json", in: folder)
            let xml = try Self.convert(JSONDataEncoder.bytes(tree, options), "data.json", to: "xml", in: folder)
            for decoded in [
                JSONDataDecoder.tree(json, file: "peer.json", model: model),
                XMLDataDecoder.tree(xml, file: "peer.xml", model: model),
            ] {
                #expect(decoded.diagnostics.map(\.description) == [], "seed \(seed)")
                #expect(
                    XMLDataEncoder.bytes(decoded.content) == XMLDataEncoder.bytes(tree),
                    "seed \(seed): \(String(decoding: json, as: UTF8.self))")
            }
        }
    }

    private static func convert(_ bytes: [UInt8], _ name: String, to format: String, in folder: URL) throws -> [UInt8] {
        try Data(bytes).write(to: folder.appendingPathComponent(name))
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try #require(program))
        process.arguments = ["-t", "config", "-f", format, "-o", "out.\(format)", "peers.yang", name]
        process.currentDirectoryURL = folder
        let errors = Pipe()
        process.standardError = errors
        try process.run()
        let text = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(String(decoding: text, as: UTF8.self))")
        return Array(try Data(contentsOf: folder.appendingPathComponent("out.\(format)")))
    }
}
