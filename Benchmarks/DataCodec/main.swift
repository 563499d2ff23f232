import Basics
import ConfigTree
import Foundation
import YANG

// See README.md.

let source = """
    module bench {
      yang-version 1.1; namespace "urn:bench"; prefix b;
      container top {
        list entry {
          key name;
          leaf name { type string; }
          leaf description { type string; }
          leaf port { type uint16 { range "1..65000"; } }
          leaf address { type string { pattern '[0-9]{1,3}(\\.[0-9]{1,3}){3}'; } }
          leaf enabled { type boolean; }
        }
      }
    }
    """
let entries = 166_667
let nodes = entries * 6 + 1
let rounds = 7

let outcome = SchemaCompiler().compile([.init(path: "bench.yang", bytes: Array(source.utf8))])
guard let schema = outcome.schema else { exit(2) }
let model = DataModel(schema)
let validator = Validator(model)
let folder = FileManager.default.temporaryDirectory.appendingPathComponent("bench-data-codec-\(getpid())")
try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
let peer = Peer(folder: folder)
try write("bench.yang", Array(source.utf8))
try write("all.xml", Documents.xml(entries))
try write("all.json", Documents.json(entries))
try write("one.xml", Documents.xml(1))
try write("one.json", Documents.json(1))

func write(_ name: String, _ bytes: [UInt8]) throws {
    try Data(bytes).write(to: folder.appendingPathComponent(name))
}

func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

/// Reads and validates a file as a load does.
func load(_ name: String) throws -> DataTree {
    let bytes = try DurableFiles.read(path(name))
    let decoded =
        name.hasSuffix(".xml")
        ? XMLDataDecoder.tree(bytes, file: name, model: model) : JSONDataDecoder.tree(bytes, file: name, model: model)
    let tree = try decoded.get()
    let faults = validator.violations(in: tree)
    guard faults.isEmpty else { throw DiagnosticsError(faults) }
    return tree
}

var isFast = true
let empty = anonymousBytes()
let tree = try load("all.xml")
let perNode = Double(anonymousBytes() - empty) / Double(nodes)
let bytes = try DurableFiles.read(path("all.xml"))
report("decode xml", nodes, try median { _ = try XMLDataDecoder.tree(bytes, file: "", model: model).get() })
report("validate", nodes, median { _ = validator.violations(in: tree) })
for encoding in ["xml", "json"] {
    let ours = try median { _ = try load("all.\(encoding)") }
    report("decode and validate \(encoding)", nodes, ours)
    guard let whole = try peer.time("all.\(encoding)"), let start = try peer.time("one.\(encoding)") else {
        print("yanglint is not installed: no comparison")
        continue
    }
    report("  yanglint", nodes, whole - start)
    print(String(format: "  %.2f times its speed (at least 1)", (whole - start) / ours))
    isFast = isFast && ours <= whole - start
}
for isPretty in [true, false] {
    let options = EncodeOptions(pretty: isPretty)
    var size = 0
    let xml = try median {
        size = 0
        var encoder = XMLDataEncoder(options, sink: { size += $0.count })
        try encoder.encode(tree)
    }
    report("encode xml\(isPretty ? ", indented" : "")", nodes, xml, bytes: size)
    if isPretty { try compare("xml", xml, size) }
    let json = try median {
        size = 0
        var encoder = JSONDataEncoder(options, sink: { size += $0.count })
        try encoder.encode(tree)
    }
    report("encode json\(isPretty ? ", indented" : "")", nodes, json, bytes: size)
    if isPretty { try compare("json", json, size) }
}

/// What `yanglint` needs to print the same data, and what it takes to copy that many bytes.
@MainActor func compare(_ encoding: String, _ ours: Double, _ size: Int) throws {
    let source = [UInt8](repeating: 32, count: size)
    var target = [UInt8](repeating: 0, count: size)
    report("  copying as many bytes", nodes, median { target.withUnsafeMutableBytes { $0.copyBytes(from: source) } })
    guard let silent = try peer.time("all.xml"), let printing = try peer.time("all.xml", printing: encoding) else {
        return
    }
    let theirs = max(printing - silent, 1e-3)
    report("  yanglint printing", nodes, theirs)
    print(String(format: "  %.2f times its speed (at least 1)", theirs / ours))
    isFast = isFast && ours <= theirs
}
print(String(format: "memory of the tree: %.1f bytes a node", perNode))
try? FileManager.default.removeItem(at: folder)
exit(isFast ? 0 : 1)
