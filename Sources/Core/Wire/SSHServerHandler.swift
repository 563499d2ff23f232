/// One listening port of a server.
package struct SSHListenerID: Hashable, Sendable, CustomStringConvertible {
    package let number: UInt64
    package var description: String { "listener \(number)" }
}

/// Who is logging in, or has logged in, where and from where.
package struct SSHLogin: Hashable, Sendable {
    package var listener: SSHListenerID
    package var user: String
    /// `ADDRESS:PORT` of the client.
    package var client: String
}

/// The terminal that a client asked for.
package struct SSHTerminal: Hashable, Sendable {
    package var type: String
    package var columns: Int
    package var rows: Int

    package init(type: String = "vt100", columns: Int = 80, rows: Int = 24) {
        self.type = type
        self.columns = columns
        self.rows = rows
    }
}

/// What a client wants from a channel.
package enum SSHChannelKind: Hashable, Sendable {
    case shell
    case exec(command: String)
    case subsystem(name: String)
}

/// Decides who may log in and what runs behind a channel. Called on a loop thread: must not block.
package protocol SSHServerHandler: AnyObject, Sendable {
    /// Whether the password is right. Also asked for keyboard-interactive. Comparing in constant time is yours.
    func allows(_ login: SSHLogin, password: String) -> Bool

    /// Whether the user may log in with the key; asked before and after its signature was verified. Default: no.
    func allows(_ login: SSHLogin, publicKey: SSHPublicKey) -> Bool

    /// Whether public-key log-in is offered at all. Default: no.
    var acceptsPublicKeys: Bool { get }

    /// What serves the channel; nil refuses it. `opened` follows once the client has been told.
    func handler(for channel: SSHServerChannel) -> (any SSHChannelHandler)?
}

extension SSHServerHandler {
    package func allows(_ login: SSHLogin, publicKey: SSHPublicKey) -> Bool { false }
    package var acceptsPublicKeys: Bool { false }
}

/// Serves one channel. All calls come on the thread of its loop, in order, and must not block: hand work to another
/// thread, which may call `send` and `close` of the channel.
package protocol SSHChannelHandler: AnyObject, Sendable {
    func opened(_ channel: SSHServerChannel)
    /// Never empty. Not called while the channel's output is above the high-water mark.
    func received(_ bytes: [UInt8], on channel: SSHServerChannel)
    func windowChanged(_ terminal: SSHTerminal, on channel: SSHServerChannel)
    /// The client will send no more.
    func endOfInput(on channel: SSHServerChannel)
    /// Output that had been above the high-water mark has left: a producer may go on.
    func outputDrained(on channel: SSHServerChannel)
    /// The last call, whoever closed. Exactly once after `opened`.
    func closed(_ channel: SSHServerChannel)
}

extension SSHChannelHandler {
    package func opened(_ channel: SSHServerChannel) {}
    package func windowChanged(_ terminal: SSHTerminal, on channel: SSHServerChannel) {}
    /// Closes, except under a command: that has its own end, and often no input at all.
    package func endOfInput(on channel: SSHServerChannel) {
        if case .exec = channel.kind { return }
        channel.close()
    }
    package func outputDrained(on channel: SSHServerChannel) {}
    package func closed(_ channel: SSHServerChannel) {}
}

/// What a server grants before it drops a client.
package struct SSHServerLimits: Hashable, Sendable {
    package var sessions = 10_000
    package var sessionsPerListener = 1_000
    package var channelsPerSession = 10
    /// Connections of a listener that have not logged in, for each loop. For one more the oldest goes that has said
    /// nothing, else the oldest: who connects and waits does not keep others out.
    package var loginsPerListener = 64
    /// From accept to successful log-in.
    package var loginGrace = Duration.seconds(30)
    package var failedLogins = 6
    /// Output of a channel above this many bytes stops its input.
    package var outputHighWater = 256 << 10
    /// A `send` while more than this is pending drops the session.
    package var outputHardLimit = 16 << 20
    /// Output pending and none of it taken for this long drops the session.
    package var stallTimeout = Duration.seconds(60)
    /// A logged-in session without a channel ends after this long.
    package var idleWithoutChannel = Duration.seconds(300)

    package init() {}
}
