internal import CSSH
internal import Foundation
internal import Synchronization

/// One thread that waits in epoll for its listeners, its sessions and its mailbox.
///
/// Each session has an `ssh_event` of its own, polled without waiting when epoll says that its socket is ready: the
/// cost of a wake-up does not grow with the number of sessions, as it would with all in one `ssh_event` (poll(2)).
/// Everything in `Local` is touched by the loop's thread only.
final class SSHServerLoop: Sendable {
    enum Item: Sendable {
        case listen(SSHServerListener)
        case forget(SSHListenerID, endingSessions: Bool)
        case adopt(SSHServerListener, descriptor: Int32, client: String)
        case flush(session: UInt64)
        case stop
    }

    /// How other loops hand it connections.
    struct Entry: Sendable {
        let mailbox: Mailbox<Item>
        let load: SessionCount
    }

    let mailbox: Mailbox<Item>
    let entry: Entry
    let limits: SSHServerLimits
    let total: SessionCount
    let siblings = Mutex<[Entry]>([])
    private let epoll: Int32
    private let thread = Mutex<pthread_t?>(nil)

    init(limits: SSHServerLimits, count: SessionCount) throws(WireError) {
        self.limits = limits
        total = count
        mailbox = try Mailbox()
        entry = Entry(mailbox: mailbox, load: SessionCount())
        epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        if epoll < 0 { throw .system("cannot make an epoll descriptor", errno) }
    }

    deinit { close(epoll) }

    func start() throws(WireError) {
        var id = pthread_t()
        let context = Unmanaged.passRetained(self)
        let rc = pthread_create(
            &id, nil,
            { context in
                Unmanaged<SSHServerLoop>.fromOpaque(context!).takeRetainedValue().run()
                return nil
            }, context.toOpaque())
        guard rc == 0 else {
            context.release()
            throw .system("cannot start a thread", rc)
        }
        thread.withLock { $0 = id }
    }

    /// Ends all sessions and joins the thread, if it runs.
    func stop() {
        let id = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        guard let id else { return }
        mailbox.post(.stop)
        pthread_join(id, nil)
    }

    // MARK: The loop's thread

    /// What epoll tells apart: sessions from 1, listeners with the high bit, the mailbox 0.
    private static let listenerBit: UInt64 = 1 << 63

    private final class Local {
        var listeners: [UInt64: SSHServerListener] = [:]
        /// Listeners that wait for descriptors to become free.
        var exhausted: Set<UInt64> = []
        var sessions: [UInt64: SSHServerSession] = [:]
        /// By listener, the oldest first: sessions that had not logged in when somebody last looked.
        var logins: [UInt64: [UInt64]] = [:]
        var nextToken: UInt64 = 1
        var lastTick = ContinuousClock.now
        var isStopping = false
    }

    private func run() {
        mailbox.adopt()
        let local = Local()
        watch(mailbox.descriptor, token: 0, events: EPOLLIN.rawValue, isNew: true)
        var events = [epoll_event](repeating: epoll_event(), count: 256)
        while !local.isStopping {
            for item in mailbox.take() { perform(item, local) }
            if local.isStopping { break }
            let isQuiet = local.sessions.isEmpty && local.exhausted.isEmpty
            // What handlers posted just now came without a wake.
            let timeout: Int32 = mailbox.hasItems ? 0 : isQuiet ? -1 : 500
            let count = epoll_wait(epoll, &events, Int32(events.count), timeout)
            for event in events.prefix(Int(max(0, count))) { dispatch(event.data.u64, local) }
            tick(local)
        }
        for session in local.sessions.values { end(session, local) }
        for case .adopt(let listener, let descriptor, _) in mailbox.end() {
            close(descriptor)
            release(listener)
        }
    }

    private func dispatch(_ token: UInt64, _ local: Local) {
        if token == 0 { return }
        if token & Self.listenerBit != 0 {
            accept(token & ~Self.listenerBit, local)
        } else if let session = local.sessions[token] {
            session.poll()
            settle(session, local)
        }
    }

    private func perform(_ item: Item, _ local: Local) {
        switch item {
        case .stop: local.isStopping = true
        case .listen(let listener):
            local.listeners[listener.id.number] = listener
            watchListener(listener)
        case .forget(let id, let endingSessions):
            local.listeners[id.number] = nil
            local.logins[id.number] = nil
            local.exhausted.remove(id.number)
            guard endingSessions else { return }
            for session in local.sessions.values where session.listener.id == id { end(session, local) }
        case .adopt(let listener, let descriptor, let client): adopt(listener, descriptor, client, local)
        case .flush(let token):
            guard let session = local.sessions[token] else { return }
            session.serveChannels()
            settle(session, local)
        }
    }

    private func watch(_ descriptor: Int32, token: UInt64, events: UInt32, isNew: Bool) {
        var event = epoll_event(events: events, data: epoll_data_t(u64: token))
        epoll_ctl(epoll, isNew ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, descriptor, &event)
    }

    private func watchListener(_ listener: SSHServerListener) {
        let descriptor = listener.descriptor
        guard descriptor >= 0 else { return }
        watch(descriptor, token: listener.id.number | Self.listenerBit, events: EPOLLIN.rawValue, isNew: true)
    }
}

// MARK: Sessions come and go

extension SSHServerLoop {
    /// Accepts a burst, and leaves the rest to the next round so that sessions get their turn.
    private func accept(_ id: UInt64, _ local: Local) {
        guard let listener = local.listeners[id] else { return }
        for _ in 0..<32 {
            switch listener.accept() {
            case .none: return
            case .exhausted:
                // Level-triggered epoll would spin on what can't be accepted.
                epoll_ctl(epoll, EPOLL_CTL_DEL, listener.descriptor, nil)
                local.exhausted.insert(id)
                return
            case .connection(let descriptor, let client):
                SocketConnector.setDefaults(descriptor)
                guard reserve(listener) else {
                    close(descriptor)
                    continue
                }
                place(listener, descriptor, client, local)
            }
        }
    }

    private func reserve(_ listener: SSHServerListener) -> Bool {
        if total.value.wrappingAdd(1, ordering: .relaxed).newValue <= limits.sessions {
            let count = listener.sessions.wrappingAdd(1, ordering: .relaxed).newValue
            if count <= limits.sessionsPerListener { return true }
            listener.sessions.wrappingSubtract(1, ordering: .relaxed)
        }
        total.value.wrappingSubtract(1, ordering: .relaxed)
        return false
    }

    private func release(_ listener: SSHServerListener) {
        total.value.wrappingSubtract(1, ordering: .relaxed)
        listener.sessions.wrappingSubtract(1, ordering: .relaxed)
    }

    /// Hands the connection to the loop with the fewest.
    private func place(_ listener: SSHServerListener, _ descriptor: Int32, _ client: String, _ local: Local) {
        let own = entry.load.value.load(ordering: .relaxed)
        let best = siblings.withLock { entries in
            entries.min { $0.load.value.load(ordering: .relaxed) < $1.load.value.load(ordering: .relaxed) }
        }
        if let best, best.load.value.load(ordering: .relaxed) < own,
            best.mailbox.post(.adopt(listener, descriptor: descriptor, client: client))
        {
            return
        }
        adopt(listener, descriptor, client, local)
    }

    private func adopt(_ listener: SSHServerListener, _ descriptor: Int32, _ client: String, _ local: Local) {
        let token = local.nextToken
        guard
            let session = SSHServerSession(
                token: token, listener: listener, descriptor: descriptor, client: client, limits: limits,
                mailbox: mailbox)
        else { return release(listener) }
        local.nextToken += 1
        makeRoom(listener, local)
        local.sessions[token] = session
        local.logins[listener.id.number, default: []].append(token)
        entry.load.value.wrappingAdd(1, ordering: .relaxed)
        watch(descriptor, token: token, events: EPOLLIN.rawValue, isNew: true)
        session.begin()
        settle(session, local)
    }

    /// Ends a session that has not logged in, if a listener has as many of these as it may have.
    private func makeRoom(_ listener: SSHServerListener, _ local: Local) {
        guard let known = local.logins[listener.id.number], known.count >= limits.loginsPerListener else { return }
        var waiting = known.filter { local.sessions[$0]?.isAuthenticated == false }
        if waiting.count >= limits.loginsPerListener {
            let victim = waiting.firstIndex { local.sessions[$0]?.hasHeard == false } ?? waiting.startIndex
            if let session = local.sessions[waiting.remove(at: victim)] { end(session, local) }
        }
        local.logins[listener.id.number] = waiting
    }

    /// After anything happened to a session: ends it, or waits for what libssh wants.
    private func settle(_ session: SSHServerSession, _ local: Local) {
        if session.isOver { return end(session, local) }
        let wanted = session.wantedEvents
        if wanted != session.watchedEvents {
            session.watchedEvents = wanted
            watch(session.descriptor, token: session.token, events: wanted, isNew: false)
        }
    }

    private func end(_ session: SSHServerSession, _ local: Local) {
        guard local.sessions.removeValue(forKey: session.token) != nil else { return }
        epoll_ctl(epoll, EPOLL_CTL_DEL, session.descriptor, nil)
        session.end()
        entry.load.value.wrappingSubtract(1, ordering: .relaxed)
        release(session.listener)
    }

    /// Twice a second: time limits of every session, and listeners that had found no descriptor.
    private func tick(_ local: Local) {
        let now = ContinuousClock.now
        guard now - local.lastTick >= .milliseconds(500) else { return }
        local.lastTick = now
        for session in local.sessions.values {
            session.checkTime(now)
            if session.isOver { end(session, local) }
        }
        for id in local.exhausted { if let listener = local.listeners[id] { watchListener(listener) } }
        local.exhausted = []
    }
}
