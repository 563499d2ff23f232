import ConfigTree
import YANG

/// Rows under headings, columns two spaces apart.
struct TextTable {
    let headings: [String]
    var rows: [[String]] = []

    init(_ headings: [String]) { self.headings = headings }

    /// The heading of a leaf: `tailf:display-column-name`, else its name in upper case.
    static func heading(_ leaf: SchemaNode) -> String {
        leaf.annotation("display-column-name")?.argument ?? leaf.name.uppercased().replacing("-", with: " ")
    }

    /// What a leaf of an instance says in a table: its value, `X` for one without value, `-` if it is absent.
    static func cell(_ leaf: SchemaNode, of instance: Instance?) -> String {
        guard let instance else { return "-" }
        if leaf.kind == .leafList {
            let values = instance.entries(leaf).map { $0.value ?? "" }
            return values.isEmpty ? "-" : values.joined(separator: " ")
        }
        guard let value = instance.row?.value(in: leaf.slot) else { return "-" }
        if leaf.type?.base == .empty { return "X" }
        if leaf.type?.base == .identityref, let colon = value.firstIndex(of: ":") {
            return String(value[value.index(after: colon)...])
        }
        return value.replacing("\n", with: " ")
    }

    /// How wide the table is with each heading on one line.
    var width: Int { widths(headings.map { [$0] }).reduce(0) { $0 + $1 + 2 } }

    private func widths(_ lines: [[String]]) -> [Int] {
        headings.indices.map { column in
            let words = lines[column].map(\.count).max() ?? 0
            return rows.reduce(words) { max($0, $1[column].count) }
        }
    }

    /// The table. Where it is wider than `width`, the words of headings are stacked, the last at the bottom.
    func text(width: Int) -> String {
        let isStacked = self.width > width
        let lines = headings.map { isStacked ? Self.stacked($0) : [$0] }
        let widths = widths(lines)
        let height = lines.map(\.count).max() ?? 0
        var text = ""
        for row in 0..<height {
            let words = lines.map { stack in
                let index = row - (height - stack.count)
                return index < 0 ? "" : stack[index]
            }
            text += Self.line(words, widths)
        }
        text += String(repeating: "-", count: widths.reduce(0) { $0 + $1 + 2 }) + "\n"
        for row in rows { text += Self.line(row, widths) }
        return text
    }

    private static func line(_ cells: [String], _ widths: [Int]) -> String {
        var line = ""
        for (cell, width) in zip(cells, widths) {
            line += cell + String(repeating: " ", count: width - cell.count + 2)
        }
        while line.hasSuffix(" ") { line.removeLast() }
        return line + "\n"
    }

    /// The words of a heading on as few lines as its longest word allows.
    private static func stacked(_ heading: String) -> [String] {
        let words = heading.split(separator: " ").map(String.init)
        let width = words.map(\.count).max() ?? 0
        var lines: [String] = []
        for word in words {
            if let last = lines.last, last.count + 1 + word.count <= width {
                lines[lines.count - 1] = last + " " + word
            } else {
                lines.append(word)
            }
        }
        return lines
    }
}
