import Basics
import Foundation
import YANG

/// The faults of a running device: follows its file, counts commands, draws lots.
struct FaultInjector {
    /// What happens to one command.
    struct Outcome: Hashable {
        enum Ending: Hashable { case refuse(String), hangUp, powerOff, reboot, silence }

        /// What happens instead of it.
        var ending: Ending?
        /// How much later the answer comes, in milliseconds.
        var delay = 0
        /// How many bytes of the answer come.
        var length: Int?
        /// What comes instead of the answer.
        var garbage: [UInt8]?
        /// What changes at the device before it.
        var changes: [String] = []

        static let none = Outcome()
    }

    /// What is wrong with connections.
    struct Doors: Hashable {
        /// Bytes a second.
        var readingRate: Int?
        /// Bytes.
        var bufferSize: Int?
        var refusesPasswords = false
        var isSilent = false
    }

    private let path: String
    private var version = ""
    private var rules: [(rule: FaultRule, matcher: PatternMatcher?, count: Int)] = []
    private var random = SeededRandom(seed: 1)
    private(set) var doors = Doors()

    init(path: String) { self.path = path }

    /// Called once for each command.
    mutating func outcome(of command: String, in phase: FaultRule.Phase) -> Outcome {
        follow()
        var outcome = Outcome.none
        for index in rules.indices {
            let rule = rules[index].rule
            guard rule.effect.isOfCommand, rule.phase == .any || rule.phase == phase else { continue }
            rules[index].count += 1
            switch rule.trigger {
            case .always: break
            case .line: guard rules[index].matcher?.matches(command) ?? false else { continue }
            case .after(let number): guard rules[index].count == number else { continue }
            }
            if rule.chance < 1, random.fraction() >= rule.chance { continue }
            apply(rule, &outcome)
        }
        return outcome
    }

    private mutating func apply(_ rule: FaultRule, _ outcome: inout Outcome) {
        var ending: Outcome.Ending?
        switch rule.effect {
        case .refuse: ending = .refuse(rule.text)
        case .hangUp: ending = .hangUp
        case .powerOff: ending = .powerOff
        case .reboot: ending = .reboot
        case .silence: ending = .silence
        case .delay:
            outcome.delay += rule.number + (rule.jitter > 0 ? Int(random.fraction() * Double(rule.jitter)) : 0)
        case .truncate: outcome.length = min(outcome.length ?? Int.max, rule.number)
        case .garbage: outcome.garbage = (0..<rule.number).map { _ in UInt8(truncatingIfNeeded: random.next() >> 32) }
        case .change:
            outcome.changes += rule.text.split(separator: ";").map { $0.withoutOuterBlanks }
        case .slowReading, .fullBuffer, .wrongHostKey, .wrongPassword, .silentLogin: break
        }
        // The first rule that ends a command counts.
        outcome.ending = outcome.ending ?? ending
    }

    /// Reads the file again if it has changed. A file that cannot be read injects nothing.
    mutating func follow() {
        var info = stat()
        let isThere = stat(path, &info) == 0
        let found = isThere ? "\(info.st_ino) \(info.st_size) \(info.st_mtim.tv_sec).\(info.st_mtim.tv_nsec)" : ""
        guard found != version else { return }
        version = found
        let plan = (try? FaultPlan(path: path)) ?? FaultPlan()
        random = SeededRandom(seed: plan.seed)
        rules = plan.rules.map { rule in
            guard case .line(let pattern) = rule.trigger else { return (rule, nil, 0) }
            return (rule, try? PatternMatcher(pattern, acceptingExtraEscapes: true), 0)
        }
        doors = Doors()
        for rule in plan.rules {
            switch rule.effect {
            case .slowReading: doors.readingRate = rule.number
            case .fullBuffer: doors.bufferSize = rule.number
            case .wrongPassword: doors.refusesPasswords = true
            case .silentLogin: doors.isSilent = true
            default: break
            }
        }
    }
}

/// The same numbers from the same seed (SplitMix64).
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }

    /// From 0 up to, not including, 1.
    mutating func fraction() -> Double { Double(next() >> 11) / Double(1 << 53) }
}
