import Foundation
import Testing

@testable import YANG

struct CompiledModuleTests {
    private let sample = CompiledModule(
        name: "a", namespace: "urn:a", prefix: "a", revision: "2026-01-01",
        features: FeatureSelection(byModule: ["a": .only(["y", "x"]), "b": .except(["z"])]), policy: .vendor,
        imports: ["b"],
        texts: [
            .init(role: .module, name: "a", revision: "2026-01-01", fileName: "a.yang", bytes: Array("module a;".utf8)),
            .init(role: .annotation, name: "n", revision: nil, fileName: "n.yang", bytes: []),
        ])

    @Test func filesSayWhatWasWritten() throws {
        let bytes = try sample.encoded()
        let read = try CompiledModule.decode(bytes, path: "a.fxs")
        #expect(read.name == "a" && read.policy == .vendor && read.features == sample.features)
        #expect(read.texts.map(\.bytes) == sample.texts.map(\.bytes) && read.texts[1].role == .annotation)
        #expect(try read.encoded() == bytes)
        #expect(read.sources([.module], in: "a.fxs").map(\.path) == ["a.fxs:a.yang"])
    }

    @Test func everyDamageIsNoticed() throws {
        let bytes = try sample.encoded()
        for position in CompiledModule.magic.count..<bytes.count {
            var damaged = bytes
            damaged[position] ^= 0x11
            #expect(throws: CompiledModuleError.self) { try CompiledModule.decode(damaged, path: "a.fxs") }
        }
        for length in stride(from: CompiledModule.magic.count, to: bytes.count, by: 7) {
            let cut = Array(bytes[..<length])
            #expect(throws: CompiledModuleError.self) { try CompiledModule.decode(cut, path: "a.fxs") }
        }
        #expect(throws: CompiledModuleError.self) { try CompiledModule.decode(bytes + [0], path: "a.fxs") }
    }

    @Test func foreignFilesAreToldApart() throws {
        let error = #expect(throws: CompiledModuleError.self) {
            try CompiledModule.decode(Array("FXS v1 of somebody else".utf8), path: "x.fxs")
        }
        #expect(error?.code == .foreign && error?.description.hasPrefix("x.fxs: not a module compiled") == true)
    }
}

struct CompilerCommandTests {
    private func run(_ arguments: [String]) -> (status: Int32, output: [String], errors: [String]) {
        var output: [String] = []
        var errors: [String] = []
        let status = CompilerCommand.run(
            arguments: arguments, environment: [:], output: { output.append($0) }, errors: { errors.append($0) })
        return (status, output, errors)
    }

    @Test func oneModuleIsCompiled() throws {
        let directory = try TemporaryDirectory()
        let file = try directory.write(
            module("a", "feature f; leaf l { if-feature f; type b:t; }", imports: ["b"]), to: "a.yang")
        _ = try directory.write(module("b", "typedef t { type int8; }"), to: "lib/b.yang")
        let target = "\(directory.path)/out/a.fxs"
        let missing = run(["-c", "-o", target, file])
        #expect(
            missing.status == 1 && missing.errors.first?.contains("a.yang:1:59: error: module 'b' is not found") == true
        )
        let made = run(["--yangpath", "\(directory.path)/lib:/nowhere", "-F", "a:f", "-c", "-o", target, "--", file])
        #expect(made.status == 0, "\(made.errors)")
        let compiled = try CompiledModule.read(path: target)
        #expect(compiled.texts.map(\.name) == ["a", "b"] && compiled.texts[1].role == .dependency)
        #expect(compiled.features.supports("f", of: "a") && !compiled.features.supports("g", of: "a"))
        #expect(run(["--get-uri", target]).output == ["urn:a"])
        #expect(run(["--version"]).output == ["6.7"])
    }

    @Test func wrongCommandLinesAreExplained() {
        #expect(run([]).errors == ["ncsc: nothing to do; 'ncsc' compiles with: ncsc -c [OPTIONS] FILE.yang"])
        #expect(run(["-c", "--bogus", "x.yang"]).errors.first?.contains("unknown option --bogus") == true)
        #expect(run(["--emit-h", "x"]).errors == ["ncsc: --emit-h is not offered by this compiler"])
        #expect(run(["-c", "/nowhere/x.yang"]).errors == ["ncsc: /nowhere/x.yang: cannot be read"])
        #expect(run(["-c", "-o"]).errors == ["ncsc: -o needs a value"])
        #expect(run(["-c", "-F", "x", "a.yang"]).errors.first?.contains("expected MODULE:FEATURE") == true)
    }

    @Test func warningsCanCount() throws {
        let directory = try TemporaryDirectory()
        _ = try directory.write(tailf, to: "tailf-common.yang")
        let file = try directory.write(
            module("a", "leaf l { tailf-common:odd; type int8; }", imports: ["tailf-common"]), to: "a.yang")
        #expect(run(["-c", "-o", "\(directory.path)/a.fxs", file]).status == 0)
        #expect(run(["-c", "--fail-on-warnings", "-o", "\(directory.path)/b.fxs", file]).status == 1)
        #expect(!FileManager.default.fileExists(atPath: "\(directory.path)/b.fxs"))
    }

    @Test func bundlesBecomeDriverModules() throws {
        let directory = try TemporaryDirectory()
        let models = "\(directory.path)/yang"
        _ = try directory.write(
            module("a", "revision 2025-01-01; leaf old { type int8; }"), to: "yang/a@2025-01-01.yang")
        _ = try directory.write(
            module("a", "include s; revision 2026-01-01; leaf l { type int8; }"), to: "yang/a@2026-01-01.yang")
        _ = try directory.write(
            "submodule s { yang-version 1.1; belongs-to a { prefix a; } leaf m { type int8; default 300; } }",
            to: "yang/s.yang")
        _ = try directory.write(
            module(
                "a-ann",
                "tailf-common:annotate-module a { tailf-common:annotate-statement leaf { tailf-common:info x; } }",
                imports: ["tailf-common"]), to: "yang/a-ann.yang")
        _ = try directory.write(tailf, to: "lib/tailf-common.yang")
        let target = "\(directory.path)/ncsc-out"
        let made = run([
            "--ncs-compile-bundle", models, "--ncs-device-dir", target, "--ncs-device-type", "netconf", "--yangpath",
            "\(directory.path)/lib", "--ncs-ned-id", "a-nc-1.0:a-nc-1.0",
        ])
        #expect(made.status == 0, "\(made.errors)")
        #expect(
            made.errors.count == 1 && made.errors[0].contains("s.yang:1:80: warning: the default of 'm'")
                && made.errors[0].hasSuffix("[DEFAULT_VALUE]"),
            "\(made.errors)")
        let compiled = try CompiledModule.read(path: "\(target)/modules/fxs/a.fxs")
        #expect(
            compiled.revision == "2026-01-01" && compiled.nedID == "a-nc-1.0:a-nc-1.0"
                && compiled.deviceType == "netconf")
        #expect(compiled.texts.map(\.role) == [.module, .submodule, .annotation, .revision])
        for file in [
            "yang/a.yang", "yang/s.yang", "revisions/a/2026-01-01/a.fxs", "revisions/a/2026-01-01/a.yang.orig",
            "revisions/a/2025-01-01/a.yang.orig", "fxs/tailf-ned-id-a-nc.fxs", "yang/tailf-ned-id-a-nc-1.0.yang",
        ] {
            #expect(FileManager.default.fileExists(atPath: "\(target)/modules/\(file)"), "\(file)")
        }
        let identity = try CompiledModule.read(path: "\(target)/modules/fxs/tailf-ned-id-a-nc-1.0.fxs")
        let family = try CompiledModule.read(path: "\(target)/modules/fxs/tailf-ned-id-a-nc.fxs")
        let base = module("tailf-ncs-ned", "identity netconf-ned-id;")
        var options = SchemaCompiler.Options()
        options.library = [source(tailf), source(base)]
        let outcome = SchemaCompiler(options: options).compile(
            identity.sources([.module], in: "i") + family.sources([.module], in: "f"))
        let table = try #require(outcome.schema, "\(outcome.findings)").identities
        #expect(table.values(of: ["tailf-ncs-ned:netconf-ned-id"]) == ["a-nc-1.0:a-nc-1.0"])
    }
}
