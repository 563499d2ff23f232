import Basics
package import CLIGrammar
package import ConfigTree
import Foundation

/// A device without network, process and package: its command line over a directory of its own. For fuzzers.
package final class LoneDevice {
    private let model: DeviceModel
    private let entry: NetworkDevice
    private let crew = DeviceCrew(threads: 1)
    private var device: SimulatedDevice

    /// - Parameter directory: is made, and emptied by `reset`.
    package init(_ data: DataModel, _ grammar: CLIGrammar, directory: String) throws(NetsimError) {
        model = DeviceModel(data, grammar, directory: directory)
        entry = NetworkDevice(
            name: "lone", packageDirectory: directory, directory: directory, address: "127.0.0.1",
            ports: DevicePorts(ipc: 1, netconfSSH: 2, netconfTCP: 3, snmp: 4, cli: 5))
        do {
            for path in [entry.files.database, entry.files.logs] { try PlainFiles.makeDirectory(path) }
        } catch {
            throw NetsimError(.system, "", "\(error)")
        }
        device = try Self.start(entry, model, crew)
    }

    deinit { crew.stop() }

    private static func start(
        _ entry: NetworkDevice, _ model: DeviceModel, _ crew: DeviceCrew
    ) throws(NetsimError) -> SimulatedDevice {
        try SimulatedDevice(entry, model: model, queue: DeviceQueue(crew: crew), clock: .system)
    }

    package var running: DataTree { device.running }

    /// Forgets everything.
    package func reset() throws(NetsimError) {
        do {
            try entry.files.reset()
        } catch {
            throw NetsimError(.system, "", "\(error)")
        }
        device = try Self.start(entry, model, crew)
    }

    /// Starts again from what is on disk.
    package func restart() throws(NetsimError) { device = try Self.start(entry, model, crew) }

    /// One session: each line with help for it first. What the device says.
    package func session(_ lines: [String], isInteractive: Bool) -> String {
        var shell = device.commandShell(client: "fuzz", user: "admin", isInteractive: isInteractive)
        defer { shell.end() }
        var output = ""
        for line in lines {
            let help = shell.help(line)
            let answer = shell.execute(line)
            output += help.listing + help.insertion + shell.prompt + answer.text
            if answer.ending != .goesOn { break }
        }
        return output
    }
}
