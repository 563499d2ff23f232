import Basics
import CLIGrammar
import ControlProtocol
import Controller
import Foundation
import OperatorCLI
import Synchronization

/// Serves `ncs_cli`: an operator's session over a local connection.
struct TerminalDoor {
    private let controller: NetworkController

    init(_ controller: NetworkController) { self.controller = controller }

    func serve(_ connection: FrameConnection, _ hello: Hello, _ user: String) {
        guard let description = hello.terminal else { return refuse(connection, "a terminal description is missing") }
        let who = SessionUser(
            name: user, groups: hello.groups ?? [], context: hello.context, from: hello.from ?? "127.0.0.1")
        let terminal = FrameTerminal(connection, description)
        let listener = Mutex<OperatorSession?>(nil)
        let news = NewsDelivery()
        let session: any ControlSession
        do throws(ControlError) {
            session = try controller.openSession(who) { event in
                if let session = listener.withLock({ $0 }) { news.deliver { session.handle(event) } }
                if case .closing = event { terminal.end() }
            }
        } catch {
            return refuse(connection, error.message)
        }
        defer { session.close() }
        let welcome = Welcome(version: Product.compatibleVersion.description, phase: "started")
        guard let frame = try? Frame(.welcome, json: welcome), connection.send(frame) else { return }
        let operatorSession = OperatorSession(
            session: session, grammar: { CLIGrammar(model: $0, dialect: .c) }, terminal: terminal,
            description: description, files: FilesOfClient(terminal: terminal))
        listener.withLock { $0 = operatorSession }
        let pump = Thread { terminal.pump() }
        pump.name = "terminal-input"
        pump.start()
        terminal.finish(exitStatus: operatorSession.run())
        connection.close()
    }

    private func refuse(_ connection: FrameConnection, _ message: String) {
        if let frame = try? Frame(.refusal, json: Refusal(message: message)) { connection.send(frame) }
    }
}

/// The client's files, asked for over the connection.
private struct FilesOfClient: ClientFiles {
    let terminal: FrameTerminal

    func read(_ path: String) throws -> [UInt8] { try terminal.readFile(path) }

    func write(_ path: String, _ bytes: [UInt8], append: Bool) throws {
        try terminal.writeFile(path, bytes, append: append)
    }
}
