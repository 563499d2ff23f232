import Basics
import BulkData
import ControlProtocol
import Controller
import Events
import Foundation
import OperatorCLI

/// A daemon that has started: its doors, and what ends it.
final class RunningDaemon: Sendable {
    private let controller: NetworkController
    private let logs: SystemLogs
    private let server: ControlServer
    private let stopRequest: StopRequest

    init(
        controller: NetworkController, configuration: SystemConfiguration, logs: SystemLogs,
        environment: [String: String]
    ) throws(StartupError) {
        self.controller = controller
        self.logs = logs
        let stopRequest = StopRequest()
        self.stopRequest = stopRequest
        let path =
            environment["NCS_IPC_PATH"] ?? configuration.socketPath
            ?? ControlClient.socketPath(environment: environment)
        do {
            server = try ControlServer(path: path, trustedGroup: configuration.trustedGroup) {
                connection, hello, user in
                switch hello.purpose {
                case .terminal: TerminalDoor(controller).serve(connection, hello, user)
                case .control: ControlDoor(controller, logs, stopRequest).serve(connection, hello, user)
                }
            }
        } catch {
            controller.stop()
            logs.note(.cannotListen(purpose: "local programs", address: path, reason: error.message))
            throw StartupError(20, error.message)
        }
        logs.note(.listening(purpose: "local programs", address: path))
        server.start()
    }

    /// What `--with-package-reload` asks for: as if an operator had typed it.
    func reloadPackages(force: Bool) {
        let user = SessionUser(name: "system", context: "system")
        do throws(ControlError) {
            let session = try controller.openSession(user) { _ in }
            defer { session.close() }
            try ControlDoor.reloadPackages(session, force: force)
        } catch {
            logs.develop(.error, "packages were not reloaded: \(error.message)")
            FileHandle.standardError.write(Data("ncs: packages were not reloaded: \(error.message)\n".utf8))
        }
    }

    /// Waits for SIGTERM, SIGINT or `ncs --stop`; SIGHUP reopens the logs.
    func serveUntilStopped() {
        for number in [SIGTERM, SIGINT, SIGHUP] { signal(number, SIG_IGN) }
        let stops = [SIGTERM, SIGINT].map { number in
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { [stopRequest] in stopRequest.ask() }
            return source
        }
        let reopen = DispatchSource.makeSignalSource(signal: SIGHUP, queue: .global())
        reopen.setEventHandler { [logs] in logs.reopen() }
        for source in stops + [reopen] { source.activate() }
        stopRequest.wait()
        logs.note(.stopping)
        controller.stop()
        server.stop()
        stopRequest.finish()
        _ = (stops, reopen)
    }
}

/// Somebody's wish that the daemon stop, and the news that it has.
final class StopRequest: Sendable {
    private let asked = DispatchSemaphore(value: 0)
    private let finished = DispatchSemaphore(value: 0)

    func ask() { asked.signal() }
    func wait() { asked.wait() }
    func finish() { finished.signal() }
}
