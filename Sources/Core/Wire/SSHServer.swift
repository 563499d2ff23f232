internal import CSSH
internal import Foundation
internal import Synchronization

/// An SSH server for many ports and many clients on few threads: one event loop a core.
///
/// Handlers run on the loop threads. A port has one host key and one handler; sessions are spread over the loops.
package final class SSHServer: Sendable {
    private let loops: [SSHServerLoop]
    private let state = Mutex(State())
    private let limits: SSHServerLimits
    private let sessions = SessionCount()

    private struct State {
        var nextID: UInt64 = 1
        var listeners: [SSHListenerID: SSHServerListener] = [:]
        var isStopped = false
    }

    /// Where clients reach a listener; the port is the real one if 0 was asked for.
    package struct Listener: Sendable {
        package let id: SSHListenerID
        package let address: SocketAddress
    }

    /// Starts the loops; nothing listens yet. Throws `system` when out of descriptors or threads.
    package init(
        loops: Int = ProcessInfo.processInfo.activeProcessorCount, limits: SSHServerLimits = SSHServerLimits()
    ) throws(WireError) {
        openned_ignore_sigpipe()
        ssh_init()
        self.limits = limits
        var made: [SSHServerLoop] = []
        for _ in 0..<max(1, loops) { made.append(try SSHServerLoop(limits: limits, count: sessions)) }
        self.loops = made
        for loop in made { loop.siblings.withLock { $0 = made.map(\.entry) } }
        var isStarted = false
        defer { if !isStarted { for one in made { one.stop() } } }
        for loop in made { try loop.start() }
        isStarted = true
    }

    deinit { stop() }

    /// Opens a port. `hostKey` may be shared by many. Throws `addressUnavailable`, `invalidArgument`, `system`.
    package func listen(
        at address: SocketAddress, hostKey: SSHPrivateKey, algorithms: SSHAlgorithms = SSHAlgorithms(),
        handler: any SSHServerHandler
    ) throws(WireError) -> Listener {
        let id = state.withLock { state in
            defer { state.nextID += 1 }
            return SSHListenerID(number: state.nextID)
        }
        let listener = try SSHServerListener(
            id: id, address: address, hostKey: hostKey, algorithms: algorithms, handler: handler)
        let isStopped = state.withLock { state in
            if !state.isStopped { state.listeners[id] = listener }
            return state.isStopped
        }
        if isStopped { throw WireError(.cancelled, peer: address.description, "the server has stopped") }
        loops[Int(id.number) % loops.count].mailbox.post(.listen(listener))
        return Listener(id: id, address: listener.address)
    }

    /// Frees the port at once; its sessions go on unless `endingSessions`.
    package func stopListening(_ id: SSHListenerID, endingSessions: Bool = true) {
        let listener = state.withLock { $0.listeners.removeValue(forKey: id) }
        listener?.close()
        for loop in loops { loop.mailbox.post(.forget(id, endingSessions: endingSessions)) }
    }

    /// Connections, logged in or not.
    package var sessionCount: Int { sessions.value.load(ordering: .relaxed) }

    /// Closes every port and session and joins the threads. Not from a handler.
    package func stop() {
        let listeners = state.withLock { state in
            defer { state.listeners = [:] }
            state.isStopped = true
            return Array(state.listeners.values)
        }
        for listener in listeners { listener.close() }
        for loop in loops { loop.stop() }
    }
}

/// Sessions of all loops together.
final class SessionCount: Sendable {
    let value = Atomic(0)
}
