import Basics
import Foundation
import Testing

@testable import NEDRuntime

/// What is wrong with a `driver.yaml` is told with file, line and key.
struct DriverDescriptionTests {
    private func faults(_ yaml: String) -> [String] {
        do throws(DiagnosticsError) {
            _ = try DriverDescription(yaml: Array(yaml.utf8), file: "driver/driver.yaml")
            return []
        } catch {
            return error.diagnostics.map(\.description)
        }
    }

    private static let prompts = "prompts:\n  operational: 'r#'\n  configuration: 'r\\(c\\)#'\n"

    @Test func shippedAndStandardDescriptionsAreGood() throws {
        _ = try DriverDescription.standard()
        for version in ["1.0", "2.0"] {
            let file = Bench.root.appending(path: "packages/openned-ios-cli-\(version)/driver/driver.yaml")
            #expect(faults(try String(contentsOf: file, encoding: .utf8)) == [])
        }
    }

    @Test func missingPromptsAreNamed() {
        let found = faults("dialect: ios\nprompts:\n  operational: 'r#'\n")
        #expect(found.count == 1)
        #expect(found.first?.hasPrefix("driver/driver.yaml:") == true)
        #expect(found.first?.contains("prompts.configuration is missing") == true)
    }

    @Test func faultsNameTheirLineAndKey() {
        for (yaml, line, words) in [
            (Self.prompts + "promts: x\n", 4, "unknown key promts"),
            (Self.prompts + "commands:\n  show: s\n  shwo: t\n", 6, "unknown key commands.shwo"),
            (
                Self.prompts + "errors:\n  refusal:\n    - 'ok'\n    - '(open'\n", 7,
                "errors.refusal: (open is no pattern"
            ),
            (Self.prompts + "transaction: sometimes\n", 4, "transaction: sometimes is none of direct, candidate"),
            (Self.prompts + "dialect: klingon\n", 4, "dialect: klingon is none of"),
            (Self.prompts + "transaction: candidate\n", 0, "needs commands.commit"),
            (Self.prompts + "login:\n  - { expect: 'x' }\n", 5, "login: each item needs expect and send"),
            (Self.prompts + "paging: 5\n", 4, "paging: a list of expect and send"),
            (Self.prompts + "enable: [ a ]\n", 4, "enable: a text was expected"),
            (Self.prompts + "setup: { a: b }\n", 4, "setup: a list of texts was expected"),
            (Self.prompts + "setup: [ { a: b } ]\n", 4, "setup: a list of texts was expected"),
            (Self.prompts + "timeouts: { show: soon }\n", 4, "timeouts.show: a number of seconds"),
            (Self.prompts + "timeouts: { lunch: 3 }\n", 4, "unknown key timeouts.lunch"),
            (Self.prompts + "transaction-id: command\n", 4, "command needs commands.transaction-id"),
            (Self.prompts + "login:\n  - { expect: 'x', send: $pasword }\n", 5, "login: $pasword is none of"),
            (Self.prompts + "paging:\n  - { expect: '.*', send: x }\n", 5, "paging: a pattern fits an empty line"),
            (
                "prompts:\n  operational: 'a*'\n  configuration: 'b#'\n", 2,
                "prompts.operational: the pattern fits an empty line"
            ),
            (
                "prompts: { operational: 'a#', unprivileged: 'a>', configuration: 'b#' }\n", 1,
                "a device with prompts.unprivileged needs enable"
            ),
        ] {
            let found = faults(yaml)
            #expect(found.count == 1, "\(found)")
            let place = line == 0 ? "driver/driver.yaml:" : "driver/driver.yaml:\(line): "
            #expect(found.first?.hasPrefix(place) == true, "\(found)")
            #expect(found.first?.contains(words) == true, "\(found)")
        }
    }

    @Test func textThatIsNoYAMLIsToldWithItsLine() {
        let found = faults("prompts:\n  operational: 'r#\n")
        #expect(found.count == 1)
        #expect(found.first?.hasPrefix("driver/driver.yaml:") == true)
        #expect(faults("").first?.contains("a mapping of keys was expected") == true)
        #expect(faults("- a\n").first?.contains("a mapping of keys was expected") == true)
        #expect(faults("name: a\nname: b\n").first?.contains("given twice") == true)
    }

    @Test func hostileTextEndsInAFault() {
        #expect(!faults(String(repeating: "[", count: 200_000)).isEmpty)
        #expect(!faults(String(repeating: "a: {", count: 50_000)).isEmpty)
        #expect(!faults("\u{0}\u{1}\u{FFFF}").isEmpty)
        var bomb = "a0: &a0 [x, x]\n"
        for level in 1...40 { bomb += "a\(level): &a\(level) [*a\(level - 1), *a\(level - 1)]\n" }
        #expect(!faults(bomb).isEmpty)
    }
}
