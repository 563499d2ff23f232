import Dispatch
import Synchronization

/// Programs of one description, each lent to one caller at a time, started when needed, no more than `limit`.
///
/// `end` is to be called when the work is done; a program that failed is not lent again.
package final class ProgramPool: Sendable {
    package let program: ProgramDescription
    private let log: @Sendable (String) -> Void
    /// Who comes when all are lent waits.
    private let places: DispatchSemaphore
    private let idle = Mutex<[RunningProgram]>([])

    package init(_ program: ProgramDescription, limit: Int = 8, log: @escaping @Sendable (String) -> Void) {
        self.program = program
        self.log = log
        places = DispatchSemaphore(value: limit)
    }

    package func lend<Result>(
        _ work: (RunningProgram) throws(ProgramError) -> Result
    ) throws(ProgramError) -> Result {
        places.wait()
        defer { places.signal() }
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
