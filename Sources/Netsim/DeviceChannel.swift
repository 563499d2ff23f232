import Wire

/// A terminal session over SSH. Without a terminal nothing is echoed or prompted and a line ends at its line feed.
final class DeviceChannel: SSHChannelHandler {
    private let work: TerminalWork

    init(_ device: SimulatedDevice, _ channel: SSHServerChannel) {
        let shell = device.commandShell(
            client: channel.login.client, user: channel.login.user, isInteractive: channel.hasTerminal)
        work = TerminalWork(device, DeviceTerminal(shell: shell, rows: channel.terminal.rows))
    }

    func opened(_ channel: SSHServerChannel) { work.begin(channel) }
    func received(_ bytes: [UInt8], on channel: SSHServerChannel) { work.received(bytes, on: channel) }
    func windowChanged(_ terminal: SSHTerminal, on channel: SSHServerChannel) {}
    func endOfInput(on channel: SSHServerChannel) { work.endOfInput(on: channel) }
    func closed(_ channel: SSHServerChannel) { work.end() }
    func outputDrained(on channel: SSHServerChannel) { work.outputDrained(on: channel) }
}
