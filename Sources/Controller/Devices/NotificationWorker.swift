import ConfigTree
import ControlProtocol
import Foundation
import NEDRuntime
import Synchronization

/// What a subscription asks for, from the configuration.
struct NotificationRequest: Hashable, Sendable {
    var device: String
    var name: String
    var stream: String
    var user: String
    var filter: EventFilter?
    /// The longest pause between two attempts, in seconds.
    var reconnectInterval: Int

    init?(_ subscription: Instance, device: String) {
        guard let name = subscription.keys.first, let stream = subscription.value("stream") else { return nil }
        self.device = device
        self.name = name
        self.stream = stream
        user = subscription.value("local-user") ?? "admin"
        reconnectInterval = subscription.value("reconnect-interval").flatMap { Int($0) } ?? 300
        if let text = subscription.value("xpath-filter") { filter = .xpath(text) }
        if let text = subscription.value("subtree-filter") { filter = .subtree(text) }
    }
}

/// How a subscription stands.
struct NotificationStatus: Hashable, Sendable {
    enum State: String, Sendable { case running, connecting, failed }

    var state = State.connecting
    var reason: String?
    var info: String?
}

/// Holds one subscription: connects, takes events, and connects again with growing pauses. A refusal of the device ends
/// it; whoever changes the configuration starts another one.
final class NotificationWorker: Sendable {
    /// What the worker needs of the controller.
    struct Roles: Sendable {
        var access: @Sendable (_ device: String, _ user: String) throws(ControlError) -> DeviceAccess?
        var lastTime: @Sendable () -> String?
        var noteStreams: @Sendable ([EventStream]) -> Void
        var take: @Sendable ([DeviceEvent]) -> Void
        var noteStatus: @Sendable (NotificationStatus) -> Void
    }

    private struct State {
        var isStopped = false
        /// What a stop has to end.
        var abort: (@Sendable () -> Void)?
    }

    let request: NotificationRequest
    private let roles: Roles
    private let state = Mutex(State())
    private let pause = NSCondition()
    private static let batch = 100
    private static let eventWait = Duration.seconds(30)

    init(_ request: NotificationRequest, _ roles: Roles) {
        self.request = request
        self.roles = roles
    }

    func start() {
        let thread = Thread { [self] in run() }
        thread.name = "notifications"
        thread.stackSize = 2 << 20
        thread.start()
    }

    /// Ends the subscription soon; nothing more is taken from it.
    func stop() {
        let abort = state.withLock { state in
            state.isStopped = true
            return state.abort
        }
        abort?()
        pause.withLock { pause.broadcast() }
    }

    /// The device can be reached: a pause that is being made ends.
    func hurry() { pause.withLock { pause.broadcast() } }

    private var isStopped: Bool { state.withLock(\.isStopped) }

    private func note(_ status: NotificationStatus) { if !isStopped { roles.noteStatus(status) } }

    // MARK: The loop

    private func run() {
        var delay = 1
        while !isStopped {
            var status = NotificationStatus()
            var isSubscribed = false
            do {
                try receive(&isSubscribed)
            } catch let error as NEDError {
                status.reason = error.isConnectFailure ? "connect failed" : "the connection broke"
                status.info = error.message
                if error.code == .refused || error.code == .driver {
                    status.state = .failed
                    status.reason = "the device refuses the subscription"
                }
            } catch {
                status.reason = "the device may not be connected to"
                status.info = "\(error)"
            }
            note(status)
            if status.state == .failed { return }
            if isSubscribed { delay = 1 }
            wait(seconds: min(delay, request.reconnectInterval))
            delay = min(delay * 2, request.reconnectInterval)
        }
    }

    private func wait(seconds: Int) {
        let end = Date(timeIntervalSinceNow: Double(seconds))
        pause.lock()
        // Whoever wakes it wants it to go on.
        if !isStopped { _ = pause.wait(until: end) }
        pause.unlock()
    }

    /// Connects, subscribes, and takes events until the connection ends or the worker is stopped.
    private func receive(_ isSubscribed: inout Bool) throws {
        guard let access = try roles.access(request.device, request.user) else { return }
        let session = try access.openSubscription()
        defer { access.closeSubscription(session) }
        let interruption = session.interruption
        state.withLock { $0.abort = interruption }
        defer { state.withLock { $0.abort = nil } }
        guard !isStopped else { return }
        let streams = try session.streams()
        roles.noteStreams(streams)
        let hasReplay = streams.first { $0.name == request.stream }?.hasReplay ?? false
        do throws(NEDError) {
            try session.subscribe(
                to: request.stream, filter: request.filter, since: hasReplay ? roles.lastTime() : nil)
        } catch {
            throw masked(error, access)
        }
        isSubscribed = true
        note(NotificationStatus(state: .running))
        while !isStopped {
            guard let first = try session.nextEvent(within: Self.eventWait) else { continue }
            var events = [first]
            while events.count < Self.batch, let next = try session.nextEvent(within: .zero) { events.append(next) }
            if !isStopped { roles.take(events) }
        }
    }

    private func masked(_ error: NEDError, _ access: DeviceAccess) -> NEDError {
        var error = error
        error.message = access.masked(error.message)
        return error
    }
}
