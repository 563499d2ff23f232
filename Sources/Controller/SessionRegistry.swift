import ControlProtocol
import Foundation
import Synchronization

/// The sessions that are open.
final class SessionRegistry: Sendable {
    private struct Open: Sendable {
        var session: ControllerSession
        var started: String
        var mode = "operational"
        var events: @Sendable (SessionEvent) -> Void
    }

    private let state = Mutex<(next: Int, open: [Int: Open])>((next: 1, open: [:]))

    func open(
        _ user: SessionUser, _ started: String, _ events: @escaping @Sendable (SessionEvent) -> Void,
        _ make: (Int) -> ControllerSession
    ) -> ControllerSession {
        state.withLock { state in
            let session = make(state.next)
            state.open[state.next] = Open(session: session, started: started, events: events)
            state.next += 1
            return session
        }
    }

    func close(_ id: Int) {
        state.withLock { _ = $0.open.removeValue(forKey: id) }
        tellWaiting()
    }

    func noteMode(_ mode: String, of id: Int) {
        state.withLock { $0.open[id]?.mode = mode }
        tellWaiting()
    }

    // MARK: Transactions

    private let changed = NSCondition()

    private func tellWaiting() {
        changed.lock()
        changed.broadcast()
        changed.unlock()
    }

    /// Sessions in a configuration mode hold a transaction open, whatever they have changed.
    func configuring(except own: Int) -> [SessionInformation] { all.filter { $0.isConfiguring && $0.id != own } }

    /// Waits until no session but `own` is in a configuration mode; gives those that are left when the time is up.
    func waitForConfiguring(except own: Int, until deadline: Date) -> [SessionInformation] {
        changed.lock()
        defer { changed.unlock() }
        while true {
            let left = configuring(except: own)
            if left.isEmpty || !changed.wait(until: deadline) { return left.isEmpty ? [] : configuring(except: own) }
        }
    }

    /// Ends a session from this side: its door is told to close it, and nothing that it still asks for is done.
    func end(_ id: Int, _ reason: String) {
        let open = state.withLock { $0.open.removeValue(forKey: id) }
        open?.session.end()
        open?.events(.closing(reason))
        tellWaiting()
    }

    func information(_ id: Int) -> SessionInformation? { all.first { $0.id == id } }

    var all: [SessionInformation] {
        state.withLock { state in
            state.open.sorted { $0.key < $1.key }.map { id, open in
                SessionInformation(id: id, user: open.session.user, started: open.started, mode: open.mode)
            }
        }
    }

    func tellAll(_ event: SessionEvent, user: String? = nil) {
        let listeners = state.withLock { state in
            state.open.values.filter { user == nil || $0.session.user.name == user }.map(\.events)
        }
        for tell in listeners { tell(event) }
    }

    func closeAll(_ reason: String) { tellAll(.closing(reason)) }
}

extension SessionInformation {
    fileprivate var isConfiguring: Bool { mode != "operational" }
}
