import Basics
import ConfigTree
import Testing
import YANG

/// Random edits of a tree, beside the same edits of plain dictionaries.
@Suite struct RandomEditTests {
    private static let names = [
        "", "a", "b]", "c'd", "e\"f", "g'h\"i", "/j", " k ", "l\nm", "ü\u{301}", "\u{301}n", "\u{600}",
    ]

    private struct Editor {
        let schema: Schema
        var random: SeededGenerator

        mutating func name() -> String { RandomEditTests.names.randomElement(using: &random)! }

        private func child(_ path: InstancePath, _ name: String) -> SchemaNode {
            (path.last?.node ?? schema.root).dataChild(named: name)!
        }

        /// A path from the names of nodes, keys made up.
        mutating func path(_ words: String) -> InstancePath {
            var path = InstancePath()
            for word in words.split(separator: "/") {
                let node = child(path, String(word))
                let keys: [String] =
                    switch node.name {
                    case "l": [name(), String(Int.random(in: 0...12, using: &random))]
                    case "sl": [String(Int.random(in: 0...300, using: &random))]
                    default: node.kind == .list || node.kind == .leafList ? [name()] : []
                    }
                path = path.appending(node, keys: keys)
            }
            return path
        }

        mutating func place() -> Entries.Place {
            switch Int.random(in: 0...3, using: &random) {
            case 0: .first
            case 1: .last
            case 2: .before([name()])
            default: .after([name()])
            }
        }

        mutating func edit() -> PathEdit {
            let leaves = [
                "top/a", "top/x1", "top/xc/x2", "top/y1", "top/i1", "top/i2", "top/l/v", "top/l/in/w",
                "top/l/sub/v", "top/p/q",
            ]
            switch Int.random(in: 0..<10, using: &random) {
            case 0...3: return PathEdit(.set(name()), path(leaves.randomElement(using: &random)!))
            case 4, 5:
                let made = ["top/flag", "top/p", "top/xc", "top/l", "top/l/sub", "top/ul", "top/sl", "top/y2"]
                return PathEdit(.create, path(made.randomElement(using: &random)!))
            case 6, 7:
                return PathEdit(.place(place()), path(["top/ul", "top/l/sub"].randomElement(using: &random)!))
            default:
                let all = leaves + ["top/p", "top/xc", "top/l", "top/l/in", "top/l/sub", "top/ul", "top/sl", "top/y2"]
                if Int.random(in: 0..<60, using: &random) == 0 {
                    return PathEdit(.delete, InstancePath([.init(child(InstancePath(), "top"))]))
                }
                return PathEdit(.delete, path(all.randomElement(using: &random)!))
            }
        }
    }

    /// A copy that shares nothing: as if it had been read from a file.
    private func copy(_ tree: DataTree) -> DataTree {
        let draft = RowDraft(tree.model.schema.root)
        fill(draft, tree.rootInstance)
        return DataTree(draft, model: tree.model)
    }

    private func fill(_ draft: RowDraft, _ instance: Instance) {
        for child in instance.children() {
            switch child.node.kind {
            case .leaf: draft.set(child.value ?? "", for: child.node)
            case .leafList: draft.add(child.value ?? "", to: child.node)
            case .list: fill(draft.entry(of: child.node, keys: child.keys), child)
            default: fill(draft.container(child.node), child)
            }
        }
    }

    @Test(arguments: 1...6) func treeIsWhatPlainDictionariesAre(seed: UInt64) throws {
        let model = try TreeModels.model(TreeModels.every)
        var editor = Editor(schema: model.schema, random: SeededGenerator(seed))
        var tree = DataTree(model)
        var naive = NaiveData()
        var earlier = tree
        for step in 0..<200 {
            let edit = editor.edit()
            tree = try tree.applying(edit.edit, at: edit.path)
            naive.apply(edit.edit, at: edit.path)
            let (real, wanted) = (tree.lines, naive.lines(model.schema))
            let difference = real == wanted ? [] : Array(real.difference(from: wanted))
            try #require(difference.isEmpty, "seed \(seed), step \(step): \(edit.edit) \(edit.path)")
            #expect(try tree.path(edit.path.description) == edit.path)
            #expect(try tree.path(edit.path.keypath) == edit.path || edit.path.last?.keys == [])
            if step % 8 == 0 {
                try checkDiff(earlier, tree, seed)
                if step % 24 == 0 { earlier = tree }
            }
        }
    }

    /// Two changes of one tree: laid over each other by what is shared, or not at all, they come to what their edits do.
    @Test(arguments: 1...8) func graftedChangeIsWhatItsEditsAre(seed: UInt64) throws {
        let model = try TreeModels.model(TreeModels.every)
        var editor = Editor(schema: model.schema, random: SeededGenerator(seed))
        var base = DataTree(model)
        for _ in 0..<150 {
            let edit = editor.edit()
            base = try base.applying(edit.edit, at: edit.path)
        }
        var count = 0
        for round in 0..<150 {
            var (here, changed) = (base, base)
            for _ in 0...(round % 4) {
                let (mine, theirs) = (editor.edit(), editor.edit())
                here = try here.applying(mine.edit, at: mine.path)
                changed = try changed.applying(theirs.edit, at: theirs.path)
            }
            if let both = here.grafting(changed, changedFrom: base) {
                count += 1
                let wanted = try here.applying(ChangeSet(base.diff(to: changed, includingMetadata: true)))
                try #require(both.lines == wanted.lines, "seed \(seed), round \(round)")
                #expect(ChangeSet(both.diff(to: wanted)).isEmpty, "seed \(seed), round \(round)")
            }
            base = here
        }
        #expect(count > 10)
    }

    private func checkDiff(_ a: DataTree, _ b: DataTree, _ seed: UInt64) throws {
        for (from, to) in [(a, b), (b, a)] {
            let changes = ChangeSet(from.diff(to: to))
            let value = try JSONValue.parse(Array(changes.json.utf8), file: "changes")
            guard case .array(let lines) = value else { throw PathError(.syntax, "no array") }
            let words = lines.map { line -> [String] in
                guard case .array(let words) = line else { return [] }
                return words.map { if case .string(let word) = $0 { word } else { "" } }
            }
            #expect(try ChangeSet(words: words) == changes)
            let result = try from.applying(changes)
            try #require(result.lines == to.lines, "seed \(seed): \(changes.json)")
            #expect(ChangeSet(result.diff(to: to)).isEmpty, "seed \(seed)")
        }
        #expect(ChangeSet(b.diff(to: copy(b))).isEmpty, "seed \(seed): a copy differs")
        let apart = ChangeSet(a.diff(to: copy(b)))
        #expect(try a.applying(apart).lines == b.lines, "seed \(seed): a change made of a copy")
        #expect(a.merging(a).root === a.root)
        if !b.isEmpty { #expect(DataTree(b.model).merging(b).lines == b.lines) }
    }
}
