import ConfigTree
import Dispatch
import Foundation
import YANG

// See README.md.

let source = """
    module bench {
      yang-version 1.1; namespace "urn:bench"; prefix b;
      container top {
        must "count(entry) < 2000000";
        list profile { key name; leaf name { type string; } leaf max { type uint32; } }
        list entry {
          key name;
          unique "address zone";
          leaf name { type string; }
          leaf address { type string; }
          leaf zone { type uint32; default 1; }
          leaf alias { type string; }
          leaf peer { type leafref { path "../../entry/name"; } must ". != ../name"; }
          leaf neighbor { type leafref { path "/b:top/b:entry/b:alias"; } }
          leaf profile { type leafref { path "/b:top/b:profile/b:name"; } mandatory true; }
          leaf mtu {
            type uint32; default 1500;
            must ". <= /b:top/b:profile[b:name = current()/../profile]/b:max";
          }
          leaf jumbo { when "../mtu > 2000"; type boolean; default false; }
          choice mode { default plain; leaf plain { type empty; } leaf tagged { type uint32; } }
        }
      }
    }
    """

struct Model {
    let model: DataModel
    let top: SchemaNode
    let entry: SchemaNode
    let profile: SchemaNode

    init() {
        let outcome = SchemaCompiler().compile([.init(path: "bench.yang", bytes: Array(source.utf8))])
        guard let schema = outcome.schema, let top = schema.root.dataChild(named: "top"),
            let entry = top.dataChild(named: "entry"), let profile = top.dataChild(named: "profile")
        else { exit(2) }
        model = DataModel(schema)
        self.top = top
        self.entry = entry
        self.profile = profile
    }

    func path(_ number: Int, _ leaf: String? = nil) -> InstancePath {
        let path = InstancePath([.init(top), .init(entry, keys: ["e\(number)"])])
        guard let leaf, let node = entry.dataChild(named: leaf) else { return path }
        return path.appending(node)
    }

    func tree(_ count: Int) -> DataTree {
        let draft = RowDraft(model.schema.root)
        let container = draft.container(top)
        func leaf(_ name: String) -> SchemaNode {
            guard let node = entry.dataChild(named: name) else { exit(2) }
            return node
        }
        guard let max = profile.dataChild(named: "max") else { exit(2) }
        for number in 0..<10 { container.entry(of: profile, keys: ["p\(number)"]).set("9000", for: max) }
        let leaves = (address: leaf("address"), alias: leaf("alias"), peer: leaf("peer"), next: leaf("neighbor"))
        let profileLeaf = leaf("profile")
        for number in 0..<count {
            let row = container.entry(of: entry, keys: ["e\(number)"])
            row.set("address \(number)", for: leaves.address)
            row.set("alias \(number)", for: leaves.alias)
            if number % 2 == 1 {
                row.set("e\(number - 1)", for: leaves.peer)
                row.set("alias \(number - 1)", for: leaves.next)
            }
            row.set("p\(number % 10)", for: profileLeaf)
        }
        return DataTree(draft, model: model)
    }
}

/// The kinds of edits, each as what it does to entry `number` of `count` in round `round`.
let kinds: [(name: String, edits: (Model, Int, Int, Int) -> [PathEdit])] = [
    ("unique leaf", { model, number, _, round in [PathEdit(.set("other \(round)"), model.path(number, "address"))] }),
    (
        "referring leaf",
        { model, number, count, _ in
            [PathEdit(.set("alias \((number + 2) % count & ~1)"), model.path(number | 1, "neighbor"))]
        }
    ),
    (
        "referred-to leaf",
        { model, number, _, round in [PathEdit(.set("alias of \(round)"), model.path(number | 1, "alias"))] }
    ),
    (
        "must and when",
        { model, number, _, round in [PathEdit(.set("\(1600 + round % 300)"), model.path(number, "mtu"))] }
    ),
    (
        "entry comes",
        { model, _, _, round in
            [PathEdit(.create, model.path(-1 - round)), PathEdit(.set("p1"), model.path(-1 - round, "profile"))]
        }
    ),
    ("entry goes", { model, number, _, _ in [PathEdit(.delete, model.path(number | 1))] }),
]

struct Figures {
    var total: [Double] = []
    var validation: [Double] = []

    func median(_ times: [Double]) -> Double { times.sorted()[times.count / 2] }
}

func now() -> UInt64 { DispatchTime.now().uptimeNanoseconds }

func measure(
    _ tree: DataTree, _ validator: Validator, _ model: Model, _ count: Int, rounds: Int,
    _ edits: (Model, Int, Int, Int) -> [PathEdit]
) throws -> Figures {
    var figures = Figures()
    var tree = tree
    for round in 0..<rounds {
        let change = edits(model, round &* 7_919 % count, count, round)
        let start = now()
        var edited = tree
        for edit in change { try edited.apply(edit.edit, at: edit.path) }
        let difference = tree.diff(to: edited)
        let middle = now()
        let faults = validator.violations(in: edited, changedFrom: tree, difference: difference)
        let end = now()
        guard faults.isEmpty else {
            print(faults[0])
            exit(3)
        }
        figures.total.append(Double(end - start) / 1_000)
        figures.validation.append(Double(end - middle) / 1_000)
        // As a commit does: the next edit begins where this one ended.
        tree = edited
    }
    return figures
}

let model = Model()
let validator = Validator(model.model)
let sizes = CommandLine.arguments.dropFirst().compactMap { Int($0) }
let rounds = 1_001
var medians: [String: [Double]] = [:]
for count in sizes.isEmpty ? [1_000, 10_000, 100_000, 1_000_000] : sizes {
    let tree = model.tree(count)
    let start = now()
    let full = validator.violations(in: tree)
    let middle = now()
    guard full.isEmpty else {
        print(full[0])
        exit(3)
    }
    for (_, edits) in kinds { _ = try measure(tree, validator, model, count, rounds: 1, edits) }
    print(
        String(
            format: "%8d entries: whole tree %.1f ms, first edits of each kind together %.1f ms", count,
            Double(middle - start) / 1e6, Double(now() - middle) / 1e6))
    for (name, edits) in kinds {
        let found = try measure(tree, validator, model, count, rounds: min(rounds, count / 4), edits)
        let total = found.median(found.total)
        medians[name, default: []].append(total)
        let share = found.median(found.validation) / total * 100
        let label = name.padding(toLength: 18, withPad: " ", startingAt: 0)
        print(String(format: "%8d entries: %@ %7.1f µs, of this %2.0f %% validation", count, label, total, share))
    }
}
var isMet = true
for (name, _) in kinds {
    guard let times = medians[name], let first = times.first, let last = times.last else { continue }
    print(String(format: "%@: %.2f times from first to last (limit 2)", name, last / first))
    isMet = isMet && last <= 2 * first
}
exit(isMet ? 0 : 1)
