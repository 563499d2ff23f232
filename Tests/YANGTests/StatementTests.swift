import Basics
import Testing
import YANG

struct StatementTests {
    private func parse(_ text: String) -> (statements: [Statement], faults: [Diagnostic]) {
        Statement.parse(Array(text.utf8), path: "a.yang")
    }

    @Test func statementsNest() throws {
        let (statements, faults) = parse("module a { leaf b { type string; } // end\n /* more\n */ tailf:info 'x'; }")
        #expect(faults.isEmpty)
        let module = try #require(statements.first)
        #expect(module.keyword == .module && module.argument == "a")
        #expect(module.first(.leaf)?.argument(of: .type) == "string")
        let info = try #require(module.substatements.last)
        #expect(info.prefix == "tailf" && info.name == "info" && info.argument == "x" && info.line == 3)
        #expect(info.column == 5)
    }

    @Test func stringsJoinAndUnescape() {
        #expect(parse(#"a "x" + 'y\n' + "z\n\t\"\\";"#).statements.first?.argument == "xy\\nz\n\t\"\\")
        #expect(parse("a http://x/y;").statements.first?.argument == "http://x/y")
        #expect(parse(#"a "\d+";"#).statements.first?.argument == #"\d+"#)
        #expect(parse("a;").statements.first?.argument == nil)
        #expect(parse("a '';").statements.first?.argument == "")
    }

    @Test func indentationOfContinuedLinesIsStripped() {
        #expect(
            parse("   a \"one  \n      two\n       three\n \tfour\";").statements.first?.argument
                == "one\ntwo\n three\n   four")
        #expect(parse("a \"x\\n  \r\n  y\";").statements.first?.argument == "x\n\ny")
    }

    @Test func everyFaultIsReportedWithItsPlace() {
        let text = """
            module a {
              leaf b { type string }
              leaf c
                type string;
              9x y;
              leaf d { type "a" + b; }
              }
            }
            """
        let places = parse(text).faults.map { $0.place?.description ?? "" }
        #expect(places == ["a.yang:2:23", "a.yang:3:9", "a.yang:5:3", "a.yang:6:21", "a.yang:8:1"])
    }

    @Test func unclosedThingsAreNamed() {
        #expect(parse("module a { leaf b {").faults.first?.summary.contains("'leaf b' opened in line 1") == true)
        #expect(parse("module a { b \"x").faults.contains { $0.summary == "the string is not closed" })
        #expect(parse("module a { /* x").faults.contains { $0.summary == "the comment is not closed" })
        #expect(parse("").faults.count == 1)
        #expect(parse("module \u{0}\u{1};").faults.isEmpty)
        #expect(Statement.parse([0x61, 0x20, 0xFF, 0x3B], path: "x").faults.first?.summary.contains("UTF-8") == true)
    }

    @Test func anyByteAnywhereEnds() {
        for byte in UInt8.min...UInt8.max {
            for text in [[byte], [0x61, byte], [0x61, 0x20, byte, 0x62], [0x61, 0x20, 0x62, 0x20, byte, 0x3B]] {
                #expect(Statement.parse(text, path: "x").faults.count < 10)
            }
        }
    }

    @Test func nestingIsBounded() {
        let text = String(repeating: "a {", count: 100_000)
        #expect(parse(text).faults.contains { $0.summary.contains("nested more than") })
    }
}
