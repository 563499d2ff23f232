import CLIGrammar
import ConfigTree
import ControlProtocol
import YANG

/// A typed line as the grammar read it.
struct LineReading {
    var text: String
    var mode: CLIMode
    var tree: DataTree
    var outcome: LineOutcome
    var secrets: LineSecrets
}

/// What of a typed line may be kept: values of secrets are replaced by asterisks.
///
/// A line that can be read is masked by position, as the grammar read it. Of one that cannot, everything goes from the
/// first word on that might be a secret: after a word that was tried as one, and after a word that resembles the name
/// of one. What follows the words of a line with a secret (a pipe, a comment) may be part of a secret typed without
/// quotes, and goes too.
struct CommandMask {
    static let mask = "********"
    private static let separators = Set(" \t|!\"\\".utf8)

    private let shell: OperatorShell
    /// Whether the line ends where a secret is due, so that the next one may be it.
    private(set) var isSecretDue = false

    init(_ shell: OperatorShell) { self.shell = shell }

    private enum Finding {
        /// A command without secrets.
        case plain
        /// Read from that word on.
        case read(Int, LineSecrets)
        case unreadable(Int, LineSecrets?)
    }

    mutating func text(_ text: String, _ line: TypedLine) -> String {
        Self.withoutAddressPasswords(kept(text, line))
    }

    private static func withoutAddressPasswords(_ text: String) -> String {
        var result = ""
        var start = text.startIndex
        for password in SecretNames.addressPasswords(in: text) {
            result += text[start..<password.startIndex] + mask
            start = password.endIndex
        }
        return result + text[start...]
    }

    private mutating func kept(_ text: String, _ line: TypedLine) -> String {
        switch find(Invocation(line)) {
        case .plain: return withoutTail(text, line)
        case .read(let position, let secrets): return masked(text, line, position, secrets)
        case .unreadable(let position, let secrets): return cut(text, line, position, secrets)
        }
    }

    // MARK: What the line is

    private func find(_ line: Invocation) -> Finding {
        guard !line.isEmpty else { return .unreadable(0, nil) }
        guard let current = shell.configuration else { return operational(line) }
        return configuration(line, current, current.mode)
    }

    /// As `OperatorShell.configure` goes about it.
    private func configuration(_ line: Invocation, _ current: ConfigurationSession, _ mode: CLIMode) -> Finding {
        let word = line.name
        let commands = ConfigurationCommands.all
        if !word.isQuoted, commands.contains(where: { $0.name == word.text }) {
            return builtIn(word.text, line, current)
        }
        let reading = shell.read(line.text, mode: mode, tree: current.candidate)
        guard case .fault(let fault) = reading.outcome else { return .read(line.position, reading.secrets) }
        let found = commands.filter { !$0.isHidden && $0.name.hasPrefix(word.text) }
        if fault.column == 0, !word.isQuoted, found.count == 1 { return builtIn(found[0].name, line, current) }
        return .unreadable(line.position, reading.secrets)
    }

    private func builtIn(_ name: String, _ line: Invocation, _ current: ConfigurationSession) -> Finding {
        guard !line.inner.isEmpty else { return .plain }
        switch name {
        case "do": return operational(line.inner)
        case "top": return configuration(line.inner, current, .top)
        default: return .plain
        }
    }

    /// As `OperatorShell.operate` goes about it.
    private func operational(_ line: Invocation) -> Finding {
        let word = line.name
        let commands = OperationalCommands.all
        if commands.contains(where: { $0.name == word.text }) { return .plain }
        let tree = shell.session.running
        let roots = OperationalPath.actionRoots(tree.model.schema).filter { $0.name.hasPrefix(word.text) }
        let found = commands.filter { !$0.isHidden && !$0.isSetting && $0.name.hasPrefix(word.text) }
        if found.count == 1, roots.isEmpty { return .plain }
        let (outcome, secrets) = shell.grammar(tree.model).read(line.text, mode: .top, tree: tree)
        if case .fault = outcome { return .unreadable(line.position, secrets) }
        return .read(line.position, secrets)
    }

    // MARK: Masking

    /// The bytes of the text before word `position`.
    private static func offset(_ text: String, _ line: TypedLine, _ position: Int) -> Int {
        position < line.words.count ? text.prefix(line.words[position].column).utf8.count : line.command.utf8.count
    }

    private func masked(_ text: String, _ line: TypedLine, _ position: Int, _ secrets: LineSecrets) -> String {
        guard !secrets.ranges.isEmpty else { return withoutTail(text, line) }
        let bytes = Array(text.utf8)
        let offset = Self.offset(text, line, position)
        var result = ""
        var kept = 0
        for range in secrets.ranges {
            result += String(decoding: bytes[kept..<(offset + range.lowerBound)], as: UTF8.self) + Self.mask
            kept = offset + range.upperBound
        }
        let end = max(kept, offset + secrets.end)
        result += String(decoding: bytes[kept..<end], as: UTF8.self)
        return result + (Self.isBlank(bytes[end...]) ? "" : " " + Self.mask)
    }

    /// A command without secrets. What follows it as a comment, or as a pipe that does not exist, may name one.
    private func withoutTail(_ text: String, _ line: TypedLine) -> String {
        let tail = text.dropFirst(line.command.count)
        let isKnown = line.pipes.allSatisfy { pipe in
            pipe.first.map { first in PipeCommands.all.contains { $0.name.hasPrefix(first.text) } } ?? true
        }
        guard !tail.isEmpty, !isKnown || tail.first == "!" else { return text }
        let names = shell.secretNames
        let words = tail.split(whereSeparator: { $0 == " " || $0 == "\t" || $0 == "|" || $0 == "!" })
        guard let name = words.first(where: { names.resemble(String($0)) }), name.endIndex < tail.endIndex else {
            return text
        }
        return text[..<name.endIndex] + " " + Self.mask
    }

    private mutating func cut(_ text: String, _ line: TypedLine, _ position: Int, _ secrets: LineSecrets?) -> String {
        if shell.awaitsSecret { return Self.mask }
        let bytes = Array(text.utf8)
        let offset = Self.offset(text, line, position)
        var start = secrets?.ranges.first.map { offset + $0.lowerBound } ?? bytes.count
        if let secrets, secrets.isDue {
            isSecretDue = true
            start = min(start, offset + secrets.end)
        }
        // By the bytes as they stand: what quotes and pipes were meant to be nobody knows.
        let names = shell.secretNames
        let words = bytes[offset...].split { Self.separators.contains($0) }
        if let name = words.first(where: { names.resemble(String(decoding: $0, as: UTF8.self)) }) {
            start = min(start, name.endIndex)
            if Self.isBlank(bytes[name.endIndex...]) { isSecretDue = true }
        }
        guard start < bytes.count, !Self.isBlank(bytes[start...]) else { return text }
        let kept = String(decoding: bytes[..<start], as: UTF8.self)
        return kept + (kept.isEmpty || kept.hasSuffix(" ") ? "" : " ") + Self.mask
    }

    private static func isBlank(_ bytes: ArraySlice<UInt8>) -> Bool { bytes.allSatisfy { $0 == 32 || $0 == 9 } }
}
