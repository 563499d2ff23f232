package import CLIGrammar
package import ConfigTree
import Crypto
import Foundation
import Wire
import YANG

/// What a device holds, as its driver reads it.
package struct DeviceReading: Sendable {
    package var tree: DataTree
    /// Stands for the whole configuration, volatile lines left out: the transaction id.
    package var transactionID: String
    /// Lines that the model does not know.
    package var skipped: [SkippedLine]
}

/// One open session with a device that is configured by a command line, in NSO's phases.
///
/// Invariants: used by one thread at a time; after a `.closed` or `.timeout` error the session is dead and must be
/// dropped. `prepare` takes effect at once on a device of class `direct`.
package final class CLIDeviceSession {
    package let target: DeviceTarget
    package let driver: Driver
    private let grammar: CLIGrammar
    private let description: DriverDescription
    private var trace: any DeviceTrace
    private let stream: any ByteStream
    private let connection: SSHSession
    private let dialogue: CLIDialogue

    private init(
        _ target: DeviceTarget, _ driver: Driver, _ grammar: CLIGrammar, _ description: DriverDescription,
        _ trace: any DeviceTrace, _ connection: SSHSession, _ stream: any ByteStream
    ) {
        self.target = target
        self.driver = driver
        self.grammar = grammar
        self.description = description
        self.trace = trace
        self.connection = connection
        self.stream = stream
        dialogue = CLIDialogue(stream, description, target, trace)
    }

    deinit { connection.close() }

    /// Connects over SSH and logs in.
    package static func connect(
        _ target: DeviceTarget, _ driver: Driver, trace: any DeviceTrace
    ) throws(NEDError) -> CLIDeviceSession {
        guard case .cli(let grammar, let description) = driver.kind else {
            throw NEDError(.readOnly, device: target.name, "ned-id \(driver.shortID) has no driver that can connect")
        }
        let place = "\(target.name)-\(target.address):\(target.port)"
        trace.phase(.toDriver, "CLI CONNECT to \(place) as \(target.remoteUser)")
        do {
            let (connection, stream) = try openShell(target)
            let session = CLIDeviceSession(target, driver, grammar, description, trace, connection, stream)
            try session.dialogue.login()
            trace.phase(.fromDriver, "CONNECTED")
            return session
        } catch {
            trace.phase(.fromDriver, "CONNECT ERROR: \(error.code.rawValue) \(error.message)")
            throw error
        }
    }

    private static func openShell(_ target: DeviceTarget) throws(NEDError) -> (SSHSession, any ByteStream) {
        do {
            let address = SocketAddress(host: target.address, port: target.port)
            var options = SSHSessionOptions(
                address: address, user: target.remoteUser, hostKeyPolicy: target.hostKeys)
            options.connectTimeout = target.connectTimeout
            options.readTimeout = target.readTimeout
            let session = try SSHSession(options)
            try session.connect()
            try session.authenticate([.password(target.password)])
            return (session, try session.openShell(terminal: SSHTerminal(type: "vt100", columns: 512, rows: 24)))
        } catch {
            throw NEDError(error, device: target.name, isConnecting: true)
        }
    }

    package func close() {
        trace.phase(.toDriver, "CLOSE")
        dialogue.logOut()
        stream.close()
        connection.close()
        trace.phase(.fromDriver, "CLOSED")
    }

    /// Traces what follows elsewhere: a session that is used again serves another operation, with other secrets to mask.
    package func continueTrace(in trace: any DeviceTrace) {
        self.trace = trace
        dialogue.trace = trace
    }

    package var isAlive: Bool { connection.isConnected }

    // MARK: Reading

    /// Reads and parses the whole configuration.
    package func show() throws(NEDError) -> DeviceReading {
        try phase("SHOW", "SHOW") { () throws(NEDError) in
            trace.hold()
            var shown: DataTree?
            defer { trace.release(shown) }
            let lines = try dialogue.run(description.showCommand)
            let text = lines.joined(separator: "\n") + "\n"
            do {
                let parsed = try grammar.parse(Array(text.utf8))
                shown = parsed.tree
                return DeviceReading(tree: parsed.tree, transactionID: digest(lines), skipped: parsed.skipped)
            } catch {
                throw NEDError(.driver, device: target.name, "the device's configuration cannot be read: \(error)")
            }
        }
    }

    /// The transaction id of what the device holds now.
    package func transactionID() throws(NEDError) -> String {
        try phase("GET_TRANS_ID", "GET_TRANS_ID") { () throws(NEDError) in
            trace.hold()
            defer { trace.release(nil) }
            return digest(try dialogue.run(description.showCommand))
        }
    }

    private func digest(_ lines: [String]) -> String {
        var hash = SHA256()
        for line in lines where !description.volatileLines.contains(where: { $0.matches(line) }) {
            hash.update(data: Data((line + "\n").utf8))
        }
        return hash.finalize().prefix(16).map { String(format: "%02x", $0) }.joined()
    }

    // MARK: Writing

    /// The lines that take a device from one configuration to another. `shown` has secrets masked.
    package static func commands(_ driver: Driver, from old: DataTree, to new: DataTree) -> [CLICommand] {
        guard case .cli(let grammar, _) = driver.kind else { return [] }
        return grammar.commands(from: old, to: new)
    }

    /// Sends the commands: to the running configuration, or to the candidate if the device has one. On a refusal the rest
    /// is not sent, and the error names the line.
    package func prepare(_ commands: [CLICommand]) throws(NEDError) {
        guard !driver.isReadOnly else {
            throw NEDError(
                .readOnly, device: target.name,
                "the driver \(driver.shortID) is read-only: its package has program code "
                    + "that is not run here, and no driver/driver.yaml that describes the device")
        }
        try phase("PREPARE", "PREPARE:\n" + commands.map(\.text).joined(separator: "\n")) { () throws(NEDError) in
            try dialogue.enterConfiguration()
            do throws(NEDError) {
                for command in commands { try dialogue.execute(command.text) }
            } catch {
                if !error.isConnectionFault { try? dialogue.leaveConfiguration() }
                throw error
            }
            if description.transactionClass == .direct { try dialogue.leaveConfiguration() }
        }
    }

    /// Makes a prepared change real: the candidate's commit; nothing on a direct device.
    package func commit() throws(NEDError) {
        try phase("COMMIT", "COMMIT: (Timeout 0)") { () throws(NEDError) in
            guard description.transactionClass == .candidate, let command = description.commitCommand else { return }
            try dialogue.enterConfiguration()
            try dialogue.execute(command)
            try dialogue.leaveConfiguration()
        }
    }

    /// Makes the change outlast a restart of the device.
    package func persist() throws(NEDError) {
        try phase("PERSIST", "PERSIST:") { () throws(NEDError) in
            if let command = description.saveCommand { try dialogue.execute(command) }
        }
    }

    /// Takes a change back, whatever part of it the device took: reads what it holds, lays `reverse` over it and sends
    /// the difference. May be repeated.
    package func revert(_ reverse: ChangeSet) throws(NEDError) { try apply(reverse, phase: "REVERT") }

    /// Brings a change to a device that perhaps has it in part already. May be repeated.
    package func redo(_ change: ChangeSet) throws(NEDError) { try apply(change, phase: "PREPARE") }

    private func apply(_ change: ChangeSet, phase name: String) throws(NEDError) {
        if description.transactionClass == .candidate, let discard = description.discardCommand {
            try dialogue.enterConfiguration()
            try dialogue.execute(discard)
        }
        try dialogue.leaveConfiguration()
        let now = try show().tree
        let wanted: DataTree
        do {
            wanted = try now.applying(change)
        } catch {
            throw NEDError(.driver, device: target.name, "the change does not fit the driver's model: \(error)")
        }
        let commands = Self.commands(driver, from: now, to: wanted)
        guard !commands.isEmpty else { return }
        try phase(name, "\(name):\n" + commands.map(\.text).joined(separator: "\n")) { () throws(NEDError) in
            try dialogue.enterConfiguration()
            for command in commands { try dialogue.execute(command.text) }
            if let commit = description.commitCommand, description.transactionClass == .candidate {
                try dialogue.execute(commit)
            }
            try dialogue.leaveConfiguration()
        }
    }

    /// Traces a phase around its work.
    private func phase<Result>(
        _ name: String, _ announcement: String, _ work: () throws(NEDError) -> Result
    ) throws(NEDError) -> Result {
        trace.phase(.toDriver, announcement)
        do {
            let result = try work()
            trace.phase(.fromDriver, "\(name) OK")
            return result
        } catch {
            trace.phase(.fromDriver, "\(name) ERROR: \(error.message)")
            throw error
        }
    }
}
