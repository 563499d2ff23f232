internal import CSSH
internal import Synchronization

/// The server's end of a channel, for any thread. Holding it keeps nothing open.
package final class SSHServerChannel: Sendable {
    package let login: SSHLogin
    package let kind: SSHChannelKind
    /// Whether the client asked for a terminal: then lines end in CR LF and input is to be echoed.
    package let hasTerminal: Bool
    private let limits: SSHServerLimits
    private let session: UInt64
    private let mailbox: Mailbox<SSHServerLoop.Item>
    private let state: Mutex<State>

    private struct State {
        var terminal: SSHTerminal
        /// Chunks from `head` on are pending; of the first of them, `offset` bytes have left.
        var chunks: [[UInt8]] = []
        var head = 0
        var offset = 0
        var pending = 0
        var isFlushPosted = false
        var isAboveHighWater = false
        var exitStatus: Int32?
        var isOver = false
        var hasOverflowed = false
        var isDropped = false
    }

    init(
        login: SSHLogin, kind: SSHChannelKind, terminal: SSHTerminal?, limits: SSHServerLimits, session: UInt64,
        mailbox: Mailbox<SSHServerLoop.Item>
    ) {
        self.login = login
        self.kind = kind
        self.limits = limits
        self.session = session
        self.mailbox = mailbox
        hasTerminal = terminal != nil
        state = Mutex(State(terminal: terminal ?? SSHTerminal()))
    }

    /// The size as last told by the client; the default one if it asked for none.
    package var terminal: SSHTerminal { state.withLock(\.terminal) }

    /// Output accepted by `send` that has not gone to the connection.
    package var pendingBytes: Int { state.withLock(\.pending) }

    package var isClosed: Bool { state.withLock { $0.isOver || $0.isDropped || $0.exitStatus != nil } }

    /// Queues output; never blocks. False if the channel is closed, or was dropped because the client does not read.
    @discardableResult
    package func send(_ bytes: [UInt8]) -> Bool {
        if bytes.isEmpty { return !isClosed }
        return change { state in
            guard !state.isOver, !state.isDropped, state.exitStatus == nil, !state.hasOverflowed else { return false }
            if state.pending > limits.outputHardLimit {
                state.hasOverflowed = true
                return true
            }
            state.chunks.append(bytes)
            state.pending += bytes.count
            if state.pending > limits.outputHighWater { state.isAboveHighWater = true }
            return true
        }
    }

    @discardableResult
    package func send(_ text: String) -> Bool { send(Array(text.utf8)) }

    /// Closes once all pending output has left, telling the client the status. Later calls do nothing.
    package func close(exitStatus: Int32 = 0) {
        change { state in
            guard state.exitStatus == nil, !state.isOver else { return false }
            state.exitStatus = exitStatus
            return true
        }
    }

    /// Breaks the connection with all its channels, without a word to the client, once pending output has left.
    package func drop() {
        change { state in
            guard !state.isOver, !state.isDropped else { return false }
            state.isDropped = true
            return true
        }
    }

    /// Applies a change, and asks the loop to look at it unless it has been asked already.
    @discardableResult
    private func change(_ body: (inout State) -> Bool) -> Bool {
        let (isDone, needsPost) = state.withLock { state -> (Bool, Bool) in
            guard body(&state) else { return (false, false) }
            defer { state.isFlushPosted = true }
            return (true, !state.isFlushPosted)
        }
        if needsPost { mailbox.post(.flush(session: session)) }
        return isDone
    }
}

// MARK: The loop's side

extension SSHServerChannel {
    /// What the loop has to do for the channel.
    struct Demand {
        var pending: Int
        var exitStatus: Int32?
        var hasOverflowed: Bool
        var isDropped: Bool
        var isAboveHighWater: Bool
    }

    /// Reads the demand; a later change will post again.
    func takeDemand() -> Demand {
        state.withLock { state in
            state.isFlushPosted = false
            return Demand(
                pending: state.pending, exitStatus: state.exitStatus, hasOverflowed: state.hasOverflowed,
                isDropped: state.isDropped, isAboveHighWater: state.isAboveHighWater)
        }
    }

    /// The next bytes to go out; they stay pending until `consume`. Nil if there are none.
    func nextChunk() -> (bytes: [UInt8], offset: Int)? {
        state.withLock { state in
            state.head < state.chunks.count ? (state.chunks[state.head], state.offset) : nil
        }
    }

    /// Counts bytes as gone. True if this brought the output back under half of the high-water mark.
    func consume(_ count: Int) -> Bool {
        state.withLock { state in
            state.pending -= count
            state.offset += count
            if state.head < state.chunks.count, state.offset >= state.chunks[state.head].count {
                state.chunks[state.head] = []
                state.head += 1
                state.offset = 0
                if state.head == state.chunks.count || state.head > 256 {
                    state.chunks.removeFirst(state.head)
                    state.head = 0
                }
            }
            guard state.isAboveHighWater, state.pending <= limits.outputHighWater / 2 else { return false }
            state.isAboveHighWater = false
            return true
        }
    }

    var isAboveHighWater: Bool { state.withLock(\.isAboveHighWater) }

    func setTerminal(_ terminal: SSHTerminal) { state.withLock { $0.terminal = terminal } }

    /// Drops what is pending: nobody is there to read it.
    func markOver() {
        state.withLock { state in
            state.isOver = true
            state.chunks = []
            state.head = 0
            state.offset = 0
            state.pending = 0
        }
    }
}
