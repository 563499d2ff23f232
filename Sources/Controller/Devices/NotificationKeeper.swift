import Basics
import ConfigDatabase
import ConfigTree
import ControlProtocol
import Events
import NEDRuntime
import Synchronization
import YANG

/// The subscriptions of all devices: one worker each while the configuration has it, and what came of them.
final class NotificationKeeper: Sendable {
    private struct Device {
        /// The entry that the workers are for, and what of it matters to connections.
        var row: Row?
        var address: [String?] = []
        /// Counts changes of what is shown.
        var version = 0
        var workers: [String: NotificationWorker] = [:]
        var statuses: [String: NotificationStatus] = [:]
        var streams: [EventStream] = []
        var limit = NotificationKeeper.usualLimit
        /// What `show` shows, with what it was made of.
        var shown: (version: Int, schema: Schema, driver: DataModel?, row: Row)?
        /// Events in the driver's model, by their numbers.
        var decoded: [UInt64: DataTree] = [:]
    }

    private static let usualLimit = 200

    private let devices = Mutex<[String: Device]>([:])
    private let root = Mutex<Row?>(nil)
    private let received: ReceivedNotifications
    private let logs: SystemLogs
    private let clock: WallClock
    private let access = Mutex<@Sendable (String, String) throws(ControlError) -> DeviceAccess?>({ _, _ in nil })

    init(_ database: ConfigurationDatabase, logs: SystemLogs, clock: WallClock) {
        received = ReceivedNotifications(database)
        self.logs = logs
        self.clock = clock
    }

    /// - Parameter access: how a device is talked to in the name of a user; nil if it may not be now.
    func start(_ access: @escaping @Sendable (String, String) throws(ControlError) -> DeviceAccess?) {
        self.access.withLock { $0 = access }
    }

    func stop() {
        let workers = devices.withLock { devices in
            defer { devices = [:] }
            return devices.values.flatMap { $0.workers.values }
        }
        for worker in workers { worker.stop() }
    }

    // MARK: Following the configuration

    /// Starts and ends subscriptions as the configuration has them now. Costs nothing while it is the same.
    func follow(_ tree: DataTree) {
        let isNew = root.withLock { root in
            defer { root = tree.root }
            return root.map { !($0 === tree.root) } ?? true
        }
        guard isNew else { return }
        var names: Set<String> = []
        for device in tree.allDevices() {
            guard let name = device.keys.first else { continue }
            names.insert(name)
            follow(name, device)
        }
        let gone = devices.withLock { devices in
            let gone = devices.filter { !names.contains($0.key) }
            for name in gone.keys { devices[name] = nil }
            return gone
        }
        for (name, device) in gone {
            for worker in device.workers.values { worker.stop() }
            received.limit(name, to: 0)
        }
    }

    private func follow(_ name: String, _ instance: Instance) {
        let isSame = devices.withLock { devices in
            devices[name]?.row.map { known in instance.row.map { $0 === known } ?? false } ?? false
        }
        guard !isSame else { return }
        let wanted = Self.requests(instance, name)
        let limit =
            instance.child("notifications")?.child("received-notifications")?.value("max-size")
            .flatMap { Int($0) } ?? Self.usualLimit
        let address = Self.address(of: instance)
        let (ended, begun) = devices.withLock { devices -> ([NotificationWorker], [NotificationWorker]) in
            var device = devices[name] ?? Device()
            device.row = instance.row
            device.limit = limit
            device.version += 1
            let ended = device.workers.values.filter { device.address != address || !wanted.contains($0.request) }
            device.address = address
            for worker in ended {
                device.workers[worker.request.name] = nil
                device.statuses[worker.request.name] = nil
            }
            let begun = wanted.filter { device.workers[$0.name] == nil }.map { NotificationWorker($0, roles($0)) }
            for worker in begun {
                device.workers[worker.request.name] = worker
                device.statuses[worker.request.name] = NotificationStatus()
            }
            devices[name] = device
            return (ended, begun)
        }
        for worker in ended { worker.stop() }
        for worker in begun { worker.start() }
        received.limit(name, to: limit)
    }

    private static func requests(_ device: Instance, _ name: String) -> [NotificationRequest] {
        let state = device.child("state")?.value("admin-state") ?? "southbound-locked"
        guard ["unlocked", "config-locked", "call-home"].contains(state) else { return [] }
        let subscriptions = device.child("notifications")?.entries("subscription") ?? []
        return subscriptions.compactMap { NotificationRequest($0, device: name) }
    }

    /// What matters to a connection: with something else, sessions begin anew.
    private static func address(of device: Instance) -> [String?] {
        ["address", "port", "authgroup", "device-profile"].map { device.value($0) }
            + [device.child("state")?.value("admin-state"), NEDIDLocation.nedID(of: device)]
            + (device.child("ssh")?.entries("host-key").map { $0.value("key-data") } ?? [])
    }

    /// A device has called home: its subscriptions are made at once.
    func hurry(_ name: String) {
        for worker in devices.withLock({ Array($0[name]?.workers.values.map { $0 } ?? []) }) { worker.hurry() }
    }

    // MARK: What workers tell

    private func roles(_ request: NotificationRequest) -> NotificationWorker.Roles {
        let (name, subscription) = (request.device, request.name)
        return NotificationWorker.Roles(
            access: { [self] (device, user) throws(ControlError) in try access.withLock { $0 }(device, user) },
            lastTime: { [received] in received.lastTime(of: subscription, name) },
            noteStreams: { [self] in note($0, of: name) },
            take: { [self] in take($0, request) },
            noteStatus: { [self] status in
                let isNew = change(name) { device in
                    guard device.workers[subscription] != nil, device.statuses[subscription] != status else {
                        return false
                    }
                    device.statuses[subscription] = status
                    return true
                }
                guard isNew else { return }
                let why = status.reason.map { ": \($0)" } ?? ""
                let more = status.info.map { " (\($0))" } ?? ""
                logs.develop(.info, "notifications of \(name), \(subscription): \(status.state.rawValue)\(why)\(more)")
            })
    }

    /// What a device said of its streams.
    func note(_ streams: [EventStream], of name: String) {
        change(name) { device in
            guard device.streams != streams else { return false }
            device.streams = streams
            return true
        }
    }

    @discardableResult
    private func change(_ name: String, _ work: (inout Device) -> Bool) -> Bool {
        devices.withLock { devices in
            var device = devices[name] ?? Device()
            guard work(&device) else { return false }
            device.version += 1
            devices[name] = device
            return true
        }
    }

    private func take(_ events: [DeviceEvent], _ request: NotificationRequest) {
        let template = ReceivedNotification(
            number: 0, eventTime: "", sequence: 0, user: request.user, subscription: request.name,
            stream: request.stream, receivedTime: EventTime(microseconds: clock.now()).yangText, xml: "")
        let limit = devices.withLock { $0[request.device]?.limit ?? Self.usualLimit }
        do {
            if try received.add(events, from: request.device, as: template, limit: limit) {
                change(request.device) { _ in true }
            }
        } catch {
            logs.develop(.error, "notifications of \(request.device) cannot be kept: \(error)")
        }
    }

    // MARK: Showing

    /// Lays what is known into the `notifications` of a device.
    func fill(_ entry: RowDraft, _ name: String, _ moment: OperationalMoment) {
        guard let node = entry.node.dataChild(named: "notifications"), let row = shown(name, node, moment) else {
            return
        }
        entry.add(.row(row), to: node)
    }

    private func shown(_ name: String, _ node: SchemaNode, _ moment: OperationalMoment) -> Row? {
        guard let device = devices.withLock({ $0[name] }),
            !device.statuses.isEmpty || !device.streams.isEmpty || !received.all(of: name).isEmpty
        else { return nil }
        let driver = moment.tree.device(name).flatMap { NEDIDLocation.nedID(of: $0) }
            .flatMap { moment.system.driver($0) }?.model
        if let shown = device.shown, shown.version == device.version, shown.schema === node.schema,
            shown.driver === driver
        {
            return shown.row
        }
        var decoded = device.shown?.driver === driver ? device.decoded : [:]
        let row = NotificationRows(node, moment.tree.model, driver).row(
            statuses: device.statuses, users: device.workers.mapValues(\.request.user),
            streams: device.streams, events: received.all(of: name), decoded: &decoded)
        devices.withLock { devices in
            guard devices[name]?.version == device.version else { return }
            devices[name]?.decoded = decoded
            devices[name]?.shown = (device.version, node.schema, driver, row)
        }
        return row
    }
}
