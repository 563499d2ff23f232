import Foundation

/// One message of the local protocol: 4 bytes length (big-endian, of what follows), 1 byte kind, payload.
package struct Frame: Hashable, Sendable {
    package enum Kind: UInt8, Sendable {
        /// Client to server, first of all: a `Hello` in JSON.
        case hello = 1
        /// Server to client: a `Welcome`, or a `Refusal` after which the connection is closed.
        case welcome, refusal
        /// A `ControlCommand` in JSON, and its `ControlReply`.
        case command, reply
        /// Server to client while a command runs: one line that says what goes on.
        case progress
        /// Terminal traffic: bytes typed, bytes shown, bytes for standard error.
        case input = 16, output, errorOutput
        /// The terminal's size: 2 bytes columns, 2 bytes rows, big-endian.
        case resize
        /// The client's user pressed the interrupt key.
        case interrupt
        /// No more input will come.
        case inputEnd
        /// The session is over; 1 byte exit status.
        case exit
        /// Server asks the client to read a file with the caller's own rights: the path. The client answers with
        /// `fileData` frames and `fileEnd`, or `fileFault` with a sentence.
        case fileRead = 32
        /// Server asks the client to write a file: the path; then sends `fileData` and `fileEnd`. The client answers
        /// with `fileEnd` or `fileFault`.
        case fileWrite, fileAppend, fileData, fileEnd, fileFault
    }

    package static let payloadLimit = 1 << 20

    package var kind: Kind
    package var payload: [UInt8]

    package init(_ kind: Kind, _ payload: some Sequence<UInt8> = []) {
        self.kind = kind
        self.payload = Array(payload)
    }

    package init(_ kind: Kind, json value: some Encodable) throws {
        self.init(kind, try JSONEncoder().encode(value))
    }

    package func decoded<Value: Decodable>(_ type: Value.Type) throws -> Value {
        try JSONDecoder().decode(type, from: Data(payload))
    }

    package var text: String { String(decoding: payload, as: UTF8.self) }
}

/// What a client says first. `version` is the protocol's: a server refuses one that it does not speak, in words.
package struct Hello: Codable, Sendable {
    package static let protocolVersion = 1

    package var version = Hello.protocolVersion
    package var purpose: Purpose
    /// The user to act as; only root, the daemon's own user and members of the configured group may name another.
    package var user: String?
    package var groups: [String]?
    package var context: String
    package var from: String?
    package var terminal: TerminalDescription?

    package enum Purpose: String, Codable, Sendable { case terminal, control }

    package init(purpose: Purpose, user: String? = nil, groups: [String]? = nil, context: String = "cli") {
        self.purpose = purpose
        self.user = user
        self.groups = groups
        self.context = context
    }
}

/// How a terminal session is to behave, from the client's options and environment.
package struct TerminalDescription: Codable, Sendable {
    /// Prompts, echo, line editing: standard input is a terminal.
    package var isTerminal: Bool
    /// `-n`: print prompts and commands though input is no terminal.
    package var echoesCommands = false
    /// `-s`: end at the first error, exit status 8.
    package var stopsOnError = false
    package var style = "C"
    package var columns = 80
    package var rows = 24
    package var workingDirectory: String
    package var hostName: String

    package init(isTerminal: Bool, workingDirectory: String, hostName: String) {
        self.isTerminal = isTerminal
        self.workingDirectory = workingDirectory
        self.hostName = hostName
    }
}

package struct Welcome: Codable, Sendable {
    package var version: String
    package var phase: String

    package init(version: String, phase: String) {
        self.version = version
        self.phase = phase
    }
}

package struct Refusal: Codable, Sendable {
    package var message: String
    package init(message: String) { self.message = message }
}

/// A request that is no terminal session: daemon control, `ncs_load`.
package struct ControlCommand: Codable, Sendable {
    package var name: String
    package var arguments: [String: String]
    /// Names of the documents that go with the request (`ncs_load -l`). The content of each follows the command frame
    /// as `fileData` frames and a `fileEnd`.
    package var documents: [String]

    package init(_ name: String, _ arguments: [String: String] = [:], documents: [String] = []) {
        self.name = name
        self.arguments = arguments
        self.documents = documents
    }
}

package struct ControlReply: Codable, Sendable {
    package var isDone: Bool
    package var text: String
    package var exitStatus: Int32

    package init(isDone: Bool, text: String = "", exitStatus: Int32 = 0) {
        self.isDone = isDone
        self.text = text
        self.exitStatus = exitStatus
    }
}
