import Foundation
import Testing

@testable import YANG

/// `ncsc -f tree` against text files, and against pyang where it is installed.
struct TreeDiagramTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/Trees"

    private static func inFolder(_ words: [String]) -> [String] {
        words.map { $0.hasSuffix(".yang") ? "\(folder)/\($0)" : $0 }
    }

    private func draw(_ arguments: [String]) -> String {
        var text = ""
        let status = CompilerCommand.run(
            arguments: ["-f", "tree"] + Self.inFolder(arguments), environment: [:], output: { text += $0 + "\n" },
            errors: { Issue.record("\($0)") })
        #expect(status == 0)
        return text
    }

    @Test(arguments: [
        ("every.tree", ["every.yang"]), ("base-every.tree", ["base.yang", "every.yang"]),
        ("parts.tree", ["parts.yang"]),
        ("deviated.tree", ["--deviation", "deviating.yang", "parts.yang"]),
        ("depth.tree", ["--tree-depth", "2", "parts.yang"]),
    ])
    func treesAreDrawnAsTheFilesHaveThem(_ file: String, _ arguments: [String]) throws {
        #expect(draw(arguments) == (try String(contentsOfFile: "\(Self.folder)/\(file)", encoding: .utf8)))
    }

    @Test func aPathSelectsOneBranch() {
        #expect(
            draw(["--tree-path", "/multi/emptyc", "parts.yang"]) == """
                module: parts
                  +--rw multi
                     +--rw emptyc

                """)
    }

    private static let pyang = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        .map { "\($0)/pyang" }.first { FileManager.default.isExecutableFile(atPath: $0) }

    @Test(
        .enabled(if: pyang != nil),
        arguments: [
            ["every.yang"], ["base.yang", "every.yang"], ["parts.yang"], ["--tree-print-groupings", "parts.yang"],
            ["--tree-line-length", "60", "every.yang"], ["--tree-line-length", "40", "parts.yang"],
            ["--tree-print-structures", "--tree-print-yang-data", "structures.yang"],
        ])
    func pyangDrawsTheSame(_ files: [String]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Self.pyang ?? "")
        process.arguments = ["-f", "tree", "-p", Self.folder] + Self.inFolder(files)
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let theirs = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        #expect(draw(files) == theirs)
    }
}

/// `ncsc --check`.
struct CheckCommandTests {
    private func check(_ arguments: [String]) -> (status: Int32, last: String, errors: [String]) {
        var (output, errors): ([String], [String]) = ([], [])
        let status = CompilerCommand.run(
            arguments: ["--check"] + arguments, environment: [:], output: { output.append($0) },
            errors: { errors.append($0) })
        return (status, output.last ?? "", errors)
    }

    @Test func aSetIsCompiledTogetherAndCounted() throws {
        let directory = try TemporaryDirectory()
        _ = try directory.write(module("a", "include a-part; leaf l { type b:t; }", imports: ["b"]), to: "a.yang")
        _ = try directory.write(
            "submodule a-part { yang-version 1.1; belongs-to a { prefix a; } leaf s { type int8; } }",
            to: "deep/a-part.yang")
        _ = try directory.write(module("b", "typedef t { type int8; }"), to: "deep/b.yang")
        try FileManager.default.createSymbolicLink(
            atPath: directory.path + "/deep/up", withDestinationPath: directory.path)
        let result = check([directory.path])
        #expect(result.status == 0 && result.errors.isEmpty)
        #expect(result.last == "2 modules, 2 loaded, 0 errors, 0 warnings")
    }

    @Test func aFaultKeepsItsModuleAndItsDependantsFromLoadingAndNoOthers() throws {
        let directory = try TemporaryDirectory()
        _ = try directory.write(module("bad", "leaf l { type nope; } leaf m { type nada; }"), to: "bad.yang")
        _ = try directory.write(module("needs", "leaf n { type int8; }", imports: ["bad"]), to: "needs.yang")
        _ = try directory.write(module("good", "leaf g { type int8; }"), to: "good.yang")
        _ = try directory.write("no yang at all", to: "broken.yang")
        let result = check([directory.path])
        #expect(result.status == 1)
        #expect(result.errors.contains { $0.contains("bad.yang:2:10: error: type 'nope' is not defined") })
        #expect(result.errors.contains { $0.contains("bad.yang:2:32: error: type 'nada' is not defined") })
        #expect(result.errors.contains { $0.contains("broken.yang") })
        #expect(result.last.hasPrefix("4 modules, 1 loaded, "))
    }

    @Test func theNewestRevisionCountsAndOthersServeImportsByRevision() throws {
        let directory = try TemporaryDirectory()
        for (revision, name) in [("2020-01-01", "old"), ("2021-01-01", "new")] {
            _ = try directory.write(
                module("a", "revision \(revision); typedef \(name) { type int8; }"), to: "a@\(revision).yang")
        }
        _ = try directory.write(
            """
            module b { yang-version 1.1; namespace "urn:b"; prefix b;
              import a { prefix a; revision-date 2020-01-01; } leaf l { type a:old; } }
            """, to: "b.yang")
        let result = check([directory.path])
        #expect(result.last == "2 modules, 2 loaded, 0 errors, 0 warnings", "\(result.errors)")
    }

    @Test func vendorPolicySaysWhatItGaveUp() throws {
        let directory = try TemporaryDirectory()
        let file = try directory.write(module("a", "leaf l { type int8; default 300; }"), to: "a.yang")
        #expect(check([file]).last == "1 modules, 0 loaded, 1 errors, 0 warnings")
        let vendor = check(["--policy", "vendor", file])
        #expect(vendor.status == 0 && vendor.last == "1 modules, 1 loaded, 0 errors, 1 warnings")
        #expect(vendor.errors.count == 1)
        #expect(check(["--policy", "vendor", "--fail-on-warnings", file]).status == 1)
    }

    @Test func emptyAndMissingPlacesAreNamed() throws {
        let directory = try TemporaryDirectory()
        #expect(check([directory.path]).errors.first?.contains("no YANG modules (.yang) were found there") == true)
        #expect(check([directory.path + "/nope"]).errors.first?.contains("no such file or directory") == true)
        #expect(
            check(["--policy", "loose", directory.path]).errors.first?.contains("expected strict or vendor") == true)
    }
}
