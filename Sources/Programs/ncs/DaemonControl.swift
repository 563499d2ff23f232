import ControlProtocol
import Foundation

/// The control commands of `ncs`: `--stop`, `--status`, `--reload`, `--wait-started`.
enum DaemonControl {
    static func perform(_ arguments: DaemonArguments, _ environment: [String: String]) -> Int32 {
        let name = arguments.command == .waitStarted ? "wait-started" : arguments.command.rawValue
        let path = ControlClient.socketPath(environment: environment)
        let deadline = ContinuousClock.now + (arguments.command == .waitStarted ? .seconds(60) : .zero)
        while true {
            do {
                let connection = try ControlClient.open(path, hello: Hello(purpose: .control, context: "system"))
                let reply = try ControlClient.perform(ControlCommand(name), on: connection)
                if !reply.text.isEmpty { print(reply.text, terminator: reply.text.hasSuffix("\n") ? "" : "\n") }
                if arguments.command == .stop, reply.isDone { waitForEnd(connection) }
                return reply.exitStatus
            } catch {
                if ContinuousClock.now < deadline {
                    usleep(100_000)
                    continue
                }
                let what = (error as? ControlError)?.message ?? "\(error)"
                FileHandle.standardError.write(Data("\(what) (\(name))\n".utf8))
                return arguments.command == .waitStarted ? 2 : 1
            }
        }
    }

    /// The daemon closes its connections last.
    private static func waitForEnd(_ connection: FrameConnection) {
        while (try? connection.receive()) != nil {}
        let path = ControlClient.socketPath(environment: ProcessInfo.processInfo.environment)
        for _ in 0..<600 {
            guard let descriptor = try? LocalSocket.connect(path) else { return }
            close(descriptor)
            usleep(50_000)
        }
    }
}
