import Testing

@testable import OperatorCLI

struct PartsTests {
    @Test func aLineIsCutAtItsPipes() {
        let line = TypedLine(#"show "a | b" c\|d | include "x y" | count"#)
        #expect(line.words.map(\.text) == ["show", "a | b", "c|d"])
        #expect(line.pipes.map { $0.map(\.text) } == [["include", "x y"], ["count"]])
        #expect(line.words.map(\.column) == [0, 5, 13])
        #expect(line.command == #"show "a | b" c\|d "#)
    }

    @Test func commentsEndALine() {
        #expect(TypedLine("! all of it").words.isEmpty)
        #expect(TypedLine("port 22 ! the usual").words.map(\.text) == ["port", "22"])
        #expect(TypedLine("contact a!b").words.map(\.text) == ["contact", "a!b"])
    }

    @Test func unclosedQuotesAreText() {
        #expect(TypedLine("say \"half").words.map(\.text) == ["say", "\"half"])
        #expect(TypedLine("say \"half").endsInBlank == false)
    }

    @Test(arguments: [
        ("*", "anything", true), ("ce*", "ce12", true), ("ce*", "c12", false), ("*1*", "ce12", true),
        ("ce0..3", "ce3", true), ("ce0..3", "ce4", false), ("ce0..3", "cx1", false), ("ce0..1,3", "ce3", true),
        ("ce0..1,3", "ce2", false), ("ce0,2", "ce2", true), ("1..3", "2", true), ("ce0,pe1", "pe1", true),
    ])
    func keyPatternsNameSeveral(_ pattern: String, _ key: String, _ expected: Bool) throws {
        #expect(try #require(KeyPattern(pattern)).matches(key) == expected)
    }

    @Test func aPlainKeyIsNoPattern() {
        #expect(KeyPattern("ce0") == nil)
        #expect(KeyPattern("ce3..0") == nil)
    }

    @Test func patternsAreFoundAnywhereUnlessAnchored() throws {
        #expect(try LinePattern("b+", column: 0).matches("abbc"))
        #expect(try !LinePattern("^b", column: 0).matches("ab"))
        #expect(try LinePattern("c$", column: 0).matches("abc"))
        #expect(try !LinePattern("^a$", column: 0).matches("ab"))
        #expect(throws: CommandFault.self) { try LinePattern("(", column: 0) }
    }

    @Test func headingsAreStackedOnlyWhereTheTableIsTooWide() {
        var table = TextTable(["NAME", "BAD NCS VERSION", "UP"])
        table.rows = [["a", "-", "X"]]
        #expect(
            table.text(width: 80)
                == "NAME  BAD NCS VERSION  UP\n---------------------------\na     -                X\n")
        #expect(table.text(width: 20) == "      BAD NCS\nNAME  VERSION  UP\n-------------------\na     -        X\n")
    }
}
