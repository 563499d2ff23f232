import Basics
import Foundation

extension NetsimCommand {
    /// Shows or changes what goes wrong at devices; it takes effect with the next command that a device gets.
    func fault(_ words: [String]) throws(NetsimError) -> Int32 {
        if words.first == "--file" || words.first == "-f" { return try faults(fromFile: Array(words.dropFirst())) }
        guard let name = words.first else {
            throw NetsimError(.usage, "", "a device name is needed", remedy: "see ncs-netsim --help")
        }
        let network = try network()
        let devices = name == "all" ? network.info.devices : try device([name], count: 1).devices
        let rest = Array(words.dropFirst())
        if rest.isEmpty {
            for device in devices {
                for rule in try FaultPlan(path: device.files.faults).rules {
                    output((name == "all" ? "\(device.name): " : "") + rule.description)
                }
            }
            return 0
        }
        if rest[0] == "change" { return try change(devices, rest.dropFirst().joined(separator: " "), network) }
        for device in devices {
            var plan = try FaultPlan(path: device.files.faults)
            switch rest[0] {
            case "clear" where rest.count == 1: plan = FaultPlan()
            case "seed":
                guard rest.count == 2, let seed = UInt64(rest[1]) else {
                    throw NetsimError(.usage, "", "seed needs a number", remedy: "see ncs-netsim --help")
                }
                plan.seed = seed
            default: plan.rules.append(try FaultRule(rest))
            }
            try set(plan, of: device, network)
        }
        return 0
    }

    /// Writes the plan, and has a running device look at what concerns its doors.
    func set(_ plan: FaultPlan, of device: NetworkDevice, _ network: NetworkDirectory) throws(NetsimError) {
        let before = (try? FaultPlan(path: device.files.faults))?.has(.wrongHostKey) ?? false
        try plan.write(to: device.files.faults)
        guard before != plan.has(.wrongHostKey) else { return }
        let reply = try client(network).ask(.refresh([device.name]))?[device.name]
        if let reply, reply.state == .failed { throw NetsimError(.system, device.name, reply.text) }
    }

    /// Changes devices at once, as somebody at their consoles would.
    private func change(
        _ devices: [NetworkDevice], _ text: String, _ network: NetworkDirectory
    ) throws(NetsimError) -> Int32 {
        let lines = text.split(separator: ";").map { $0.withoutOuterBlanks }
        guard !lines.isEmpty else {
            throw NetsimError(.usage, "", "change needs lines of configuration", remedy: "separate them by ;")
        }
        let replies = try client(network).ask(.configure(devices.map(\.name), lines: lines)) ?? [:]
        for device in devices {
            guard let reply = replies[device.name], reply.state != .notRunning else {
                throw NetsimError(.notRunning, device.name, "the device is not running", remedy: "start it first")
            }
            if reply.state == .failed { throw NetsimError(.configurationUnusable, device.name, reply.text) }
        }
        return 0
    }

    // MARK: Scenarios

    /// Gives devices the faults of a scenario file; devices that it does not name keep theirs.
    private func faults(fromFile words: [String]) throws(NetsimError) -> Int32 {
        guard words.count == 1 else {
            throw NetsimError(.usage, "", "--file needs a scenario file", remedy: "see docs/NETSIM.md")
        }
        let network = try network()
        let scenario = try Scenario(path: PlainFiles.absolute(words[0], in: workingDirectory))
        for (device, plan) in try scenario.plans(network.info) { try set(plan, of: device, network) }
        return 0
    }
}
