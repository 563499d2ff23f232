import Synchronization

/// Programs of one description, each lent to one caller at a time: as many as there are callers, started when needed.
///
/// `end` is to be called when the work is done; a program that failed is not lent again.
package final class ProgramPool: Sendable {
    package let program: ProgramDescription
    private let log: @Sendable (String) -> Void
    private let idle = Mutex<[RunningProgram]>([])

    package init(_ program: ProgramDescription, log: @escaping @Sendable (String) -> Void) {
        self.program = program
        self.log = log
    }

    package func lend<Result>(
        _ work: (RunningProgram) throws(ProgramError) -> Result
    ) throws(ProgramError) -> Result {
        let running: RunningProgram
        if let known = idle.withLock({ $0.popLast() }), known.isAlive {
            running = known
        } else {
            running = try RunningProgram(program, log: log)
        }
        defer { if running.isAlive { idle.withLock { $0.append(running) } } }
        return try work(running)
    }

    /// Ends those that nobody uses.
    package func end() {
        let programs = idle.withLock { programs in
            defer { programs = [] }
            return programs
        }
        for program in programs { program.end() }
    }
}
