import Basics
import ConfigTree
import Foundation
import Testing
import YANG

/// Public packages whose data must survive our codecs: `<package root>/../shared/data`, or where the variable says.
enum PublishedData {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    static let folder =
        ProcessInfo.processInfo.environment["OPENNED_SHARED_DATA"]
        ?? [1, 2].lazy.map { up in (0..<up).reduce(root) { path, _ in path.deletingLastPathComponent() } }
        .map { $0.appendingPathComponent("shared/data").path }.first { DurableFiles.exists($0) } ?? ""

    static func files(_ folder: String, _ suffix: String) -> [String] {
        let names = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
        return names.filter { $0.hasSuffix(suffix) }.sorted().map { folder + "/" + $0 }
    }

    static func model(_ package: String) throws -> DataModel? {
        let yang = "\(folder)/nso-examples/\(package)/src/yang"
        var options = SchemaCompiler.Options()
        options.policy = .vendor
        options.searchPath =
            [yang] + ["tailf", "ietf", "iana"].map { root.path + "/yang/" + $0 } + [
                "\(folder)/openconfig/v5.0.0/third_party/ietf"
            ]
        // The statistics of the IOS model import a module that the public data lacks.
        let sources = try files(yang, ".yang").filter { !$0.hasSuffix("-stats.yang") }.map { path in
            SchemaCompiler.Source(path: path, bytes: try DurableFiles.read(path))
        }
        options.annotations = sources.filter { $0.path.hasSuffix("-ann.yang") }
        let outcome = SchemaCompiler(options: options).compile(sources.filter { !$0.path.hasSuffix("-ann.yang") })
        #expect(outcome.schema != nil, "\(outcome.diagnostics.filter { $0.severity == .error }.prefix(5))")
        return outcome.schema.map { DataModel($0) }
    }
}

@Test(
    .enabled(if: DurableFiles.exists(PublishedData.folder + "/nso-examples"), "the public data is not there"),
    arguments: ["router-nc-1.0", "router-nc-1.1", "router-cli-1.0", "cisco-ios-netsim-cli-1.0"])
func publishedDataSurvivesBothEncodings(package: String) throws {
    guard let model = try PublishedData.model(package) else { return }
    let files = PublishedData.files("\(PublishedData.folder)/nso-examples/\(package)/netsim", ".xml")
    #expect(!files.isEmpty)
    for file in files {
        let options = DecodeOptions(content: .all)
        let decoded = XMLDataDecoder.tree(try DurableFiles.read(file), file: file, model: model, options: options)
        #expect(decoded.diagnostics.map(\.description) == [])
        let whole = EncodeOptions(content: .all)
        let xml = XMLDataEncoder.bytes(decoded.content, whole)
        let json = JSONDataEncoder.bytes(decoded.content, whole)
        #expect(!decoded.content.isEmpty)
        let fromXML = XMLDataDecoder.tree(xml, file: "again.xml", model: model, options: options)
        let fromJSON = JSONDataDecoder.tree(json, file: "again.json", model: model, options: options)
        #expect((fromXML.diagnostics + fromJSON.diagnostics).map(\.description) == [])
        #expect(XMLDataEncoder.bytes(fromXML.content, whole) == xml)
        #expect(XMLDataEncoder.bytes(fromJSON.content, whole) == xml)
    }
}

@Test(
    .enabled(if: DurableFiles.exists(PublishedData.folder + "/nso-examples"), "the public data is not there"),
    arguments: ["router-nc-1.0", "cisco-ios-netsim-cli-1.0"])
func randomDataOfPublishedModelsSurvivesBothEncodings(package: String) throws {
    guard let model = try PublishedData.model(package) else { return }
    var size = 0
    for seed in 0..<RandomTree.seeds {
        let tree = RandomTree.make(model, seed: UInt64(seed), limit: 400)
        size += try RandomTree.expectRoundTrips(tree, "\(package), seed \(seed)")
    }
    #expect(size > 10_000)
}
