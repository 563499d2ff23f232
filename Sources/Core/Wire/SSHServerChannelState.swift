internal import CSSH
internal import Foundation

/// A channel on its loop's thread: between libssh and the handler.
///
/// Life: waiting for a request, then open (`channel` and `handler` set), then over. `native` belongs to libssh, which
/// frees it with the session or when both sides have closed; after `detach` it is not touched again.
final class SSHServerChannelState {
    private let native: ssh_channel
    private unowned let session: SSHServerSession
    private let callbacks: UnsafeMutablePointer<ssh_channel_callbacks_struct>
    private var terminal: SSHTerminal?
    private var channel: SSHServerChannel?
    private var handler: (any SSHChannelHandler)?
    private var isOpened = false
    private var isRemoteClosed = false
    private var isEndDelivered = false
    private var isExitSent = false
    private var isTaking = false
    private var isDetached = false
    private var lastProgress = ContinuousClock.now
    /// When our direction was ended by `drop`.
    private var dropTime: ContinuousClock.Instant?
    private(set) var isOver = false

    init?(_ native: ssh_channel, _ session: SSHServerSession) {
        guard let callbacks = openned_ssh_channel_callbacks(nil) else { return nil }
        self.native = native
        self.session = session
        self.callbacks = callbacks
        fill(callbacks)
        guard ssh_set_channel_callbacks(native, callbacks) == SSH_OK else { return nil }
    }

    deinit {
        // libssh has forgotten them: by `detach`, or because the session's end has freed the channel.
        free(callbacks)
    }

    // MARK: What the client asked for

    func setTerminal(_ terminal: SSHTerminal) -> Bool {
        guard channel == nil else { return false }
        self.terminal = terminal
        return true
    }

    func windowChanged(columns: Int, rows: Int) {
        guard let channel else {
            terminal?.columns = columns
            terminal?.rows = rows
            return
        }
        var terminal = channel.terminal
        terminal.columns = columns
        terminal.rows = rows
        channel.setTerminal(terminal)
        openIfNeeded()
        handler?.windowChanged(terminal, on: channel)
    }

    /// True if the handler takes the request; libssh answers the client after that.
    func open(_ kind: SSHChannelKind) -> Bool {
        guard channel == nil, !session.isOver else { return false }
        let channel = SSHServerChannel(
            login: session.login, kind: kind, terminal: terminal, limits: session.limits, session: session.token,
            mailbox: session.mailbox)
        guard let handler = session.listener.handler.handler(for: channel) else { return false }
        self.channel = channel
        self.handler = handler
        return true
    }

    /// Takes all bytes, or none while output is above the high-water mark: then libssh keeps them and the client's
    /// window closes.
    func received(_ bytes: UnsafeRawBufferPointer, isError: Bool) -> Int {
        guard let channel, let handler, !isOver, !isError else { return bytes.count }
        if isTaking || channel.isAboveHighWater || bytes.isEmpty { return 0 }
        openIfNeeded()
        handler.received(Array(bytes), on: channel)
        return bytes.count
    }

    func remoteClosed() { isRemoteClosed = true }

    // MARK: Serving

    private func openIfNeeded() {
        guard !isOpened, let channel, let handler else { return }
        isOpened = true
        lastProgress = .now
        handler.opened(channel)
    }

    func serve(_ session: SSHServerSession) {
        guard !isOver else { return }
        guard let channel, let handler else {
            if isRemoteClosed { finish() }
            return
        }
        openIfNeeded()
        var demand = channel.takeDemand()
        if demand.hasOverflowed {
            session.isOver = true
            return
        }
        if isRemoteClosed { return finish() }
        if flush(channel) { handler.outputDrained(on: channel) }
        takeHeldInput(channel, handler)
        demand = channel.takeDemand()
        if demand.pending > 0 { _ = flush(channel) }
        if demand.isDropped, channel.pendingBytes == 0, ssh_get_status(session.native) & SSH_WRITE_PENDING == 0 {
            return breakConnection(session)
        }
        if let status = demand.exitStatus, channel.pendingBytes == 0 { close(status) }
    }

    /// Writes until the socket or the client's window is full, or the turn is used up. True at the low-water mark.
    private func flush(_ channel: SSHServerChannel) -> Bool {
        var isDrained = false
        var budget = 512 << 10
        while budget > 0, let (bytes, offset) = channel.nextChunk() {
            // libssh would buffer without a bound: nothing new before the last write has left.
            if ssh_get_status(session.native) & SSH_WRITE_PENDING != 0 { break }
            let count = bytes.withUnsafeBytes {
                ssh_channel_write(native, $0.baseAddress! + offset, UInt32(min($0.count - offset, 1 << 15)))
            }
            if count < 0 { isRemoteClosed = true }
            if count <= 0 { break }
            lastProgress = .now
            budget -= Int(count)
            if channel.consume(Int(count)) { isDrained = true }
        }
        return isDrained
    }

    /// Delivers what was held back while the output was too long, then the end of input.
    private func takeHeldInput(_ channel: SSHServerChannel, _ handler: any SSHChannelHandler) {
        while !channel.isAboveHighWater, !channel.isClosed {
            isTaking = true
            let available = ssh_channel_poll(native, 0)
            var bytes: [UInt8] = []
            if available > 0 {
                let wanted = min(Int(available), 1 << 16)
                bytes = [UInt8](unsafeUninitializedCapacity: wanted) { buffer, count in
                    count = max(0, Int(ssh_channel_read_nonblocking(native, buffer.baseAddress, UInt32(wanted), 0)))
                }
            }
            isTaking = false
            if bytes.isEmpty { break }
            handler.received(bytes, on: channel)
        }
        if !isEndDelivered, ssh_channel_is_eof(native) != 0, !channel.isClosed {
            isEndDelivered = true
            handler.endOfInput(on: channel)
        }
    }

    /// Ends our direction only: closing while input is unread would reset the connection, and the client would lose
    /// what it has not read yet. The rest ends with the client's direction, or after a second.
    private func breakConnection(_ session: SSHServerSession) {
        guard dropTime == nil else { return }
        dropTime = .now
        shutdown(ssh_get_fd(session.native), Int32(SHUT_WR))
    }

    /// Exit status, end of output, close; libssh may want to be called again when the socket is full.
    private func close(_ status: Int32) {
        if !isExitSent {
            isExitSent = true
            ssh_channel_request_send_exit_status(native, status)
        }
        guard ssh_channel_close(native) != SSH_AGAIN else { return }
        finish()
    }

    func isStalled(_ now: ContinuousClock.Instant, _ limits: SSHServerLimits) -> Bool {
        if let dropTime { return now - dropTime > .seconds(1) }
        guard let channel else { return false }
        if channel.pendingBytes == 0 && !channel.isClosed { lastProgress = now }
        return now - lastProgress > limits.stallTimeout
    }

    private func finish() {
        guard !isOver else { return }
        detach()
        abandon()
    }

    /// Gives the channel to libssh, which frees it when the client has closed too.
    private func detach() {
        guard !isDetached else { return }
        isDetached = true
        ssh_remove_channel_callbacks(native, callbacks)
        ssh_channel_free(native)
    }

    /// Tells the handler; the session's end frees the rest.
    func abandon() {
        guard !isOver else { return }
        isOver = true
        guard let channel else { return }
        channel.markOver()
        if isOpened { handler?.closed(channel) }
        handler = nil
    }
}
