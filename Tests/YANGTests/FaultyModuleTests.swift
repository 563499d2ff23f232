import Basics
import Foundation
import Testing

@testable import YANG

/// The table of small modules in `Faulty/`: what we say about each, and what yanglint and pyang say.
struct FaultyModuleTests {
    private static let faulty = FaultyModule.all.filter { $0.expectation != "clean" }

    @Test func tableIsLarge() {
        #expect(Self.faulty.count >= 400)
        #expect(FaultyModule.all.count - Self.faulty.count >= 50)
    }

    @Test func everyModuleHasItsFault() {
        for module in FaultyModule.all {
            let outcome = module.compile(.strict)
            if module.expectation == "clean" {
                #expect(outcome.schema != nil && outcome.diagnostics.isEmpty, "\(module.name): \(outcome.findings)")
                continue
            }
            let found = outcome.diagnostics.map {
                "\($0.severity) \($0.code ?? "-") \($0.place?.description ?? "") \($0.summary)"
            }
            #expect(found.contains(module.expectation), "\(module.testDescription): \(found)")
            #expect((outcome.schema != nil) == module.expectation.hasPrefix("warning"), "\(module.testDescription)")
        }
    }

    /// Under `vendor` policy a set fails exactly if a fault of a kind that is always refused is in it, and what was
    /// given up for others is said.
    @Test func vendorPolicyGivesUpWhatItMay() {
        for module in Self.faulty {
            let strict = module.compile(.strict)
            let kinds = strict.diagnostics.filter { $0.severity == .error }.map { $0.code.flatMap(FaultKind.init) }
            let survives = kinds.allSatisfy { $0.map { $0.effect != .refused } ?? false }
            let vendor = module.compile(.vendor)
            #expect((vendor.schema != nil) == survives, "\(module.testDescription): \(vendor.findings)")
            guard survives else { continue }
            let dropped = vendor.diagnostics.contains { $0.summary.hasSuffix("(dropped)") }
            #expect(dropped == kinds.contains { $0?.effect == .dropped }, "\(module.testDescription)")
        }
    }

    @Test func documentationNamesEveryKind() throws {
        let page = try Self.documentation()
        for kind in FaultKind.allCases {
            let row = page.split(separator: "\n").first { $0.hasPrefix("| `\(kind.rawValue)` |") }
            let effect = row?.split(separator: "|").suffix(2).joined(separator: "|") ?? ""
            let isRight =
                switch kind.effect {
                case .warned: effect.contains("warning | warning")
                case .refused: effect.contains("error | error")
                case .kept: effect.contains("error | warning, nothing given up")
                case .dropped: effect.contains("error | warning, drops \(kind.sacrifice ?? "")")
                }
            #expect(isRight, "docs/YANG.md: \(kind.rawValue)")
        }
    }

    private static func documentation() throws -> String {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return try String(contentsOf: root.appendingPathComponent("docs/YANG.md"), encoding: .utf8)
    }

    @Test func everyKindHasARuleAndMostHaveACase() {
        let shown = Set(FaultyModule.all.compactMap { $0.expectation.split(separator: " ").dropFirst().first })
        let elsewhere: Set<FaultKind> = [.annotationTarget, .mountPoint, .repeatedModule, .revisionNotFound]
        for kind in FaultKind.allCases {
            #expect(shown.contains(kind.rawValue[...]) || elsewhere.contains(kind), "no case shows \(kind.rawValue)")
            #expect(kind.rule != nil || kind == .annotationTarget)
            #expect((kind.sacrifice != nil) == (kind.effect == .dropped), "\(kind.rawValue)")
        }
    }

    @Test func nodesBearWhatWasGivenUp() throws {
        let text = module(
            "a",
            """
            container c { leaf x { type int8; default 300; } leaf y { type string; must '1 +'; } leaf z { type t; } }
            typedef t { type string { pattern '('; } }
            """)
        let schema = try #require(compile(text, policy: .vendor).schema)
        #expect(schema.node("c/x")?.degradations.count == 1 && schema.node("c/x")?.defaults == [])
        #expect(schema.node("c/y")?.degradations.count == 1 && schema.node("c/y")?.musts.isEmpty == true)
        #expect(schema.node("c/z")?.degradations.count == 1 && schema.node("c/z")?.type?.patterns.isEmpty == true)
        #expect(schema.node("c")?.degradations.isEmpty == true)
    }

    // MARK: Peers

    /// Each tool on a sample, or on all with `OPENNED_YANG_PEERS=all` (some minutes).
    @Test(.enabled(if: Peer.yanglint.path != nil, "yanglint is not installed"))
    func yanglintSaysWhatIsRecorded() throws { try compare(with: .yanglint, every: 12) }

    @Test(.enabled(if: Peer.pyang.path != nil, "pyang is not installed"))
    func pyangSaysWhatIsRecorded() throws { try compare(with: .pyang, every: 100) }

    private func compare(with peer: Peer, every step: Int) throws {
        let isLong = ProcessInfo.processInfo.environment["OPENNED_YANG_PEERS"] == "all"
        for index in stride(from: 0, to: FaultyModule.all.count, by: isLong ? 1 : step) {
            let module = FaultyModule.all[index]
            let directory = try TemporaryDirectory()
            var files: [String] = []
            // What module a imports comes first, so that yanglint implements it.
            let others = module.texts.filter { $0.name != "a" }.sorted { $0.name < $1.name }
            for text in others + module.texts.filter({ $0.name == "a" }) {
                let path = try directory.write(text.source, to: "\(text.name).yang")
                if !text.isSubmodule { files.append(path) }
            }
            let accepts = try peer.accepts(files, in: directory.path)
            #expect(
                module.verdicts[peer.rawValue] == (accepts ? "accepts" : "refuses"),
                "\(module.testDescription): \(peer.rawValue) \(accepts ? "accepts" : "refuses") it")
        }
    }

    /// Every difference in verdict has its line in the documentation.
    @Test func differencesAreExplained() throws {
        let page = try Self.documentation()
        for module in FaultyModule.all {
            let weAccept = !module.expectation.hasPrefix("error")
            let differs = module.verdicts.values.contains { ($0 == "accepts") != weAccept }
            #expect(
                page.contains("\n| \(module.name) |") == differs,
                "docs/YANG.md: '\(module.name)' is \(differs ? "not explained" : "explained without a difference")")
        }
    }
}

/// A YANG compiler of others.
private enum Peer: String {
    case yanglint, pyang

    var path: String? {
        let directories = ProcessInfo.processInfo.environment["PATH"]?.split(separator: ":") ?? []
        return directories.map { "\($0)/\(rawValue)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    func accepts(_ files: [String], in directory: String) throws -> Bool {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path ?? "")
        process.arguments = ["-p", directory] + files
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus == 0
    }
}
