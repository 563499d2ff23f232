package import Wire

/// Why a driver could not do what it was asked: a code, the device, a sentence, and what the device said last.
///
/// Control characters and the credentials of the device are not in it; secrets of the configuration are for the caller
/// to mask.
package struct NEDError: Error, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable {
        case connectionRefused = "CONNECT_CONNECTION_REFUSED"
        case authentication = "CONNECT_BADAUTH"
        case hostKey = "CONNECT_HOSTKEY"
        case timeout = "CONNECT_TIMEOUT"
        case connection = "CONNECT"
        /// The device hung up while it was being talked to.
        case closed = "CLOSED"
        /// The device is connected but no longer answers.
        case silent = "READ_TIMEOUT"
        /// The device refused a command.
        case refused = "NED_EXTERNAL_ERROR"
        /// The driver is at fault or badly described, or the device does what no description foresees.
        case driver = "NED_INTERNAL_ERROR"
        case readOnly = "READ_ONLY"
        /// The device holds another configuration than the one that was last known of it.
        case outOfSync = "OUT_OF_SYNC"
    }

    package var code: Code
    package var device: String
    package var message: String
    /// The command that was refused or during which it went wrong.
    package var command: String?
    /// The phase in which it happened: `CLI CONNECT`, `PREPARE`.
    package var phase: String?

    package init(_ code: Code, device: String, _ message: String, command: String? = nil) {
        self.code = code
        self.device = device
        self.message = message
        self.command = command
    }

    package init(_ error: WireError, device: String, isConnecting: Bool) {
        let code: Code =
            switch error.code {
            case .connectionRefused: .connectionRefused
            case .authenticationFailed: .authentication
            case .hostKeyChanged, .hostKeyUnknown: .hostKey
            case .timeout: isConnecting ? .timeout : .silent
            case .closedByPeer, .cancelled: isConnecting ? .connection : .closed
            default: .connection
            }
        let remedy = error.remedy.isEmpty ? "" : "; \(error.remedy)"
        let isPlain = code == .connectionRefused && error.summary == "connection refused"
        let text = isPlain ? "connection refused: Connection refused" : error.summary + remedy
        self.init(code, device: device, text.withoutControlCharacters)
        if isConnecting { phase = Self.connectPhase }
    }

    /// The connection is of no use any more, or never was.
    package var isConnectionFault: Bool {
        switch code {
        case .refused, .driver, .readOnly, .outOfSync: false
        default: true
        }
    }

    /// Whether another attempt, later, may succeed although nobody changes anything.
    package var isTransient: Bool {
        switch code {
        case .connectionRefused, .timeout, .connection, .closed, .silent: true
        case .authentication, .hostKey, .refused, .driver, .readOnly, .outOfSync: false
        }
    }

    /// There was no session yet in which the device could do anything.
    package var isConnectFailure: Bool { phase == Self.connectPhase || phase == Self.netconfConnectPhase }

    static let connectPhase = "CLI CONNECT"
    static let netconfConnectPhase = "NETCONF CONNECT"

    /// The sentence as the incumbent words it: `Failed to connect to device ce0: …`, `Network Element Driver: device
    /// …`.
    package var operatorText: String {
        if isConnectFailure { return "Failed to connect to device \(device): \(message)" }
        return "Network Element Driver: device \(device): \(message)"
    }

    package var description: String { operatorText }
}
