import Testing
import YANG

@testable import NEDRuntime

/// What is taken from an answer, and what a terminal makes of bytes.
struct EchoTests {
    private let echo = CommandEcho(messages: PatternList([]))

    private func shown(_ pieces: String...) -> String {
        var output = DeviceOutput()
        for piece in pieces { output.append(Array(piece.utf8)) }
        return String(decoding: output.bytes, as: UTF8.self)
    }

    @Test func echoIsRemovedHoweverItIsWritten() {
        let command = "ip route 10.0.0.0 255.0.0.0 192.0.2.1 name to-the-core"
        for text in [
            command + "\nanswer\n", "\n" + command + "\nanswer\n", "r1(config)#" + command + "\nanswer\n",
            "answer\n", "ip route 10.0.0.0 255.0.0.0 1\n92.0.2.1 name to-the-core\nanswer\n",
            "$0.0 255.0.0.0 192.0.2.1 name to-the-core\nanswer\n", command + "  \nanswer\n",
        ] {
            #expect(echo.answer(Array(text.utf8), to: command).strings == ["answer"], "\(text)")
        }
    }

    @Test func answerThatBeginsAsTheCommandIsKept() {
        #expect(echo.answer(Array("show\nshow version 1\n".utf8), to: "show").strings == ["show version 1"])
        #expect(
            echo.answer(Array("ip route 10\nthe rest\n".utf8), to: "ip route 10.0.0.0").strings
                == ["ip route 10", "the rest"])
        #expect(echo.answer([], to: "x").strings == [])
    }

    @Test func promptRightBehindTheEndingNeedsNoProof() throws {
        let ending = try #require(try DriverDescription.standard().usualEnding)
        func isEnded(_ text: String) -> Bool {
            var output = DeviceOutput()
            output.append(Array(text.utf8))
            return output.isLastWord(before: output.lineStart, ending)
        }
        #expect(isEnded("interface eth0\r\n mtu 1500\r\n!\r\nend\r\n\r\nr1#"))
        #expect(isEnded("end\n   \nr1#"))
        let others = [
            "interface eth0\n mtu 1500\nr1#", "end\n!\nr1#", " end\nr1#", "endless\nr1#", "end", "", "\n\nr1#",
        ]
        for text in others {
            #expect(!isEnded(text), "\(text)")
        }
        let other = "dialect: junos\nprompts: {operational: 'a> ', configuration: 'a# '}\n"
        #expect(try DriverDescription(yaml: Array(other.utf8), file: "x.yaml").usualEnding == nil)
    }

    @Test func backspacesAndCarriageReturnsOverwrite() {
        #expect(shown("abc\r\ndef\r\r\n") == "abc\ndef\n")
        #expect(shown("abd\u{8}c\n") == "abc\n")
        #expect(shown("\u{8}\u{8}x\n") == "x\n")
        #expect(shown(" --More-- ", "\r          \rexit\n") == "exit\n")
        #expect(shown("hostname x\n --More-- ", "\u{8}\u{8}\u{8}\u{8}\u{8}\u{8}\u{8}\u{8}\u{8}\u{8}      ") != "")
        #expect(shown(" two blanks  \r\n") == " two blanks  \n")
    }

    @Test func escapeSequencesDoNotShow() {
        #expect(shown("\u{1B}[31mred\u{1B}[0m\n") == "red\n")
        #expect(shown("\u{1B}", "[", "31", "mred\n") == "red\n")
        #expect(shown("\u{1B}]0;title\u{7}text\n") == "text\n")
        #expect(shown("\u{1B}]0;title\u{1B}\\text\n") == "text\n")
        #expect(shown("old words\r\u{1B}[Knew\n") == "new\n")
        #expect(shown("a\u{0}b\u{7}c\n") == "abc\n")
        #expect(shown("\u{1B}[" + String(repeating: "1", count: 100) + "text\n").hasSuffix("text\n"))
    }

    @Test func erasedQuestionLeavesNothingBehind() {
        var output = DeviceOutput()
        output.append(Array("line\r\n --More-- ".utf8))
        output.eraseLine()
        output.append(Array("\u{8}\u{8}\u{8}\u{8}          \u{8}\u{8}\u{8}\u{8}\u{8}\u{8}\u{8}\u{8}\u{8}\u{8}".utf8))
        output.append(Array("r1#".utf8))
        #expect(output.lastLine(limit: 100) == "r1#")
        output.append(Array("\r\nnext".utf8))
        #expect(String(decoding: output.bytes, as: UTF8.self) == "line\nr1#\nnext")
    }

    @Test func textsForPeopleHaveNoControlCharacters() {
        #expect("\u{1B}[31mred\u{9B}x\ny\r".withoutControlCharacters == "[31mredx\ny")
        #expect(Duration.seconds(20).inWords == "20 seconds")
        #expect(Duration.milliseconds(1_500).inWords == "1.5 seconds")
    }

    @Test func logMessagesAreKnownByTheirForm() throws {
        let messages = try DriverDescription.standard().messages
        let echo = CommandEcho(messages: messages)
        for line in [
            "%SYS-5-CONFIG_I: Configured from console by vty0", "*Mar  1 00:00:01.123: %LINK-3-UPDOWN: Interface up",
            "000045: *Mar  1 2026 00:00:01.123 UTC: %SEC_LOGIN-5-LOGIN_SUCCESS: Login",
            "Nov 21 01:40:00: %OSPF-5-ADJCHG: Process 1",
            "RP/0/RSP0/CPU0:Nov 21 01:40:00.123 : config[65738]: %MGBL-CONFIG-6-DB_COMMIT : Configuration committed",
        ] {
            #expect(echo.isMessage(line[...]), "\(line)")
        }
        for line in [
            "% Invalid input detected at '^' marker.", "%Error: no such thing", " description %SYS-5-CONFIG_I: x",
            "% SYS-5-CONFIG_I: x",
        ] {
            #expect(!echo.isMessage(line[...]), "\(line)")
        }
    }
}
