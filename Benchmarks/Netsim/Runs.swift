import Foundation
import Wire

/// The measurements.
struct Runs {
    var bounds = Bounds()

    mutating func scale(_ count: Int) throws {
        let lab = try Lab(ports: 20_000)
        defer { lab.remove() }
        let package = try lab.package()
        let share = Double(count) / 10_000
        let made = try seconds { try lab.shell("ncs-netsim create-network '\(package)' \(count) r") }
        bounds.show("\(count) routers made", made, "s", atMost: 30 * max(share, 0.1))
        let started = try seconds { try lab.shell("ncs-netsim start") }
        bounds.show("started, first time", started, "s", atMost: 5 * max(share, 0.4))
        let places = try lab.places()
        let process = try ProcessUse(pidFile: lab.network + "/.netsim/pid")
        say("resident after start: \(Int(try process.resident())) MiB")
        var size = 0
        let time = try seconds { size = try Clients.read(places, "show running-config") }
        say("each read once: \(size) bytes, \(Int(Double(count) / time)) routers a second")
        bounds.show("resident after each was read", try process.resident(), "MiB", atMost: 400 * max(share, 0.6))
        try wakeUps(process, places)
        let before = try process.resident()
        let sessions = try Clients.open(Array(places.prefix(500)))
        let after = try process.resident()
        bounds.show("an open session", (after - before) * 1_024 / Double(sessions.count), "kB", atMost: 150)
        for channel in sessions { channel.session.close() }
        sleep(2)
        let idle = try process.processorTime()
        sleep(10)
        bounds.show("CPU when idle", (try process.processorTime() - idle) * 10, "%", atMost: 1)
        _ = try lab.shell("ncs-netsim stop")
        let again = try seconds { try lab.shell("ncs-netsim start") }
        bounds.show("started again", again, "s", atMost: 5 * max(share, 0.4))
    }

    /// What a command costs the network's process, against a network of ten devices.
    private mutating func wakeUps(_ many: ProcessUse, _ places: [(host: String, port: UInt16)]) throws {
        // Below the ports that the clients are given.
        let lab = try Lab(ports: 25_000)
        defer { lab.remove() }
        try lab.shell("ncs-netsim create-network '\(try lab.package())' 10 r && ncs-netsim start")
        let few = try ProcessUse(pidFile: lab.network + "/.netsim/pid")
        let sessions = (try Clients.open([places[0]])[0], try Clients.open([try lab.places()[0]])[0])
        var costs: (many: [Double], few: [Double]) = ([], [])
        for round in 0..<6 {
            let (one, other) = (try Clients.cost(sessions.0, many), try Clients.cost(sessions.1, few))
            if round > 0 { (costs.many, costs.few) = (costs.many + [one], costs.few + [other]) }
        }
        let micro = (Int(median(costs.many) * 1e6), Int(median(costs.few) * 1e6))
        say("a command: \(micro.0) us of CPU with \(places.count) devices, \(micro.1) us with 10")
        bounds.show("a wake-up against ten devices", median(costs.many) / median(costs.few), "x", atMost: 1.15)
        for session in [sessions.0, sessions.1] { session.session.close() }
    }

    func bringUp(_ lab: Lab, _ count: Int) throws {
        let package = try lab.package()
        try lab.shell("ncs-package build '\(package)' -o '\(lab.directory)'")
        try lab.shell("ncs-netsim create-network '\(package)' \(count) r && ncs-netsim start")
        try lab.shell("ncs-setup --dest . --netsim-dir netsim && ncs")
        try operate(lab, "devices fetch-ssh-host-keys")
    }

    @discardableResult
    func operate(_ lab: Lab, _ commands: String) throws -> String {
        try lab.shell("ncs_cli -s -C -u admin", input: commands + "\n")
    }
}
