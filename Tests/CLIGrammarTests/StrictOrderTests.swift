import ConfigTree
import Foundation
import Netsim
import Testing
import YANG

@testable import CLIGrammar

/// Commands against a simulated router that insists on their order.
struct StrictOrderTests {
    static let isSoak = ProcessInfo.processInfo.environment["OPENNED_SOAK_SEEDS"] != nil
    static let ios = ["ios_example_network", "iosxe_bgp_confederation", "iosxe_redistribution"]
    static let nx = ["nxos_isis", "nxos_redistribution"]

    static func files(_ folders: [String]) throws -> [URL] {
        let root = try #require(TestModels.sharedData).appending(path: "lab-configs")
        return try folders.flatMap { folder in
            try FileManager.default.contentsOfDirectory(
                at: root.appending(path: folder), includingPropertiesForKeys: nil
            ).filter { $0.pathExtension == "txt" }.sorted { $0.path < $1.path }
        }
    }

    /// What goes wrong when a router that holds `from` is told to become `to`; nil if it does.
    static func fault(
        _ grammar: CLIGrammar, _ rules: StrictRules, from: DataTree, to: DataTree, tolerating: Set<String>
    ) -> String? {
        let commands = grammar.commands(from: from, to: to).map(\.text)
        var router = StrictRouter(grammar, rules: rules, holding: from, tolerating: tolerating)
        let text = { commands.joined(separator: "\n") }
        if let refusal = router.enter(commands) { return "refused: \(refusal)\n\(text())" }
        let difference = grammar.settled(router.tree).diff(to: grammar.settled(to))
        return difference.isEmpty ? nil : "ends up elsewhere: \(ChangeSet(difference).json)\n\(text())"
    }

    /// Every pair in a soak, else each file and the next: there and back.
    private func pairs(_ model: DataModel, _ dialect: CLIDialect, _ folders: [String]) throws -> Int {
        let grammar = CLIGrammar(model: model, dialect: dialect)
        let every = Self.isSoak ? 1 : 4
        let files = try Self.files(folders).enumerated().filter { $0.offset % every == 0 }.map(\.element)
        let trees = try files.map { try grammar.parse(Array(try Data(contentsOf: $0))).tree }
        let rules = StrictRules(model)
        let dangling = trees.map(rules.danglingReferences)
        var count = 0
        for a in trees.indices {
            for b in Self.isSoak ? Array(trees.indices) : [(a + 1) % trees.count, (a + trees.count - 1) % trees.count]
            where a != b {
                let fault = Self.fault(
                    grammar, rules, from: trees[a], to: trees[b], tolerating: dangling[a].union(dangling[b]))
                if let fault {
                    Issue.record("\(files[a].lastPathComponent) to \(files[b].lastPathComponent): \(fault)")
                }
                count += 1
            }
        }
        return count
    }

    @Test(.enabled(if: TestModels.hasSharedData, "no shared data here"))
    func configurationsOfIOSLeadToEachOther() throws {
        #expect(try pairs(TestModels.netsimIOS.get(), .i, Self.ios) >= 12)
        #expect(try pairs(TestModels.ownRouter.get(), .i, Self.ios) >= 12)
    }

    @Test(.enabled(if: TestModels.hasSharedData, "no shared data here"))
    func configurationsOfNXOSLeadToEachOther() throws {
        #expect(try pairs(TestModels.netsimNX.get(), .nx, Self.nx) >= 2)
        #expect(try pairs(TestModels.ownSwitch.get(), .nx, Self.nx) >= 2)
    }

    /// The simulator must be able to refuse.
    @Test func strictRoutersRefuse() throws {
        let model = try TestModels.model(
            """
            list acl { key name; leaf name { type string; } }
            leaf use { type leafref { path "/m:acl/m:name"; } }
            leaf speed { tailf:cli-remove-before-change; type uint16; }
            leaf early { type string; tailf:cli-diff-set-before "/m:late"; }
            leaf late { type string; }
            leaf child { type string; tailf:cli-diff-dependency "/m:mother"; }
            leaf mother { type string; }
            """)
        let grammar = CLIGrammar(model: model, dialect: .i)
        func refusal(_ text: String, _ commands: [String]) throws -> String? {
            var router = StrictRouter(grammar, rules: StrictRules(model), holding: try grammar.parse(text).tree)
            return router.enter(commands)
        }
        #expect(try refusal("", ["use a"])?.contains("not there") == true)
        #expect(try refusal("", ["acl a", "exit", "use a"]) == nil)
        #expect(try refusal("acl a\n!\nuse a\n", ["no acl a"])?.contains("not there") == true)
        #expect(try refusal("speed 1\n", ["speed 2"])?.contains("must be removed") == true)
        #expect(try refusal("speed 1\n", ["no speed 1", "speed 2"]) == nil)
        #expect(try refusal("", ["late x", "early y"])?.contains("too late") == true)
        #expect(try refusal("", ["early y", "late x"]) == nil)
        #expect(try refusal("", ["child y", "mother x"])?.contains("too early") == true)
        #expect(try refusal("child y\nmother x\n", ["no mother x", "no child y"])?.contains("too late") == true)
    }

    /// The lines that random edits make bring a router to the same data, text engine and all.
    @Test(arguments: [CLIDialect.i, .nx, .j])
    func whatGoesAndRefersToEachOtherLosesItsReferencesFirst(_ dialect: CLIDialect) throws {
        let model = try TestModels.model(
            """
            list port { key name; leaf name { type string; }
              leaf mtu { type uint16; }
              leaf-list peer { type leafref { path "/m:port/m:name"; } } }
            """)
        let grammar = CLIGrammar(model: model, dialect: dialect)
        func tree(_ lines: [String]) throws -> DataTree {
            let text = lines.map { (dialect == .j ? "set " : "") + $0 + "\n" }.joined()
            return try grammar.parse(Array(text.utf8)).tree
        }
        let pair =
            dialect == .j
            ? ["port a peer b", "port a mtu 9", "port b peer a", "port c peer a"]
            : ["port a", " mtu 9", " peer b", "port b", " peer a", "port c", " peer a"]
        let (from, to) = (try tree(pair), try tree(dialect == .j ? ["port c mtu 1"] : ["port c", " mtu 1"]))
        #expect(from.rootInstance.entries("port").count == 3)
        for (a, b) in [(from, to), (to, from)] {
            #expect(Self.fault(grammar, StrictRules(model), from: a, to: b, tolerating: []) == nil)
        }
    }

    private func edits(_ model: DataModel, _ dialect: CLIDialect, seed: UInt64, count: Int) throws {
        let grammar = CLIGrammar(model: model, dialect: dialect)
        var trees = RandomTrees(model, seed: seed)
        /// What a device can hold: its text reads as what it is of, and there is one submode of a name.
        func readable(_ tree: DataTree) throws -> DataTree {
            var tree = tree
            for _ in 0..<4 {
                let shown = grammar.withoutNamesakes(try grammar.parse(grammar.render(tree), strict: false).tree)
                if tree.diff(to: shown).isEmpty { break }
                tree = shown
            }
            return tree
        }
        let rules = StrictRules(model)
        var here = try readable(trees.tree(width: 3))
        var dangling = rules.danglingReferences(here)
        for number in 0..<count {
            let next = try readable(trees.edited(here, edits: 3))
            let danglingNext = rules.danglingReferences(next)
            let fault = Self.fault(
                grammar, rules, from: here, to: next, tolerating: dangling.union(danglingNext))
            if let fault {
                let wanted = ChangeSet(here.diff(to: next)).json
                Issue.record("edit \(number): \(fault)\nfor \(wanted)")
            }
            (here, dangling) = (next, danglingNext)
        }
    }

    private var count: Int { Self.isSoak ? 10_000 : 60 }

    @Test func randomEditsOfOurDriver() throws { try edits(TestModels.ownDriver.get(), .i, seed: 31, count: count) }

    @Test func randomEditsOfOurRouter() throws { try edits(TestModels.ownRouter.get(), .i, seed: 34, count: count) }

    @Test func randomEditsOfOurSwitch() throws { try edits(TestModels.ownSwitch.get(), .nx, seed: 35, count: count) }

    @Test func randomEditsOfTheStatementDriver() throws {
        try edits(TestModels.junos.get(), .j, seed: 33, count: count)
    }

    /// Large models: a few edits show that the way is open.
    private var largeCount: Int { Self.isSoak ? 10_000 : 12 }

    @Test(.enabled(if: TestModels.hasSharedData, "no shared data here"))
    func randomEditsOfThePublicRouter() throws {
        try edits(TestModels.netsimIOS.get(), .i, seed: 36, count: largeCount)
    }

    @Test(.enabled(if: TestModels.hasSharedData, "no shared data here"))
    func randomEditsOfThePublicSwitch() throws {
        try edits(TestModels.netsimNX.get(), .nx, seed: 37, count: largeCount)
    }

    @Test(.enabled(if: TestModels.hasSharedData, "no shared data here"))
    func randomEditsOfTheRouter() throws { try edits(TestModels.router.get(), .c, seed: 32, count: count) }
}

extension CLIGrammar {
    /// A device has one submode of a name. Where a model keeps things of one word in several lists (`key chain x`, `key
    /// chain x tcp`), random data has entries of the same name in more than one: the first stays.
    func withoutNamesakes(_ tree: DataTree) -> DataTree {
        var result = tree
        for path in namesakes(root, tree.root, InstancePath()) {
            result = (try? result.applying(.delete, at: path)) ?? result
        }
        return result
    }

    private func namesakes(_ node: CLINode, _ row: Row, _ path: InstancePath) -> [InstancePath] {
        var found: [InstancePath] = []
        var seen: [[UInt8]: [[String]: Bool]] = [:]
        for route in node.children.worded where route.target.kind == .list {
            let list = route.target
            let others = node.children.routes(list.letters).map(\.target).filter { $0 != list }
            guard others.contains(where: list.hasSameName) else { continue }
            var (holder, here): (Row?, InstancePath) = (row, path)
            for step in route.via { (holder, here) = (holder?.child(in: step.slot), here.appending(step.schema)) }
            guard let entries = holder?.entries(in: list.slot) else { continue }
            for keys in entries.rows.map(entries.keys(of:)) {
                if let isMode = seen[list.word]?[keys], isMode || list.isMode {
                    found.append(here.appending(list.schema, keys: keys))
                } else {
                    seen[list.word, default: [:]][keys] = list.isMode
                }
            }
        }
        for slot in row.storedSlots {
            let child = node.child(slot)
            if child.kind == .container, let inner = row.child(in: slot) {
                found += namesakes(child, inner, path.appending(child.schema))
            } else if child.kind == .list, let entries = row.entries(in: slot) {
                for entry in entries.rows {
                    let here = path.appending(child.schema, keys: entries.keys(of: entry))
                    found += namesakes(child, entry, here)
                }
            }
        }
        return found
    }
}

extension RandomTrees {
    /// A tree with some subtrees replaced by random ones: of another tree, merged or taken away.
    mutating func edited(_ tree: DataTree, edits: Int) -> DataTree {
        var result = tree
        for _ in 0..<edits {
            let other = self.tree(width: 2)
            let tops = other.rootInstance.children() + result.rootInstance.children()
            guard let top = tops.randomElement(using: &random) else { continue }
            if Bool.random(using: &random), let gone = Self.inside(top, &random), result.instance(gone) != nil {
                result = (try? result.applying(.delete, at: gone)) ?? result
            } else if let taken = try? other.applying(.delete, at: top.path), Bool.random(using: &random) {
                // All of the other tree but that part.
                result = result.merging(taken)
            } else {
                result = result.merging(other)
            }
        }
        return result
    }

    private static func inside(_ instance: Instance, _ random: inout SeededGenerator) -> InstancePath? {
        var here = instance
        while Int.random(in: 0..<4, using: &random) > 0 {
            let inner = here.children().filter { !$0.node.isKey && $0.node.annotation("cli-prefix-key") == nil }
            guard let next = inner.randomElement(using: &random) else { break }
            here = next
        }
        return here.path
    }
}
