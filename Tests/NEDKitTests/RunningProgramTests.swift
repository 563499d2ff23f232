import Basics
import Foundation
import NEDKit
import TestSupport
import Testing

@Suite(.enabled(if: ProgramWorkshop.hasPython, "needs /usr/bin/python3"))
struct RunningProgramTests {
    @Test func aProgramAnswersAndAsksBack() throws {
        let workshop = try ProgramWorkshop()
        let program = try workshop.start(
            workshop.python(
                """
                def double(p):
                    sys.stderr.write("at work\\x1b[31m\\n")
                    say({"jsonrpc": "2.0", "method": "log", "params": {"text": "half way"}})
                    got = ask("get", path="/a")
                    bad = ask("nothing")
                    return [p["n"] * 2, got["result"], bad["error"]["message"]]
                serve({"double": double})
                """))
        for number in [4, 21] {
            let answer = try program.call("double", ["n": .number("\(number)")]) {
                (method, parameters) throws(RunningProgram.ServiceFault) in
                guard method == "get" else { throw .init("there is no \(method)") }
                return parameters["path"] ?? .null
            }
            #expect(answer == .array([.number("\(number * 2)"), "/a", "there is no nothing"]))
        }
        program.end()
        #expect(workshop.log.all.filter { $0 == "half way" }.count == 2)
        #expect(workshop.log.all.contains("at work\\u{1b}[31m"), "\(workshop.log.all)")
    }

    @Test func aRefusalCarriesTheWordsOfTheProgramAndLeavesItAlive() throws {
        let workshop = try ProgramWorkshop()
        let program = try workshop.start(
            workshop.python(
                """
                def check(p):
                    if p["n"] > 1: raise ValueError("too\\x1b many: %d" % p["n"])
                    return True
                serve({"check": check})
                """))
        let error = #expect(throws: ProgramError.self) { try program.call("check", ["n": 3]) }
        #expect(error?.code == .refused)
        #expect(error?.description == "program bin/program of package p refused: too\\u{1b} many: 3")
        #expect(try program.call("check", ["n": 1]) == true)
    }

    @Test func itHasItsOwnEnvironmentDirectoryGroupAndNothingElse() throws {
        let workshop = try ProgramWorkshop()
        setenv("OPENNED_TEST_SECRET", "of ours", 1)
        let program = try workshop.start(
            workshop.python(
                """
                def look(p):
                    status = open("/proc/self/status").read()
                    return [sorted(map(int, os.listdir("/proc/self/fd")))[:4], sorted(os.environ), os.getcwd(),
                            os.getpgrp() == os.getpid(), "NoNewPrivs:\\t1" in status, "SigBlk:\\t" + "0" * 16 in status]
                serve({"look": look})
                """))
        let answer = try program.call("look", .null).array ?? []
        // The fourth is the listing itself.
        #expect(answer[0] == [0, 1, 2, 3])
        let names = answer[1].array?.compactMap(\.string) ?? []
        #expect(
            names.contains("OPENNED_ROLE") && !names.contains("OPENNED_TEST_SECRET") && names.count < 16, "\(names)")
        let place = try #require(realpath(workshop.directory.path, nil).map { String(cString: $0) })
        #expect(answer[2].string == place)
        #expect(answer[3...].allSatisfy { $0 == true }, "\(answer)")
    }

    @Test func largeMessagesGoBothWays() throws {
        let workshop = try ProgramWorkshop()
        let program = try workshop.start(workshop.python("serve({'echo': lambda p: p})"))
        let text = String(repeating: "äb\n", count: 1 << 20)
        #expect(try program.call("echo", .string(text)) == .string(text))
    }

    @Test func aPoolStartsAnotherProgramAfterACrash() throws {
        let workshop = try ProgramWorkshop()
        let description = try workshop.python(
            "def go(p):\n    if p == 'die': os._exit(7)\n    return os.getpid()\nserve({'go': go})")
        let pool = ProgramPool(description) { _ in }
        func process() throws -> Int? { try pool.lend { p throws(ProgramError) in try p.call("go", "") }.int }
        let first = try process()
        #expect(try process() == first)
        #expect(throws: ProgramError.self) { try pool.lend { p throws(ProgramError) in try p.call("go", "die") } }
        let second = try #require(try process())
        #expect(second != first)
        pool.end()
        #expect(!isAlive(Int32(second)))
    }
}
