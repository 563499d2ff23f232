import Basics
import CLIGrammar
import ConfigTree
import NEDRuntime
import Testing
import YANG

/// `ncs-ned` on our own driver, files in memory.
@Suite struct NEDCommandTests {
    private static let drivers = ["ios": "openned-ios-cli-2.0", "junos": "openned-junos-cli-1.0"]
    private static let grammars = Result {
        try drivers.mapValues { name in
            CLIGrammar(model: DataModel(try ShippedSources.driver(name)), dialect: ShippedSources.dialect(name))
        }
    }

    private struct Outcome {
        var status: Int32 = 0
        var output: [String] = []
        var errors: [String] = []
    }

    private struct Missing: Error {}

    private func run(_ words: String, _ files: [String: String]) -> Outcome {
        var outcome = Outcome()
        let services = NEDCommand.Services(
            subject: { name, _ in
                guard let driver = Self.drivers[name], let grammar = try Self.grammars.get()[name] else {
                    throw Missing()
                }
                let description = try DriverDescription(
                    yaml: try ShippedSources.bytes("packages/\(driver)/driver/driver.yaml"), file: "d.yaml")
                return NEDCommand.Subject(grammar: grammar, description: description)
            },
            read: { name in
                guard let text = files[name] else { throw Missing() }
                return Array(text.utf8)
            },
            output: { outcome.output.append($0) }, errors: { outcome.errors.append($0) })
        outcome.status = NEDCommand.run(arguments: words.split(separator: " ").map(String.init), services: services)
        return outcome
    }

    private let old =
        "Building configuration...\nhostname a\ninterface Loopback0\n description x\n!\ndot11 ssid m\n set y\n!\nend\n"
    private let new = "hostname b\ninterface Loopback1\n!\nend\n"

    @Test func textsBecomeDataAndTextAgain() {
        let parsed = run("parse ios a", ["a": old])
        #expect(parsed.status == 0)
        #expect(parsed.output.joined().contains("<hostname xmlns=\"urn:openned:ned:openned-ios\">a</hostname>"))
        #expect(
            parsed.errors == ["a:6: dot11 ssid m: unknown command", "a:7: set y: inside a submode that is not known"])
        let json = run("parse ios a --format json", ["a": old])
        #expect(
            run("render ios j", ["j": json.output.joined()]).output
                == run("parse ios a --format cli", ["a": old]).output)
        #expect(run("render ios x", ["x": parsed.output.joined()]).output[0].hasPrefix("hostname a\n"))
        let strict = run("parse ios a --mode strict", ["a": old])
        #expect(strict.status == 1)
        #expect(strict.errors.first == "ncs-ned: a:6:1: dot11 ssid m: unknown command")
    }

    @Test func differencesAreCommandsWithTheirCauses() {
        let files = ["a": old, "b": new]
        #expect(
            run("diff ios a b", files).output
                == ["hostname b", "no interface Loopback0", "interface Loopback1", "exit"])
        let explained = run("diff ios a b --explain", files).output
        #expect(explained[1].hasPrefix("no interface Loopback0  ! deleted "))
        #expect(run("diff ios a b --reverse", files).output == run("diff ios b a", files).output)
    }

    @Test func checksCountWhatIsSkipped() {
        let outcome = run("check ios a b", ["a": old, "b": new])
        #expect(outcome.status == 0)
        #expect(outcome.output.last == "2 files, 2 round trips, 2 of 7 lines skipped")
    }

    @Test func statementsAreReadComparedAndChecked() throws {
        let a = "version 20.4R1;\nsystem {\n    host-name a;\n    magic {\n        on;\n    }\n}\n"
        let b = "set version 20.4R1\nset system host-name b\nset system services ssh\n"
        let parsed = run("parse junos a --format set", ["a": a])
        #expect(parsed.output == ["set system host-name a"])
        #expect(
            parsed.errors == [
                "a:4: magic { (in system): unknown command",
                "a:5: on; (in system): inside a statement that is not known",
            ])
        #expect(
            run("diff junos a b", ["a": a, "b": b]).output == ["set system host-name b", "set system services ssh"])
        #expect(
            run("diff junos a b --reverse", ["a": a, "b": b]).output
                == ["delete system services ssh", "set system host-name a"])
        let data = run("parse junos b", ["b": b]).output.joined(separator: "\n")
        #expect(
            run("render junos x", ["x": data]).output
                == ["system {\n    host-name b;\n    services {\n        ssh;\n    }\n}"])
        let path = "packages/openned-junos-cli-1.0/test/branch.cfg"
        let sample = String(decoding: try ShippedSources.bytes(path), as: UTF8.self)
        let outcome = run("check junos a s", ["a": a, "s": sample])
        #expect(outcome.status == 0)
        #expect(outcome.output[0] == "a: 4 lines, 2 skipped, comes back, 2 of 2 lines word for word")
        #expect(outcome.output.last?.hasPrefix("2 files, 2 round trips, 2 of ") == true)
        let secret =
            "set system host-name a\nset system root-authentication encrypted-password \"$6$\" ## SECRET-DATA\n"
        #expect(
            run("check junos a", ["a": secret]).output[0]
                == "a: 2 lines, 0 skipped, comes back, 2 of 2 lines word for word")
        #expect(run("parse ios a --format set", ["a": old]).status == 2)
    }

    @Test func badCommandLinesAreExplained() {
        for words in ["", "parse", "parse ios", "frobnicate ios a", "parse ios a --format yaml", "diff ios a"] {
            #expect(run(words, ["a": old]).status == 2, "\(words)")
        }
        #expect(run("diff ios a", [:]).errors == ["ncs-ned: usage: ncs-ned diff PACKAGE A B [--explain] [--reverse]"])
        #expect(
            run("chek ios a", [:]).errors.first?.hasPrefix("ncs-ned: there is no command chek: it is one of parse,")
                == true)
        #expect(run("parse nx a", ["a": old]).status == 1)
        #expect(run("parse ios missing", [:]).status == 1)
        #expect(run("--help", [:]).status == 0)
    }
}
