import Basics
import Foundation

extension NetsimCommand {
    static let creations: Set = ["create-network", "create-device", "add-to-network", "add-device"]

    /// What one clause of a command, or an entry of a topology file, asks for.
    struct Clause {
        var makesNetwork: Bool
        var package: String
        var devices: [Request]
        /// Where a fault in it lies; empty on the command line.
        var place = ""
    }

    /// A device to be made.
    struct Request {
        var name: String
        /// The directory between the network's and the device's.
        var folder: String
        var place = PlaceChoice()
        /// Files that replace the package's start configuration; nil keeps it.
        var configuration: [String]?
    }

    /// Carries out one or more clauses: all or nothing.
    func create(_ words: [String]) throws(NetsimError) -> Int32 { try make(try clauses(words)) { _ in [] } }

    /// Makes the network of a topology file.
    func create(fromFile words: [String]) throws(NetsimError) -> Int32 {
        guard words.count == 1 else {
            throw NetsimError(.usage, "", "create-network-from needs a file", remedy: "see docs/NETSIM.md")
        }
        let topology = try Topology(path: PlainFiles.absolute(words[0], in: workingDirectory))
        return try make(topology.clauses) { (info: NetworkInfo) throws(NetsimError) in
            try topology.scenario.plans(info)
        }
    }

    /// - Parameter faults: what goes wrong at the devices that have been made.
    private func make(
        _ clauses: [Clause], faults: (NetworkInfo) throws(NetsimError) -> [(NetworkDevice, FaultPlan)]
    ) throws(NetsimError) -> Int32 {
        let scheme = try PortScheme(environment: environment)
        let target = NetworkDirectory.target(
            option: directoryOption, environment: environment, workingDirectory: workingDirectory)
        let wasThere = DurableFiles.exists(target)
        let isNew = clauses.first?.makesNetwork ?? true
        var network = isNew ? try NetworkDirectory.create(target) : try self.network()
        let before = Set(network.info.devices.map(\.name))
        let count = clauses.reduce(0) { $0 + $1.devices.count }
        do throws(NetsimError) {
            for clause in clauses {
                try add(clause, scheme, to: &network) { made in
                    progress("made", made - before.count, of: count)
                }
            }
            for (device, plan) in try faults(network.info) { try plan.write(to: device.files.faults) }
            try network.save()
        } catch {
            for device in network.info.devices where !before.contains(device.name) {
                try? DurableFiles.removeTree(device.directory)
            }
            if isNew, !wasThere { try? DurableFiles.removeTree(target) }
            throw error
        }
        for device in network.info.devices where !before.contains(device.name) {
            output("DEVICE \(device.name) CREATED")
        }
        return 0
    }

    private func add(
        _ clause: Clause, _ scheme: PortScheme, to network: inout NetworkDirectory, _ progress: (Int) -> Void
    ) throws(NetsimError) {
        do throws(NetsimError) {
            let package = try package(clause.package, in: network)
            let directory = network.directory
            let doors = try doors()
            for device in clause.devices {
                try network.add(
                    device.name, in: device.folder, package: package, scheme: scheme, place: device.place, doors: doors
                ) { (made: NetworkDevice, counter: Int) throws(NetsimError) in
                    let hook = hook(made, counter, directory)
                    try hook.install()
                    if let files = device.configuration { try hook.replaceConfiguration(by: files) }
                    try HostKey.make(made.files)
                }
                progress(network.info.devices.count)
            }
        } catch {
            guard !clause.place.isEmpty else { throw error }
            throw NetsimError(error.code, clause.place, "\(error)")
        }
    }

    /// Which doors new devices get; nil means all.
    private func doors() throws(NetsimError) -> String? {
        switch environment["NETSIM_DOORS"] ?? "" {
        case "", "all": return nil
        case "package": return "package"
        case let other:
            throw NetsimError(
                .usage, "NETSIM_DOORS", "\"\(other)\" is not known", remedy: "set it to package or to all")
        }
    }

    /// Says on a terminal how far long work has come.
    func progress(_ what: String, _ done: Int, of count: Int) {
        guard count > 1_000, done % 1_000 == 0, isatty(2) == 1 else { return }
        errors("ncs-netsim: \(what) \(done) of \(count) devices")
    }

    private func clauses(_ words: [String]) throws(NetsimError) -> [Clause] {
        var clauses: [Clause] = []
        var rest = words[...]
        while let name = rest.popFirst() {
            guard Self.creations.contains(name) else {
                throw NetsimError(.usage, "", "\"\(name)\" was not expected here", remedy: "see ncs-netsim --help")
            }
            let isMany = name == "create-network" || name == "add-to-network"
            guard rest.count >= (isMany ? 3 : 2), let package = rest.popFirst(), let second = rest.popFirst() else {
                let needed = isMany ? "<NcsPackage> <NumDevices> <Prefix>" : "<NcsPackage> <DeviceName>"
                throw NetsimError(.usage, "", "\(name) needs \(needed)", remedy: "see ncs-netsim --help")
            }
            var clause = Clause(makesNetwork: name.hasPrefix("create"), package: package, devices: [])
            if isMany {
                let prefix = rest.popFirst() ?? ""
                guard let count = Int(second), (1...100_000).contains(count) else {
                    throw NetsimError(.usage, "", "\"\(second)\" is no number of devices", remedy: "give 1 to 100000")
                }
                clause.devices = (0..<count).map { Request(name: "\(prefix)\($0)", folder: prefix) }
            } else {
                clause.devices = [Request(name: second, folder: second)]
            }
            clauses.append(clause)
        }
        return clauses
    }

    /// The package that a word means: a directory, a driver of the installation, or an archive.
    func package(_ word: String, in network: NetworkDirectory) throws(NetsimError) -> NetsimPackage {
        let path = PlainFiles.absolute(word, in: workingDirectory)
        var directory = path
        if !PlainFiles.isDirectory(path) {
            if DurableFiles.exists(path) {
                do {
                    try PlainFiles.makeDirectory(network.paths.packages)
                    directory = try services.extract(path, network.paths.packages)
                } catch {
                    throw NetsimError(.packageUnusable, path, "cannot be unpacked: \(error)")
                }
            } else {
                directory = (environment["NCS_DIR"] ?? "") + "/packages/neds/" + word
                guard !word.contains("/"), PlainFiles.isDirectory(directory) else {
                    throw NetsimError(
                        .packageUnusable, word, "there is no such package",
                        remedy: "give a directory, an archive, or the name of a driver in $NCS_DIR/packages/neds")
                }
            }
        }
        let package = try NetsimPackage(directory: directory)
        guard package.kind == .cli || package.kind == .netconf else {
            throw NetsimError(
                .unsupported, directory, "it is a driver for \(package.kind.rawValue) devices",
                remedy: "give a package for cli or netconf devices: only these are simulated")
        }
        guard try !DeviceModules(package).sources.isEmpty else {
            throw NetsimError(
                .packageUnusable, directory, "the package has no device model",
                remedy: "build it with make -C src, or give a package with modules in src/yang")
        }
        return package
    }

    /// Acts on `./netsim` or `--dir` only, and says nothing if there is none.
    func deleteNetwork() throws(NetsimError) -> Int32 {
        let target = PlainFiles.absolute(directoryOption ?? "netsim", in: workingDirectory)
        guard DurableFiles.exists(target) else { return 0 }
        let paths = NetworkPaths(directory: target)
        guard DurableFiles.exists(paths.info) || DurableFiles.exists(paths.readme) else {
            throw NetsimError(
                .noNetwork, target, "not a netsim directory: nothing was deleted",
                remedy: "remove it yourself if you are sure")
        }
        if let network = try? NetworkDirectory(directory: target) {
            let replies = try stopRunning(Selection(network: network, devices: network.info.devices, isAll: true))
            for device in network.info.devices where replies[device.name]?.state == .stopped {
                output("DEVICE \(device.name) STOPPED")
            }
        }
        do {
            try DurableFiles.removeTree(target)
        } catch {
            throw NetsimError(.system, "", "\(error)")
        }
        return 0
    }
}
