import CLIGrammar

/// A command line of a device, without a terminal: one line in, text out.
protocol CommandShell: Sendable {
    /// Whether somebody may be asked.
    var isInteractive: Bool { get }
    /// Lines of a screen; 0 shows everything at once.
    var pageLength: Int { get set }
    /// What is asked below a full screen.
    var pagePrompt: String { get }
    /// What to show before the next input.
    var prompt: String { get }
    /// Whether one key answers the question that was asked.
    var awaitsKey: Bool { get }

    mutating func execute(_ line: String) -> DeviceShell.Answer
    /// Control-Z.
    mutating func leaveConfiguration()
    /// The session ends, however.
    mutating func end()
    /// What `?` shows below `text`, and what TAB adds to it.
    func help(_ text: String) -> (listing: String, insertion: String)
}

extension DeviceShell {
    var pagePrompt: String { " --More-- " }
    var awaitsKey: Bool { question?.isKey == true }
    func end() {}
}

extension SimulatedDevice {
    /// The command line that goes with the dialect of the device's package.
    func commandShell(client: String, user: String, isInteractive: Bool) -> any CommandShell {
        guard model.grammar.dialect.style == .j else {
            return DeviceShell(device: self, client: client, isInteractive: isInteractive)
        }
        return StatementShell(device: self, client: client, user: user, isInteractive: isInteractive)
    }

    /// Configures the device behind the back of its clients; what it refuses, a line each.
    func change(by lines: [String]) -> [String] {
        model.grammar.dialect.style == .j
            ? StatementShell.change(self, by: lines) : DeviceShell.change(self, by: lines)
    }

    /// What a fault puts in the place of a command.
    ///
    /// - Parameter mark: what stands before the message of a refusal in the device's dialect.
    func interruption(_ ending: FaultInjector.Outcome.Ending?, mark: String = "") -> DeviceShell.Answer? {
        switch ending {
        case .refuse(let message)?: return DeviceShell.Answer(text: mark + message + "\n", isRefused: true)
        case .hangUp?: return DeviceShell.Answer(ending: .breaks)
        case .silence?: return DeviceShell.Answer(ending: .hangs)
        case .powerOff?:
            powerOff()
            return DeviceShell.Answer(ending: .breaks)
        case .reboot?:
            reboot()
            return DeviceShell.Answer(ending: .breaks)
        case nil: return nil
        }
    }
}
