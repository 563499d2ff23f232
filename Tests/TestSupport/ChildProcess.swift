import Foundation

/// How a child process ended, and what it said.
package struct ProcessOutcome: Sendable, CustomStringConvertible {
    package var command: String
    /// The exit status; 128 + the number of the signal that ended it.
    package var status: Int32
    package var output: String
    package var errors: String
    /// It was ended because its time was over.
    package var isLate: Bool

    /// Output and errors together.
    package var text: String { output + errors }

    package var description: String {
        "\(command): status \(status)\(isLate ? ", ended after its time was over" : "")\n\(output)\(errors)"
    }
}

/// Runs programs. Input and output are files, so that a daemon that a program leaves behind keeps nobody waiting.
package enum ChildProcess {
    /// Runs a program to its end. When `seconds` are over, it and its process group are killed.
    ///
    /// - Parameter program: a path, or a name to look for on the `PATH` of `environment`.
    package static func run(
        _ program: String, _ arguments: [String] = [], input: String = "", directory: String? = nil,
        environment: [String: String] = ProcessInfo.processInfo.environment, seconds: Double = 120
    ) throws -> ProcessOutcome {
        let running = try RunningProcess(
            program, arguments, input: input, directory: directory, environment: environment)
        return running.wait(seconds: seconds)
    }

    /// The file of a program.
    package static func find(_ program: String, _ environment: [String: String]) -> String? {
        if program.contains("/") { return program }
        return (environment["PATH"] ?? "").split(separator: ":").map { $0 + "/" + program }
            .first { access($0, X_OK) == 0 }
    }
}

/// A child process that has been started, in a process group of its own.
package final class RunningProcess: Sendable {
    package let id: Int32
    private let command: String
    private let files: TemporaryDirectory

    package init(
        _ program: String, _ arguments: [String] = [], input: String = "", directory: String? = nil,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws {
        command = ([program] + arguments).joined(separator: " ")
        files = try TemporaryDirectory("process")
        try files.write("input", input)
        guard let file = ChildProcess.find(program, environment) else { throw ProcessFault("\(program): not found") }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, files.path("input"), O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, files.path("output"), O_WRONLY | O_CREAT | O_APPEND, 0o644)
        posix_spawn_file_actions_addopen(&actions, 2, files.path("errors"), O_WRONLY | O_CREAT | O_APPEND, 0o644)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
        let line = Self.line(program, file, arguments, in: directory)
        var words = line.map { strdup($0) } + [nil]
        var variables = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for word in words + variables { free(word) } }
        var child: pid_t = 0
        let result = posix_spawn(&child, line[0], &actions, &attributes, &words, &variables)
        guard result == 0 else { throw ProcessFault("\(file): \(String(cString: strerror(result)))") }
        id = child
    }

    /// The words to execute: a shell changes the directory first, if that is asked for.
    private static func line(_ program: String, _ file: String, _ arguments: [String], in directory: String?)
        -> [String]
    {
        guard let directory else { return [file] + arguments }
        return ["/bin/sh", "-c", "cd \"$0\" && exec \"$@\"", directory, file] + arguments
    }

    /// What it has said up to now.
    package var output: String { (try? files.text("output")) ?? "" }
    package var errors: String { (try? files.text("errors")) ?? "" }

    /// Waits for the end, which it brings about when `seconds` are over.
    package func wait(seconds: Double) -> ProcessOutcome {
        let deadline = ContinuousClock.now + .milliseconds(Int(seconds * 1_000))
        var status: Int32 = 0
        var isLate = false
        while true {
            let ended = waitpid(id, &status, WNOHANG)
            if ended == id || (ended < 0 && errno != EINTR) { break }
            if !isLate, ContinuousClock.now > deadline {
                isLate = true
                kill(-id, SIGKILL)
            }
            usleep(4_000)
        }
        let number = status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F)
        return ProcessOutcome(command: command, status: number, output: output, errors: errors, isLate: isLate)
    }

    package func end(_ number: Int32 = SIGKILL) { kill(id, number) }
}

package struct ProcessFault: Error, CustomStringConvertible {
    package var description: String

    package init(_ description: String) { self.description = description }
}
