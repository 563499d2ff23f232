import Basics
import Foundation
import Testing
import YANG

@testable import Migration

/// The cases of pyang's own test of `--check-update-from`: what it finds, we find at the same place.
@Suite struct PeerComparisonTests {
    struct PeerCase: CustomTestStringConvertible, Sendable {
        var name: String
        var old: [String]
        var new: [String]
        /// Findings that we do not share, each argued in `docs/MIGRATION.md`.
        var argued: Set<String> = []

        var testDescription: String { name }
    }

    private static let cases = [
        PeerCase(name: "a", old: ["a.yang"], new: ["a@2014-04-01.yang"]),
        PeerCase(name: "c", old: ["c.yang"], new: ["c@2014-04-01.yang"]),
        PeerCase(name: "d", old: ["c.yang", "d.yang"], new: ["c@2014-04-01.yang", "d@2014-04-01.yang"]),
        PeerCase(name: "e", old: ["c.yang", "e.yang"], new: ["c@2014-04-01.yang", "e@2014-04-01.yang"]),
        PeerCase(name: "f", old: ["f.yang"], new: ["f@2014-04-01.yang"]),
        PeerCase(name: "h", old: ["h.yang"], new: ["h@2014-04-01.yang"]),
        PeerCase(name: "i", old: ["i.yang"], new: ["i@2014-04-01.yang", "i-sub.yang"]),
        PeerCase(name: "j", old: ["j.yang"], new: ["j@2014-04-01.yang"]),
        // The texts are the same but for the name of the file: nothing was updated.
        PeerCase(
            name: "k", old: ["k.yang"], new: ["k@2014-04-01.yang"],
            argued: ["k@2014-04-01.yang:1 WBAD_REVISION", "k@2014-04-01.yang:1 CHK_BAD_REVISION"]),
    ]

    private static let folder = MigrationModels.shared.appending(path: "pyang/test_update")

    private static func compiled(_ files: [String], besides: [String]) throws -> (Schema, SchemaSources) {
        func source(_ name: String) throws -> SchemaCompiler.Source {
            SchemaCompiler.Source(path: name, bytes: Array(try Data(contentsOf: folder.appending(path: name))))
        }
        var options = SchemaCompiler.Options()
        options.policy = .vendor
        options.implementsImports = true
        options.library = try besides.map(source)
        let result = SchemaCompiler(options: options).compileKeepingSources(try files.map(source))
        guard let schema = result.outcome.schema, let sources = result.sources else {
            throw DiagnosticsError(result.outcome.diagnostics)
        }
        return (schema, sources)
    }

    @Test(.enabled(if: MigrationModels.isShared("pyang/test_update")), arguments: cases)
    func findingsOfThePeerAreOurs(_ peer: PeerCase) throws {
        let (old, oldSources) = try Self.compiled(peer.old, besides: ["b.yang", "g.yang"])
        let (new, newSources) = try Self.compiled(peer.new, besides: ["b@2014-04-01.yang", "g.yang"])
        let comparison = SchemaComparison(from: old, to: new, oldSources: oldSources, newSources: newSources)
        var places: [String: Int] = [:]
        for change in comparison.all {
            guard let place = change.newPlace else { continue }
            places["\(place.file):\(place.line)", default: 0] += 1
        }
        let text = try String(
            contentsOf: Self.folder.appending(path: "expect/\(peer.name).out"), encoding: .utf8)
        var missing: [String] = []
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: ": ")
            let finding = "\(parts[0]) \(parts[2])"
            if peer.argued.contains(finding) { continue }
            // Each finding of the peer takes one of ours.
            if let count = places[String(parts[0])], count > 0 {
                places[String(parts[0])] = count - 1
            } else {
                missing.append(finding)
            }
        }
        let listing = comparison.all.map { change in
            let place = change.newPlace.map { "\($0.file):\($0.line)" } ?? "-"
            return "\(place) \(change.path) \(change.info) \(change.compatibility.rawValue)"
        }
        #expect(missing == [], "\(listing.joined(separator: "\n"))")
        if text.isEmpty { #expect(comparison.compatibility == .compatible) }
    }
}
