import CLaunch
import Foundation

/// The thread of a program: starts it, moves bytes, ends and reaps it. The program dies with it, so it lives as long.
///
/// Invariant: when it is done no process of the program is left, and `ProgramState.end` says why.
final class ProgramThread: @unchecked Sendable {
    // @unchecked: what is not `let` is touched by the thread alone.
    let program: ProgramDescription
    let state: ProgramState
    let log: @Sendable (String) -> Void
    private let tag = UUID().uuidString
    private let wake: (read: Int32, write: Int32)

    private var process: pid_t = 0
    private var watch: Int32 = -1
    var input: Int32 = -1
    var output: Int32 = -1
    var errors: Int32 = -1
    /// What is being written to the program, and how much of it is.
    var sending: (bytes: [UInt8], count: Int) = ([], 0)
    /// The beginnings of lines.
    var line: [UInt8] = []
    var errorLine: [UInt8] = []
    var errorCount = 0
    /// When it is ended if it has not ended by itself; set when its input was closed.
    private var deadline: ContinuousClock.Instant?
    var hasClosedOutput = false

    init(_ program: ProgramDescription, _ state: ProgramState, log: @escaping @Sendable (String) -> Void) throws {
        self.program = program
        self.state = state
        self.log = log
        let pipe = try Self.pipe(own: 0)
        wake = (pipe[0], pipe[1])
    }

    deinit {
        close(wake.read)
        close(wake.write)
    }

    func start() {
        let thread = Thread { [self] in run() }
        thread.name = "program"
        thread.stackSize = 1 << 20
        thread.start()
    }

    /// Makes the thread look at the state again. Callable from any thread.
    func notify() {
        var byte: UInt8 = 1
        _ = write(wake.write, &byte, 1)
    }

    private func run() {
        do {
            try launch()
        } catch {
            closeAll()
            state.locked { $0.end = .init(.cannotStart, "cannot be started: \(error)") }
            return
        }
        while openned_has_ended(process) == 0, !isOverdue { wait() }
        finish()
    }

    // MARK: Starting

    private struct LaunchFault: Error, CustomStringConvertible { var description: String }

    private static func pipe(own: Int32) throws -> [Int32] {
        var ends: [Int32] = [-1, -1]
        guard openned_pipe(&ends, own) == 0 else {
            throw LaunchFault(description: String(cString: strerror(errno)))
        }
        return ends
    }

    private func launch() throws {
        var theirs: [Int32] = []
        defer { for end in theirs { close(end) } }
        for number in 0..<3 {
            let own = number == 0 ? 1 : 0
            let ends = try Self.pipe(own: Int32(own))
            theirs.append(ends[1 - own])
            switch number {
            case 0: input = ends[own]
            case 1: output = ends[own]
            default: errors = ends[own]
            }
        }
        let words = ([program.path] + program.arguments).map { strdup($0) } + [nil]
        let variables =
            program.variables(tag: tag).sorted { $0.key < $1.key }.map { strdup("\($0.key)=\($0.value)") } + [nil]
        let texts = [strdup(program.path), strdup(program.directory)]
        defer { for word in words + variables + texts { free(word) } }
        var request = openned_launch_request()
        (request.path, request.directory) = (UnsafePointer(texts[0]), UnsafePointer(texts[1]))
        (request.input, request.output, request.errors) = (theirs[0], theirs[1], theirs[2])
        request.cpu_seconds = UInt(program.limits.cpuSeconds)
        request.memory = UInt(program.limits.memory)
        request.file_size = UInt(program.limits.fileSize)
        request.descriptors = UInt(program.limits.descriptors)
        var fault: Int32 = 0
        var step: UnsafePointer<CChar>?
        words.withUnsafeBufferPointer { words in
            variables.withUnsafeBufferPointer { variables in
                (request.arguments, request.environment) = (words.baseAddress, variables.baseAddress)
                // A process that another thread is just making may hold the file for writing until it executes its own.
                for _ in 0..<200 {
                    process = openned_launch(&request, &fault, &step)
                    if process > 0 || fault != ETXTBSY { break }
                    usleep(10_000)
                }
            }
        }
        guard process > 0 else {
            let reason = String(cString: strerror(fault))
            throw LaunchFault(description: "\(step.map { String(cString: $0) } ?? "") failed: \(reason)")
        }
        watch = openned_watch(process)
    }

    // MARK: Running

    /// It is to be ended, or had time to end by itself.
    private var isOverdue: Bool {
        state.locked { $0.verdict != nil } || deadline.map { ContinuousClock.now > $0 } == true
    }

    private func wait() {
        let (more, isClosed) = state.locked { values in
            let more = values.outgoing
            values.outgoing = []
            return (more, values.isInputClosed)
        }
        if !more.isEmpty { sending = (Array(sending.bytes.dropFirst(sending.count)) + more, 0) }
        let isSending = input >= 0 && sending.count < sending.bytes.count
        if isClosed, !isSending, deadline == nil {
            closeInput()
            deadline = .now + .milliseconds(Int(program.limits.endSeconds * 1_000))
        }
        func entry(_ descriptor: Int32, _ events: Int32) -> pollfd {
            pollfd(fd: descriptor, events: Int16(events), revents: 0)
        }
        var table = [
            entry(wake.read, POLLIN), entry(watch, POLLIN), entry(output, POLLIN), entry(errors, POLLIN),
            entry(isSending ? input : -1, POLLOUT),
        ]
        // Where no descriptor tells of its end, and while that is awaited, it is looked at from time to time.
        _ = poll(&table, nfds_t(table.count), watch < 0 || deadline != nil ? 20 : -1)
        if table[0].revents != 0 {
            var bytes = [UInt8](repeating: 0, count: 64)
            while read(wake.read, &bytes, bytes.count) == bytes.count {}
        }
        if table[4].revents != 0 { send() }
        if table[2].revents != 0 { receive() }
        if table[3].revents != 0 { receiveErrors() }
    }

    // MARK: Ending

    /// Kills what is left, reads what is still there, reaps.
    private func finish() {
        // The group goes before the process is reaped: until then nobody else can get its number.
        kill(-process, SIGKILL)
        kill(process, SIGKILL)
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
        ProgramStrays.end(tag: tag)
        while output >= 0, receive() {}
        while errors >= 0, receiveErrors() {}
        noteErrorLine()
        closeAll()
        state.locked { $0.end = $0.verdict ?? .init(.ended, text(status)) }
    }

    /// How it ended, as a part of a sentence.
    private func text(_ status: Int32) -> String {
        let signal = status & 0x7F
        if signal == 0 { return "ended with status \((status >> 8) & 0xFF)" }
        if deadline != nil, signal == SIGKILL {
            return hasClosedOutput ? "closed its output and did not end" : "did not end by itself"
        }
        let reason =
            switch signal {
            case SIGXCPU, SIGKILL: " (it may have used up its processor time or the machine's memory)"
            case SIGXFSZ: " (it wrote a file larger than it may)"
            default: ""
            }
        return "was ended by signal \(signal), \(String(cString: strsignal(signal)))\(reason)"
    }

    func closeInput() {
        if input >= 0 { close(input) }
        input = -1
    }

    private func closeAll() {
        for end in [input, output, errors, watch] where end >= 0 { close(end) }
        (input, output, errors, watch) = (-1, -1, -1, -1)
    }
}
