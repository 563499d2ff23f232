import CLIGrammar
import ConfigTree
import ControlProtocol

/// What a session in configuration mode has in hand: where it started, what it wants, and where in it the user stands.
struct ConfigurationSession {
    var base: DataTree
    var candidate: DataTree
    var mode = CLIMode.top
    var isExclusive = false
    var source = ""

    init(_ running: DataTree) {
        base = running
        candidate = running
    }

    var hasChanges: Bool {
        candidate.root !== base.root && !base.diff(to: candidate, includingMetadata: true).isEmpty
    }

    /// Starts anew from what is in force.
    mutating func restart(from running: DataTree) {
        base = running
        candidate = running
    }
}

/// How the command line behaves for this session; `show cli` prints them.
struct SessionSettings {
    /// What can be set, with its value. Those without an effect are kept for scripts that set them.
    private(set) var values: [(name: String, value: String)] = [
        ("autowizard", "false"), ("complete-on-space", "false"), ("devtools", "false"), ("display-level", "99999999"),
        ("history", "1000"), ("idle-timeout", "0"), ("ignore-leading-space", "false"), ("output-file", "terminal"),
        ("paginate", "true"), ("screen-length", "24"), ("screen-width", "80"), ("show-defaults", "false"),
        ("terminal", "generic"), ("timestamp", "disable"),
    ]

    static let flags: Set<String> = [
        "autowizard", "complete-on-space", "devtools", "ignore-leading-space", "paginate", "show-defaults",
    ]
    static let numbers: Set<String> = ["display-level", "history", "idle-timeout", "screen-length", "screen-width"]

    static let help: [String: String] = [
        "autowizard": "Automatically query for mandatory elements", "complete-on-space": "Enable completion on space",
        "devtools": "Enable development commands", "display-level": "Configure show command display level",
        "history": "Configure history size", "idle-timeout": "Configure idle timeout",
        "ignore-leading-space": "Ignore leading whitespace", "output-file": "Copy output to file or terminal",
        "paginate": "Paginate output from CLI commands", "screen-length": "Configure screen length",
        "screen-width": "Configure screen width", "show-defaults": "Show default values when showing the configuration",
        "terminal": "Set terminal type", "timestamp": "Enable/disable the display of timestamp",
    ]

    subscript(_ name: String) -> String { values.first { $0.name == name }?.value ?? "" }
    func has(_ name: String) -> Bool { values.contains { $0.name == name } }
    func isOn(_ name: String) -> Bool { self[name] == "true" }

    /// Sets a value; false if it is none for that setting.
    mutating func set(_ name: String, _ value: String) -> Bool {
        guard let index = values.firstIndex(where: { $0.name == name }) else { return false }
        if Self.flags.contains(name), value != "true", value != "false" { return false }
        if Self.numbers.contains(name), Int(value).map({ $0 >= 0 }) != true { return false }
        if name == "timestamp", value != "enable", value != "disable" { return false }
        values[index].value = value
        return true
    }
}
