import Foundation
import Synchronization
import YANG

/// Applies the behaviour of a running device to its commands; follows the file that says it.
///
/// The first of these files that is there counts: `behaviour.json` of the device, of the network, of the package's folder
/// `netsim`.
final class CommandRewriter: Sendable {
    /// What becomes of a command: nil instead of text if nothing is kept of it, and what the device adds.
    struct Outcome: Hashable {
        var command: String?
        var added: [String] = []
    }

    private struct State {
        var version = ""
        var rules: [(rule: DeviceBehaviour.Rule, matcher: PatternMatcher?)] = []
        /// Secrets hashed so far: the next one gets another salt.
        var salt = 0
    }

    private let paths: [String]
    /// A secret stands in quotation marks, and its kind is told by how it begins.
    private let hasStatements: Bool
    private let state = Mutex(State())

    init(paths: [String], hasStatements: Bool = false) {
        self.paths = paths
        self.hasStatements = hasStatements
    }

    /// There are no rules: every command is kept as it is.
    var isEmpty: Bool {
        state.withLock { state in
            follow(&state)
            return state.rules.isEmpty
        }
    }

    func outcome(of command: String) -> Outcome {
        state.withLock { state in
            follow(&state)
            var outcome = Outcome(command: command)
            for (rule, matcher) in state.rules {
                guard let text = outcome.command, matcher?.matches(text) ?? true else { continue }
                switch rule {
                case .hashSecrets:
                    outcome.command =
                        hasStatements ? Self.hashedStatement(text, &state.salt) : Self.hashed(text, &state.salt)
                case .canonicalAddresses:
                    outcome.command = Self.words(text) { $0.contains("::") ? $0.lowercased() : $0 }
                case .lowerCase: outcome.command = Self.lastWord(text) { $0.lowercased() }
                case .upperCase: outcome.command = Self.lastWord(text) { $0.uppercased() }
                case .dropLine: outcome.command = nil
                case .addLines(_, let lines): outcome.added += lines
                }
            }
            return outcome
        }
    }

    /// Reads the file again if it is another one. One that cannot be read says nothing.
    private func follow(_ state: inout State) {
        var info = stat()
        let path = paths.first { stat($0, &info) == 0 }
        let time = "\(info.st_mtim.tv_sec).\(info.st_mtim.tv_nsec)"
        let found = path.map { "\($0) \(info.st_ino) \(info.st_size) \(time)" } ?? ""
        guard found != state.version else { return }
        state.version = found
        let behaviour = path.flatMap { try? DeviceBehaviour(path: $0) } ?? DeviceBehaviour()
        state.rules = behaviour.rules.map { rule in
            (rule, rule.pattern.flatMap { try? PatternMatcher($0, acceptingExtraEscapes: true) })
        }
    }

    // MARK: Words

    private static func words(_ text: String, _ change: (String) -> String) -> String {
        text.split(separator: " ", omittingEmptySubsequences: false).map { change(String($0)) }.joined(separator: " ")
    }

    private static func lastWord(_ text: String, _ change: (String) -> String) -> String {
        guard let blank = text.lastIndex(of: " ") else { return change(text) }
        return text[...blank] + change(String(text[text.index(after: blank)...]))
    }

    // MARK: Secrets

    /// `password [0] X` becomes `password 7 …`, `secret [0] X` becomes `secret 5 …`.
    private static func hashed(_ command: String, _ salt: inout Int) -> String {
        var words = command.split(separator: " ").map(String.init)
        guard words.first != "no", let place = words.lastIndex(where: { ["password", "secret", "key"].contains($0) })
        else { return command }
        var secret = place + 1
        if words.count == place + 3, words[secret] == "0" { secret += 1 }
        guard words.count == secret + 1 else { return command }
        salt += 1
        let isDigest = words[place] == "secret"
        words.replaceSubrange(
            (place + 1)..., with: isDigest ? ["5", digest(words[secret], salt)] : ["7", obscured(words[secret], salt)])
        return words.joined(separator: " ")
    }

    /// `... secret X` becomes `... secret "$9$..."`; what is in such a form already stays.
    private static func hashedStatement(_ statement: String, _ salt: inout Int) -> String {
        var words = statement.split(separator: " ").map(String.init)
        let names = ["secret", "authentication-key", "simple-password", "pre-shared-key", "password"]
        guard words.count >= 2, names.contains(words[words.count - 2]), let value = words.last,
            !value.drop(while: { $0 == "\"" }).hasPrefix("$")
        else { return statement }
        salt += 1
        words[words.count - 1] = "\"$9$" + obscured(value, salt) + "\""
        return words.joined(separator: " ")
    }

    /// Two digits of salt and a byte each, in hexadecimal digits.
    private static func obscured(_ text: String, _ salt: Int) -> String {
        let mask = (0..<text.utf8.count).map { UInt8(truncatingIfNeeded: 37 * (salt + $0) + 11) }
        let bytes = zip(text.utf8, mask).map { $0 ^ $1 }
        return String(format: "%02d", salt % 16) + bytes.map { String(format: "%02X", $0) }.joined()
    }

    /// In the form of an MD5 crypt, and no more than that.
    private static func digest(_ text: String, _ salt: Int) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325 &+ UInt64(salt)
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return "$1$" + String(format: "%04x", salt & 0xffff) + "$" + String(format: "%016llx", hash)
    }
}
