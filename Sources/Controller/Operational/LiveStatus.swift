import ConfigTree
import ControlProtocol
import NEDRuntime
import Synchronization
import YANG

/// What devices tell of their state, read when somebody asks.
enum LiveStatus {
    /// The devices that paths lead to, each with what is asked of it: paths in its driver's model.
    private static func requests(_ paths: [InstancePath]) -> [(device: String, paths: [InstancePath])] {
        var order: [String] = []
        var found: [String: [InstancePath]] = [:]
        for path in paths {
            guard let point = path.steps.firstIndex(where: { $0.node.kind == .mountPoint }),
                let device = path.steps[..<point].last?.keys.first
            else { continue }
            if found[device] == nil { order.append(device) }
            found[device, default: []].append(InstancePath(Array(path.steps[(point + 1)...])))
        }
        return order.map { ($0, found[$0] ?? []) }
    }

    static func read(
        _ paths: [InstancePath], in tree: DataTree, by session: ControllerSession
    ) throws(ControlError) -> LiveReading {
        let requests = requests(paths)
        let readings = Mutex<[String: Result<StateReading, ControlError>]>([:])
        _ = DeviceWork.inParallel(requests.map(\.device)) { name in
            let wanted = requests.first { $0.device == name }?.paths ?? []
            let reading = Result { () throws(ControlError) in try read(name, wanted, session) }
            readings.withLock { $0[name] = reading }
            return DeviceResult()
        }
        var result = LiveReading(tree: tree)
        for (name, _) in requests {
            switch readings.withLock({ $0[name] }) {
            case .success(let reading)?:
                result.tree = try mounting(reading.tree, of: name, in: result.tree)
                result.notes += reading.faults.map {
                    "device \(name): left out, for the model does not allow it: \($0)"
                }
            case .failure(let error)?:
                if requests.count == 1 { throw error }
                result.notes.append("device \(name): \(error.message)")
            case nil: continue
            }
        }
        return result
    }

    private static func mounting(_ state: DataTree, of name: String, in tree: DataTree) throws(ControlError) -> DataTree
    {
        guard let schema = DevicesSchema(tree.model.schema), let point = schema.device.dataChild(named: "live-status")
        else { return tree }
        do {
            return try tree.replacingMount(at: schema.path(name).appending(point), with: state)
        } catch {
            throw ControlError(.notFound, "there is no device \(name)")
        }
    }

    private static func read(
        _ name: String, _ paths: [InstancePath], _ session: ControllerSession
    ) throws(ControlError) -> StateReading {
        let access = try session.controller.deviceAccess(name, by: session)
        guard paths.allSatisfy({ $0.steps.allSatisfy { $0.node.schema === access.driver.model.schema } }) else {
            throw UpgradeGate.replacedModel
        }
        // The paths of a list without keys include those that are narrower.
        let isWhole = paths.contains { $0.steps.isEmpty }
        do throws(NEDError) {
            var reading = try access.withSession { (session) throws(NEDError) in
                try session.state(at: isWhole ? [] : paths)
            }
            reading.tree = try masked(reading.tree, session.controller, name)
            return reading
        } catch {
            throw ControlError(.device, access.masked(error.operatorText))
        }
    }

    private static func masked(
        _ tree: DataTree, _ controller: NetworkController, _ name: String
    ) throws(NEDError) -> DataTree {
        do throws(ControlError) { return try controller.secrets.sealed(tree, like: nil) } catch {
            throw NEDError(.driver, device: name, error.message)
        }
    }
}

extension NetworkController {
    /// The access to a device that a user may talk to now.
    func deviceAccess(_ name: String, by session: ControllerSession) throws(ControlError) -> DeviceAccess {
        try deviceAccess(name, as: session.user.name)
    }

    func deviceAccess(_ name: String, as user: String) throws(ControlError) -> DeviceAccess {
        guard let device = running.device(name) else { throw ControlError(.notFound, "there is no device \(name)") }
        try DeviceAddressing(device, localUser: user).requireUnlocked()
        return try devices.access(device, system: system, localUser: user)
    }
}
