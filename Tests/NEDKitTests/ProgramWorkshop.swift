import Basics
import Foundation
import NEDKit
import Synchronization
import TestSupport
import Testing

/// A package directory with programs in it.
struct ProgramWorkshop {
    let directory: TemporaryDirectory
    let log = ProgramLines()

    init() throws { directory = try TemporaryDirectory("programs") }

    static let hasPython = FileManager.default.isExecutableFile(atPath: "/usr/bin/python3")

    /// A program in Python with `serve(METHODS)`, the smallest thing that speaks the protocol.
    static let library = """
        import json, os, signal, subprocess, sys, time
        def say(value):
            sys.stdout.write(json.dumps(value) + "\\n")
            sys.stdout.flush()
        def ask(method, **parameters):
            say({"jsonrpc": "2.0", "id": "mine", "method": method, "params": parameters})
            return json.loads(sys.stdin.readline())
        def serve(methods):
            print("openned-program 1 test", flush=True)
            for line in sys.stdin:
                request = json.loads(line)
                try:
                    answer = {"result": methods[request["method"]](request["params"])}
                except ValueError as error:
                    answer = {"error": {"code": 1, "message": str(error)}}
                say({"jsonrpc": "2.0", "id": request["id"], **answer})

        """

    func python(_ text: String, _ change: (inout ProgramLimits) -> Void = { _ in }) throws -> ProgramDescription {
        try program("#!/usr/bin/python3\n" + Self.library + text, change)
    }

    func shell(_ text: String, _ change: (inout ProgramLimits) -> Void = { _ in }) throws -> ProgramDescription {
        try program("#!/bin/sh\n" + text, change)
    }

    private func program(
        _ text: String, _ change: (inout ProgramLimits) -> Void = { _ in }
    ) throws -> ProgramDescription {
        try directory.write("bin/program", text)
        let path = directory.path("bin/program")
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
        var limits = ProgramLimits()
        // Of a machine under load; tests in which something is to be too slow say so.
        (limits.startSeconds, limits.callSeconds, limits.endSeconds) = (300, 300, 300)
        change(&limits)
        return ProgramDescription(
            package: "p", role: "test", path: path, directory: directory.path, limits: limits,
            owner: directory.path)
    }

    func start(_ program: ProgramDescription) throws -> RunningProgram {
        let log = log
        return try RunningProgram(program) { log.add($0) }
    }

    /// The failure of starting a program and asking it `go`.
    func failure(_ program: ProgramDescription) throws -> ProgramError {
        do throws(ProgramError) {
            let log = log
            let running = try RunningProgram(program) { log.add($0) }
            _ = try running.call("go", ["a": 1])
        } catch {
            return error
        }
        throw ProcessFault("it did not fail")
    }
}

/// What programs say on standard error.
final class ProgramLines: Sendable {
    private let lines = Mutex<[String]>([])

    func add(_ line: String) { lines.withLock { $0.append(line) } }
    var all: [String] { lines.withLock { $0 } }
}

/// Whether a process lives. One that has ended and is not reaped does not.
func isAlive(_ process: Int32) -> Bool {
    guard let status = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8) else { return false }
    return status.firstMatch(of: #/\) (.)/#)?.output.1 != "Z"
}
