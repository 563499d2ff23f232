import Basics
import YANG

/// What a device makes of the commands that it takes: the content of its `behaviour.json`, an array of rules.
///
/// Real routers do not keep what they are told word for word. Rules are applied in their order to each command in
/// configuration mode; patterns are XSD regular expressions over the whole command, without the blanks around it.
package struct DeviceBehaviour: Hashable, Sendable {
    package enum Rule: Hashable, Sendable {
        /// A secret in plain text is kept in another form, each time with another salt: `password 0 x` as `7 …`, `secret
        /// 0 x` as `5 …`.
        case hashSecrets
        /// IPv6 addresses are kept in lower case.
        case canonicalAddresses
        /// The last word of such a command is kept in lower, or in upper case.
        case lowerCase(pattern: String)
        case upperCase(pattern: String)
        /// After such a command the device gives itself these, in the mode that the command leaves it in.
        case addLines(pattern: String, lines: [String])
        /// Such a command is taken, and nothing is kept of it.
        case dropLine(pattern: String)
    }

    package var rules: [Rule]

    package init(_ rules: [Rule] = []) { self.rules = rules }

    /// Reads a file; none means a device that keeps what it is told.
    package init(path: String) throws(NetsimError) {
        rules = []
        guard DurableFiles.exists(path) else { return }
        let value: JSONValue
        do { value = try JSONValue.parse(try DurableFiles.read(path, limit: 1 << 20), file: path) } catch {
            throw NetsimError(.usage, "", "\(error)", remedy: "mend the file, or remove it")
        }
        for (index, item) in (value.array ?? []).enumerated() {
            guard let rule = Rule(item) else {
                throw NetsimError(
                    .usage, path, "rule \(index + 1) is none",
                    remedy: "known are hash-secrets, canonical-addresses, lower-case, upper-case and drop-line with a "
                        + "pattern, add-lines with a pattern and lines")
            }
            rules.append(rule)
        }
    }

    package func write(to path: String) throws(NetsimError) {
        do {
            if rules.isEmpty { return try DurableFiles.remove(path) }
            let text = JSONValue.array(rules.map(\.json)).print(pretty: true) + "\n"
            try PlainFiles.write(path, Array(text.utf8))
        } catch {
            throw NetsimError(.system, "", "\(error)")
        }
    }
}

extension DeviceBehaviour.Rule {
    init?(_ value: JSONValue) {
        guard let name = value["behaviour"]?.string else { return nil }
        let pattern = value["pattern"]?.string
        if let pattern, (try? PatternMatcher(pattern, acceptingExtraEscapes: true)) == nil { return nil }
        switch (name, pattern) {
        case ("hash-secrets", nil): self = .hashSecrets
        case ("canonical-addresses", nil): self = .canonicalAddresses
        case ("lower-case", let pattern?): self = .lowerCase(pattern: pattern)
        case ("upper-case", let pattern?): self = .upperCase(pattern: pattern)
        case ("drop-line", let pattern?): self = .dropLine(pattern: pattern)
        case ("add-lines", let pattern?):
            let lines = (value["lines"]?.array ?? []).compactMap(\.string)
            guard !lines.isEmpty else { return nil }
            self = .addLines(pattern: pattern, lines: lines)
        default: return nil
        }
    }

    var json: JSONValue {
        switch self {
        case .hashSecrets: ["behaviour": "hash-secrets"]
        case .canonicalAddresses: ["behaviour": "canonical-addresses"]
        case .lowerCase(let pattern): ["behaviour": "lower-case", "pattern": .string(pattern)]
        case .upperCase(let pattern): ["behaviour": "upper-case", "pattern": .string(pattern)]
        case .dropLine(let pattern): ["behaviour": "drop-line", "pattern": .string(pattern)]
        case .addLines(let pattern, let lines):
            [
                "behaviour": "add-lines", "pattern": .string(pattern),
                "lines": .array(lines.map { .string($0) }),
            ]
        }
    }

    var pattern: String? {
        switch self {
        case .hashSecrets, .canonicalAddresses: nil
        case .lowerCase(let pattern), .upperCase(let pattern), .dropLine(let pattern), .addLines(let pattern, _):
            pattern
        }
    }
}
