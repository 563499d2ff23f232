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
