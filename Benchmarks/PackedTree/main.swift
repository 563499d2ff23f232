import ConfigTree
import Dispatch
import Foundation
import YANG

// See README.md.

/// `malloc_trim` of the C library, which no module map offers to Swift.
let trim = dlsym(nil, "malloc_trim").map {
    unsafeBitCast($0, to: (@convention(c) (Int) -> CInt).self)
}

/// Bytes of anonymous memory that the process has in RAM, without what is free.
func anonymousBytes() -> Int {
    _ = trim?(0)
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("RssAnon:") } ?? ""
    return (Int(line.split(whereSeparator: { !$0.isNumber }).first ?? "") ?? 0) * 1024
}

/// A text of 20 bytes like no other.
func text(_ number: Int, _ letter: String) -> String {
    let digits = String(number)
    return letter + String(repeating: "0", count: 19 - digits.count) + digits
}

/// A text like no other of 12 to 28 bytes, 20 on average.
func varied(_ number: Int, _ leaf: Int) -> String {
    let start = "\(leaf)\(number)"
    return start + String(repeating: "x", count: 12 + (number &* 7 + leaf &* 5) % 17 - start.count)
}

struct ListModel {
    static let leaves = ["name", "description", "address", "peer", "comment"]

    let model: DataModel
    let container: SchemaNode
    let list: SchemaNode

    init() {
        let nodes = Self.leaves.map { "leaf \($0) { type string; }" }.joined(separator: " ")
        let source = """
            module bench { namespace "urn:bench"; prefix b;
              container top { list entry { key name; \(nodes) } } }
            """
        let outcome = SchemaCompiler().compile([.init(path: "bench.yang", bytes: Array(source.utf8))])
        guard let schema = outcome.schema, let container = schema.root.dataChild(named: "top"),
            let list = container.dataChild(named: "entry")
        else { exit(2) }
        model = DataModel(schema)
        self.container = container
        self.list = list
    }

    func path(_ number: Int, _ leaf: Int) -> InstancePath {
        let entry = InstancePath([.init(container), .init(list, keys: [text(number, "n")])])
        return entry.appending(list.dataChild(at: leaf))
    }

    /// Entries with their key and `leaves - 1` further leaves, by single edits as a session makes them.
    func tree(_ entries: Int, leaves: Int) throws -> DataTree {
        var tree = DataTree(model)
        for number in 0..<entries {
            for leaf in 1..<leaves { try tree.apply(.set(varied(number, leaf)), at: path(number, leaf)) }
        }
        return tree
    }
}

/// The median time of setting one leaf and finding that difference, in microseconds.
func editAndDiff(_ tree: DataTree, _ list: ListModel, entries: Int) throws -> Double {
    var times: [Double] = []
    for round in 0..<2_000 {
        let path = list.path(round &* 7_919 % entries, 1)
        let value = text(round, "x")
        let start = DispatchTime.now().uptimeNanoseconds
        let edited = try tree.applying(.set(value), at: path)
        let diff = tree.diff(to: edited)
        times.append(Double(DispatchTime.now().uptimeNanoseconds - start) / 1_000)
        guard diff.first?.children.first?.children.first?.newValue == value else { exit(3) }
    }
    return times.sorted()[times.count / 2]
}

let list = ListModel()
let empty = anonymousBytes()
var perNode = 0.0
do {
    // An entry, its key and four leaves: six nodes.
    let entries = 1_000_000 / 6
    let tree = try list.tree(entries, leaves: 5)
    perNode = Double(anonymousBytes() - empty) / Double(entries * 6)
    print(String(format: "%d nodes: %.1f bytes a node (limit 64)", entries * 6, perNode))
    // A candidate that has every hundredth entry changed, beside what is running.
    let alone = anonymousBytes()
    var candidate = tree
    let changed = entries / 100
    for round in 0..<changed { try candidate.apply(.set(text(round, "c")), at: list.path(round &* 7_919 % entries, 1)) }
    let more = Double(anonymousBytes() - alone)
    print(
        String(
            format: "running and candidate: %.1f bytes a node, %.0f bytes an entry changed (%d of %d)",
            perNode + more / Double(entries * 6), more / Double(changed), changed, entries))
    // And a version in which every hundredth entry bears an attribute, with one word on its node.
    candidate = tree
    let plain = anonymousBytes()
    for round in 0..<changed {
        let entry = list.path(round &* 7_919 % entries, 1).parent
        try candidate.apply(.annotate("tailf_netmod:annotation", "attribute \(round)"), at: entry)
    }
    let attributed = Double(anonymousBytes() - plain) / Double(changed)
    print(
        String(
            format: "attributes: 8 bytes a row, counted above; %.0f bytes an entry with one (its new version included)",
            attributed))
    withExtendedLifetime((tree, candidate)) {}
}
var times: [Double] = []
for entries in [1_000, 10_000, 100_000, 1_000_000] {
    let tree = try list.tree(entries, leaves: 2)
    times.append(try editAndDiff(tree, list, entries: entries))
    print(String(format: "%8d entries: %6.1f µs for a one-leaf edit and its diff", entries, times[times.count - 1]))
}
let ratio = times[times.count - 1] / times[0]
print(String(format: "1,000,000 to 1,000 entries: %.1f times (limit 8)", ratio))
exit(perNode <= 64 && ratio <= 8 ? 0 : 1)
