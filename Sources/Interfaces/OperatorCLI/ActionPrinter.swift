import ConfigTree
import YANG

/// The answer of an action as the command line shows it: leaves as `name value`, lists and containers in braces.
///
/// Text of several lines begins on the line after its name and stands as it is; inside braces it hangs behind its name.
struct ActionPrinter {
    private(set) var text = ""
    private let step: Int
    private let columns: Int

    init(action: SchemaNode, columns: Int) {
        step = action.annotation("cli-indent")?.argument.flatMap { Int($0) } ?? 4
        self.columns = columns
    }

    mutating func print(_ output: Instance, indent: Int) {
        let children = output.children()
        var index = 0
        while index < children.count {
            let child = children[index]
            var end = index + 1
            while end < children.count, children[end].node == child.node { end += 1 }
            let group = children[index..<end]
            index = end
            switch child.node.kind {
            case .leaf, .anydata, .anyxml: leaf(child, indent)
            case .leafList: leafList(child.node.name, group.map { value($0) }, indent)
            case .list where child.node.annotation("cli-table") != nil: table(child.node, Array(group))
            default: for instance in group { block(instance, indent) }
            }
        }
    }

    private mutating func line(_ content: String, _ indent: Int) {
        text += String(repeating: " ", count: indent) + content + "\n"
    }

    /// Sentences stand on lines of their own.
    private mutating func leafList(_ name: String, _ values: [String], _ indent: Int) {
        guard values.contains(where: { $0.contains(" ") }) else {
            return line("\(name) [ \(values.joined(separator: " ")) ]", indent)
        }
        for value in values { line("\(name) \(Self.hanging(value, indent + name.utf8.count + 1))", indent) }
    }

    private mutating func block(_ instance: Instance, _ indent: Int) {
        line("\(instance.node.name) {", indent)
        self.print(instance, indent: indent + step)
        line("}", indent)
    }

    private mutating func leaf(_ leaf: Instance, _ indent: Int) {
        let value = value(leaf)
        guard leaf.node.type?.base != .empty else { return line(leaf.node.name, indent) }
        guard value.contains("\n") else { return line("\(leaf.node.name) \(value)", indent) }
        let whole = value.hasSuffix("\n") ? String(value.dropLast()) : value
        guard indent > 0 else {
            text += "\(leaf.node.name) \n\(whole)\n"
            return
        }
        line("\(leaf.node.name) \(Self.hanging(whole, indent + leaf.node.name.count + 1))", indent)
    }

    /// Lines after the first indented by `column`.
    static func hanging(_ text: String, _ column: Int) -> String {
        text.replacing("\n", with: "\n" + String(repeating: " ", count: column))
    }

    private func value(_ leaf: Instance) -> String {
        let value = leaf.value ?? ""
        guard leaf.node.type?.base == .identityref, let colon = value.firstIndex(of: ":") else { return value }
        return String(value[value.index(after: colon)...])
    }

    private mutating func table(_ list: SchemaNode, _ entries: [Instance]) {
        let leaves = Array(list.dataChildren).filter { $0.kind == .leaf || $0.kind == .leafList }
        var table = TextTable(leaves.map(TextTable.heading))
        for entry in entries { table.rows.append(leaves.map { TextTable.cell($0, of: entry) }) }
        text += table.text(width: .max)
    }
}
