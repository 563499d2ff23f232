import ControlProtocol
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

    func close(_ id: Int) { state.withLock { _ = $0.open.removeValue(forKey: id) } }

    func noteMode(_ mode: String, of id: Int) { state.withLock { $0.open[id]?.mode = mode } }

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
