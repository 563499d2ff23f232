import ConfigTree
import ControlProtocol
import YANG

/// The text of a rollback file: a head of comments, then what takes the commit back, with braces.
///
/// Names carry the prefix of their module where it changes nothing to read them without; what has to go stands below a
/// line `delete:`.
struct RollbackText {
    private var text = ""

    static func text(_ commit: CommitSummary, _ change: CommittedChange, host: String) -> String {
        var writer = RollbackText()
        let oneLine = { (text: String?) in (text ?? "").split(whereSeparator: \.isNewline).joined(separator: " ") }
        writer.text =
            """
            # Created by: \(oneLine(commit.user))
            # Date: \(commit.date)
            # Via: \(oneLine(commit.via))
            # Type: delta
            # Label: \(oneLine(commit.label))
            # Comment: \(oneLine(commit.comment))
            # No: \(commit.id)
            # TransactionId: \(commit.transaction)
            # Hostname: \(host)


            """
        for node in change.after.diff(to: change.before) { writer.write(node, 0) }
        return writer.text
    }

    private mutating func line(_ depth: Int, _ line: String) {
        text += String(repeating: "    ", count: depth) + line + "\n"
    }

    private mutating func write(_ diff: DiffNode, _ depth: Int) {
        if diff.change == .deleted {
            line(depth, "delete:")
            let value = diff.node.kind == .leafList ? diff.oldValue : nil
            return line(depth, Self.name(diff.node, diff.keys, value: value) + ";")
        }
        if let after = diff.after {
            line(depth, after.isEmpty ? "# first" : "# after " + after.map(Self.word).joined(separator: " "))
        }
        if diff.node.isTerminal {
            return line(depth, Self.name(diff.node, [], value: diff.newValue ?? diff.keys.first) + ";")
        }
        let content =
            diff.change == .created
            ? diff.new.map { Instance(detached: diff.node, row: $0, model: diff.newModel) } : nil
        line(depth, Self.name(diff.node, diff.node.kind == .list ? diff.keys : []) + " {")
        for child in content?.children() ?? [] where !child.node.isKey { write(child, depth + 1) }
        for child in content == nil ? diff.children : [] { write(child, depth + 1) }
        line(depth, "}")
    }

    private mutating func write(_ instance: Instance, _ depth: Int) {
        let node = instance.node
        if node.isTerminal { return line(depth, Self.name(node, [], value: instance.value) + ";") }
        line(depth, Self.name(node, node.kind == .list ? instance.keys : []) + " {")
        for child in instance.children() where !child.node.isKey { write(child, depth + 1) }
        line(depth, "}")
    }

    private static func name(_ node: SchemaNode, _ keys: [String], value: String? = nil) -> String {
        let name = node.module.prefix + ":" + node.name
        let rest = node.type?.base == .empty ? [] : value.map { [$0] } ?? keys
        return ([name] + rest.map(word)).joined(separator: " ")
    }

    private static func word(_ text: String) -> String {
        let isPlain = !text.isEmpty && text.allSatisfy { !$0.isWhitespace && !"\"{};#\\".contains($0) }
        if isPlain { return text }
        let escaped = text.map { character in
            switch character {
            case "\"": "\\\""
            case "\\": "\\\\"
            case "\n": "\\n"
            default: String(character)
            }
        }
        return "\"" + escaped.joined() + "\""
    }
}
