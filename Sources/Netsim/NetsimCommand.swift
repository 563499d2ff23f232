import Basics
package import ConfigTree
import Foundation

/// The command `ncs-netsim`.
package struct NetsimCommand {
    /// What the command needs and other parts of the product bring.
    package struct Services: Sendable {
        /// Unpacks a package archive into a directory; gives the package's directory.
        package var extract: @Sendable (_ archive: String, _ directory: String) throws -> String
        /// Carries a configuration over to another model; gives what could not be kept, a line each.
        package var convert: @Sendable (DataTree, DataModel) throws -> (tree: DataTree, report: [String])
        /// Starts the process that serves the network in a directory.
        package var launch: @Sendable (_ directory: String) throws -> Void

        package init(
            extract: @escaping @Sendable (String, String) throws -> String,
            convert: @escaping @Sendable (DataTree, DataModel) throws -> (tree: DataTree, report: [String]),
            launch: @escaping @Sendable (String) throws -> Void = NetsimCommand.launchItself
        ) {
            self.extract = extract
            self.convert = convert
            self.launch = launch
        }
    }

    /// Where text goes: whole lines, without their ends.
    package typealias Output = (String) -> Void

    let environment: [String: String]
    let workingDirectory: String
    let services: Services
    let output: Output
    let errors: Output
    var directoryOption: String?
    private var wantsWindow = false

    /// The argument by which the command starts itself as the process; not for people.
    package static let serveArgument = "--serve-network"

    /// Runs the command; gives the exit status.
    ///
    /// - Parameter arguments: without the program's name.
    package static func run(
        arguments: [String], environment: [String: String], workingDirectory: String, services: Services,
        output: @escaping Output, errors: @escaping Output
    ) -> Int32 {
        if arguments.count == 2, arguments[0] == serveArgument {
            ProcessLauncher.closeInherited()
            return NetsimProcess.run(directory: arguments[1], environment: environment) { line in
                FileHandle.standardError.write(Data((line + "\n").utf8))
            }
        }
        var command = NetsimCommand(
            environment: environment, workingDirectory: workingDirectory, services: services, output: output,
            errors: errors)
        do throws(NetsimError) {
            return try command.run(arguments)
        } catch {
            errors("ncs-netsim: \(error)")
            return error.code == .usage ? 2 : 1
        }
    }

    /// Starts this executable again, in the background.
    package static let launchItself: @Sendable (String) throws -> Void = { directory in
        try ProcessLauncher.launch(["ncs-netsim", serveArgument, directory], directory: directory)
    }

    /// Where the modules that come with the installation lie.
    package static func moduleDirectory(_ environment: [String: String]) throws(NetsimError) -> String {
        guard let installation = environment["NCS_DIR"], !installation.isEmpty else {
            throw NetsimError(.usage, "", "NCS_DIR is not set", remedy: "source the ncsrc file of the installation")
        }
        return installation + "/src/ncs/yang"
    }

    // MARK: Arguments

    private mutating func run(_ arguments: [String]) throws(NetsimError) -> Int32 {
        var words = try takeOptions(arguments)
        guard !words.isEmpty else {
            errors(Self.usage)
            return 2
        }
        if words.contains("-h") || words.contains("--help") {
            output(Self.usage)
            return 0
        }
        let name = words.removeFirst()
        if Self.creations.contains(name) { return try create([name] + words) }
        return try dispatch(name, words)
    }

    /// Takes out `--dir`, which may stand anywhere, and the options that change nothing here: devices start in parallel
    /// whether or not `--async` is given, and a generic device is simulated as its package says.
    private mutating func takeOptions(_ arguments: [String]) throws(NetsimError) -> [String] {
        var words: [String] = []
        var index = 0
        while index < arguments.count {
            let word = arguments[index]
            switch word {
            case "--dir":
                guard index + 1 < arguments.count else {
                    throw NetsimError(.usage, "", "--dir needs a directory", remedy: "see ncs-netsim --help")
                }
                directoryOption = arguments[index + 1]
                index += 1
            case "-a", "--async", "--force-generic": break
            case "-w", "--window", "-window": wantsWindow = true
            default: words.append(word)
            }
            index += 1
        }
        return words
    }

    private func dispatch(_ name: String, _ words: [String]) throws(NetsimError) -> Int32 {
        switch name {
        case "create-network-from": return try create(fromFile: words)
        case "delete-network": return try deleteNetwork()
        case "list": return try list()
        case "packages": return try listPackages()
        case "whichdir": return try say(network().directory)
        case "start": return try start(try devices(words))
        case "stop": return try stop(try devices(words))
        case "is-alive": return try isAlive(try devices(words))
        case "status": return try status(try devices(words))
        case "reset": return try reset(try devices(words))
        case "restart": return try restart(try devices(words))
        case "get-port": return try getPort(words)
        case "ncs-xml-init": return try xmlInit(try devices(words))
        case "cli", "cli-c", "cli-i":
            let selection = try device(words, count: 1)
            return try wantsWindow ? openWindow(selection, name) : openTerminal(selection)
        case "load": return try load(words)
        case "fault": return try fault(words)
        case "log": return try showLog(try device(words, count: 1))
        case "upgrade-device": return try upgrade(words)
        case "cmd": return try command(words)
        case "netconf-console": return try netconfConsole(words)
        case "ncs-xml-init-remote":
            guard let node = words.first else {
                throw NetsimError(
                    .usage, "", "ncs-xml-init-remote needs <RemoteNodeName>", remedy: "see ncs-netsim --help")
            }
            return try xmlInit(try devices(Array(words.dropFirst())), remoteNode: node)
        default:
            errors("Unknown command: \(name)")
            errors(Self.usage)
            return 2
        }
    }

    // MARK: What commands share

    func network() throws(NetsimError) -> NetworkDirectory {
        try NetworkDirectory.find(
            option: directoryOption, environment: environment, workingDirectory: workingDirectory)
    }

    func client(_ network: NetworkDirectory) -> NetworkClient {
        NetworkClient(paths: network.paths, launch: services.launch)
    }

    /// The network and the devices that are meant: one, or all.
    struct Selection {
        var network: NetworkDirectory
        var devices: [NetworkDevice]
        /// Whether no device was named.
        var isAll = false
        var names: [String] { devices.map(\.name) }
    }

    private func devices(_ words: [String]) throws(NetsimError) -> Selection {
        let network = try network()
        guard let name = words.first else {
            return Selection(network: network, devices: network.info.devices, isAll: true)
        }
        guard words.count == 1 else {
            throw NetsimError(.usage, "", "too many arguments", remedy: "give one device, or none for all")
        }
        return Selection(network: network, devices: [try Self.device(name, in: network)])
    }

    func device(_ words: [String], count: Int) throws(NetsimError) -> Selection {
        let network = try network()
        guard let name = words.first, words.count <= count else {
            throw NetsimError(.usage, "", "a device name is needed", remedy: "see ncs-netsim --help")
        }
        return Selection(network: network, devices: [try Self.device(name, in: network)])
    }

    private static func device(_ name: String, in network: NetworkDirectory) throws(NetsimError) -> NetworkDevice {
        guard let device = network.info.device(name) else {
            throw NetsimError(
                .unknownDevice, network.directory, "there is no device \(name)", remedy: "see ncs-netsim list")
        }
        return device
    }

    func say(_ text: String) -> Int32 {
        output(text)
        return 0
    }

    private static let usage = """
        Usage ncs-netsim  [--dir <NetsimDir>]
                          create-network <NcsPackage> <NumDevices> <Prefix> |
                          create-device <NcsPackage> <DeviceName>           |
                          add-to-network <NcsPackage> <NumDevices> <Prefix> |
                          add-device <NcsPackage> <DeviceName>              |
                          create-network-from <File>                        |
                          delete-network                     |
                          [-a | --async]  start [devname]    |
                          [-a | --async]  stop [devname]     |
                          [-a | --async]  reset [devname]    |
                          [-a | --async]  restart [devname]  |
                          list                      |
                          is-alive [devname]        |
                          status [devname]          |
                          whichdir                  |
                          ncs-xml-init [devname]    |
                          ncs-xml-init-remote <RemoteNodeName> [devname] |
                          packages                  |
                          netconf-console devname [XPathFilter] |
                          cmd devname [-c] 'get PATH; set PATH VALUE; create PATH; delete PATH; exists PATH' |
                          load devname file...      |
                          log devname               |
                          fault devname | all  [RULE | clear | seed N | change 'LINE; LINE'] |
                          fault --file SCENARIO    |
                          upgrade-device devname <NcsPackage> |
                          [-w | --window] [cli | cli-c | cli-i] devname |
                          get-port devname [ipc | netconf | cli | snmp | telnet]

        RULE is  [in configuration | operational | any] [chance P] EFFECT, where EFFECT is one of
          refuse-line PATTERN [MESSAGE]    hang-up-line PATTERN     hang-up-after N    silent-line PATTERN
          reboot-line PATTERN              reboot-after N           power-off-line PATTERN    power-off-after N
          delay MS [JITTER]                truncate BYTES           garbage BYTES      change-after N 'LINE; LINE'
          slow-reading BYTES-A-SECOND      full-buffer BYTES        wrong-host-key     wrong-password
          commit-fails [MESSAGE]           save-fails [MESSAGE]     silent-login
        Each effect of a command also has the forms -line PATTERN and -after N. See docs/NETSIM.md.
        """
}
