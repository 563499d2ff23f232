import Basics
import Foundation

/// The program that a package's `start.sh` knows as `$CONFD`: it registers the device, in whose directory it is called,
/// with the process that serves the network, and leaves.
///
/// Options that set up the incumbent's daemon are accepted and mean nothing here.
package enum ConfdProgram {
    private enum Task { case start, nothing, stop, status, wait, version }

    private static let optionsWithValue: Set = [
        "-c", "--conf", "--addloadpath", "--cd", "--loadpath", "--smp", "--nodename", "--delayed-phase",
    ]

    /// - Parameter launch: starts the process of a network, if there is none.
    package static func run(
        arguments: [String], environment: [String: String], workingDirectory: String,
        launch: @escaping @Sendable (String) throws -> Void = NetsimCommand.launchItself,
        output: (String) -> Void, errors: (String) -> Void
    ) -> Int32 {
        let task = task(arguments)
        do throws(NetsimError) {
            if task == .version {
                output("6.7")
                return 0
            }
            let (network, device) = try find(environment, workingDirectory)
            let client = NetworkClient(paths: network.paths, launch: launch)
            switch task {
            case .start:
                let reply = try client.askStarting(.start([device.name]))[device.name]
                guard let reply, reply.state != .failed else {
                    throw NetsimError(.notRunning, device.name, reply?.text ?? "the device was not started")
                }
                return 0
            case .stop:
                let reply = try client.ask(.stop([device.name]))?[device.name]
                guard reply?.state == .stopped else {
                    errors("connection refused (stop)")
                    return 1
                }
                return 0
            case .status, .wait:
                guard let reply = try client.ask(.status([device.name]))?[device.name], reply.state == .running else {
                    errors("connection refused (status)")
                    return 1
                }
                if task == .status { output(reply.text) }
                return 0
            case .nothing, .version: return 0
            }
        } catch {
            errors("confd: \(error)")
            return 1
        }
    }

    private static func task(_ arguments: [String]) -> Task {
        var words = arguments[...]
        var task = Task.start
        while let word = words.popFirst() {
            switch word {
            case "--start-phase1", "--start-phase2", "--reload": task = .nothing
            case "--stop": task = .stop
            case "--status": task = .status
            case "--wait-phase0", "--wait-started": task = .wait
            case "--version": task = .version
            default: if optionsWithValue.contains(word) { _ = words.popFirst() }
            }
        }
        return task
    }

    /// The device that the environment names, by its name or its port, or the one whose directory this is.
    static func find(
        _ environment: [String: String], _ workingDirectory: String
    ) throws(NetsimError) -> (NetworkDirectory, NetworkDevice) {
        var place = workingDirectory
        while place != "/", !DurableFiles.exists(place + "/.netsiminfo") { place = DurableFiles.parent(of: place) }
        let above = place == "/" ? nil : place
        let network = try NetworkDirectory.find(
            option: above, environment: environment, workingDirectory: workingDirectory)
        let named = environment["NAME"].flatMap { network.info.device($0) }
        let port = environment["CONFD_IPC_PORT"].flatMap { UInt16($0) }
        let devices = network.info.devices
        let here = devices.first { $0.directory == workingDirectory }
        guard let device = named ?? devices.first(where: { $0.ports.ipc == port }) ?? here else {
            throw NetsimError(
                .unknownDevice, workingDirectory, "this is the directory of no device",
                remedy: "call it from the device's start.sh, or use ncs-netsim start")
        }
        return (network, device)
    }
}
