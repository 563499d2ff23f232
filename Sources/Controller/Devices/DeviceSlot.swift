import Foundation
import NEDRuntime
import Secrets
import Synchronization

/// The queue of operations on one device, and its pooled session.
///
/// Invariant: one operation at a time; whoever holds the slot alone talks to the device.
final class DeviceSlot: Sendable {
    private struct State {
        var session: CLIDeviceSession?
        var sessionKey = ""
        var lastUse = ContinuousClock.now
    }

    /// Every secret that was heard of in connection with the device. It only grows: an open session's trace uses it, and a
    /// password that was replaced may still be one elsewhere.
    let mask = SecretMask()

    /// Taken for the length of an operation: long, and by threads that may wait.
    private let queue = NSLock()
    private nonisolated(unsafe) var state = State()

    /// Runs `work` on an open session, connecting first if there is none that fits. A session on which the connection
    /// failed is dropped. A pooled session that turns out to be dead is replaced once, before anything was sent.
    func withSession<Result>(
        _ target: DeviceTarget, _ driver: Driver, trace: any DeviceTrace,
        _ work: (CLIDeviceSession) throws(NEDError) -> Result
    ) throws(NEDError) -> Result {
        guard queue.lock(before: Date(timeIntervalSinceNow: 600)) else {
            throw NEDError(.driver, device: target.name, "another operation on the device takes longer than 10 minutes")
        }
        defer { queue.unlock() }
        let session = try open(target, driver, trace)
        do {
            let result = try work(session)
            state.lastUse = .now
            return result
        } catch {
            if error.isConnectionFault { drop() }
            throw error
        }
    }

    private func open(
        _ target: DeviceTarget, _ driver: Driver, _ trace: any DeviceTrace
    ) throws(NEDError) -> CLIDeviceSession {
        let key = "\(target.address):\(target.port) \(target.remoteUser) \(target.password) \(driver.nedID)"
        if let session = state.session, state.sessionKey == key, session.driver === driver, session.isAlive {
            session.continueTrace(in: trace)
            return session
        }
        drop()
        let session = try CLIDeviceSession.connect(target, driver, trace: trace)
        state.session = session
        state.sessionKey = key
        state.lastUse = .now
        return session
    }

    private func drop() {
        state.session?.close()
        state.session = nil
    }

    /// Closes the pooled session, waiting for an operation under way.
    func disconnect() {
        queue.lock()
        defer { queue.unlock() }
        drop()
    }

    /// Closes the session if it has been idle for `limit` and nobody is using it.
    func closeIdle(_ limit: Duration) {
        guard queue.try() else { return }
        defer { queue.unlock() }
        if state.session != nil, ContinuousClock.now - state.lastUse > limit { drop() }
    }
}
