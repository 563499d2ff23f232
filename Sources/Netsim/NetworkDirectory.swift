import Basics
import Foundation

/// Where the files of a network lie that are not a device's.
package struct NetworkPaths: Hashable, Sendable {
    package let directory: String

    package init(directory: String) { self.directory = directory }

    static let controlName = "control"

    package var info: String { directory + "/.netsiminfo" }
    package var readme: String { directory + "/README.netsim" }
    /// What the process keeps while it runs.
    var state: String { directory + "/.netsim" }
    var control: String { state + "/" + Self.controlName }
    var lock: String { state + "/lock" }
    var pid: String { state + "/pid" }
    var log: String { state + "/netsim.log" }
    /// Compiled models: a large one takes seconds to compile.
    var models: String { state + "/models" }
    /// Packages that came as archives.
    var packages: String { state + "/packages" }
}

/// A network on disk: finding it, reading it, adding to it.
package struct NetworkDirectory: Hashable, Sendable {
    package let paths: NetworkPaths
    package var info: NetworkInfo

    package var directory: String { paths.directory }

    // MARK: Finding

    /// The network that a control command means: `--dir`, else `NETSIM_DIR`, else `netsim` in the working directory or
    /// above it. Throws `noNetwork`.
    package static func find(
        option: String?, environment: [String: String], workingDirectory: String
    ) throws(NetsimError) -> NetworkDirectory {
        let named = option ?? environment["NETSIM_DIR"].flatMap { $0.isEmpty ? nil : $0 }
        if let named {
            return try NetworkDirectory(directory: PlainFiles.absolute(named, in: workingDirectory))
        }
        var place = workingDirectory
        while true {
            let candidate = (place == "/" ? "" : place) + "/netsim"
            if DurableFiles.exists(candidate + "/.netsiminfo") { return try NetworkDirectory(directory: candidate) }
            guard place != "/" else { break }
            place = DurableFiles.parent(of: place)
        }
        throw NetsimError(
            .noNetwork, workingDirectory, "no netsim directory here or above",
            remedy: "use --dir, or make one with ncs-netsim create-network")
    }

    /// The directory that `create-network` makes.
    package static func target(option: String?, environment: [String: String], workingDirectory: String) -> String {
        let named = option ?? environment["NETSIM_DIR"].flatMap { $0.isEmpty ? nil : $0 } ?? "netsim"
        return PlainFiles.absolute(named, in: workingDirectory)
    }

    /// Reads a network. Throws `noNetwork`, `damagedInfo`.
    package init(directory: String) throws(NetsimError) {
        paths = NetworkPaths(directory: directory)
        guard DurableFiles.exists(paths.info) else {
            throw NetsimError(
                .noNetwork, directory, "not a netsim directory: there is no .netsiminfo",
                remedy: "make a network with ncs-netsim create-network")
        }
        let bytes: [UInt8]
        do {
            bytes = try DurableFiles.read(paths.info, limit: 1 << 28)
        } catch {
            throw NetsimError(.damagedInfo, "", "\(error)")
        }
        info = try NetworkInfo(text: String(decoding: bytes, as: UTF8.self), file: paths.info, directory: directory)
    }

    private init(new directory: String) {
        paths = NetworkPaths(directory: directory)
        info = NetworkInfo()
    }

    // MARK: Making

    /// Makes an empty network. Throws `alreadyExists`.
    package static func create(_ directory: String) throws(NetsimError) -> NetworkDirectory {
        guard !DurableFiles.exists(directory + "/.netsiminfo") else {
            throw NetsimError(
                .alreadyExists, directory, "the network already exists",
                remedy: "use add-to-network, or delete-network first")
        }
        let network = NetworkDirectory(new: directory)
        try Self.attempt {
            try PlainFiles.makeDirectory(network.paths.state)
            try PlainFiles.write(network.paths.readme, Array(readmeText.utf8))
        }
        return network
    }

    /// Adds a device with its files; `save` makes it known. A device that cannot be made leaves nothing behind.
    ///
    /// - Parameters:
    ///   - folder: the directory between the network's and the device's: the prefix.
    ///   - place: where the device is instead of where its number would put it.
    ///   - doors: which doors it has; nil means all that it can have.
    ///   - install: fills the directories that have been made for the device, given its number.
    package mutating func add(
        _ name: String, in folder: String, package: NetsimPackage, scheme: PortScheme,
        place: PlaceChoice = PlaceChoice(), doors: String? = nil,
        install: (NetworkDevice, Int) throws(NetsimError) -> Void
    ) throws(NetsimError) {
        guard Self.isName(name), Self.isName(folder) else {
            throw NetsimError(
                .usage, "", "\"\(name)\" is no device name", remedy: "use letters, digits, '-', '_' and '.'")
        }
        guard info.device(name) == nil else {
            throw NetsimError(.alreadyExists, "", "device \(name) already exists", remedy: "choose another name")
        }
        let index = info.devices.count
        let (address, ports) = place.applied(to: try scheme.place(index))
        let device = NetworkDevice(
            name: name, packageDirectory: package.directory, directory: "\(directory)/\(folder)/\(name)",
            address: address, ports: ports,
            otherValues: doors.map { [NetworkDevice.doorsKey: $0] } ?? [:])
        guard !DurableFiles.exists(device.directory) else {
            throw NetsimError(.alreadyExists, device.directory, "the directory already exists", remedy: "remove it")
        }
        do throws(NetsimError) {
            try Self.attempt {
                for path in [device.files.database, device.files.logs, device.directory + "/ssh"] {
                    try PlainFiles.makeDirectory(path)
                }
            }
            try install(device, index)
        } catch {
            try? DurableFiles.removeTree(device.directory)
            rmdir("\(directory)/\(folder)")
            throw error
        }
        info.append(device)
    }

    /// Writes `.netsiminfo`.
    package func save() throws(NetsimError) {
        try Self.attempt { try DurableFiles.replace(paths.info, with: Array(info.text(in: directory).utf8)) }
    }

    private static func attempt(_ body: () throws -> Void) throws(NetsimError) {
        do {
            try body()
        } catch {
            throw NetsimError(.system, "", "\(error)", remedy: "make room on the disk, or choose another place")
        }
    }

    private static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, first != UInt8(ascii: "."), first != UInt8(ascii: "-"), text.utf8.count <= 64
        else { return false }
        return text.utf8.allSatisfy {
            (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || $0 == 45 || $0 == 46
                || $0 == 95
        }
    }

    private static let readmeText = """
        This directory is a network of simulated devices, made by ncs-netsim.

        .netsiminfo     the devices: names, directories, addresses and ports. Edit it while the network is stopped;
                        every command of ncs-netsim reads it anew.
        <prefix>/<name> one device: cdb/ (what it starts with, running.xml and startup.xml), logs/cli.log (what it was
                        told), ssh/ (its host key), faults.json (what goes wrong on demand: ncs-netsim fault)
        .netsim         the process that serves all devices: process id, lock, control socket, log

        Start it with "ncs-netsim start", log in to a device with "ncs-netsim cli-i NAME" or by ssh to its cli port as
        admin with the password admin. "ncs-netsim --help" lists all commands.

        """
}
