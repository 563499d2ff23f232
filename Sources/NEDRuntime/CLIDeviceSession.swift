import CLIGrammar
import Synchronization
package import Wire
package import YANG

/// One open session with a device that is configured by a command line, in NSO's phases.
///
/// Invariants: used by one thread at a time; once `isUsable` is false the session must be dropped, for nobody knows
/// where the device stands. `prepare` takes effect at once on a device of class `direct`.
package final class CLIDeviceSession: DeviceSession {
    package let target: DeviceTarget
    package let driver: Driver
    let grammar: CLIGrammar
    let description: DriverDescription
    let dialogue: CLIDialogue
    /// Counted from 1 in each process; traces show it.
    package let number: Int
    package var rewrites = DeviceRewrites()
    /// A change was begun and not committed: taking it back is an ABORT, not a REVERT.
    var isPreparing = false
    /// What the device said of its modules when the session began.
    package private(set) var announcement = ModuleAnnouncement.none
    private let stream: any ByteStream
    /// Nil over Telnet.
    private let connection: SSHSession?

    private static let counter = Mutex(0)

    private init(
        _ target: DeviceTarget, _ driver: Driver, _ grammar: CLIGrammar, _ description: DriverDescription,
        _ trace: any DeviceTrace, _ connection: SSHSession?, _ stream: any ByteStream
    ) {
        self.target = target
        self.driver = driver
        self.grammar = grammar
        self.description = description
        self.connection = connection
        self.stream = stream
        number = Self.counter.withLock { counter in
            counter += 1
            return counter
        }
        dialogue = CLIDialogue(stream, description, target, trace)
    }

    deinit {
        stream.close()
        connection?.close()
    }

    // MARK: Connecting

    /// Connects over SSH or Telnet and logs in.
    ///
    /// - Parameter wrap: gives what the dialogue goes through instead of the device's own stream.
    package static func connect(
        _ target: DeviceTarget, _ driver: Driver, trace: any DeviceTrace,
        through wrap: (any ByteStream) -> any ByteStream = { $0 }
    ) throws(NEDError) -> CLIDeviceSession {
        try begin(target, driver, trace) { () throws(NEDError) in
            let (connection, stream, isAuthenticated) = try openShell(target)
            let wrapped = wrap(stream)
            // A recording has one answer to one command.
            return (connection, wrapped, isAuthenticated && wrapped === stream)
        }
    }

    /// Logs in over a stream on which the device listens already.
    package static func open(
        over stream: any ByteStream, _ target: DeviceTarget, _ driver: Driver, trace: any DeviceTrace
    ) throws(NEDError) -> CLIDeviceSession {
        try begin(target, driver, trace) { (nil, stream, false) }
    }

    private static func begin(
        _ target: DeviceTarget, _ driver: Driver, _ trace: any DeviceTrace,
        _ connect: () throws(NEDError) -> (SSHSession?, any ByteStream, mayTypeAhead: Bool)
    ) throws(NEDError) -> CLIDeviceSession {
        let place = "\(target.name)-\(target.address):\(target.port)"
        trace.phase(.toDriver, "\(NEDError.connectPhase) to \(place) as \(target.remoteUser)")
        do {
            let (grammar, description) = try commandLine(of: driver, target)
            let (connection, stream, mayTypeAhead) = try connect()
            let session = CLIDeviceSession(target, driver, grammar, description, trace, connection, stream)
            try session.dialogue.login(typingAhead: mayTypeAhead)
            try session.readAnnouncement()
            trace.phase(.fromDriver, "CONNECTED \(session.number)")
            return session
        } catch {
            var fault = error
            fault.phase = NEDError.connectPhase
            trace.phase(.fromDriver, "CONNECT ERROR: \(fault.code.rawValue) \(fault.message)")
            throw fault
        }
    }

    private func readAnnouncement() throws(NEDError) {
        guard !description.announcements.isEmpty else { return }
        let lines = try dialogue.read(description.versionCommand).strings
        for candidate in description.announcements where lines.contains(where: { candidate.expect.matches($0) }) {
            announcement = ModuleAnnouncement(modules: candidate.modules)
            return
        }
    }

    private static func commandLine(
        of driver: Driver, _ target: DeviceTarget
    ) throws(NEDError) -> (CLIGrammar, DriverDescription) {
        switch driver.kind {
        case .cli(let grammar, let description): return (grammar, description)
        case .netconf:
            throw NEDError(.driver, device: target.name, "ned-id \(driver.shortID) is not for a command line")
        case .modelOnly(let reason):
            throw NEDError(
                .readOnly, device: target.name, "ned-id \(driver.shortID) has no driver that can connect: \(reason)")
        }
    }

    private static func openShell(
        _ target: DeviceTarget
    ) throws(NEDError) -> (SSHSession?, any ByteStream, isAuthenticated: Bool) {
        do throws(WireError) {
            if target.transport == .telnet {
                return (nil, TelnetStream(try target.openTelnet(), columns: 512, rows: 24), false)
            }
            let (session, isAuthenticated) = try target.openConnection()
            let shell = try session.openShell(terminal: SSHTerminal(type: "vt100", columns: 512, rows: 24))
            return (session, shell, isAuthenticated)
        } catch {
            throw NEDError(error, device: target.name, isConnecting: true)
        }
    }

    /// Ends the session. The device is told if it still listens.
    package func close() {
        trace.phase(.toDriver, "CLOSE \(number): (Pool: false)")
        dialogue.logOut()
        stream.close()
        connection?.close()
        trace.phase(.fromDriver, "CLOSED")
    }

    // MARK: Keeping

    /// Where the session writes what passes. Each operation brings its own: it knows the secrets to mask.
    package var trace: any DeviceTrace {
        get { dialogue.trace }
        set { dialogue.trace = newValue }
    }

    /// The device stands at a prompt, as far as is known.
    package var isUsable: Bool { !dialogue.isBroken && connection?.isConnected ?? true }

    /// Whether the device is still there; sends nothing, but notices that it hung up meanwhile.
    package func isAlive() -> Bool { isUsable && dialogue.isListening() }

    package func begin(phase: String) { dialogue.phase = phase }
}
