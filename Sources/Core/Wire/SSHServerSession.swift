internal import CSSH
internal import Foundation

/// One client connection on its loop's thread.
///
/// Invariants: libssh may call back from any of its functions, writing included, so callbacks only note what happened
/// or hand bytes on; nothing is freed before the outermost call has returned (`end`). The socket stays non-blocking: a
/// blocking one would stop the whole loop in send(2) for one client that does not read.
final class SSHServerSession {
    let token: UInt64
    let listener: SSHServerListener
    let descriptor: Int32
    let client: String
    let limits: SSHServerLimits
    let mailbox: Mailbox<SSHServerLoop.Item>
    let native: ssh_session
    private let event: ssh_event
    private let callbacks: UnsafeMutablePointer<ssh_server_callbacks_struct>

    var watchedEvents = EPOLLIN.rawValue
    var user = ""
    var isAuthenticated = false
    /// The client has sent something.
    private(set) var hasHeard = false
    var failedLogins = 0
    var isOver = false
    var channels: [SSHServerChannelState] = []
    private let since = ContinuousClock.now
    private var lastBusy = ContinuousClock.now
    private var isFreed = false

    /// Takes the descriptor over. Nil, and the connection closed, when out of memory.
    init?(
        token: UInt64, listener: SSHServerListener, descriptor: Int32, client: String, limits: SSHServerLimits,
        mailbox: Mailbox<SSHServerLoop.Item>
    ) {
        let native = ssh_new()
        let event = ssh_event_new()
        let callbacks = openned_ssh_server_callbacks(nil)
        guard let native, let event, let callbacks, listener.equip(native, descriptor) else {
            let isTaken = native.map { ssh_get_fd($0) == descriptor } ?? false
            ssh_free(native)
            ssh_event_free(event)
            free(callbacks)
            if !isTaken { close(descriptor) }
            return nil
        }
        self.token = token
        self.listener = listener
        self.descriptor = descriptor
        self.client = client
        self.limits = limits
        self.mailbox = mailbox
        self.native = native
        self.event = event
        self.callbacks = callbacks
    }

    deinit { release() }

    /// Starts the key exchange.
    func begin() {
        ssh_set_blocking(native, 0)
        setCallbacks(callbacks)
        if ssh_handle_key_exchange(native) == SSH_ERROR { isOver = true }
        // Only now has the socket a poll context that an event can take over.
        if ssh_event_add_session(event, native) != SSH_OK { isOver = true }
        openned_set_nonblocking(descriptor, 1)
        checkConnection()
    }

    /// The socket is ready: lets libssh read, write and call back, then serves the channels.
    func poll() {
        hasHeard = true
        ssh_event_dopoll(event, 0)
        checkConnection()
        serveChannels()
    }

    var wantedEvents: UInt32 {
        let flags = ssh_get_poll_flags(native)
        var events: UInt32 = 0
        if flags & SSH_READ_PENDING != 0 { events |= EPOLLIN.rawValue }
        if flags & SSH_WRITE_PENDING != 0 { events |= EPOLLOUT.rawValue }
        return events
    }

    private func checkConnection() {
        if ssh_is_connected(native) == 0 || ssh_get_status(native) & (SSH_CLOSED | SSH_CLOSED_ERROR) != 0 {
            isOver = true
        }
    }

    /// Opens, feeds, drains and closes channels as they demand.
    func serveChannels() {
        for channel in channels where !isOver {
            channel.serve(self)
            checkConnection()
        }
        channels.removeAll { $0.isOver }
    }

    func checkTime(_ now: ContinuousClock.Instant) {
        if !isAuthenticated {
            if now - since > limits.loginGrace { isOver = true }
            return
        }
        if !channels.isEmpty { lastBusy = now }
        if now - lastBusy > limits.idleWithoutChannel { isOver = true }
        for channel in channels where channel.isStalled(now, limits) { isOver = true }
    }

    /// Tells the handlers, says goodbye and frees everything.
    func end() {
        isOver = true
        for channel in channels { channel.abandon() }
        release()
        channels = []
    }

    private func release() {
        guard !isFreed else { return }
        isFreed = true
        ssh_event_remove_session(event, native)
        ssh_event_free(event)
        // Frees the channels too.
        ssh_disconnect(native)
        ssh_free(native)
        free(callbacks)
    }
}
