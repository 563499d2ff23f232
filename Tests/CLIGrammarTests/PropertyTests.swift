import Basics
import ConfigTree
import Foundation
import Testing
import YANG

@testable import CLIGrammar

/// What holds of any data and any text.
struct PropertyTests {
    static let isReporting = ProcessInfo.processInfo.environment["OPENNED_REPORT"] != nil

    /// The share of random trees that come back from their text.
    private func roundTrips(_ model: DataModel, _ dialect: CLIDialect, count: Int, seed: UInt64) throws -> Double {
        let grammar = CLIGrammar(model: model, dialect: dialect)
        var trees = RandomTrees(model, seed: seed)
        var good = 0
        var shown = 0
        for _ in 0..<count {
            let tree = trees.tree(width: 2)
            let text = grammar.render(tree)
            let parsed = try grammar.parse(text, strict: false)
            if parsed.skipped.isEmpty, tree.diff(to: parsed.tree).isEmpty {
                good += 1
            } else if Self.isReporting, shown < 40 {
                shown += 1
                print(
                    "--- \(ChangeSet(tree.diff(to: parsed.tree)).json)\n\(parsed.skipped.map(\.text))\n\(text)"
                )
            }
        }
        return Double(good) / Double(count)
    }

    /// The share of pairs of random trees of which the commands lead from one to the other.
    private func changes(_ model: DataModel, _ dialect: CLIDialect, count: Int, seed: UInt64) throws -> Double {
        let grammar = CLIGrammar(model: model, dialect: dialect)
        var trees = RandomTrees(model, seed: seed)
        var good = 0
        var shown = 0
        var previous = DataTree(model)
        for _ in 0..<count {
            let text = grammar.render(trees.tree(width: 2))
            let tree = try grammar.parse(text, strict: false).tree
            if let fault = try grammar.applyFaults(previous, tree) {
                if Self.isReporting, shown < 25 {
                    shown += 1
                    print("--- \(fault)\nFROM\n\(grammar.render(previous))TO\n\(grammar.render(tree))")
                }
            } else {
                good += 1
            }
            previous = tree
        }
        return Double(good) / Double(count)
    }

    @Test func treesOfOurDriverComeBack() throws {
        #expect(try roundTrips(TestModels.ownDriver.get(), .i, count: 300, seed: 1) == 1)
        #expect(try roundTrips(TestModels.ownRouter.get(), .i, count: 300, seed: 9) == 1)
        #expect(try roundTrips(TestModels.ownSwitch.get(), .nx, count: 300, seed: 10) == 1)
    }

    @Test func changesOfOurDriverAreCarriedOut() throws {
        #expect(try changes(TestModels.ownDriver.get(), .i, count: 300, seed: 2) == 1)
        #expect(try changes(TestModels.ownRouter.get(), .i, count: 300, seed: 11) == 1)
        #expect(try changes(TestModels.ownSwitch.get(), .nx, count: 300, seed: 12) == 1)
    }

    @Test(.enabled(if: TestModels.hasSharedData, "no shared data here"))
    func treesOfTheRouterComeBackAndChange() throws {
        #expect(try roundTrips(TestModels.router.get(), .c, count: 300, seed: 3) == 1)
        #expect(try changes(TestModels.router.get(), .c, count: 300, seed: 4) == 1)
    }

    @Test(.enabled(if: TestModels.hasSharedData, "no shared data here"))
    func treesOfThePublicIOSModelComeBackAndChange() throws {
        // The rest is ambiguous by the model: values without a name that read like their neighbours.
        #expect(try roundTrips(TestModels.netsimIOS.get(), .i, count: 400, seed: 5) > 0.9)
        #expect(try changes(TestModels.netsimIOS.get(), .i, count: 300, seed: 6) > 0.9)
    }

    @Test(.enabled(if: TestModels.hasSharedData, "no shared data here"))
    func treesOfThePublicNXModelComeBackAndChange() throws {
        #expect(try roundTrips(TestModels.netsimNX.get(), .nx, count: 300, seed: 7) > 0.9)
        #expect(try changes(TestModels.netsimNX.get(), .nx, count: 300, seed: 8) > 0.9)
    }
}

/// Text with braces.
struct CurlyTests {
    private func decoded(_ text: String, _ model: DataModel) -> Decoded<DecodedMerge> {
        CurlyDataDecoder.merge(Array(text.utf8), file: "curly", model: model)
    }

    @Test func treesComeBackFromBraces() throws {
        let model = try TestModels.ownDriver.get()
        let grammar = CLIGrammar(model: model, dialect: .c)
        var trees = RandomTrees(model, seed: 21)
        for _ in 0..<100 {
            let tree = trees.tree(width: 3)
            let text = grammar.curlyBraces(tree)
            var pieces = ""
            try grammar.curlyBraces(tree) { pieces += String(decoding: $0, as: UTF8.self) }
            #expect(pieces == text)
            let again = decoded(text, model)
            #expect(again.diagnostics.map(\.description) == [], "\(text)")
            #expect(ChangeSet(tree.diff(to: again.content.tree)).json == "[]", "\(text)")
        }
    }

    @Test func piecesOfCommandsAreTheWhole() throws {
        let model = try TestModels.ownDriver.get()
        let grammar = CLIGrammar(model: model, dialect: .c)
        var trees = RandomTrees(model, seed: 22)
        let tree = trees.tree(width: 6)
        var pieces = ""
        try grammar.render(tree) { pieces += String(decoding: $0, as: UTF8.self) }
        #expect(pieces == grammar.render(tree))
    }

    @Test func faultsInBracesHaveTheirLine() throws {
        let model = try TestModels.ownDriver.get()
        for (text, line) in [
            ("hostname a;\nnothing b;\n", 2), ("/* never ends", 1), ("hostname \"a", 1), ("hostname a\n}\n", 2),
            ("\n\nhostname a", 3), (String(repeating: "interface {", count: 400), 1),
        ] {
            let places = decoded(text, model).diagnostics.compactMap(\.place?.line)
            #expect(places.contains(line), "\(text.prefix(40)): \(decoded(text, model).diagnostics)")
        }
    }

    @Test func mutatedBracesEnd() throws {
        let model = try TestModels.ownDriver.get()
        let grammar = CLIGrammar(model: model, dialect: .c)
        var trees = RandomTrees(model, seed: 23)
        let signs = Array("{};[]\"#/*\\ \n".utf8)
        for _ in 0..<200 {
            var bytes = Array(grammar.curlyBraces(trees.tree(width: 2)).utf8)
            guard !bytes.isEmpty else { continue }
            for _ in 0..<3 {
                let at = Int.random(in: 0..<bytes.count, using: &trees.random)
                bytes[at] = signs.randomElement(using: &trees.random) ?? 0
            }
            _ = CurlyDataDecoder.merge(bytes, file: "curly", model: model)
        }
    }
}

/// Text from anywhere.
struct HostileTextTests {
    private static let pieces: [[UInt8]] =
        [
            "no ", "\"", "\\", "[", "]", "!", "\n", " ", "  ", "\t", "exit\n", "end\n", "interface ", "{", "}", "^C",
            "banner motd ^C",
            "1-99999999999999", "1,2,3-", "..", "*", "\u{1b}[31m", "# after ", "# first\n", ":", "ios:", "\r\n", "é",
        ].map { Array($0.utf8) } + [[0xff], [0xc3], [0]]

    @Test func mutatedTextsAreReadOrSkipped() throws {
        let model = try TestModels.ownDriver.get()
        for dialect in [CLIDialect.i, .c, .nx] {
            let grammar = CLIGrammar(model: model, dialect: dialect)
            var trees = RandomTrees(model, seed: 11)
            for round in 0..<150 {
                var bytes = Array(grammar.render(trees.tree(width: 3)).utf8)
                for _ in 0..<(1 + round % 8) {
                    guard !bytes.isEmpty, let piece = Self.pieces.randomElement(using: &trees.random) else { continue }
                    let at = Int.random(in: 0..<bytes.count, using: &trees.random)
                    switch Int.random(in: 0..<3, using: &trees.random) {
                    case 0: bytes.insert(contentsOf: piece, at: at)
                    case 1: bytes.removeSubrange(at..<min(bytes.count, at + 1 + piece.count))
                    default: bytes[at] = piece[0]
                    }
                }
                let parsed = try grammar.parse(bytes)
                #expect(parsed.takenCount + parsed.skipped.count == parsed.lineCount)
                let again = try grammar.parse(grammar.render(parsed.tree), strict: false)
                #expect(again.lineCount >= 0)
                for line in CLIText.string(bytes).split(separator: "\n").prefix(3) {
                    _ = grammar.parseLine(String(line), mode: .top, tree: parsed.tree)
                    _ = grammar.completions(String(line), mode: .top, tree: parsed.tree)
                }
            }
        }
    }

    @Test func longLinesAndDeepTextsEnd() throws {
        let grammar = CLIGrammar(model: try TestModels.ownDriver.get(), dialect: .i)
        let long = [UInt8](repeating: UInt8(ascii: "x"), count: 1_000_000)
        let words = Array(String(repeating: "ip ", count: 200_000).utf8)
        var deep: [UInt8] = []
        for depth in 0..<2_000 { deep += [UInt8](repeating: 32, count: depth) + Array("interface Loopback0\n".utf8) }
        for text in [long, words, deep] {
            let parsed = try grammar.parse(text)
            #expect(parsed.takenCount + parsed.skipped.count == parsed.lineCount)
        }
    }
}
