import Testing

@testable import YANG

/// Options of `ncsc` that choose among faults.
struct CompilerOptionTests {
    private func compile(_ text: String, _ options: [String]) throws -> (status: Int32, lines: [String]) {
        let directory = try TemporaryDirectory()
        let file = try directory.write(text, to: "a.yang")
        var lines: [String] = []
        let status = CompilerCommand.run(
            arguments: ["-c", "--check-only"] + options + [file], environment: [:], output: { lines.append($0) },
            errors: { lines.append($0) })
        return (status, lines)
    }

    private let warned = module("a", "leaf x { must '../nope'; type string; }")
    private let faulty = module("a", "leaf x { type int8; default 300; }")

    @Test func warningsCanBeErrors() throws {
        #expect(try compile(warned, []).status == 0)
        #expect(try compile(warned, ["-E", "XPATH_NO_NODE"]).status == 1)
        #expect(try compile(warned, ["--error", "REVISION_ORDER"]).status == 0)
        #expect(try compile(warned, ["--fail-on-warnings"]).status == 1)
    }

    @Test func kindsCanBeLeftOutOrExcepted() throws {
        let silent = try compile(warned, ["--fail-on-warnings", "-w", "XPATH_NO_NODE"])
        #expect(silent.status == 0 && silent.lines.isEmpty)
        let excepted = try compile(warned, ["--fail-on-warnings", "-W", "XPATH_NO_NODE"])
        #expect(excepted.status == 0 && excepted.lines.count == 1)
    }

    @Test func minorErrorsCanBeWarnings() throws {
        #expect(try compile(faulty, []).status == 1)
        let lowered = try compile(faulty, ["-W", "DEFAULT_VALUE", "--fail-on-warnings"])
        #expect(lowered.status == 0 && lowered.lines.count == 1 && lowered.lines[0].hasSuffix("[DEFAULT_VALUE]"))
    }

    @Test func codesMustFitTheirOption() throws {
        #expect(
            try compile(faulty, ["-E", "NOPE"]).lines == ["ncsc: -E NOPE: no such code; 'ncsc --list-errors' lists all"]
        )
        #expect(try compile(faulty, ["-w", "DEFAULT_VALUE"]).status == 1)
        #expect(try compile(faulty, ["-W", "UNDEFINED_TYPE"]).lines.first?.contains("cannot be a warning") == true)
    }

    @Test func errorsAreListed() throws {
        var lines: [String] = []
        let status = CompilerCommand.run(
            arguments: ["--list-errors"], environment: [:], output: { lines.append($0) }, errors: { lines.append($0) })
        #expect(status == 0 && lines.count == FaultKind.allCases.count)
        #expect(lines.contains("DEFAULT_VALUE: minor error; vendor policy drops the default (RFC 7950 section 7.6.4)"))
        #expect(lines.contains("XPATH_NO_NODE: warning (RFC 7950 section 6.4.1)"))
    }

    @Test func unknownFeaturesAreNamed() throws {
        let text = module("a", "feature f; leaf x { if-feature f; type string; }")
        #expect(try compile(text, ["-F", "a:f"]).status == 0)
        let unknown = try compile(text, ["-F", "a:f,g"])
        #expect(unknown.status == 1)
        #expect(unknown.lines == ["ncsc: module a has no feature 'g'; correct it, or use --ignore-unknown-features"])
        #expect(try compile(text, ["--ignore-unknown-features", "-F", "a:f,g"]).status == 0)
    }
}
