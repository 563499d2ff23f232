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

    /// Returns when the process at the other end is gone, so that what follows a stop finds nothing in use.
    private static func waitForEnd(_ connection: FrameConnection) {
        guard let daemon = connection.peer()?.process else { return }
        while (try? connection.receive()) != nil {}
        for _ in 0..<3_000 where kill(daemon, 0) == 0 { usleep(10_000) }
    }
}
