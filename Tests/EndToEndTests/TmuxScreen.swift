import Foundation
import TestSupport
import Testing

/// Terminals with somebody at the keyboard, by means of tmux.
struct TmuxScreen {
    static let isThere = ChildProcess.find("tmux", ProcessInfo.processInfo.environment) != nil

    let lab: Lab
    let name: String

    /// Opens a terminal with `ncs_cli` in it. When that ends, its status and the terminal's settings are shown.
    init(_ lab: Lab, _ name: String, columns: Int = 80, rows: Int = 24, options: String = "-C -u admin") throws {
        self.lab = lab
        self.name = name
        let command = "ncs_cli \(options); echo \"status=$?\"; stty -a | tr ';' '\\n' | grep -c -- ' -icanon'; exec cat"
        try tmux(["-f", "/dev/null", "new-session", "-d", "-s", name, "-x", "\(columns)", "-y", "\(rows)", command])
    }

    /// Waits for the first prompt.
    func ready() throws { try wait(for: "admin@ncs#") }

    func type(_ keys: String...) throws { try tmux(["send-keys", "-t", name] + keys) }

    /// Types a line of text as it is.
    func enter(_ line: String) throws {
        try tmux(["send-keys", "-t", name, "-l", line])
        try type("Enter")
    }

    func resize(columns: Int, rows: Int) throws {
        try tmux(["resize-window", "-t", name, "-x", "\(columns)", "-y", "\(rows)"])
    }

    func paste(_ file: String) throws {
        try tmux(["load-buffer", file])
        try tmux(["paste-buffer", "-t", name])
    }

    /// Clears the screen and what has scrolled away.
    func clear() throws {
        try type("C-l")
        usleep(200_000)
        try tmux(["clear-history", "-t", name])
    }

    /// What is on the screen and above it; rows that a long line took are joined.
    func text() throws -> String { try tmux(["capture-pane", "-p", "-J", "-S", "-", "-t", name]).output }

    func wait(for text: String, seconds: Double = 120) throws {
        var seen = ""
        do {
            try lab.wait(for: text, seconds: seconds) {
                seen = try self.text()
                return seen.contains(text)
            }
        } catch {
            throw ProcessFault("\(error); the screen \(name) shows:\n\(seen)")
        }
    }

    /// Sends a signal to the client.
    func signal(_ number: Int32) throws {
        let shell = try tmux(["display-message", "-p", "-t", name, "#{pane_pid}"]).output.filter(\.isNumber)
        let client = try #require(Int32(try lab.shell("pgrep -P \(shell)").filter(\.isNumber)))
        kill(client, number)
    }

    /// The client ended with that status and gave the terminal back in order.
    func requireEnd(_ status: Int) throws {
        try wait(for: "status=\(status)\n0")
    }

    @discardableResult
    private func tmux(_ arguments: [String]) throws -> ProcessOutcome {
        let outcome = try lab.attempt("tmux", ["-S", lab.directory.path("tmux")] + arguments, more: ["TERM": "xterm"])
        guard outcome.status == 0 else { throw ProcessFault("\(outcome)") }
        return outcome
    }
}
