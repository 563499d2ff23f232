import Foundation
import Synchronization
package import Wire

/// The queue of operations on one device, and its pooled session.
///
/// Invariant: one operation at a time; whoever holds the slot alone talks to the device.
package final class DeviceSlot: Sendable {
    private struct State {
        var session: (any DeviceSession)?
        /// What the session was opened for; another place, user or driver needs another one.
        var sessionKey: SessionKey?
        var lastUse = ContinuousClock.now
        /// What the prompts of the last session for that began with: the next one need not make sure of them for long.
        var promptHost: String?
        /// The device commits nothing after it was told to validate.
        var isBadAtValidating = false
    }

    /// Taken for the length of an operation: long, and by threads that may wait.
    private let queue = NSLock()
    private nonisolated(unsafe) var state = State()

    /// The connection of a device that called home.
    private struct Caller {
        var session: SSHSession?
        var lastUse = ContinuousClock.now
        /// Subscriptions that are channels of it: it is not idle with any.
        var subscriptions = 0
    }

    private let caller = Mutex(Caller())

    package init() {}

    // MARK: Calling home

    /// Takes over the connection of a device that has called home, logged in; an earlier one is closed.
    package func adopt(_ session: SSHSession) {
        queue.lock()
        defer { queue.unlock() }
        drop()
        let old = caller.withLock { caller in
            defer { caller = Caller(session: session) }
            return caller.session
        }
        old?.close()
    }

    /// The connection of a device that calls home.
    package var callerConnection: SSHSession? {
        caller.withLock { caller in
            caller.lastUse = .now
            return caller.session
        }
    }

    /// A subscription begins or ends.
    package func countSubscription(_ change: Int) {
        caller.withLock { caller in
            caller.subscriptions = max(0, caller.subscriptions + change)
            caller.lastUse = .now
        }
    }

    private func closeCaller(idleFor limit: Duration? = nil) {
        let old = caller.withLock { caller -> SSHSession? in
            if let limit {
                guard caller.subscriptions == 0, ContinuousClock.now - caller.lastUse > limit else { return nil }
            }
            defer { caller = Caller() }
            return caller.session
        }
        old?.close()
    }

    // MARK: Operations

    /// Runs `work` on an open session, connecting first if there is none that fits. A session of which nobody knows
    /// where the device stands is dropped. A pooled one on which the device hung up meanwhile is replaced before `work`
    /// begins.
    ///
    /// - Parameter isLast: the operation is over with this; traces show that the session goes back to the pool.
    package func withSession<Result>(
        _ target: DeviceTarget, _ driver: Driver, trace: any DeviceTrace, isLast: Bool = true,
        _ work: (any DeviceSession) throws(NEDError) -> Result
    ) throws(NEDError) -> Result {
        guard queue.lock(before: Date(timeIntervalSinceNow: 600)) else {
            throw NEDError(.driver, device: target.name, "another operation on the device takes longer than 10 minutes")
        }
        defer { queue.unlock() }
        let session = try open(target, driver, trace)
        defer { if session.isUsable { keep(isLast) } else { drop() } }
        return try work(session)
    }

    private func open(
        _ target: DeviceTarget, _ driver: Driver, _ trace: any DeviceTrace
    ) throws(NEDError) -> any DeviceSession {
        let key = target.sessionKey(driver)
        if let session = state.session {
            session.trace = trace
            if state.sessionKey == key, session.driver === driver, session.isAlive() { return session }
        }
        drop()
        var target = target
        if state.sessionKey == key {
            target.promptHost = state.promptHost
            if state.isBadAtValidating { target.netconf.usesValidate = false }
        } else {
            state.isBadAtValidating = false
        }
        let session = try connectAtLast(target, driver, trace)
        state.session = session
        state.sessionKey = key
        return session
    }

    /// Tries again what may succeed although nobody changes anything: a wrong password is not given twice.
    private func connectAtLast(
        _ target: DeviceTarget, _ driver: Driver, _ trace: any DeviceTrace
    ) throws(NEDError) -> any DeviceSession {
        var left = target.connectRetries.attempts
        while true {
            do throws(NEDError) { return try connect(target, driver, trace) } catch {
                guard left > 0, error.isTransient else { throw error }
                left -= 1
                trace.phase(.fromDriver, "CONNECT failed, \(left + 1) more attempts")
                Thread.sleep(forTimeInterval: Double(target.connectRetries.pause.components.seconds))
            }
        }
    }

    private func connect(
        _ target: DeviceTarget, _ driver: Driver, _ trace: any DeviceTrace
    ) throws(NEDError) -> any DeviceSession {
        if case .netconf = driver.kind {
            let connection = target.callsHome ? callerConnection : nil
            return try NETCONFDeviceSession.connect(target, driver, trace: trace, over: connection)
        }
        return try CLIDeviceSession.connect(target, driver, trace: trace)
    }

    private func keep(_ isLast: Bool) {
        state.lastUse = .now
        caller.withLock { $0.lastUse = .now }
        if isLast { state.session?.returnToPool() }
    }

    private func drop() {
        if let host = (state.session as? CLIDeviceSession)?.dialogue.promptHost { state.promptHost = host }
        if (state.session as? NETCONFDeviceSession)?.believesValidate == false { state.isBadAtValidating = true }
        state.session?.close()
        state.session = nil
    }

    /// Closes the pooled session, waiting for an operation under way, and the connection of a device that called home.
    package func disconnect() {
        queue.lock()
        defer { queue.unlock() }
        drop()
        closeCaller()
    }

    /// Closes the session if it has been idle for `limit` and nobody is using it; the connection of a device that called
    /// home after `callerLimit`.
    package func closeIdle(_ limit: Duration, callerLimit: Duration = .seconds(30)) {
        guard queue.try() else { return }
        defer { queue.unlock() }
        if state.session != nil, ContinuousClock.now - state.lastUse > limit { drop() }
        if state.session == nil { closeCaller(idleFor: callerLimit) }
    }
}
