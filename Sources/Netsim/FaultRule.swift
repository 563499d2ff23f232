import Basics
import Foundation
import YANG

/// One thing that goes wrong at a device on demand, as `ncs-netsim fault` takes and shows it:
///
///     [in PHASE] [chance P] EFFECT[-line PATTERN | -after N] [ARGUMENT ...]
///
/// A pattern is an XSD regular expression over the whole command, without the blanks around it; over NETCONF a command
/// is the name of the operation. `-after N` means the N-th command in the phase from now on, once; neither means every
/// command. With a chance below 1 it happens at random, the same way each time from the plan's seed.
struct FaultRule: Hashable {
    enum Effect: String, CaseIterable {
        /// The command is answered with the message and does nothing.
        case refuse
        /// The connection breaks instead of the command.
        case hangUp = "hang-up"
        /// The device loses power instead: it answers nobody until it is started again.
        case powerOff = "power-off"
        /// The device starts again instead, with its saved configuration.
        case reboot
        /// The command is neither carried out nor answered.
        case silence = "silent"
        /// The answer comes later: milliseconds, and as many more at random.
        case delay
        /// Only the first bytes of the answer come.
        case truncate
        /// So many random bytes come instead of the answer.
        case garbage
        /// Before the command, the device's configuration changes by these lines, separated by `;`.
        case change
        /// The device takes no more than so many bytes a second.
        case slowReading = "slow-reading"
        /// Of what comes at once, or while a command is carried out, so many bytes are kept and the rest is lost.
        case fullBuffer = "full-buffer"
        case wrongHostKey = "wrong-host-key"
        case wrongPassword = "wrong-password"
        /// Who logs in gets no prompt.
        case silentLogin = "silent-login"

        /// Whether it belongs to a command, rather than to the connection.
        var isOfCommand: Bool {
            switch self {
            case .slowReading, .fullBuffer, .wrongHostKey, .wrongPassword, .silentLogin: false
            default: true
            }
        }
    }

    enum Phase: String { case configuration, operational, any }

    enum Trigger: Hashable {
        case always
        case line(String)
        case after(Int)
    }

    static let standardMessage = "% Refused by fault injection"

    var effect: Effect
    var trigger = Trigger.always
    var phase: Phase
    var chance = 1.0
    /// A message, or lines of configuration.
    var text = ""
    /// Milliseconds or bytes.
    var number = 0
    var jitter = 0

    // MARK: Words

    /// Throws `usage`.
    init(_ words: [String]) throws(NetsimError) {
        guard let rule = FaultRule(words: words[...]) else {
            throw NetsimError(
                .usage, "", "\"\(words.joined(separator: " "))\" is no fault",
                remedy: "see ncs-netsim --help; PATTERN is an XSD regular expression")
        }
        self = rule
    }

    private init?(words: ArraySlice<String>) {
        var words = words
        var phase: Phase?
        var chance = 1.0
        while let word = words.first, word == "in" || word == "chance" {
            guard words.count > 2 else { return nil }
            let value = words[words.startIndex + 1]
            words = words.dropFirst(2)
            if word == "in" {
                guard let named = Phase(rawValue: value) else { return nil }
                phase = named
            } else {
                guard let number = Double(value), number > 0, number <= 1 else { return nil }
                chance = number
            }
        }
        guard let name = words.popFirst() else { return nil }
        switch name {
        case "commit-fails":
            self.init(effect: .refuse, trigger: .line("commit( .*)?"), phase: phase ?? .any)
        case "save-fails":
            self.init(effect: .refuse, trigger: .line("write( mem.*)?|copy.*"), phase: phase ?? .any)
        default:
            guard let (effect, trigger) = Self.split(name, &words) else { return nil }
            let isAnswer = effect == .delay || effect == .truncate || effect == .garbage
            self.init(effect: effect, trigger: trigger, phase: phase ?? (isAnswer ? .any : .configuration))
        }
        self.chance = chance
        guard takeArguments(Array(words)) else { return nil }
    }

    private init(effect: Effect, trigger: Trigger, phase: Phase) {
        self.effect = effect
        self.trigger = trigger
        self.phase = phase
    }

    private static func split(_ name: String, _ words: inout ArraySlice<String>) -> (Effect, Trigger)? {
        if let effect = Effect(rawValue: name) { return (effect, .always) }
        if name.hasSuffix("-line"), let effect = Effect(rawValue: String(name.dropLast(5))), effect.isOfCommand,
            let pattern = words.popFirst(), (try? PatternMatcher(pattern, acceptingExtraEscapes: true)) != nil
        {
            return (effect, .line(pattern))
        }
        if name.hasSuffix("-after"), let effect = Effect(rawValue: String(name.dropLast(6))), effect.isOfCommand,
            let count = words.popFirst().flatMap({ Int($0) }), count > 0
        {
            return (effect, .after(count))
        }
        return nil
    }

    private mutating func takeArguments(_ words: [String]) -> Bool {
        switch effect {
        case .refuse: text = words.isEmpty ? Self.standardMessage : words.joined(separator: " ")
        case .change:
            text = words.joined(separator: " ")
            return !text.isEmpty
        case .delay, .truncate, .garbage, .slowReading, .fullBuffer:
            let numbers = words.compactMap { Int($0) }
            guard numbers.count == words.count, let first = numbers.first, (0...3_600_000).contains(first),
                numbers.count <= (effect == .delay ? 2 : 1), first > 0 || effect == .truncate
            else { return false }
            number = first
            jitter = max(0, numbers.count > 1 ? numbers[1] : 0)
        default: return words.isEmpty
        }
        return true
    }

    /// The words that make this rule again.
    var words: [String] {
        var words: [String] = []
        let isAnswer = effect == .delay || effect == .truncate || effect == .garbage
        if effect.isOfCommand, phase != (isAnswer ? .any : .configuration) { words += ["in", phase.rawValue] }
        if chance < 1 { words += ["chance", "\(chance)"] }
        switch trigger {
        case .always: words.append(effect.rawValue)
        case .line(let pattern): words += [effect.rawValue + "-line", pattern]
        case .after(let count): words += [effect.rawValue + "-after", "\(count)"]
        }
        switch effect {
        case .refuse: if text != Self.standardMessage { words.append(text) }
        case .change: words.append(text)
        case .delay: words += ["\(number)"] + (jitter > 0 ? ["\(jitter)"] : [])
        case .truncate, .garbage, .slowReading, .fullBuffer: words.append("\(number)")
        default: break
        }
        return words
    }

    /// As it is shown: patterns and messages in quotes.
    var description: String {
        var isQuoted = false
        return words.enumerated().map { index, word in
            defer { isQuoted = word.hasSuffix("-line") }
            let isText = index == words.count - 1 && (effect == .refuse || effect == .change) && word == text
            return isQuoted || isText ? "\"\(word)\"" : word
        }.joined(separator: " ")
    }
}
