import ConfigTree
import NEDRuntime
import Secrets
import Transactions
import YANG

/// One device as an operation needs it: its slot, where it is, its driver, its trace, and the secrets to mask.
struct DeviceAccess: Sendable {
    let name: String
    var target: DeviceTarget
    let driver: Driver
    let slot: DeviceSlot
    var trace: any DeviceTrace
    let mask: SecretMask
    /// Told the transaction id of a device that is known to be in sync.
    var noteInSync: @Sendable (String) -> Void
    /// Told what a session learnt of the device's modules, and the capabilities that it announced.
    let noteAnnouncement: @Sendable (ModuleAnnouncement, [String]) -> Void
    /// What the device is known to make of what it is told; told when more is known.
    let rewrites: @Sendable () -> DeviceRewrites
    let noteRewrites: @Sendable (DeviceRewrites) -> Void
    /// Told of a connection that worked, or why it did not.
    let noteConnection: @Sendable (NEDError?) -> Void

    /// Runs `work` on a session of the device. With `isLast` the operation is over then, and traces show it.
    func withSession<Result>(
        isLast: Bool = true, _ work: (any DeviceSession) throws(NEDError) -> Result
    ) throws(NEDError) -> Result {
        do {
            let result = try slot.withSession(target, driver, trace: trace, isLast: isLast) {
                (session) throws(NEDError) in
                noteAnnouncement(session.announcement, session.capabilities)
                let known = rewrites()
                session.rewrites = known
                defer { if session.rewrites != known { noteRewrites(session.rewrites) } }
                return try work(session)
            }
            noteConnection(nil)
            return result
        } catch {
            let isLost = error.isConnectionFault || error.isConnectFailure
            if error.code != .readOnly { noteConnection(isLost ? error : nil) }
            throw error
        }
    }

    /// A session of its own, for a subscription: the device may send to it at any time.
    func openSubscription() throws(NEDError) -> NETCONFDeviceSession {
        guard case .netconf = driver.kind else {
            throw NEDError(.driver, device: name, "the driver \(driver.shortID) takes no notifications")
        }
        do throws(NEDError) {
            let session = try NETCONFDeviceSession.connect(
                target, driver, trace: trace, over: target.callsHome ? slot.callerConnection : nil)
            slot.countSubscription(1)
            noteConnection(nil)
            return session
        } catch {
            noteConnection(error)
            throw error
        }
    }

    func closeSubscription(_ session: NETCONFDeviceSession) {
        session.close()
        slot.countSubscription(-1)
    }

    /// For what cannot be refused: once more on a new connection if the first one broke, then in doubt.
    func attempt(_ work: (any DeviceSession) throws(NEDError) -> Void) -> ParticipantOutcome {
        var reason = ""
        for _ in 0..<2 {
            do throws(NEDError) {
                try withSession(work)
                return .done
            } catch {
                reason = masked(error.operatorText)
                if !error.isConnectionFault { break }
            }
        }
        return .inDoubt(reason: reason)
    }

    /// The device is known to hold what was sent: remembers what it made of that, and that it is in sync.
    func settle(_ session: any DeviceSession, sent: DataTree) throws(NEDError) {
        let id = try session.learn(sent: sent)
        noteRewrites(session.rewrites)
        noteInSync(id)
    }

    func masked(_ text: String) -> String { mask.mask(text) }
}
