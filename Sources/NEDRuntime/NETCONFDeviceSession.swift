import Basics
import NETCONF
import Synchronization
package import Wire
package import YANG

/// One open session with a NETCONF device, in NSO's phases.
///
/// The device's class follows from its capabilities. With a candidate: lock, edit, validate in PREPARE, commit in
/// COMMIT; where confirmed-commit 1.1 is offered that commit waits under a persist-id, so that an abort or a lost
/// controller takes it back, and PERSIST confirms it. Without a candidate the running configuration is edited in
/// PREPARE, and an abort sends the reverse. Where there is a startup datastore, PERSIST copies to it.
package final class NETCONFDeviceSession: DeviceSession {
    /// Whether a confirmed commit of ours waits at the device.
    enum Confirmation { case settled, waiting, unknown }

    package let target: DeviceTarget
    package let driver: Driver
    let dialogue: NETCONFDialogue
    package var rewrites = DeviceRewrites()
    package let number: Int
    package private(set) var announcement = ModuleAnnouncement.none
    /// A change was begun and not committed: taking it back is an ABORT, not a REVERT.
    var isPreparing = false
    var confirmation = Confirmation.unknown
    var held: Set<String> = []
    /// What was sent last, for a look at whether a commit did it.
    var edited = ""
    /// How it is seen whether a commit of that did anything, with what was there before; nil if it need not or cannot be.
    var proof: CommitProof?
    /// The device has been seen to do what it says it does at a commit.
    var isProven = false
    /// The device tells events again that it told before.
    var isReplaying = false
    /// False for a device that commits nothing after it was told to validate.
    var believesValidate = true
    let stream: any ByteStream
    let connection: SSHSession
    /// The connection is the device's: it outlasts the session.
    private let isGuest: Bool

    private static let counter = Mutex(0)

    private init(
        _ target: DeviceTarget, _ driver: Driver, _ trace: any DeviceTrace, _ connection: SSHSession,
        _ stream: any ByteStream, isGuest: Bool
    ) {
        self.isGuest = isGuest
        self.target = target
        self.driver = driver
        self.connection = connection
        self.stream = stream
        number = Self.counter.withLock { counter in
            counter += 1
            return counter
        }
        dialogue = NETCONFDialogue(stream, target, trace)
    }

    deinit { if !isGuest { connection.close() } }

    // MARK: Connecting

    /// Connects over SSH, opens the subsystem `netconf` and exchanges greetings.
    ///
    /// - Parameter caller: the connection of a device that calls home, which stays when the session ends.
    package static func connect(
        _ target: DeviceTarget, _ driver: Driver, trace: any DeviceTrace, over caller: SSHSession? = nil
    ) throws(NEDError) -> NETCONFDeviceSession {
        let place = "\(target.name)-\(target.address):\(target.port)"
        trace.phase(.toDriver, "\(NEDError.netconfConnectPhase) to \(place) as \(target.remoteUser)")
        do {
            let (connection, stream) = try openSubsystem(target, caller)
            let session = NETCONFDeviceSession(
                target, driver, trace, connection, stream, isGuest: target.callsHome)
            try session.dialogue.greet()
            try session.learn()
            trace.phase(.fromDriver, "CONNECTED \(session.number)")
            return session
        } catch {
            var fault = error
            fault.phase = NEDError.netconfConnectPhase
            trace.phase(.fromDriver, "CONNECT ERROR: \(fault.code.rawValue) \(fault.message)")
            throw fault
        }
    }

    private static func openSubsystem(
        _ target: DeviceTarget, _ caller: SSHSession?
    ) throws(NEDError) -> (SSHSession, any ByteStream) {
        if target.callsHome, caller?.isConnected != true {
            throw NEDError(.connection, device: target.name, "the device has not called home")
        }
        do throws(WireError) {
            let session = if let caller { caller } else { try target.openConnection().session }
            return (session, try session.openSubsystem("netconf"))
        } catch {
            throw NEDError(error, device: target.name, isConnecting: true)
        }
    }

    private func learn() throws(NEDError) {
        if !hasConfirmedCommit { confirmation = .settled }
        announcement = ModuleAnnouncement(modules: try announcedModules())
    }

    // MARK: What the device can do

    var hasCandidate: Bool { dialogue.capabilities.has("candidate:1.0") }
    var hasWritableRunning: Bool { dialogue.capabilities.has("writable-running:1.0") }
    /// With a persist-id; without one the commit would end with the session.
    var hasConfirmedCommit: Bool {
        target.netconf.usesConfirmedCommit && hasCandidate && dialogue.capabilities.has("confirmed-commit:1.1")
    }
    var hasValidate: Bool {
        target.netconf.usesValidate && believesValidate
            && (dialogue.capabilities.has("validate:1.1") || dialogue.capabilities.has("validate:1.0"))
    }
    var hasStartup: Bool { target.netconf.usesStartup && dialogue.capabilities.has("startup:1.0") }
    var rollsBackOnError: Bool { dialogue.capabilities.has("rollback-on-error:1.0") }
    /// Its answers have values that nobody set (RFC 6243).
    var reportsDefaults: Bool {
        dialogue.capabilities.parameter("basic-mode", of: "with-defaults:1.0") == "report-all"
    }

    // MARK: Keeping

    package var trace: any DeviceTrace {
        get { dialogue.trace }
        set { dialogue.trace = newValue }
    }

    package var isUsable: Bool { !dialogue.isBroken && connection.isConnected }

    package func isAlive() -> Bool { isUsable && dialogue.isListening() }

    /// Ends the session. The device is told if it still listens.
    package func close() {
        trace.phase(.toDriver, "CLOSE \(number): (Pool: false)")
        if isUsable { _ = try? dialogue.attempt("close-session") { try $0.leaf("close-session", text: "") } }
        dialogue.close()
        stream.close()
        if !isGuest { connection.close() }
        trace.phase(.fromDriver, "CLOSED")
    }

}
