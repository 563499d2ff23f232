import NETCONF
import Wire

/// Who may log in to a device, and what serves its channels.
final class DeviceDoor: SSHServerHandler {
    private let device: SimulatedDevice
    private let netconf: NETCONFServer?
    private let hasCommandLine: Bool

    /// - Parameter netconf: what serves the subsystem of that name, on a port that has it.
    init(_ device: SimulatedDevice, netconf: NETCONFServer? = nil, hasCommandLine: Bool = true) {
        self.device = device
        self.netconf = netconf
        self.hasCommandLine = hasCommandLine
    }

    /// Every simulated device has the one user admin with the password admin, as the incumbent's have.
    func allows(_ login: SSHLogin, password: String) -> Bool { allows(user: login.user, password: password) }

    func allows(user: String, password: String) -> Bool {
        Self.isEqual(user, "admin") && Self.isEqual(password, "admin") && !device.doorFaults.refusesPasswords
    }

    func handler(for channel: SSHServerChannel) -> (any SSHChannelHandler)? {
        switch channel.kind {
        case .shell: hasCommandLine ? DeviceChannel(device, channel) : nil
        case .exec(let command): hasCommandLine ? DeviceExecution(device, command) : nil
        case .subsystem(let name): name == "netconf" ? netconf.map { NETCONFChannel(device, $0) } : nil
        }
    }

    /// In a time that does not tell how much of it was right.
    private static func isEqual(_ a: String, _ b: String) -> Bool {
        let (a, b) = (Array(a.utf8), Array(b.utf8))
        guard a.count == b.count else { return false }
        return zip(a, b).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }
}

/// A command given on the ssh command line: carried out in operational mode, its exit status 0 or 1.
final class DeviceExecution: SSHChannelHandler {
    private let device: SimulatedDevice
    private let command: String

    init(_ device: SimulatedDevice, _ command: String) {
        self.device = device
        self.command = command
    }

    func opened(_ channel: SSHServerChannel) {
        let shell = device.commandShell(
            client: channel.login.client, user: channel.login.user, isInteractive: false)
        let lines = command.split(separator: "\n").map(String.init)
        device.queue.run { [device] in Self.run(lines[...], shell, 0, device, channel) }
    }

    /// Carries out the lines one after the other, then closes with the status.
    private static func run(
        _ lines: ArraySlice<String>, _ shell: any CommandShell, _ status: Int32, _ device: SimulatedDevice,
        _ channel: SSHServerChannel
    ) {
        var shell = shell
        guard let line = lines.first else {
            shell.end()
            return channel.close(exitStatus: status)
        }
        let answer = shell.execute(line)
        if answer.ending != .goesOn { shell.end() }
        let next = shell
        device.queue.run(after: answer.delay) {
            let text = channel.hasTerminal ? answer.text.replacing("\n", with: "\r\n") : answer.text
            channel.send(answer.garbage ?? Array(text.utf8))
            let status = answer.isRefused ? 1 : status
            switch answer.ending {
            case .goesOn: run(lines.dropFirst(), next, status, device, channel)
            case .closes: channel.close(exitStatus: status)
            case .breaks: channel.drop()
            case .hangs: break
            }
        }
    }

    func received(_ bytes: [UInt8], on channel: SSHServerChannel) {}
}
