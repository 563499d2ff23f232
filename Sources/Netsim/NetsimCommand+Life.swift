import Basics
import ConfigTree
import Synchronization
import Transactions

extension NetsimCommand {
    /// Starts devices; returns when each of them answers on its port.
    func start(_ selection: Selection) throws(NetsimError) -> Int32 {
        let scripted = Set(selection.devices.filter { hook($0, 0, selection.network.directory).hasScript }.map(\.name))
        var replies = try client(selection.network).askStarting(
            .start(selection.names.filter { !scripted.contains($0) }))
        if !scripted.isEmpty {
            let devices = selection.devices.filter { scripted.contains($0.name) }
            replies.merge(try runScripts(devices, selection.network)) { $1 }
        }
        let alive = NetworkClient.alive(selection.devices.filter { replies[$0.name]?.state != .failed })
        var status: Int32 = 0
        for device in selection.devices {
            let reply = replies[device.name]
            let text = reply?.text ?? ""
            switch reply?.state {
            case .started where alive.contains(device.name):
                output("DEVICE \(device.name) OK STARTED")
                if !text.isEmpty { errors("ncs-netsim: \(device.name): \(text)") }
            case .alreadyRunning where alive.contains(device.name): output("DEVICE \(device.name) already STARTED")
            default:
                status = 1
                output("DEVICE \(device.name) FAIL")
                errors("ncs-netsim: \(device.name): " + (text.isEmpty ? "it does not answer on its port" : text))
            }
        }
        return status
    }

    func hook(_ device: NetworkDevice, _ counter: Int, _ network: String) -> PackageHook {
        PackageHook(device: device, counter: counter, network: network, environment: environment)
    }

    /// Runs the `start.sh` of devices that have one; it is by `$CONFD` that they are started.
    private func runScripts(
        _ devices: [NetworkDevice], _ network: NetworkDirectory
    ) throws(NetsimError) -> [String: ControlReply] {
        let client = client(network)
        let before = try client.ask(.status(devices.map(\.name))) ?? [:]
        let found = Mutex<[String: ControlReply]>([:])
        let waiting = devices.filter { before[$0.name]?.state != .running }
        for device in devices where before[device.name]?.state == .running {
            found.withLock { $0[device.name] = ControlReply(device: device.name, state: .alreadyRunning) }
        }
        let hooks = waiting.map { hook($0, network.info.index(of: $0.name) ?? 0, network.directory) }
        WorkCrew(limit: 8).run(hooks) { hook in
            let reply = Self.runScript(hook, client)
            found.withLock { $0[reply.device] = reply }
        }
        return found.withLock { $0 }
    }

    private static func runScript(_ hook: PackageHook, _ client: NetworkClient) -> ControlReply {
        let name = hook.device.name
        let script = hook.device.directory + "/" + PackageHook.scriptName
        do {
            let outcome = try hook.runScript()
            let end = outcome.end.isEmpty ? "" : ":\n\(outcome.end)"
            guard try client.ask(.status([name]))?[name]?.state == .running else {
                let reason = "\(script) ended with status \(outcome.status) and did not start the device by $CONFD"
                return ControlReply(device: name, state: .failed, text: reason + end)
            }
            let complaint = outcome.status == 0 ? "" : "\(script) ended with status \(outcome.status)\(end)"
            return ControlReply(device: name, state: .started, text: complaint)
        } catch {
            return ControlReply(device: name, state: .failed, text: "\(script): \(error)")
        }
    }

    func stop(_ selection: Selection) throws(NetsimError) -> Int32 {
        let replies = try stopRunning(selection)
        var status: Int32 = 0
        for name in selection.names {
            guard let reply = replies[name], reply.state == .stopped else {
                output("DEVICE \(name) already STOPPED")
                continue
            }
            output("DEVICE \(name) STOPPED")
            guard !reply.text.isEmpty else { continue }
            errors("ncs-netsim: \(name): \(reply.text)")
            status = 1
        }
        return status
    }

    /// Stops the devices; all of them means also those that were renamed while they ran.
    func stopRunning(_ selection: Selection) throws(NetsimError) -> [String: ControlReply] {
        let replies = try client(selection.network).ask(.stop(selection.isAll ? [] : selection.names)) ?? [:]
        let known = Set(selection.names)
        for name in replies.keys.sorted() where !known.contains(name) { output("DEVICE \(name) STOPPED") }
        return replies
    }

    /// Asks the devices themselves, of those that this network's process says it runs: another network may listen on
    /// the ports of the rest.
    func isAlive(_ selection: Selection) throws(NetsimError) -> Int32 {
        let replies = try client(selection.network).ask(.status(selection.names)) ?? [:]
        let alive = NetworkClient.alive(selection.devices.filter { replies[$0.name]?.state == .running })
        for name in selection.names { output("DEVICE \(name) \(alive.contains(name) ? "OK" : "FAIL")") }
        return alive.count == selection.devices.count ? 0 : 1
    }

    func status(_ selection: Selection) throws(NetsimError) -> Int32 {
        let replies = try client(selection.network).ask(.status(selection.names)) ?? [:]
        var status: Int32 = 0
        for name in selection.names {
            output("DEVICE \(name)")
            if let reply = replies[name], reply.state == .running {
                output(reply.text)
            } else {
                output("connection refused (status)")
                status = 1
            }
        }
        return status
    }

    /// Brings devices back to what they were before their first start.
    func reset(_ selection: Selection) throws(NetsimError) -> Int32 {
        let replies = try stopRunning(selection)
        for device in selection.devices {
            if replies[device.name]?.state == .stopped { output("DEVICE \(device.name) STOPPED") }
            do {
                try device.files.reset()
            } catch {
                throw NetsimError(.system, "", "\(error)")
            }
        }
        return 0
    }

    func restart(_ selection: Selection) throws(NetsimError) -> Int32 {
        _ = try reset(selection)
        return try start(selection)
    }

    // MARK: Firmware

    /// Gives a device the model of another package: its configuration is converted, and it starts again if it ran.
    func upgrade(_ words: [String]) throws(NetsimError) -> Int32 {
        guard words.count == 2 else {
            throw NetsimError(
                .usage, "", "upgrade-device needs <DeviceName> <NcsPackage>", remedy: "see ncs-netsim --help")
        }
        let selection = try device([words[0]], count: 1)
        let device = selection.devices[0]
        let package = try package(words[1], in: selection.network)
        let modules = try Self.moduleDirectory(environment)
        let schemas = selection.network.paths.schemas
        let newModel = try DeviceModel(package, moduleDirectory: modules, provider: schemas)
        let oldModel = try DeviceModel(
            try NetsimPackage(directory: device.packageDirectory), moduleDirectory: modules, provider: schemas)
        let replies = try client(selection.network).ask(.stop([device.name])) ?? [:]
        let wasRunning = replies[device.name]?.state == .stopped
        do throws(NetsimError) {
            let report = try convert(device, from: oldModel, to: newModel, in: selection.network)
            output("DEVICE \(device.name) UPGRADED \(oldModel.package.name) -> \(package.name)")
            for line in report { output("  \(line)") }
        } catch {
            if wasRunning { _ = try start(selection) }
            throw error
        }
        return wasRunning ? try start(try self.device([device.name], count: 1)) : 0
    }

    private func convert(
        _ device: NetworkDevice, from oldModel: DeviceModel, to newModel: DeviceModel, in network: NetworkDirectory
    ) throws(NetsimError) -> [String] {
        var network = network
        var store = DeviceStore(files: device.files)
        let running = try convert(try store.load(oldModel), to: newModel, of: device)
        let hasStartup = DurableFiles.exists(device.files.startup)
        let startup =
            hasStartup ? try convert(try DeviceStore.startup(device.files, oldModel), to: newModel, of: device) : nil
        try store.writeRunning(running.tree)
        if let startup { try DeviceStore.writeStartup(startup.tree, device.files) }
        let index = network.info.index(of: device.name) ?? 0
        do {
            for file in device.files.initialFiles + device.files.hookFiles { try DurableFiles.remove(file) }
        } catch {
            throw NetsimError(.system, "", "\(error)")
        }
        var upgraded = device
        upgraded.packageDirectory = newModel.package.directory
        try hook(upgraded, index, network.directory).install()
        network.info.setPackage(newModel.package.directory, of: device.name)
        try network.save()
        return running.report
    }

    private func convert(
        _ tree: DataTree, to model: DeviceModel, of device: NetworkDevice
    ) throws(NetsimError) -> (tree: DataTree, report: [String]) {
        do {
            return try services.convert(tree, model.data)
        } catch {
            throw NetsimError(
                .configurationUnusable, device.name, "the configuration cannot be converted: \(error)")
        }
    }
}
