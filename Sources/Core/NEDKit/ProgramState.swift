import Foundation

/// What a program and the one who talks to it share. Guarded by its condition.
///
/// Invariants: nothing is added to `received` or `outgoing` after `end` is set; `end` is set once, the first reason stays.
final class ProgramState: @unchecked Sendable {
    // @unchecked: every access is within `locked` or `wait`, which hold the condition's lock.
    private let condition = NSCondition()
    private var values = Values()

    struct Values {
        /// The line of the protocol, once it has come.
        var greeting: [UInt8]?
        var received: [[UInt8]] = []
        var outgoing: [UInt8] = []
        /// Bytes that came since the last request.
        var answered = 0
        /// Nobody will send anything more.
        var isInputClosed = false
        /// Why it is being ended, before it has ended.
        var verdict: Reason?
        /// Set last, when the process is gone and reaped.
        var end: Reason?
        var lastLines: [String] = []
    }

    struct Reason {
        var code: ProgramError.Code
        /// What the program did, as the rest of a sentence about it.
        var text: String

        init(_ code: ProgramError.Code, _ text: String) {
            self.code = code
            self.text = text
        }
    }

    func locked<Result>(_ work: (inout Values) -> Result) -> Result {
        condition.lock()
        defer { condition.unlock() }
        let result = work(&values)
        condition.broadcast()
        return result
    }

    /// Waits until `work` gives something, or the time is up.
    func wait<Result>(until deadline: ContinuousClock.Instant, _ work: (inout Values) -> Result?) -> Result? {
        condition.lock()
        defer { condition.unlock() }
        while true {
            if let result = work(&values) { return result }
            let left = ContinuousClock.now.duration(to: deadline)
            guard left > .zero else { return nil }
            let (seconds, fraction) = left.components
            _ = condition.wait(until: Date(timeIntervalSinceNow: Double(seconds) + Double(fraction) / 1e18))
        }
    }

    func waitForever<Result>(_ work: (inout Values) -> Result?) -> Result {
        condition.lock()
        defer { condition.unlock() }
        while true {
            if let result = work(&values) { return result }
            condition.wait()
        }
    }
}
