import Synchronization

/// The line at the bottom of a screen: prompt and text being edited, redrawn in place over as many rows as it takes.
///
/// Messages for the user may come from another thread while a line is edited: they are put above it.
package final class TerminalScreen: Sendable {
    private struct State {
        var prompt = ""
        var text = ""
        var cursor = 0
        /// Rows between the first row of the line and the cursor.
        var rowsAbove = 0
        var isEditing = false
    }

    private let terminal: any Terminal
    private let state = Mutex(State())

    package init(_ terminal: any Terminal) { self.terminal = terminal }

    /// Draws the line anew, with the cursor in place.
    func draw(prompt: String, text: String, cursor: Int) {
        state.withLock { state in
            let erasing = Self.erasing(state)
            state.prompt = prompt
            state.text = text
            state.cursor = cursor
            state.isEditing = true
            terminal.write(erasing + drawing(&state))
        }
    }

    /// Ends editing: the cursor goes to the row below the line.
    func finish() {
        state.withLock { state in
            guard state.isEditing else { return }
            let erasing = Self.erasing(state)
            state.cursor = state.text.count
            let line = drawing(&state)
            state.isEditing = false
            state.rowsAbove = 0
            terminal.write(erasing + line + "\r\n")
        }
    }

    /// Ends editing and leaves the line as it is; what follows is written by somebody else.
    func abandon() {
        state.withLock { state in
            state.isEditing = false
            state.rowsAbove = 0
        }
    }

    /// Shows whole lines, above the line being edited if there is one. From any thread.
    package func interject(_ text: String) {
        state.withLock { state in
            let lines = terminal.isInteractive ? text.replacing("\n", with: "\r\n") : text
            guard state.isEditing else { return terminal.write(lines) }
            let erasing = Self.erasing(state)
            state.rowsAbove = 0
            terminal.write(erasing + lines + drawing(&state))
        }
    }

    private static func erasing(_ state: State) -> String {
        guard state.isEditing else { return "\r\u{1B}[J" }
        return (state.rowsAbove > 0 ? "\u{1B}[\(state.rowsAbove)A" : "") + "\r\u{1B}[J"
    }

    private func drawing(_ state: inout State) -> String {
        let columns = max(10, terminal.columns)
        var output = state.prompt + state.text
        let width = state.prompt.count + state.text.count
        let end = width / columns
        // A terminal wraps when the next character comes, not when the row is full.
        if width > 0, width % columns == 0 { output += " \r" }
        let cursor = state.prompt.count + state.cursor
        let row = cursor / columns
        if end > row { output += "\u{1B}[\(end - row)A" }
        output += "\r"
        if cursor % columns > 0 { output += "\u{1B}[\(cursor % columns)C" }
        state.rowsAbove = row
        return output
    }
}
