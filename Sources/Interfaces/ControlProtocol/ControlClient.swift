import Foundation

/// Connects a program to the daemon of a run directory.
package enum ControlClient {
    /// Where the daemon listens, from the environment: `NCS_IPC_PATH`, else the default below the run directory, else the
    /// path that follows from `NCS_IPC_PORT`.
    package static func socketPath(environment: [String: String]) -> String {
        if let path = environment["NCS_IPC_PATH"], !path.isEmpty { return path }
        let port = environment["NCS_IPC_PORT"] ?? "4569"
        return defaultPath(port: port)
    }

    /// `/tmp/ncs-<uid>/ipc.<port>`: in a directory that belongs to the user alone.
    package static func defaultPath(port: String) -> String { "/tmp/ncs-\(geteuid())/ipc.\(port)" }

    /// Connects and greets. Throws `.connection` with the incumbent's wording if nobody listens.
    package static func open(_ path: String, hello: Hello) throws -> FrameConnection {
        guard let descriptor = try LocalSocket.connect(path) else {
            let reason = errno == EACCES ? "permission denied" : "connection refused"
            throw ControlError(.connection, reason)
        }
        let connection = FrameConnection(descriptor: descriptor)
        // A daemon that refuses may do so before it has read the hello: its reason counts, not that sending failed.
        connection.send(try Frame(.hello, json: hello))
        guard let answer = try connection.receive() else {
            throw ControlError(.connection, "the daemon closed the connection")
        }
        switch answer.kind {
        case .welcome: return connection
        case .refusal: throw ControlError(.accessDenied, try answer.decoded(Refusal.self).message)
        default: throw ControlError(.internalFault, "the daemon does not speak this program's local protocol")
        }
    }

    /// Sends one command, with the content of its documents, and waits for its reply.
    ///
    /// - Parameters:
    ///   - documents: each gives its next piece, nil at its end. A daemon that answers early is sent no more.
    ///   - output: gets what the daemon prints meanwhile.
    ///   - progress: gets lines about what goes on.
    package static func perform(
        _ command: ControlCommand, documents: [() throws -> [UInt8]?] = [], on connection: FrameConnection,
        output: ([UInt8]) throws -> Void = { _ in }, progress: (String) -> Void = { _ in }
    ) throws -> ControlReply {
        var isSent = connection.send(try Frame(.command, json: command))
        for next in documents {
            while isSent, let piece = try next() {
                isSent = connection.send(Frame(.fileData, piece))
                while connection.hasInput {
                    if let reply = try answer(connection, output, progress) { return reply }
                }
            }
            isSent = isSent && connection.send(Frame(.fileEnd))
        }
        // A daemon that has refused already may have closed: its reply is still to be read.
        while true {
            if let reply = try answer(connection, output, progress) { return reply }
        }
    }

    /// Takes up one frame; the reply, if it is that.
    private static func answer(
        _ connection: FrameConnection, _ output: ([UInt8]) throws -> Void, _ progress: (String) -> Void
    ) throws -> ControlReply? {
        guard let answer = try connection.receive() else {
            throw ControlError(.connection, "the daemon closed the connection")
        }
        switch answer.kind {
        case .output: try output(answer.payload)
        case .progress: progress(answer.text)
        case .reply: return try answer.decoded(ControlReply.self)
        default: break
        }
        return nil
    }
}
