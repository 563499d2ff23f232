import Basics
import Foundation
import TestSupport
import Testing
import YANG

@testable import Migration

/// `ncsc --compare`: what it reads, what it writes, and its exit status.
@Suite struct CompareCommandTests {
    private struct Run {
        var status: Int32
        var output = ""
        var errors: [String] = []
    }

    private static func module(_ body: String, revision: String = "2026-01-01") -> String {
        "module m { yang-version 1.1; namespace urn:m; prefix m; revision \(revision); \(body) }"
    }

    private func compare(_ words: [String]) -> Run {
        var run = Run(status: 0)
        run.status = CompareCommand.run(
            arguments: ["--compare"] + words, environment: [:], unpack: { archive, _ in archive + ".unpacked" },
            output: { run.output += $0 }, errors: { run.errors.append($0) })
        return run
    }

    private func write(_ text: String, _ path: String) throws {
        try FileManager.default.createDirectory(
            atPath: DurableFiles.parent(of: path), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    }

    private func compare(_ old: String, _ new: String, _ options: [String] = []) throws -> Run {
        let directory = try TemporaryDirectory("compare")
        try write(Self.module(old), directory.path + "/old/m.yang")
        try write(Self.module(new, revision: "2026-02-02"), directory.path + "/new/m.yang")
        return compare([directory.path + "/old/m.yang", directory.path + "/new/m.yang"] + options)
    }

    private static let leaf = "container c { leaf a { type uint8; } }"

    @Test func exitStatusIsTheVerdict() throws {
        #expect(try compare(Self.leaf, Self.leaf).status == 0)
        #expect(try compare(Self.leaf, Self.leaf + "leaf b { type string; }").status == 0)
        #expect(try compare(Self.leaf, "").status == 1)
        let must = "leaf a { type uint8; must \". = 1\"; }"
        #expect(try compare(must, must.replacingOccurrences(of: "= 1", with: "= 2")).status == 2)
        #expect(try compare(Self.leaf, "leaf a {").status == 3)
        let obsolete = "leaf a { type uint8; status obsolete; }"
        #expect(try compare(obsolete, "").status == 1)
        #expect(try compare(obsolete, "", ["--rules", "ietf-versioning"]).status == 0)
        #expect(try compare("leaf a { type uint8; }", obsolete).status == 0)
        #expect(try compare("leaf a { type uint8; }", obsolete, ["--rules", "ietf-versioning"]).status == 1)
    }

    @Test func faultsOfTheCommandLineSayWhatToDo() throws {
        #expect(compare(["a"]).errors.first?.hasPrefix("ncsc: name two models to compare, not 1; ") == true)
        #expect(compare(["/nowhere", "/neither"]).errors == ["/nowhere: there is no such file or directory"])
        #expect(
            try compare("", "", ["--format", "pdf"]).errors
                == ["ncsc: --format is 'pdf'; expected one of text, xml, json, ietf-json, html"])
        let run = try compare(Self.leaf, "leaf a { type nothing; }")
        #expect(run.status == 3)
        #expect(run.errors.first?.contains("/new/m.yang:1:") == true)
        #expect(run.errors.first?.contains("type 'nothing' is not defined") == true)
    }

    @Test func textHasTheIncumbentsShape() throws {
        let run = try compare(Self.leaf, "container c { leaf b { type uint8; } }")
        let text = run.output.replacingOccurrences(
            of: "place [^ ]*/(old|new)/", with: "place $1/", options: .regularExpression)
        #expect(
            text == """
                modified-path {
                    path /m:c/a
                    modification {
                        info leaf has been removed
                        backward-compatible false
                        class validity
                        statement leaf
                        old leaf
                        old-place old/m.yang:1
                        new-place new/m.yang:1
                    }
                }
                modified-path {
                    path /m:c/b
                    modification {
                        info leaf has been added
                        backward-compatible true
                        class validity
                        statement leaf
                        new leaf
                        old-place old/m.yang:1
                        new-place new/m.yang:1
                    }
                }
                2 changes: 1 incompatible, 0 undecided, 1 compatible (rules rfc7950)

                """)
    }

    @Test func otherFormatsAreWellFormed() throws {
        let (old, new) = (
            Self.leaf + "leaf x { type string { pattern '<&\">*'; } units \"a\tb\"; }",
            "container c { leaf a { type uint16; } leaf z { type string; } } leaf x { type string { pattern '.*'; } }"
        )
        let json = try JSONValue.parse(Array(try compare(old, new, ["--format", "json"]).output.utf8), file: "json")
        #expect(json["backward-compatible"]?.string == "false")
        #expect(json["modified-path"]?.array?.first?["path"]?.string == "/m:c/a")
        let ietf = try JSONValue.parse(
            Array(try compare(old, new, ["--format", "ietf-json"]).output.utf8), file: "ietf")
        let difference = ietf["ietf-yang-schema-comparison:schema-comparison"]?["compiled-diff"]?.array?.first
        #expect(difference?["conformance"]?.string == "non-backwards-compatible")
        #expect(difference?["node-diff"]?.array?.first?["changed"]?.array?.first?["stmt"]?.string == "type")
        for format in ["xml", "html"] {
            let output = try compare(old, new, ["--format", format]).output
            // The page is XHTML but for its first line and void elements.
            let text = output.replacingOccurrences(of: "<!DOCTYPE html>\n", with: "")
                .replacingOccurrences(of: "(<(meta|input)[^>]*)>", with: "$1/>", options: .regularExpression)
                .replacingOccurrences(of: " (checked|open)(?=[ >])", with: " $1=\"\"", options: .regularExpression)
                .replacingOccurrences(of: "(?s)<script>.*</script>", with: "", options: .regularExpression)
            let root = try XMLElement.parse(Array(text.utf8), file: format)
            #expect(root.name == (format == "xml" ? "schema-changes" : "html"))
        }
    }

    @Test func directoriesPackagesAndCompiledModulesAreRead() throws {
        let directory = try TemporaryDirectory("compare")
        let root = directory.path
        try write(Self.module(Self.leaf), root + "/plain/m@2026-01-01.yang")
        try write(Self.module("", revision: "2025-01-01"), root + "/plain/older/m@2025-01-01.yang")
        try write("<ncs-package/>", root + "/package/package-meta-data.xml")
        try write(Self.module(Self.leaf), root + "/package/src/yang/m.yang")
        let status = CompilerCommand.run(
            arguments: ["-c", "-o", root + "/m.fxs", root + "/plain/m@2026-01-01.yang"], environment: [:],
            output: { _ in }, errors: { _ in })
        #expect(status == 0)
        try write(Self.module("", revision: "2026-02-02"), root + "/new/m.yang")
        try FileManager.default.copyItem(atPath: root + "/package", toPath: root + "/p.tar.gz.unpacked")
        try write("", root + "/p.tar.gz")
        for old in ["plain", "package", "package/", "m.fxs", "p.tar.gz"] {
            let run = compare(["\(root)/\(old)", root + "/new"])
            #expect(run.errors == [])
            #expect(run.status == 1)
            #expect(run.output.contains("path /m:c\n"), "\(old): \(run.output)")
        }
        #expect(compare([root + "/plain", root + "/package"]).status == 0)
    }

    @Test func definitionsAreSaidOnceAndWhereTheyTakeEffect() throws {
        let uses = "container x { uses g; } container y { uses g; leaf v { type t; } } leaf w { type t; }"
        let old = "typedef t { type uint8; } grouping g { leaf a { type string; units s; } } \(uses)"
        let new = "typedef t { type uint8 { range 1..9; } } grouping g { leaf a { type string; units ms; } } \(uses)"
        let run = try compare(old, new, ["--format", "json"])
        let json = try JSONValue.parse(Array(run.output.utf8), file: "json")
        let lines = (json["modified-path"]?.array ?? []).map { path in
            let info = path["modification"]?.array?.map { $0["info"]?.string ?? "" }.joined(separator: "; ") ?? ""
            return "\(path["path"]?.string ?? ""): \(info)"
        }
        #expect(
            lines == [
                "typedef m:t: leaf/leaf-list type has been narrowed", "grouping m:g/a: units have changed",
                "/m:x/a: units have changed", "/m:y/a: units have changed",
                "/m:y/v: leaf/leaf-list type has been narrowed", "/m:w: leaf/leaf-list type has been narrowed",
            ])
    }

    @Test func aRemovedNodeMayHaveASuccessor() throws {
        let old = try MigrationModels.schema("container c { leaf name-server { type string; } leaf b { type uint8; } }")
        let new = try MigrationModels.schema(
            "container c { leaf name-servers { type string; } } container d { leaf b { type uint8; } }")
        let changes = SchemaComparison(from: old, to: new).changes
        #expect(changes.map { $0.successor?.prefixedPath } == ["/m:c/name-servers", nil, nil, nil])
        #expect(changes.map(\.path) == ["/m:c/name-server", "/m:c/b", "/m:c/name-servers", "/m:d"])
    }

    @Test func featuresOfNodesAreCompared() throws {
        let old = "feature f; leaf a { type string; } leaf b { if-feature f; mandatory true; type string; }"
        let new = """
            feature f; feature n; leaf a { if-feature "f or n"; type string; } leaf b { mandatory true; type string; }
            leaf e { if-feature n; mandatory true; type string; }
            """
        let run = try compare(old, new, ["--format", "text"])
        let infos = run.output.split(separator: "\n").filter {
            $0.hasPrefix("        info") || $0.contains("compatible ")
        }
        .map { $0.trimmingCharacters(in: .whitespaces) }
        #expect(
            infos.dropLast() == [
                "info feature has been added", "backward-compatible true",
                "info if-feature has been added", "backward-compatible false",
                "info if-feature has been removed", "backward-compatible false",
                "info leaf has been added", "backward-compatible true",
            ])
    }
}
