package import Basics
import Foundation

/// What a process that compiles may use.
package struct CompileProcessLimits: Sendable {
    /// Bytes of address space.
    package var memory = 4 << 30
    package var cpuSeconds = 120
    /// Seconds from start to end, waiting included.
    package var wallSeconds = 300

    package init(memory: Int = 4 << 30, cpuSeconds: Int = 120, wallSeconds: Int = 300) {
        self.memory = memory
        self.cpuSeconds = cpuSeconds
        self.wallSeconds = wallSeconds
    }
}

/// Compiles in a child process: the running program again, with limits, an environment of its own and no descriptors
/// but the standard ones. Whatever sources do to the compiler, what is lost is this one compilation.
package struct ChildSchemaBuilder: SchemaBuilder {
    private let program: String
    private let limits: CompileProcessLimits

    /// - Parameter program: an executable that calls `CompileWorker.run` first of all.
    package init(program: String = "/proc/self/exe", limits: CompileProcessLimits = CompileProcessLimits()) {
        self.program = program
        self.limits = limits
    }

    package func build(_ request: CompileRequest, into path: String) -> [Diagnostic] {
        do {
            let process = try start(request, path)
            return process.finish(within: limits.wallSeconds).findings(limits)
        } catch {
            return [.error("the compiler process cannot be started: \(error)", remedy: "free memory and disk space")]
        }
    }

    private func start(_ request: CompileRequest, _ path: String) throws -> CompileProcess {
        let input = try Self.scratch(path + ".request")
        defer { close(input) }
        guard CompileWorker.writeAll(input, try request.bytes(imagePath: path)), lseek(input, 0, SEEK_SET) == 0 else {
            throw FileError(operation: "write", path: path + ".request", errno: errno)
        }
        let errors = try Self.scratch(path + ".errors")
        // A pair of sockets, not a pipe: it can be made with close-on-exec, so that no other child keeps it open.
        var answer: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &answer) == 0 else {
            close(errors)
            throw FileError(operation: "make a channel for", path: program, errno: errno)
        }
        defer { close(answer[1]) }
        var child: pid_t = 0
        let code = spawn(&child, input: input, output: answer[1], errors: errors)
        guard code == 0 else {
            close(answer[0])
            close(errors)
            throw FileError(operation: "start", path: program, errno: code)
        }
        return CompileProcess(child: child, answer: answer[0], errors: errors)
    }

    /// A file without a name.
    private static func scratch(_ path: String) throws -> Int32 {
        let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw FileError(operation: "create", path: path, errno: errno) }
        unlink(path)
        return descriptor
    }

    private static let environment = ["PATH=/usr/bin:/bin", "LANG=C.UTF-8", "SWIFT_BACKTRACE=enable=no"]

    private func spawn(_ child: inout pid_t, input: Int32, output: Int32, errors: Int32) -> Int32 {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_adddup2(&actions, errors, 2)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
        let words = ["ncs", CompileWorker.subcommand] + CompileWorker.arguments(limits)
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        var variables: [UnsafeMutablePointer<CChar>?] = Self.environment.map { strdup($0) } + [nil]
        defer { for text in arguments + variables { free(text) } }
        return posix_spawn(&child, program, &actions, &attributes, &arguments, &variables)
    }
}

/// A child that compiles, until its end.
private struct CompileProcess {
    /// More findings than this is no answer.
    private static let answerLimit = 64 << 20

    let child: pid_t
    let answer: Int32
    let errors: Int32

    struct Result {
        var answer: [UInt8] = []
        var errors = ""
        var status: Int32 = 0
        var usage = rusage()
        var isLate = false
    }

    /// Reads the answer and waits for the end; kills the child when the time is up.
    func finish(within seconds: Int) -> Result {
        var result = Result()
        let deadline = DispatchTime.now() + .seconds(seconds)
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let now = DispatchTime.now()
            guard now < deadline, result.answer.count <= Self.answerLimit else {
                result.isLate = now >= deadline
                kill(child, SIGKILL)
                break
            }
            var wish = pollfd(fd: answer, events: Int16(POLLIN), revents: 0)
            let rest = (deadline.uptimeNanoseconds - now.uptimeNanoseconds) / 1_000_000
            guard poll(&wish, 1, Int32(min(rest + 1, 60_000))) > 0 else { continue }
            let count = read(answer, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            if count <= 0 { break }
            result.answer += chunk[0..<count]
        }
        close(answer)
        while wait4(child, &result.status, 0, &result.usage) < 0, errno == EINTR {}
        var said = [UInt8](repeating: 0, count: 4_096)
        let count = pread(errors, &said, said.count, 0)
        result.errors = String(decoding: said.prefix(max(count, 0)), as: UTF8.self)
        close(errors)
        return result
    }
}

extension CompileProcess.Result {
    /// What the child found, or what became of it.
    func findings(_ limits: CompileProcessLimits) -> [Diagnostic] {
        if status == 0, let diagnostics = try? DiagnosticList.read(answer) { return diagnostics }
        let remedy = "the modules are too large or faulty; split them, or look at them with ncsc --check"
        if isLate {
            return [
                .error("compiling the models took longer than the limit of \(limits.wallSeconds) s", remedy: remedy)
            ]
        }
        let signal = status & 0x7F
        if signal == SIGXCPU || signal == SIGKILL && Int(usage.ru_utime.tv_sec) >= limits.cpuSeconds {
            return [
                .error("compiling the models took more than the limit of \(limits.cpuSeconds) s of CPU", remedy: remedy)
            ]
        }
        // Swift ends a process that gets no memory with a trap and these words; a full stack or a thread that cannot
        // be made have others, with most of the memory in use.
        if errors.contains("allocate memory") || signal != 0 && usage.ru_maxrss * 1_024 > limits.memory / 2 {
            return [
                .error("compiling the models took more than the limit of \(limits.memory >> 20) MiB", remedy: remedy)
            ]
        }
        let end = signal == 0 ? "exit status \(status >> 8 & 0xFF)" : "signal \(signal)"
        return [.error("the compiler process ended with \(end)", remedy: remedy)]
    }
}
