import CLIGrammar
import ConfigTree
import Foundation
import Synchronization
import TestSupport
import Testing
import Wire

@testable import NEDRuntime

/// Devices that say what no device should: long lines, bytes that are no text, prompts where none belong.
struct BadDeviceTests {
    private func bench(_ react: @escaping @Sendable (String) -> FakeRouter.Reaction?) throws -> Bench {
        var habits = FakeRouter.Habits()
        habits.react = react
        return try Bench(habits)
    }

    private func showing(_ text: String) throws -> Bench {
        try bench { $0 == "show running-config" ? .say(text) : nil }
    }

    @Test func lineOfAMegabyteIsReadOrSkippedAndNotRepeatedInErrors() throws {
        let long = String(repeating: "x", count: 1 << 20)
        let reading = try showing("hostname r1\n\(long)\ninterface eth0\n description \(long)\nend\n").connect().show()
        #expect(reading.tree.rootInstance.value("hostname") == "r1")
        #expect(reading.skipped.map(\.number) == [2])
        let error = try #require(
            try bench { $0.hasPrefix("mtu") ? .say("% \(long)\n") : nil }.failure { session in
                try session.prepare(bench { _ in nil }.commands("", "interface eth0\n mtu 1500\n"))
            })
        #expect(error.code == .refused && error.message.count < 3_000)
    }

    @Test func configurationWithoutItsLastLineIsNotTakenForTheWhole() throws {
        for text in ["hostname r1\ninterface eth0\n", "hostname r1\nend of it\n", ""] {
            let session = try showing(text).connect()
            let read = #expect(throws: NEDError.self) { try session.show() }
            #expect(read?.message.contains("breaks off after") == true)
            #expect(throws: NEDError.self) { try session.transactionID() }
        }
        #expect(try showing("hostname r1\nend\n\n").connect().show().tree.rootInstance.value("hostname") == "r1")
    }

    @Test func controlCharactersReachNeitherDataNorErrors() throws {
        let reading = try showing("host\u{0}name \u{1B}[1mr1\u{1B}[0m\u{7}\n\u{1B}]0;title\u{7}interface eth0\nend\n")
            .connect().show()
        #expect(reading.tree.rootInstance.value("hostname") == "r1")
        #expect(reading.tree.rootInstance.entries("interface").count == 1)
        let bench = try bench { $0 == "hostname r2" ? .say("% \u{1B}[31mNo\u{9B}2J\u{8}\n") : nil }
        let error = try #require(bench.failure { try $0.prepare(bench.commands("", "hostname r2\n")) })
        #expect(error.message.unicodeScalars.allSatisfy { $0 == "\n" || $0.value >= 0x20 && $0.value != 0x9B })
    }

    @Test func textCutInsideACharacterIsPutTogether() throws {
        var habits = FakeRouter.Habits()
        habits.pace = 100
        habits.react = { $0 == "show running-config" ? .say("hostname Zürich-\u{1F680}\nend\n") : nil }
        let tree = try Bench(habits).connect().show().tree
        #expect(tree.rootInstance.value("hostname") == "Zürich-\u{1F680}")
    }

    @Test func promptInABannerIsNone() throws {
        var habits = FakeRouter.Habits()
        habits.banner = "Welcome to\nr1#\nr1(config)#\nPassword hints are forbidden\nUsername rules apply\n"
        let bench = try Bench(habits, config: ["hostname r1"])
        let session = try bench.connect()
        #expect(session.dialogue.mode == .operational)
        let reading = try session.show()
        #expect(reading.tree.rootInstance.value("hostname") == "r1")
    }

    @Test func pagesAndQuestionsWithoutEndAreGivenUp() throws {
        for question in [" --More-- ", "Continue? [yes/no]: "] {
            let bench = try Bench()
            let stream = ScriptedStream { sent in
                switch sent {
                case "": "r1#"
                case "terminal length 0\n", "terminal width 0\n": sent + "r1#"
                case "show running-config\n": sent + "hostname r1\n" + question
                default: question
                }
            }
            let session = try CLIDeviceSession.open(over: stream, bench.target, bench.driver, trace: NoTrace())
            let error = #expect(throws: NEDError.self) { try session.show() }
            #expect(error?.message.contains("SHOW: the device asks without end after 'show running-config'") == true)
            #expect(stream.writes < 120)
            #expect(!session.isUsable)
        }
    }

    @Test func anotherLanguageIsNoPromptAndItsLastLinesAreTold() throws {
        let bench = try Bench()
        let stream = ScriptedStream { sent in
            sent.isEmpty ? "r1#" : "Befehl unbekannt\nBitte Pa55word-1 eingeben\nWeiter mit Taste"
        }
        let error = #expect(throws: NEDError.self) {
            try CLIDeviceSession.open(over: stream, bench.target, bench.driver, trace: NoTrace())
        }
        #expect(error?.code == .silent && error?.isConnectFailure == true && error?.device == "ce0")
        let words = "its last lines: Befehl unbekannt / Bitte ***** eingeben / Weiter mit Taste"
        #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
    }
}

/// A device that answers what is written at once, and is silent otherwise.
private final class ScriptedStream: ByteStream {
    let peer = "script"
    private let answer: @Sendable (String) -> String
    private let pending: Mutex<[UInt8]>
    private let count = Mutex(0)

    init(_ answer: @escaping @Sendable (String) -> String) {
        self.answer = answer
        pending = Mutex(Array(answer("").utf8))
    }

    var writes: Int { count.withLock { $0 } }

    func read(deadline: Deadline) throws(WireError) -> [UInt8]? {
        let bytes = pending.withLock { pending in
            defer { pending = [] }
            return pending
        }
        if bytes.isEmpty { throw WireError(.timeout, peer: peer, "silence") }
        return bytes
    }

    func write(_ bytes: [UInt8], deadline: Deadline) throws(WireError) {
        count.withLock { $0 += 1 }
        pending.withLock { $0 += Array(answer(String(decoding: bytes, as: UTF8.self)).utf8) }
    }

    func close() {}
    func abort() {}
}
