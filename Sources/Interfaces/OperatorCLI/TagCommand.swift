import CLIGrammar
import ConfigTree
import ControlProtocol
import TerminalSession
import YANG

/// `tag add PATH TAG`, `tag del PATH TAG`, `tag clear PATH`: words on nodes of the configuration. In a device template they
/// say what applying it does with the node.
enum TagCommand {
    static let verbs: [Keyword] = [
        Keyword(name: "add", help: "Add a tag"), Keyword(name: "clear", help: "Remove all tags"),
        Keyword(name: "del", help: "Delete a tag"),
    ]
    static let tags = ["create", "delete", "merge", "nocreate", "replace"]

    static func choices(_ shell: OperatorShell, _ words: [TypedWord]) -> [Choice] {
        guard words.count > 1, let current = shell.configuration else { return verbs.choices }
        let text = words.dropFirst().map { $0.isQuoted ? "\"\($0.text)\"" : $0.text }.joined(separator: " ")
        let paths = shell.completions(text, current.mode, current.candidate).filter { $0.text != "<cr>" }
            .map { Choice($0.text, $0.info, isValue: $0.isValue) }
        return words.count > 2 && words[0].text != "clear" ? paths + tags.map { Choice($0) } : paths
    }
}

extension OperatorShell {
    func tag(_ line: Invocation) throws -> CommandResult {
        let inner = line.inner
        guard !inner.isEmpty, let current = configuration else { throw line.incomplete }
        let verb = try Keyword.find(inner.name, among: TagCommand.verbs)
        var words = Array(inner.parameters)
        var tag: TypedWord?
        if verb != "clear" { tag = words.popLast() }
        guard let first = words.first else { throw line.incomplete }
        if let tag, tag.text.contains(where: { $0 == " " || $0 == "," }) || tag.text.isEmpty {
            throw CommandFault.syntax("a tag is one word", at: tag.column)
        }
        let paths = try places(words, first, current)
        if verb == "add", let tag, !TagCommand.tags.contains(tag.text), paths.contains(where: Self.isInTemplate) {
            let known = TagCommand.tags.joined(separator: ", ")
            throw CommandFault.syntax("in a device template a tag is one of \(known)", at: tag.column)
        }
        var tree = current.candidate
        for path in paths {
            let old = Self.tags(at: path, tree)
            var new = verb == "clear" ? [] : old.filter { $0 != tag?.text }
            if verb == "add", let tag {
                // Of those that say what applying a template does, one holds.
                if TagCommand.tags.contains(tag.text) { new.removeAll { TagCommand.tags.contains($0) } }
                new.append(tag.text)
            }
            do {
                let value = new.isEmpty ? nil : new.joined(separator: " ")
                try tree.apply(.annotate(RowMetadata.tagsName, value), at: path)
            } catch {
                throw CommandFault.syntax("tags stand on nodes that are there: \(path.words)", at: first.column)
            }
        }
        configuration?.candidate = tree
        return .done
    }

    /// The instances that a path typed in the present mode, or from the top, means.
    private func places(
        _ words: [TypedWord], _ first: TypedWord, _ current: ConfigurationSession
    ) throws -> [InstancePath] {
        let grammar = grammar(current.candidate.model)
        let typed = words.map(\.text)
        var fault: CLIFault?
        for start in current.mode.paths + [InstancePath()] {
            do {
                let above = start.steps.flatMap { [$0.node.name] + $0.keys }
                let paths = try grammar.resolvePaths(above + typed, tree: current.candidate)
                if !paths.isEmpty { return try paths.map { try Self.requireNode($0, first) } }
            } catch let error as CLIFault {
                fault = fault ?? error
            }
        }
        if let fault, fault.message.hasPrefix("ambiguous") {
            throw CommandFault.syntax(fault.message, at: first.column)
        }
        throw CommandFault.syntax("nothing is there that could bear a tag", at: first.column)
    }

    private static func requireNode(_ path: InstancePath, _ first: TypedWord) throws -> InstancePath {
        guard let last = path.last, last.node.kind != .mountPoint, last.node.kind != .list || !last.keys.isEmpty else {
            throw CommandFault.syntax("tags stand on entries and nodes, name one: \(path.words)", at: first.column)
        }
        return path
    }

    private static func isInTemplate(_ path: InstancePath) -> Bool {
        path.steps.count > 3 && path.steps[0].node.name == "devices" && path.steps[1].node.name == "template"
    }

    private static func tags(at path: InstancePath, _ tree: DataTree) -> [String] {
        guard let last = path.last else { return [] }
        let isLeaf = last.node.kind == .leaf
        if last.node.kind == .leafList {
            let list = tree.instance(path.parent)?.row?.entries(in: last.node.slot)
            return list?.entry(last.keys)?.metadata?.tags() ?? []
        }
        return tree.instance(isLeaf ? path.parent : path)?.row?.metadata?.tags(of: isLeaf ? last.node.slot : nil) ?? []
    }
}
