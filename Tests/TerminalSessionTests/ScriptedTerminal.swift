@testable import TerminalSession

/// Keys prepared in pieces; what is written can be looked at raw or as a screen would show it. One thread only.
final class ScriptedTerminal: Terminal, @unchecked Sendable {
    let isInteractive: Bool
    let columns: Int
    let rows: Int
    var isInterrupted = false
    /// Told the number of each read, from 1.
    var onRead: (Int) -> Void = { _ in }
    private var input: [[UInt8]]
    private var output: [UInt8] = []
    private var reads = 0

    init(_ input: [String], isInteractive: Bool = true, columns: Int = 80, rows: Int = 24) {
        self.input = input.map { Array($0.utf8) }
        self.isInteractive = isInteractive
        self.columns = columns
        self.rows = rows
    }

    init(bytes: [[UInt8]]) {
        input = bytes
        isInteractive = true
        columns = 80
        rows = 24
    }

    func read() -> [UInt8]? {
        reads += 1
        onRead(reads)
        return input.isEmpty ? nil : input.removeFirst()
    }

    func write(_ bytes: [UInt8]) { output += bytes }

    func takeInterrupt() -> Bool {
        defer { isInterrupted = false }
        return isInterrupted
    }

    var text: String { String(decoding: output, as: UTF8.self) }

    /// The screen after everything was written, trailing blanks of rows left out: carriage return, line feed, and the
    /// sequences for moving up and right, clearing the rest of the row or screen. A full row wraps with the next
    /// character.
    func screen() -> String {
        var grid: [[Character]] = [[]]
        var (row, column) = (0, 0)
        var rest = Array(text)[...]
        while let character = rest.popFirst() {
            switch character {
            case "\r\n":
                row += 1
                column = 0
            case "\r": column = 0
            case "\n": row += 1
            case "\u{1B}":
                rest.removeFirst()
                var digits = ""
                while let next = rest.first, next.isNumber { digits.append(rest.removeFirst()); _ = next }
                let count = Int(digits) ?? 1
                switch rest.popFirst() {
                case "A": row -= count
                case "C": column += count
                case "K": grid[row] = Array(grid[row].prefix(column))
                case "J":
                    grid[row] = Array(grid[row].prefix(column))
                    grid.removeSubrange((row + 1)...)
                default: break
                }
            default:
                if column == columns {
                    row += 1
                    column = 0
                }
                while grid.count <= row { grid.append([]) }
                while grid[row].count <= column { grid[row].append(" ") }
                grid[row][column] = character
                column += 1
            }
            while grid.count <= row { grid.append([]) }
        }
        return grid.map { line in
            var line = line
            while line.last == " " { line.removeLast() }
            return String(line)
        }.joined(separator: "\n")
    }
}
