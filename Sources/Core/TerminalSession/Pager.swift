/// Shows text a screen at a time, if somebody is there to turn the pages.
package final class Pager {
    private let terminal: any Terminal
    private let editor: LineEditor
    private let isPaging: Bool
    private var linesShown = 0
    private var isAbandoned = false
    private var pending = ""

    private static let prompt = "--More--"

    package init(_ terminal: any Terminal, _ editor: LineEditor, isPaging: Bool) {
        self.terminal = terminal
        self.editor = editor
        self.isPaging = isPaging && terminal.isInteractive
    }

    /// Whether the reader wants to see no more: whoever produces the text may stop.
    package var isFinished: Bool {
        if !isAbandoned, terminal.takeInterrupt() { isAbandoned = true }
        return isAbandoned
    }

    package func write(_ text: String) {
        guard !isAbandoned else { return }
        guard terminal.isInteractive else { return terminal.write(text) }
        var rest = (pending + text)[...]
        while let end = rest.firstIndex(of: "\n"), !isAbandoned {
            show(String(rest[..<end]))
            rest = rest[rest.index(after: end)...]
        }
        pending = isAbandoned ? "" : String(rest)
    }

    /// Shows what has no line end yet.
    package func finish() {
        if !pending.isEmpty, !isAbandoned { terminal.write(pending) }
        pending = ""
    }

    private func show(_ line: String) {
        if isPaging, linesShown >= max(2, terminal.rows) - 1 { ask() }
        guard !isAbandoned else { return }
        terminal.write(line + "\r\n")
        let columns = max(10, terminal.columns)
        linesShown += 1 + max(0, line.count - 1) / columns
    }

    private func ask() {
        terminal.write(Self.prompt)
        defer { terminal.write("\r\u{1B}[K") }
        while let key = editor.readKey() {
            switch key {
            case .enter, .down:
                linesShown -= 1
                return
            case .text(let text) where text.hasPrefix(" "):
                linesShown = 0
                return
            case .text(let text) where text.hasPrefix("q") || text.hasPrefix("Q"): break
            case .interrupt, .endOfInput: break
            default: continue
            }
            isAbandoned = true
            return
        }
        isAbandoned = true
    }
}
