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
            do throws(ControlError) {
                try controller.reloadKeys(environment: ProcessInfo.processInfo.environment)
            } catch {
                return ControlReply(isDone: false, text: error.message, exitStatus: 1)
            }
            return ControlReply(isDone: true)
        case "copy-database":
            do throws(ControlError) {
                return ControlReply(isDone: true, text: try controller.copyDatabase())
            } catch {
                return ControlReply(isDone: false, text: error.message, exitStatus: 1)
            }
        case "load", "save": return document(command, hello, user, connection)
        default: return ControlReply(isDone: false, text: "unknown command \(command.name)", exitStatus: 1)
        }
    }

    private func document(
        _ command: ControlCommand, _ hello: Hello, _ user: String, _ connection: FrameConnection
    ) -> ControlReply {
        do throws(ControlError) {
            guard command.arguments["init-session"] == nil else {
                throw ControlError(.unsupported, "-i: the daemon is not in start phase 0; it has started")
            }
            let who = SessionUser(name: user, groups: hello.groups ?? [], context: hello.context)
            let session = try controller.openSession(who) { _ in }
            defer { session.close() }
            guard command.name == "load" else {
                try DocumentPrinter.print(session, Self.printOptions(command)) { piece in
                    connection.send(Frame(.output, piece))
                }
                return ControlReply(isDone: true)
            }
            let documents = command.documents.map { LoadDocument($0, source: connection.documentSource()) }
            let isWatched = command.arguments["progress"] != nil
            let loader = DocumentLoader(session, try Self.loadOptions(command)) { line in
                if isWatched { connection.send(Frame(.progress, Array(line.utf8))) }
            }
            return ControlReply(isDone: true, text: DocumentLoader.report(try loader.load(documents)))
        } catch {
            return ControlReply(isDone: false, text: error.message, exitStatus: 1)
        }
    }

    private static func loadOptions(_ command: ControlCommand) throws(ControlError) -> LoadOptions {
        let arguments = command.arguments
        guard arguments["state"] != "only" else {
            throw ControlError(
                .unsupported, "-O: the operational data of this system is what the system finds; it cannot be loaded")
        }
        var options = LoadOptions()
        options.format = try format(command) ?? .xml
        options.mode = arguments["mode"] == "merge" ? .merge : arguments["mode"] == "replace" ? .replace : .delete
        options.isLax = arguments["lax"] != nil
        options.noNetworking = arguments["no-networking"] != nil
        options.deletesAll = arguments["delete-all"] != nil
        options.deletedPath = arguments["path"]
        options.skipsState = arguments["state"] != nil
        options.commitsEachLine = arguments["autocommit"] != nil
        options.continuesOnError = arguments["continue"] != nil
        return options
    }

    private static func printOptions(_ command: ControlCommand) throws(ControlError) -> PrintOptions {
        let arguments = command.arguments
        var options = PrintOptions()
        options.format = try format(command) ?? .xml
        options.path = arguments["path"]
        options.expression = arguments["xpath"]
        options.withDefaults = arguments["defaults"] == "set"
        options.commentsDefaults = arguments["defaults"] == "comment"
        options.state = arguments["state"] == "only" ? .only : arguments["state"] != nil ? .with : .without
        // What is not in the database is operational.
        if arguments["database-only"] != nil { options.state = .without }
        options.withMetadata = arguments["metadata"] != nil
        options.withHidden = arguments["hidden"] != "hide"
        return options
    }

    private static func format(_ command: ControlCommand) throws(ControlError) -> DocumentFormat? {
        guard let text = command.arguments["format"] else { return nil }
        guard let format = DocumentFormat(rawValue: text) else {
            throw ControlError(.invalidValue, "-F \(text): the formats are x, p, o, j, c, i and t")
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
