/// What a command of operational mode does.
enum ExecAction: Hashable, Sendable {
    case configure, showRunning, showStartup, showVersion, showClock, showPrivilege
    case terminalLength, terminalWidth, terminal
    case enable, disable, exit
    case save, eraseStartup, reload
}

/// The commands of operational mode, which do not come from the model, with abbreviations and help.
enum ExecCommands {
    struct Command: Sendable {
        var words: [String]
        var info: String
        var action: ExecAction
        /// Whether words may follow.
        var takesArguments = false
        /// Whether it needs the privileged mode.
        var isPrivileged = true

        init(
            _ words: String, _ info: String, _ action: ExecAction, takesArguments: Bool = false,
            isPrivileged: Bool = true
        ) {
            self.words = words.split(separator: " ").map(String.init)
            self.info = info
            self.action = action
            self.takesArguments = takesArguments
            self.isPrivileged = isPrivileged
        }
    }

    static let all = [
        Command("configure", "Enter configuration mode", .configure),
        Command("configure terminal", "Configure from the terminal", .configure),
        Command("copy running-config startup-config", "Save the running configuration", .save),
        Command("disable", "Turn off privileged commands", .disable),
        Command("enable", "Turn on privileged commands", .enable, takesArguments: true, isPrivileged: false),
        Command("erase startup-config", "Erase the saved configuration", .eraseStartup),
        Command("exit", "Exit from the session", .exit, isPrivileged: false),
        Command("logout", "Exit from the session", .exit, isPrivileged: false),
        Command("quit", "Exit from the session", .exit, isPrivileged: false),
        Command("reload", "Restart with the saved configuration", .reload),
        Command("show clock", "Display the system clock", .showClock, isPrivileged: false),
        Command("show privilege", "Show the current privilege level", .showPrivilege, isPrivileged: false),
        Command("show running-config", "Current operating configuration", .showRunning, takesArguments: true),
        Command("show startup-config", "Contents of the startup configuration", .showStartup),
        Command("show version", "Software version", .showVersion, isPrivileged: false),
        Command(
            "terminal length", "Set number of lines on a screen", .terminalLength, takesArguments: true,
            isPrivileged: false),
        Command(
            "terminal width", "Set width of the display terminal", .terminalWidth, takesArguments: true,
            isPrivileged: false),
        Command("terminal monitor", "Copy debug output to the terminal", .terminal, isPrivileged: false),
        Command("terminal no monitor", "Copy no debug output to the terminal", .terminal, isPrivileged: false),
        Command("write", "Save the running configuration", .save),
        Command("write erase", "Erase the saved configuration", .eraseStartup),
        Command("write memory", "Save the running configuration", .save),
        Command("write terminal", "Show the running configuration", .showRunning),
    ]

    enum Match {
        case found(Command, arguments: [Substring])
        case incomplete
        case ambiguous
        /// The word, counted from 0, that fits nowhere.
        case unknown(Int)
    }

    static func match(_ words: [Substring], isPrivileged: Bool) -> Match {
        // Places in `all`: each line that a device is told comes through here.
        var candidates = all.indices.filter { isPrivileged || !all[$0].isPrivileged }
        for (index, word) in words.enumerated() {
            let longer = candidates.filter { all[$0].words.count > index }
            let exact = longer.filter { all[$0].words[index] == word }
            let fitting = exact.isEmpty ? longer.filter { all[$0].words[index].hasPrefix(word) } : exact
            guard let first = fitting.first else {
                if let found = candidates.first(where: { all[$0].words.count == index && all[$0].takesArguments }) {
                    return .found(all[found], arguments: Array(words[index...]))
                }
                return .unknown(index)
            }
            if fitting.contains(where: { all[$0].words[index] != all[first].words[index] }) { return .ambiguous }
            candidates = fitting
        }
        if let found = candidates.first(where: { all[$0].words.count == words.count }) {
            return .found(all[found], arguments: [])
        }
        return .incomplete
    }

    /// The words that can follow `words`, the last of which is half typed, with their help.
    static func completions(_ words: [Substring], isPrivileged: Bool) -> [(word: String, info: String)] {
        guard let last = words.last else { return [] }
        var candidates = all.filter { isPrivileged || !$0.isPrivileged }
        for (index, word) in words.dropLast().enumerated() {
            candidates = candidates.filter { $0.words.count > index && $0.words[index].hasPrefix(word) }
        }
        let place = words.count - 1
        var found: [(word: String, info: String)] = []
        for command in candidates where command.words.count > place && command.words[place].hasPrefix(last) {
            let word = command.words[place]
            guard !found.contains(where: { $0.word == word }) else { continue }
            found.append((word, command.words.count == place + 1 ? command.info : "Commands that begin with \(word)"))
        }
        return found
    }
}
