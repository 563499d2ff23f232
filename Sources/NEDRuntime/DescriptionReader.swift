import Basics
import YANG
import Yams

/// Looks keys up in a YAML mapping and collects what is wrong with it: file, line and key.
final class DescriptionReader {
    private let file: String
    private let root: Node.Mapping
    private var faults: [Diagnostic] = []

    /// Every key there is; those of inner mappings with the path to them.
    private static let known: Set<String> = [
        "name", "description", "dialect", "transaction", "prompts", "prompts.operational", "prompts.unprivileged",
        "prompts.configuration", "login", "enable", "paging", "confirmations", "setup", "commands", "commands.show",
        "commands.enter", "commands.leave", "commands.commit", "commands.discard", "commands.save", "commands.exit",
        "commands.check", "commands.commit-confirmed", "commands.version", "commands.transaction-id", "revisions",
        "errors", "errors.refusal", "errors.warning", "errors.noise", "messages", "volatile", "hooks", "hooks.received",
        "hooks.sent", "transaction-id", "timeouts", "timeouts.login", "timeouts.show", "timeouts.command",
        "timeouts.commit",
        "timeouts.save",
    ]

    init(_ bytes: [UInt8], file: String) throws(DiagnosticsError) {
        self.file = file
        let node: Node?
        do {
            node = try Yams.compose(yaml: String(decoding: bytes, as: UTF8.self))
        } catch {
            throw Self.syntaxFault(error, file)
        }
        guard let mapping = node?.mapping else {
            throw DiagnosticsError(
                .error(
                    "a mapping of keys was expected", remedy: "write lines of the form KEY: VALUE",
                    place: SourcePlace(file: file, line: 1)))
        }
        root = mapping
        requireKnown(mapping, below: "")
    }

    private static func syntaxFault(_ error: any Error, _ file: String) -> DiagnosticsError {
        var place = SourcePlace(file: file)
        var reason = "\(error)"
        switch error as? YamlError {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            place = SourcePlace(file: file, line: mark.line)
            reason = problem
        case .duplicatedKeysInMapping(let keys, _):
            reason = "the key \(keys.map { "\($0)" }.joined(separator: ", ")) is given twice"
        default: break
        }
        return DiagnosticsError(.error("no valid YAML: \(reason)", remedy: "mend the file", place: place))
    }

    private func requireKnown(_ mapping: Node.Mapping, below path: String) {
        for (key, value) in mapping {
            let name = path + (key.string ?? "?")
            if Self.known.contains(name) {
                let hasInner = Self.known.contains { $0.hasPrefix(name + ".") }
                if hasInner, let inner = value.mapping { requireKnown(inner, below: name + ".") }
                continue
            }
            let siblings = Self.known.filter { $0.hasPrefix(path) && !$0.dropFirst(path.count).contains(".") }
            let place = SourcePlace(file: file, line: key.mark?.line ?? 0)
            faults.append(
                .error(
                    "unknown key \(name)", remedy: "known are \(siblings.sorted().joined(separator: ", "))",
                    place: place))
        }
    }

    /// Notes a fault at the line of `key`, or of the innermost mapping on the way to it that is there.
    func fault(_ summary: String, key: String, at node: Node? = nil) {
        let line = node?.mark?.line ?? nodes(key).last?.mark?.line ?? 1
        faults.append(.error(summary, place: SourcePlace(file: file, line: line)))
    }

    func finish() throws(DiagnosticsError) {
        if !faults.isEmpty { throw DiagnosticsError(faults) }
    }

    /// The nodes on the way to a key, as far as there are any.
    private func nodes(_ path: String) -> [Node] {
        var mapping: Node.Mapping? = root
        var found: [Node] = []
        for part in path.split(separator: ".") {
            guard let node = mapping?[Node(String(part))] else { break }
            found.append(node)
            mapping = node.mapping
        }
        return found
    }

    func node(_ path: String) -> Node? {
        let found = nodes(path)
        return found.count == path.split(separator: ".").count ? found.last : nil
    }

    func text(_ path: String) -> String? {
        guard let found = node(path) else { return nil }
        if case .scalar(let scalar) = found { return scalar.string }
        fault("\(path): a text was expected", key: path)
        return nil
    }

    /// A text that is one of `choices`; nil if it is another, which is a fault, or not there.
    func choice(_ path: String, of choices: [String]) -> String? {
        guard let text = text(path) else { return nil }
        if choices.contains(text) { return text }
        fault("\(path): \(text) is none of \(choices.joined(separator: ", "))", key: path)
        return nil
    }

    private func items(_ path: String) -> [(Node, String)]? {
        guard let found = node(path) else { return nil }
        if case .scalar(let scalar) = found { return scalar.string.isEmpty ? [] : [(found, scalar.string)] }
        guard let sequence = found.sequence else {
            fault("\(path): a list of texts was expected", key: path)
            return []
        }
        return sequence.compactMap { item in
            if case .scalar(let scalar) = item { return (item, scalar.string) }
            fault("\(path): a list of texts was expected", key: path, at: item)
            return nil
        }
    }

    func list(_ path: String) -> [String] { (items(path) ?? []).map(\.1) }

    func pattern(_ path: String, isRequired: Bool = true) -> PatternMatcher? {
        guard let source = text(path) else {
            if isRequired { fault("\(path) is missing", key: path) }
            return nil
        }
        return compile(source, path, node(path))
    }

    /// Nil if the key is not there.
    func patterns(_ path: String) -> [PatternMatcher]? {
        items(path)?.compactMap { compile($0.1, path, $0.0) }
    }

    func compile(_ source: String, _ path: String, _ node: Node?) -> PatternMatcher? {
        do {
            return try PatternMatcher(source)
        } catch {
            fault("\(path): \(source) is no pattern: \(error)", key: path, at: node)
            return nil
        }
    }
}
