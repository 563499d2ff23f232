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
        for _ in 0..<3_000 where isRunning(daemon) { usleep(10_000) }
    }

    /// A process that has ended counts as gone although its parent has not taken notice: some init processes of
    /// containers are late, or never do.
    private static func isRunning(_ process: Int32) -> Bool {
        guard kill(process, 0) == 0 else { return false }
        guard let status = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8) else { return true }
        return status.split(separator: ")").last?.hasPrefix(" Z") != true
    }
}
