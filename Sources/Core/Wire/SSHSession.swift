internal import CSSH
internal import Foundation
internal import Synchronization

/// An SSH client connection to one peer. Calls block the caller's thread with deadlines.
///
/// Invariants: libssh is called under `lock` only, and never while waiting; the waits are poll(2) on the socket and on
/// `cancellation`. The socket is always non-blocking: libssh makes it blocking as it connects, and would then wait for
/// ever in send(2) for a peer that does not read. `native` is freed by `deinit` alone, after every channel, because
/// channels hold their session.
package final class SSHSession: Sendable {
    package let options: SSHSessionOptions
    let cancellation: Cancellation
    let lock: Mutex<State>

    /// What the lock guards.
    struct State: @unchecked Sendable {
        let native: ssh_session
        let event: ssh_event
        var isUsed = false
        var isConnected = false
        var isInEvent = false
        /// libssh has freed the channels: ssh_disconnect does.
        var isDisconnected = false
        /// Threads in `wait`.
        var waiters = 0
        var lastHeard = ContinuousClock.now
        var probes = 0
        /// Host key, once the key exchange is done.
        var hostKey: SSHPublicKey?
        /// What carries the connection if another host does.
        var tunnel: SSHTunnel?
    }

    /// `ADDRESS:PORT`, as errors name the peer.
    package var peer: String { options.address.description }

    /// Prepares a session; nothing is sent before `connect`.
    package init(_ options: SSHSessionOptions) throws(WireError) {
        openned_ignore_sigpipe()
        ssh_init()
        self.options = options
        cancellation = try Cancellation()
        guard let native = ssh_new(), let event = ssh_event_new() else {
            throw WireError(.system, peer: options.address.description, "cannot make an SSH session: out of memory")
        }
        lock = Mutex(State(native: native, event: event))
        try lock.withLock { state throws(WireError) in try Self.configure(state.native, options) }
    }

    deinit {
        lock.withLock { state in
            if state.isInEvent { ssh_event_remove_session(state.event, state.native) }
            ssh_event_free(state.event)
            if !state.isDisconnected { ssh_disconnect(state.native) }
            ssh_free(state.native)
        }
    }

    /// Connects, agrees on keys and judges the host key.
    ///
    /// Throws `connectionRefused`, `unreachable`, `timeout`, `protocolFailure` (no common algorithm), `hostKeyChanged`,
    /// `hostKeyUnknown`, `cancelled`.
    ///
    /// - Parameter jump: a connection to the host from which the peer is reached, logged in; nil: directly.
    package func connect(through jump: SSHSession? = nil) throws(WireError) {
        let tunnel = try jump.map { (jump) throws(WireError) in try SSHTunnel(jump, to: options.address) }
        try connect(tunnel: tunnel) { (deadline) throws(WireError) in
            if let tunnel { return tunnel.socket }
            return try SocketConnector.connect(to: options.address, deadline: deadline, cancellation: cancellation)
        }
    }

    /// The same over a connection that the server opened (RFC 8071): it is the session's from now on. The address of the
    /// options only names the peer.
    package func connect(over stream: TCPStream) throws(WireError) {
        try connect(tunnel: nil) { (_) throws(WireError) in try stream.detach() }
    }

    private func connect(
        tunnel: SSHTunnel?, _ open: (Deadline) throws(WireError) -> Int32
    ) throws(WireError) {
        let isFirst = lock.withLock { state in
            defer { state.isUsed = true }
            return !state.isUsed
        }
        if !isFirst { throw WireError(.invalidArgument, peer: peer, "connected before", remedy: "make a new session") }
        let deadline = Deadline.after(options.connectTimeout)
        let socket = try open(deadline)
        lock.withLock { $0.tunnel = tunnel }
        var isGiven = false
        defer { if !isGiven { Foundation.close(socket) } }
        // libssh keeps 16 bits of a descriptor.
        guard socket <= 0xffff else { throw .system("descriptor \(socket) is too high", EMFILE, peer: peer) }
        try wait(deadline, "no SSH key exchange within the connect time-out") { state throws(WireError) -> Void? in
            if !isGiven {
                var descriptor = socket
                ssh_options_set(state.native, SSH_OPTIONS_FD, &descriptor)
            }
            let rc = ssh_connect(state.native)
            // A socket that is still named in the options would never be closed.
            if !isGiven && rc != SSH_ERROR { ssh_options_set(state.native, SSH_OPTIONS_FD, nil) }
            isGiven = true
            openned_set_nonblocking(ssh_get_fd(state.native), 1)
            if rc == SSH_AGAIN { return nil }
            if rc != SSH_OK { throw self.connectFailure(state) }
            ssh_event_add_session(state.event, state.native)
            state.isInEvent = true
            state.isConnected = true
            state.lastHeard = .now
            state.hostKey = Self.serverKey(state.native)
            return ()
        }
        try judgeHostKey()
    }

    /// The key that the peer showed; nil before `connect`.
    package var hostKey: SSHPublicKey? { lock.withLock(\.hostKey) }

    /// Makes the calls under way on other threads, and all later ones, throw `cancelled`.
    package func abort() { cancellation.cancel() }

    /// Says goodbye and ends the connection; later calls throw `cancelled`.
    package func close() {
        cancellation.cancel()
        lock.withLock { state in
            guard state.isConnected, !state.isDisconnected else { return }
            state.isDisconnected = true
            ssh_disconnect(state.native)
        }
    }

    /// Whether the connection is still up as far as is known without sending anything.
    package var isConnected: Bool {
        if cancellation.isCancelled { return false }
        return lock.withLock { state in
            guard state.isConnected else { return false }
            ssh_event_dopoll(state.event, 0)
            if state.waiters > 0 { cancellation.wake() }
            return !Self.isOver(state.native)
        }
    }

    static func isOver(_ native: ssh_session) -> Bool {
        ssh_is_connected(native) == 0 || ssh_get_status(native) & (SSH_CLOSED | SSH_CLOSED_ERROR) != 0
    }
}

// MARK: Waiting

extension SSHSession {
    /// Repeats `step`, one thread at a time, until it gives a value; between tries waits for the socket.
    func wait<Result>(
        _ deadline: Deadline, _ onTimeout: String, _ step: (inout State) throws(WireError) -> Result?
    ) throws(WireError) -> Result {
        var mayHaveRead = true
        while true {
            var events = Int16(POLLIN)
            var isCrowded = false
            var descriptor: Int32 = -1
            let result: Result? = try lock.withLock { state throws(WireError) -> Result? in
                if cancellation.isCancelled { throw SocketConnector.cancelled(options.address) }
                if state.isInEvent { ssh_event_dopoll(state.event, 0) }
                // Another waiter's packets may have come in with ours. A wake is not passed on: two would never sleep.
                if state.waiters > 0 && mayHaveRead { cancellation.wake() }
                if let result = try step(&state) { return result }
                // libssh answers "again" for ever about a connection that has ended.
                if state.isConnected, Self.isOver(state.native) { throw brokenConnection(state) }
                if ssh_get_poll_flags(state.native) & SSH_WRITE_PENDING != 0 { events |= Int16(POLLOUT) }
                descriptor = ssh_get_fd(state.native)
                isCrowded = state.waiters > 0
                try probe(&state)
                state.waiters += 1
                return nil
            }
            if let result { return result }
            // Two waiters share one wake descriptor and may take each other's wake: then neither sleeps long.
            let nap: Int32? = isCrowded ? 20 : options.keepAlive.map { Deadline.milliseconds($0.interval) }
            let readiness = waitForSocket(
                descriptor, events: events, wakened: cancellation, deadline: deadline, atMost: nap)
            lock.withLock { state in
                state.waiters -= 1
                if readiness == .readable {
                    state.lastHeard = .now
                    state.probes = 0
                }
            }
            // After a nap among others, what comes first in the next round may be theirs, and they would sleep on.
            mayHaveRead = readiness == .readable || (isCrowded && readiness == .timedOut)
            if deadline.hasPassed {
                throw WireError(
                    .timeout, peer: peer, onTimeout, remedy: "check that the device answers, or raise the time-out")
            }
        }
    }

    /// Sends a keep-alive after silence; gives up after too many.
    private func probe(_ state: inout State) throws(WireError) {
        guard let keepAlive = options.keepAlive, state.isConnected else { return }
        guard ContinuousClock.now - state.lastHeard >= keepAlive.interval * (state.probes + 1) else { return }
        if state.probes >= keepAlive.countMax {
            throw WireError(
                .timeout, peer: peer, "no answer to \(state.probes) keep-alive messages",
                remedy: "check that the device is alive, or raise ssh-keep-alive")
        }
        state.probes += 1
        ssh_send_keepalive(state.native)
    }

    func brokenConnection(_ state: State) -> WireError {
        if let failure = state.tunnel?.failure { return failure }
        let reason = String(cString: ssh_get_error(UnsafeMutableRawPointer(state.native)))
        return WireError(
            .closedByPeer, peer: peer, "connection closed by the peer" + (reason.isEmpty ? "" : " (\(reason))"),
            remedy: "connect again; if it happens each time, look at the device's log")
    }
}
