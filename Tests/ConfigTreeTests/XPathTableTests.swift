import Basics
import ConfigTree
import Foundation
import Testing
import YANG

/// XPath over data: against a table whose values another implementation gave, and what YANG adds to it.
@Suite struct XPathTableTests {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "XPath")

    private static let body = """
        container t {
          leaf name { type string; } leaf level { type int8; } leaf empty { type string; } leaf text { type string; }
          container box { leaf a { type int8; } leaf b { type string; }
            container in { leaf c { type string; } leaf d { type int8; } } }
          list port { key name; ordered-by user; leaf name { type string; } leaf speed { type uint32; }
            leaf mode { type string; }
            list unit { key id; ordered-by user; leaf id { type uint8; } leaf mtu { type uint16; } } }
          leaf-list tag { type string; ordered-by user; }
          list route { key "from to"; ordered-by user; leaf from { type string; } leaf to { type string; }
            leaf cost { type int32; } }
          leaf ref { type leafref { path "../port/name"; } }
        }
        """

    static func tree() throws -> DataTree {
        let bytes = [UInt8](try Data(contentsOf: folder.appending(path: "document.xml")))
        return try XMLDataDecoder.tree(bytes, file: "document.xml", model: TreeModels.model(named: "t", body)).get()
    }

    @Test func tableHolds() throws {
        let tree = try Self.tree()
        let text = try String(contentsOf: Self.folder.appending(path: "table.txt"), encoding: .utf8)
        var count = 0
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            guard let bar = line.range(of: " | ") ?? line.range(of: " ¦ "),
                let arrow = line.range(of: " => ", options: .backwards)
            else { continue }
            count += 1
            let expression = String(line[bar.upperBound..<arrow.lowerBound])
            let context = String(line[..<bar.lowerBound])
            let value = try Self.value(of: expression, at: context, in: tree)
            #expect(value == line[arrow.upperBound...], "\(context) | \(expression)")
        }
        #expect(count >= 250)
    }

    private static let oracle = folder.deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "tools/xpath-oracle").path

    private static func runOracle(_ arguments: [String]) throws -> (status: Int32, output: String) {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3", oracle] + arguments
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: output, as: UTF8.self))
    }

    @Test(.enabled("lxml is installed") { (try? runOracle(["--available"]))?.status == 0 })
    func tableIsWhatLibxml2Says() throws {
        let result = try Self.runOracle(["document.xml", "table.txt"].map { Self.folder.appending(path: $0).path })
        #expect(result.status == 0, "\(result.output)")
    }

    // MARK: Values as the table writes them

    static func parse(_ text: String) throws(XPathSyntaxError) -> XPathExpression {
        try XPathParser.parse(text, moduleForPrefix: { $0 }, defaultModule: "t")
    }

    static func value(of text: String, at context: String, in tree: DataTree) throws -> String {
        guard let expression = try? parse(text) else { return "error" }
        let evaluator = XPathEvaluator<DataNode>()
        let node = try #require(try evaluator.nodes(parse(context), at: DataNode(tree.rootInstance)).first)
        switch try evaluator.evaluate(expression, at: node) {
        case .boolean(let flag): return flag ? "true" : "false"
        case .number(let number): return XPathValue<DataNode>.number(number).string
        case .string(let text): return "\"\(text.replacing("\n", with: "\\n"))\""
        case .nodeSet(let nodes):
            // libxml2 does not hand out the document itself.
            let shown = nodes.sorted { $0.precedes($1) }.filter { $0.parent != nil }
            return "{\(shown.map(location).joined(separator: " "))}"
        }
    }

    private static func location(_ node: DataNode) -> String {
        guard let parent = node.parent else { return "" }
        if node.isText { return location(parent) + "/text()" }
        let same = parent.children(named: node.name, module: node.module)
        let position = same.count == 1 ? "" : "[\((same.firstIndex(of: node) ?? -1) + 1)]"
        return "\(location(parent))/\(node.name)\(position)"
    }
}
