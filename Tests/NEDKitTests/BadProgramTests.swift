import Basics
import Foundation
import NEDKit
import TestSupport
import Testing

/// Programs that crash, hang, flood and babble: each ends with an error that says so, and without a process.
@Suite struct BadProgramTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var script: String
        var code: ProgramError.Code
        var text: String
        var isPython = false
        var change: @Sendable (inout ProgramLimits) -> Void = { _ in }

        var testDescription: String { "\(code): \(text)" }
    }

    private static let hello = "echo 'openned-program 1 test'; read line; "

    static let cases: [Case] = [
        Case(script: "echo broken >&2; exit 3", code: .ended, text: "ended with status 3; it said: broken"),
        Case(script: "echo hello", code: .handshake, text: "began with 'hello'"),
        Case(script: "echo 'openned-program 2 test'; cat", code: .handshake, text: "speaks version 2"),
        Case(script: "echo 'openned-program 1 other'; cat", code: .handshake, text: "is for other, not for test"),
        Case(script: "yes | tr -d '\\n'", code: .tooMuch, text: "a line of more than 4096 bytes"),
        Case(
            script: "sleep 1000", code: .timeout, text: "did not say openned-program 1 test within 0.2 s",
            change: { $0.startSeconds = 0.2 }),
        Case(
            script: hello + "exec sleep 1000", code: .timeout, text: "did not answer 'go' within 0.2 s",
            change: { $0.callSeconds = 0.2 }),
        Case(script: hello + "kill -SEGV $$", code: .ended, text: "was ended by signal 11"),
        Case(script: hello + "exit 0", code: .ended, text: "ended with status 0"),
        Case(script: hello + "echo oops; cat", code: .garbage, text: "is no JSON: 'oops'"),
        Case(
            script: hello + "printf '\\377\\033[2J\\n'; exit 0", code: .garbage,
            text: "is no JSON: '\u{FFFD}\\u{1b}[2J'"),
        Case(script: hello + "echo '{\"id\":1,\"result\":2}'; cat", code: .garbage, text: "no message of JSON-RPC 2.0"),
        Case(
            script: hello + "echo '{\"jsonrpc\":\"2.0\",\"id\":9,\"result\":2}'; cat", code: .garbage,
            text: "answered what it was not asked"),
        Case(
            script: hello + "echo '{\"jsonrpc\":\"2.0\",\"id\":1}'; cat", code: .garbage,
            text: "neither result nor error"),
        Case(
            script: hello + "yes | tr -d '\\n'", code: .tooMuch, text: "wrote a line of more than 100000 bytes",
            change: { $0.messageLength = 100_000 }),
        Case(
            script: hello + "yes '{\"jsonrpc\":\"2.0\",\"method\":\"x\"}'", code: .tooMuch,
            text: "wrote more than 1000000 bytes", change: { $0.outputLength = 1_000_000 }),
        Case(
            script: "serve({'go': lambda p: len(bytearray(1 << 30))})", code: .ended, text: "MemoryError",
            isPython: true, change: { $0.memory = 512 << 20 }),
        Case(
            script: hello + "while :; do :; done", code: .ended, text: "was ended by signal 24",
            change: { $0.cpuSeconds = 1 }),
        Case(
            script: hello + "head -c 100000 /dev/zero > file", code: .ended, text: "ended with status",
            change: { $0.fileSize = 4_096 }),
        Case(
            script: hello + "exec 1>&-; exec sleep 1000", code: .ended, text: "closed its output and did not end",
            change: { $0.endSeconds = 0.2 }),
    ]

    @Test(arguments: cases)
    func itFailsWithTheReason(_ bad: Case) throws {
        guard !bad.isPython || ProgramWorkshop.hasPython else { return }
        let workshop = try ProgramWorkshop()
        let program =
            try bad.isPython
            ? workshop.python(bad.script, bad.change) : workshop.shell(bad.script, bad.change)
        let error = try workshop.failure(program)
        #expect(error.code == bad.code, "\(error)")
        #expect(error.description.contains(bad.text), "\(error)")
        #expect(error.description.hasPrefix("program bin/program of package p "))
    }

    @Test func whatItSaysOnStandardErrorIsBoundedAndDisturbsNothing() throws {
        let workshop = try ProgramWorkshop()
        let program = try workshop.start(
            workshop.shell(
                Self.hello
                    + "yes complaint | head -n 100000 >&2; echo '{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":1}'; cat"
            ) { $0.errorLength = 5_000 })
        #expect(try program.call("go", .null) == 1)
        program.end()
        #expect(workshop.log.all.count == 501, "\(workshop.log.all.count)")
        #expect(workshop.log.all.last == "(more than 5000 bytes; the rest is left out)")
    }

    @Test(arguments: ["exit 1", "cat", "sleep 1000"])
    func noProcessIsLeftHoweverItEnds(_ end: String) throws {
        let workshop = try ProgramWorkshop()
        let script = """
            sleep 1000 & echo $! >&2
            setsid sh -c 'echo $$ >&2; exec sleep 1000' &
            setsid sh -c 'setsid sh -c "echo \\$\\$ >&2; exec sleep 1000" & exit 0'
            until [ -e go ]; do sleep 0.02; done
            echo 'openned-program 1 test'
            \(end)
            """
        let program = try workshop.shell(script) { $0.endSeconds = 0.2 }
        // It may speak when all of its children have.
        let log = workshop.log
        let directory = workshop.directory
        let waiter = Thread {
            while log.all.count < 3 { usleep(5_000) }
            _ = try? directory.write("go", "")
        }
        waiter.start()
        let running = try workshop.start(program)
        running.end()
        let processes = log.all.compactMap { Int32($0) }
        #expect(processes.count == 3)
        #expect(processes.allSatisfy { !isAlive($0) }, "\(processes)")
    }

    @Test func whatAnEarlierLifeLeftIsEndedByItsOwner() throws {
        let workshop = try ProgramWorkshop()
        let owner = workshop.directory.path("owner")
        let (ours, others) = (
            try RunningProcess("/bin/sleep", ["1000"], environment: ["OPENNED_PROGRAM_OWNER": owner]),
            try RunningProcess("/bin/sleep", ["1000"], environment: ["OPENNED_PROGRAM_OWNER": owner + "2"])
        )
        #expect(ProgramStrays.end(owner: owner) >= 1)
        #expect(ours.wait(seconds: 300).status == 128 + 9)
        #expect(isAlive(others.id))
        others.end()
        _ = others.wait(seconds: 300)
    }

    @Test func filesOutsideThePackageAndOtherThingsAreNoPrograms() throws {
        let workshop = try ProgramWorkshop()
        _ = try workshop.shell("exit 0")
        try workshop.directory.write("plain", "text")
        let root = workshop.directory.path
        let files = FileManager.default
        try files.createSymbolicLink(atPath: root + "/out", withDestinationPath: "/bin/sh")
        try files.createSymbolicLink(atPath: root + "/in", withDestinationPath: "bin/program")
        for (name, text) in [
            ("/bin/sh", "is no path below the package"), ("../x", "is no path"), ("bin//program", "is no path"),
            ("absent", "is not there"), ("bin", "is no file"), ("plain", "cannot be executed"),
            ("out", "leads out of the package"),
        ] {
            let fault = #expect(throws: ProgramFileFault.self) { try ProgramFile.path(name, below: root) }
            #expect(fault?.description.contains(text) == true, "\(name): \(String(describing: fault))")
        }
        #expect(try ProgramFile.path("in", below: root).hasSuffix("/bin/program"))
        var program = try workshop.shell("exit 0")
        program.path = root + "/plain"
        #expect(try workshop.failure(program).description.contains("executing it failed: Permission denied"))
    }
}
