import Basics
import BulkData
import ConfigTree
import ControlProtocol
import Controller
import Foundation
import YANG

/// Serves the control commands of `ncs` and `ncs_load`: one command a connection.
struct ControlDoor {
    private let controller: NetworkController
    private let logs: SystemLogs
    private let stopRequest: StopRequest

    init(_ controller: NetworkController, _ logs: SystemLogs, _ stopRequest: StopRequest) {
        self.controller = controller
        self.logs = logs
        self.stopRequest = stopRequest
    }

    func serve(_ connection: FrameConnection, _ hello: Hello, _ user: String) {
        let welcome = Welcome(version: Product.compatibleVersion.description, phase: "started")
        guard let greeting = try? Frame(.welcome, json: welcome), connection.send(greeting),
            let frame = try? connection.receive(), frame.kind == .command,
            let command = try? frame.decoded(ControlCommand.self)
        else { return }
        let reply = perform(command, hello, user, connection)
        if let answer = try? Frame(.reply, json: reply) { connection.send(answer) }
        if command.name == "stop", reply.isDone { stopRequest.ask() }
    }

    private func perform(
        _ command: ControlCommand, _ hello: Hello, _ user: String, _ connection: FrameConnection
    ) -> ControlReply {
        switch command.name {
        case "stop", "wait-started": return ControlReply(isDone: true)
        case "status": return ControlReply(isDone: true, text: controller.statusText())
        case "reload":
            logs.reopen()
            return ControlReply(isDone: true)
        case "load", "save": return document(command, hello, user, connection)
        default: return ControlReply(isDone: false, text: "unknown command \(command.name)", exitStatus: 1)
        }
    }

    private func document(
        _ command: ControlCommand, _ hello: Hello, _ user: String, _ connection: FrameConnection
    ) -> ControlReply {
        do throws(ControlError) {
            let who = SessionUser(name: user, groups: hello.groups ?? [], context: hello.context)
            let session = try controller.openSession(who) { _ in }
            defer { session.close() }
            if command.name == "save" {
                try DocumentPrinter.print(session, Self.printOptions(command)) { connection.send(Frame(.output, $0)) }
            } else {
                let documents = try Self.receive(command.documents, connection)
                _ = try DocumentLoader(session, Self.loadOptions(command)).load(documents)
            }
            return ControlReply(isDone: true)
        } catch {
            return ControlReply(isDone: false, text: error.message, exitStatus: 1)
        }
    }

    private static func receive(
        _ names: [String], _ connection: FrameConnection
    ) throws(ControlError) -> [(name: String, content: [UInt8])] {
        var documents: [(name: String, content: [UInt8])] = []
        for name in names {
            guard let content = try? connection.receiveDocument() else {
                throw ControlError(.connection, "\(name): the content did not arrive whole")
            }
            documents.append((name, content))
        }
        return documents
    }

    private static func loadOptions(_ command: ControlCommand) throws(ControlError) -> LoadOptions {
        var options = LoadOptions()
        options.format = try format(command) ?? .xml
        options.mode =
            command.arguments["mode"] == "merge" ? .merge : command.arguments["mode"] == "replace" ? .replace : .delete
        options.isLax = command.arguments["lax"] != nil
        options.noNetworking = command.arguments["no-networking"] != nil
        return options
    }

    private static func printOptions(_ command: ControlCommand) throws(ControlError) -> PrintOptions {
        var options = PrintOptions()
        options.format = try format(command) ?? .prettyXML
        options.path = command.arguments["path"]
        options.withDefaults = command.arguments["defaults"] != nil
        options.operational = command.arguments["operational"] != nil
        return options
    }

    private static func format(_ command: ControlCommand) throws(ControlError) -> DocumentFormat? {
        guard let text = command.arguments["format"] else { return nil }
        guard let format = DocumentFormat(rawValue: text) else {
            throw ControlError(.invalidValue, "-F \(text): the formats are x, p, o, c and t")
        }
        return format
    }

    /// `packages reload [force]` through a session.
    static func reloadPackages(_ session: any ControlSession, force: Bool) throws(ControlError) {
        let model = session.running.model
        guard let packages = model.schema.root.dataChild(named: "packages", module: "tailf-ncs"),
            let reload = packages.dataChild(named: "reload"), let input = reload.dataChild(named: "input")
        else { throw ControlError(.unsupported, "the model has no packages reload") }
        let draft = RowDraft(input)
        if force, let leaf = input.dataChild(named: "force") { draft.set("", for: leaf) }
        let path = InstancePath().appending(packages).appending(reload)
        _ = try session.invoke(path, input: draft.freeze(in: model)) { _ in }
    }
}
