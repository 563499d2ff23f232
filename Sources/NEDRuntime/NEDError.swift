package import Wire

/// Why a driver could not do what it was asked: a code, the device, a sentence, and what the device said last.
package struct NEDError: Error, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable {
        case connectionRefused = "CONNECT_CONNECTION_REFUSED"
        case authentication = "CONNECT_BADAUTH"
        case hostKey = "CONNECT_HOSTKEY"
        case timeout = "CONNECT_TIMEOUT"
        case connection = "CONNECT"
        /// The device hung up while it was being talked to.
        case closed = "CLOSED"
        /// The device refused a command.
        case refused = "NED_EXTERNAL_ERROR"
        /// The driver is at fault or badly described.
        case driver = "NED_INTERNAL_ERROR"
        case readOnly = "READ_ONLY"
    }

    package var code: Code
    package var device: String
    package var message: String
    /// The command that was refused or during which it went wrong, secrets masked.
    package var command: String?

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
            case .timeout: .timeout
            case .closedByPeer, .cancelled: isConnecting ? .connection : .closed
            default: .connection
            }
        let remedy = error.remedy.isEmpty ? "" : "; \(error.remedy)"
        self.init(code, device: device, error.summary + remedy)
    }

    package var isConnectionFault: Bool {
        switch code {
        case .refused, .driver, .readOnly: false
        default: true
        }
    }

    package var description: String { message }
}
