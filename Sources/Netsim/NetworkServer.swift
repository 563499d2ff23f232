import Basics
import ConfigTree
import Foundation
import NETCONF
import Synchronization
import Transactions
import Wire
import YANG

/// Serves the devices of one network: starts and stops them, and holds what they share.
final class NetworkServer: Sendable {
    private struct Running {
        var device: SimulatedDevice
        var netconf: NETCONFService?
        var listeners: [SSHListenerID]
        /// Over TCP: NETCONF, and the command line over Telnet.
        var tcp: [TCPServer.Listener] = []
        var telnet: TelnetPort?
        /// What it serves where, by the name of the port.
        var places: [(name: String, address: SocketAddress)]
    }

    private struct State {
        var running: [String: Running] = [:]
        /// Devices that a request is starting.
        var starting: Set<String> = []
        /// Devices that are off and on again in a moment.
        var restarting: Set<String> = []
    }

    private let paths: NetworkPaths
    private let moduleDirectory: String
    private let clock: WallClock
    private let server: SSHServer
    private let tcpServer: TCPServer
    private let crew: DeviceCrew
    private let state = Mutex(State())
    private let models: ModelCache

    init(paths: NetworkPaths, moduleDirectory: String, clock: WallClock = .system) throws(NetsimError) {
        self.paths = paths
        self.moduleDirectory = moduleDirectory
        self.clock = clock
        models = ModelCache(paths.schemas)
        do throws(WireError) {
            server = try SSHServer(limits: SSHServerLimits())
            tcpServer = try TCPServer()
        } catch {
            throw NetsimError(.system, "", error.description)
        }
        crew = DeviceCrew(threads: max(2, ProcessInfo.processInfo.activeProcessorCount))
    }

    var isEmpty: Bool { state.withLock { $0.running.isEmpty && $0.starting.isEmpty && $0.restarting.isEmpty } }

    /// Carries out a request; `reply` is called for each device, from several threads.
    func carryOut(_ request: ControlRequest, reply: @escaping @Sendable (ControlReply) -> Void) {
        switch request {
        case .start(let names): start(names, reply)
        case .stop(let names):
            let running = state.withLock { Array($0.running.keys) }
            for name in names.isEmpty ? running : names { reply(stop(name)) }
        case .status(let names): for name in names { reply(status(name)) }
        case .load(let name, let file, let isMerge, let part): reply(load(name, file, isMerge, part))
        case .save(let name, let file, let path, let part): reply(save(name, file, path, part))
        case .command(let name, let script): reply(command(name, script))
        case .refresh(let names): for name in names { reply(refresh(name)) }
        case .configure(let names, let lines): for name in names { reply(configure(name, lines)) }
        }
    }

    /// Stops everything.
    func shutDown() {
        for name in state.withLock({ Array($0.running.keys) }) { _ = stop(name) }
        server.stop()
        tcpServer.stop()
        crew.stop()
    }

    // MARK: Starting

    private func start(_ names: [String], _ reply: @escaping @Sendable (ControlReply) -> Void) {
        let info: NetworkInfo
        do {
            info = try NetworkDirectory(directory: paths.directory).info
            let running = state.withLock { Array($0.running.keys) }
            try DescriptorNeed.require(for: Set(names + running).compactMap { info.device($0) })
        } catch {
            for name in names { reply(ControlReply(device: name, state: .failed, text: error.description)) }
            return
        }
        let packages = Set(names.compactMap { info.device($0)?.packageDirectory })
        let models = packages.reduce(into: [:]) { $0[$1] = model(of: $1) }
        WorkCrew(limit: max(2, ProcessInfo.processInfo.activeProcessorCount)).run(names) { [self] name in
            guard let device = info.device(name), let model = models[device.packageDirectory] else {
                return reply(ControlReply(device: name, state: .failed, text: "there is no such device"))
            }
            reply(start(device, model))
        }
    }

    private func model(of directory: String) -> Result<DeviceModel, NetsimError> {
        Result { () throws(NetsimError) in
            try models.model(of: try NetsimPackage(directory: directory), moduleDirectory: moduleDirectory)
        }
    }

    private func start(_ device: NetworkDevice, _ model: Result<DeviceModel, NetsimError>) -> ControlReply {
        let isFree = state.withLock { state in
            guard state.running[device.name] == nil else { return false }
            return state.starting.insert(device.name).inserted
        }
        guard isFree else { return ControlReply(device: device.name, state: .alreadyRunning) }
        defer { state.withLock { _ = $0.starting.remove(device.name) } }
        do throws(NetsimError) {
            let simulated = try SimulatedDevice(
                device, model: try model.get(), queue: DeviceQueue(crew: crew), clock: clock,
                power: power(of: device.name))
            let running = try open(simulated, device)
            state.withLock { $0.running[device.name] = running }
            return ControlReply(device: device.name, state: .started)
        } catch {
            return ControlReply(device: device.name, state: .failed, text: error.description)
        }
    }

    /// Stopping waits for the device's queue, from which both are called.
    private func power(of name: String) -> SimulatedDevice.Switch {
        SimulatedDevice.Switch(
            powerOff: { [weak self] in
                guard let server = self else { return }
                Thread.detachNewThread { _ = server.stop(name) }
            },
            restart: { [weak self] in
                guard let server = self else { return }
                // While it is off, the network still has a device: its process does not end.
                server.state.withLock { _ = $0.restarting.insert(name) }
                Thread.detachNewThread {
                    _ = server.stop(name)
                    server.start([name]) { _ in }
                    server.state.withLock { _ = $0.restarting.remove(name) }
                }
            })
    }

    /// Opens the doors of a device: all of them or none.
    private func open(_ simulated: SimulatedDevice, _ device: NetworkDevice) throws(NetsimError) -> Running {
        var running = Running(device: simulated, listeners: [], places: [])
        if device.servesNETCONF(simulated.model.package.kind) { running.netconf = NETCONFService(simulated) }
        running.listeners = try openSSH(running, device)
        running.places.append(("cli", SocketAddress(host: device.address, port: device.ports.cli)))
        if running.netconf != nil {
            running.places.append(("netconf", SocketAddress(host: device.address, port: device.ports.netconfSSH)))
        }
        do throws(NetsimError) {
            if let netconf = running.netconf {
                let port = NETCONFPort(simulated, netconf)
                try openTCP(&running, "netconf-tcp", device.address, device.ports.netconfTCP) { port.serve($0) }
            }
            if let number = device.ports.telnet {
                let port = TelnetPort(simulated, DeviceDoor(simulated))
                running.telnet = port
                try openTCP(&running, "telnet", device.address, number) { port.serve($0) }
            }
        } catch {
            for listener in running.listeners { server.stopListening(listener) }
            for listener in running.tcp { tcpServer.stopListening(listener) }
            throw error
        }
        return running
    }

    private func openTCP(
        _ running: inout Running, _ name: String, _ host: String, _ port: UInt16,
        _ accepted: @escaping @Sendable (TCPStream) -> Void
    ) throws(NetsimError) {
        let address = SocketAddress(host: host, port: port)
        do throws(WireError) {
            running.tcp.append(try tcpServer.listen(at: address, accepted: accepted))
        } catch {
            throw NetsimError(error.code == .addressUnavailable ? .portTaken : .system, "", error.description)
        }
        running.places.append((name, address))
    }

    /// Opens the doors over SSH: all of them or none.
    private func openSSH(_ running: Running, _ device: NetworkDevice) throws(NetsimError) -> [SSHListenerID] {
        let key = try hostKey(device)
        var doors: [(UInt16, DeviceDoor)] = [(device.ports.cli, DeviceDoor(running.device))]
        if let netconf = running.netconf {
            doors.append((device.ports.netconfSSH, DeviceDoor(running.device, netconf: netconf, hasCommandLine: false)))
        }
        var listeners: [SSHListenerID] = []
        do throws(NetsimError) {
            for (port, door) in doors {
                listeners.append(try listen(door, SocketAddress(host: device.address, port: port), key))
            }
        } catch {
            for listener in listeners { server.stopListening(listener) }
            throw error
        }
        return listeners
    }

    /// The device's key; another one if a fault wants that.
    private func hostKey(_ device: NetworkDevice) throws(NetsimError) -> SSHPrivateKey {
        guard let plan = try? FaultPlan(path: device.files.faults), plan.has(.wrongHostKey) else {
            return try HostKey.load(device.files)
        }
        do throws(WireError) {
            return try SSHPrivateKey.generate()
        } catch {
            throw NetsimError(.system, device.name, error.description)
        }
    }

    /// Opens the doors anew, with the host key that the device's faults ask for; sessions go on.
    private func refresh(_ name: String) -> ControlReply {
        guard let running = state.withLock({ $0.running[name] }) else {
            return ControlReply(device: name, state: .notRunning)
        }
        do throws(NetsimError) {
            guard let device = try NetworkDirectory(directory: paths.directory).info.device(name) else {
                return ControlReply(device: name, state: .notRunning)
            }
            for listener in running.listeners { server.stopListening(listener, endingSessions: false) }
            let listeners = try openSSH(running, device)
            state.withLock { $0.running[name]?.listeners = listeners }
            return ControlReply(device: name, state: .running)
        } catch {
            return ControlReply(device: name, state: .failed, text: error.description)
        }
    }

    private func listen(
        _ door: DeviceDoor, _ address: SocketAddress, _ key: SSHPrivateKey
    ) throws(NetsimError) -> SSHListenerID {
        do throws(WireError) {
            return try server.listen(at: address, hostKey: key, handler: door).id
        } catch {
            throw NetsimError(error.code == .addressUnavailable ? .portTaken : .system, "", error.description)
        }
    }

    // MARK: Running devices

    private func stop(_ name: String) -> ControlReply {
        guard let running = state.withLock({ $0.running.removeValue(forKey: name) }) else {
            return ControlReply(device: name, state: .notRunning)
        }
        for listener in running.listeners { server.stopListening(listener, endingSessions: true) }
        for listener in running.tcp { tcpServer.stopListening(listener) }
        running.netconf?.existing?.endSessions()
        running.telnet?.endSessions()
        let failure = Mutex("")
        let done = DispatchSemaphore(value: 0)
        running.device.queue.run {
            running.netconf?.existing?.rollBackPending()
            do throws(NetsimError) {
                try running.device.flush()
            } catch {
                failure.withLock { $0 = error.description }
            }
            done.signal()
        }
        done.wait()
        return ControlReply(device: name, state: .stopped, text: failure.withLock { $0 })
    }

    private func status(_ name: String) -> ControlReply {
        guard let running = state.withLock({ $0.running[name] }) else {
            return ControlReply(device: name, state: .notRunning)
        }
        let device = running.device
        let seconds = (clock.now() - device.startTime) / 1_000_000
        let text = """
            status: started
            package: \(device.model.package.directory)
            ned-id: \(device.model.package.nedID ?? "none")
            \(running.places.map { "\($0.name): \($0.address)" }.joined(separator: "\n"))
            up: \(seconds) seconds
            memory: about \((device.memory + 1_023) / 1_024) kB of its own
            cpu: \(device.queue.processorTime / 1_000) ms
            """
        return ControlReply(device: name, state: .running, text: text)
    }

    private func command(_ name: String, _ script: String) -> ControlReply {
        guard let device = state.withLock({ $0.running[name] })?.device else {
            return ControlReply(device: name, state: .notRunning)
        }
        do throws(DeviceScript.Fault) {
            return ControlReply(device: name, state: .running, text: try DeviceScript.run(script, on: device))
        } catch {
            return ControlReply(device: name, state: .failed, text: error.description)
        }
    }

    /// Changes a device behind its clients' backs, in its own turn.
    private func configure(_ name: String, _ lines: [String]) -> ControlReply {
        guard let device = state.withLock({ $0.running[name] })?.device else {
            return ControlReply(device: name, state: .notRunning)
        }
        let refused = Mutex<[String]>([])
        let done = DispatchSemaphore(value: 0)
        device.queue.run {
            refused.withLock { $0 = device.change(by: lines) }
            done.signal()
        }
        done.wait()
        let text = refused.withLock { $0.joined(separator: "\n") }
        return ControlReply(device: name, state: text.isEmpty ? .running : .failed, text: text)
    }

    private func load(_ name: String, _ file: String, _ isMerge: Bool, _ part: DataPart) -> ControlReply {
        guard let device = state.withLock({ $0.running[name] })?.device else {
            return ControlReply(device: name, state: .notRunning)
        }
        do throws(NetsimError) {
            if part == .state {
                try device.loadState(OperationalData.read(file, device.model), isMerge: isMerge)
            } else {
                let options = DecodeOptions(.lax, content: part == .all ? .configOnly : .config)
                try device.load(DeviceStore.tree(file, device.model, options: options), isMerge: isMerge)
            }
            return ControlReply(device: name, state: .loaded)
        } catch {
            return ControlReply(device: name, state: .failed, text: error.description)
        }
    }
}

extension NetworkServer {
    private func save(_ name: String, _ file: String, _ path: String, _ part: DataPart) -> ControlReply {
        guard let device = state.withLock({ $0.running[name] })?.device else {
            return ControlReply(device: name, state: .notRunning)
        }
        do {
            let tree =
                switch part {
                case .configuration: device.running
                case .state: try device.stateData
                case .all: device.operational
                }
            let options = EncodeOptions(content: part == .configuration ? .config : .all)
            let place = path.isEmpty ? InstancePath() : try tree.path(path)
            try DeviceStore.write(file, tree, options, at: place)
            return ControlReply(device: name, state: .loaded)
        } catch {
            return ControlReply(device: name, state: .failed, text: "\(error)")
        }
    }
}

/// Compiled models, one for each package as it is on disk, kept as long as a device uses it.
private final class ModelCache: Sendable {
    private struct Entry {
        weak var model: DeviceModel?
    }

    private let entries = Mutex<[String: Entry]>([:])
    private let schemas: SchemaCache

    init(_ schemas: SchemaCache) { self.schemas = schemas }

    /// Compiles under the lock: devices of one package that start together wait for one compilation.
    func model(of package: NetsimPackage, moduleDirectory: String) throws(NetsimError) -> DeviceModel {
        let key = DeviceModel.fingerprint(package)
        return try entries.withLock { entries throws(NetsimError) in
            if let model = entries[key]?.model { return model }
            entries = entries.filter { $0.value.model != nil }
            let model = try DeviceModel(package, moduleDirectory: moduleDirectory, provider: schemas)
            entries[key] = Entry(model: model)
            return model
        }
    }
}

/// The host key of a device.
enum HostKey {
    /// Makes it; another one of the same device would look like an attack.
    static func make(_ files: DeviceFiles) throws(NetsimError) {
        do {
            let key = try SSHPrivateKey.generate()
            try PlainFiles.write(files.hostKey, Array(try key.exported().utf8), mode: 0o600)
            try PlainFiles.write(files.publicHostKey, Array("\(key.publicKey) netsim\n".utf8))
        } catch {
            throw NetsimError(.system, files.hostKey, "the host key cannot be made: \(error)")
        }
    }

    static func load(_ files: DeviceFiles) throws(NetsimError) -> SSHPrivateKey {
        if !DurableFiles.exists(files.hostKey) { try make(files) }
        do throws(WireError) {
            return try SSHPrivateKey(path: files.hostKey)
        } catch {
            throw NetsimError(.system, "", error.description, remedy: "remove the file to get a new key")
        }
    }

    /// Nil if the device has none yet.
    static func publicKey(_ files: DeviceFiles) -> SSHPublicKey? {
        guard let bytes = try? DurableFiles.read(files.publicHostKey, limit: 1 << 16) else { return nil }
        return SSHPublicKey(line: String(decoding: bytes, as: UTF8.self))
    }
}
