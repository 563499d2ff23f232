import Foundation
import Wire

/// The three measurements.
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

    mutating func sync(_ count: Int) throws {
        let lab = try Lab(ports: 20_000)
        defer { lab.remove() }
        try bringUp(lab, count)
        let size = try Clients.read(Array(try lab.places().prefix(1)), "show running-config")
        let threads = 8
        var ours: [Double] = []
        var bare: [Double] = []
        for _ in 0..<3 {
            bare.append(try CannedServer.rate(bytes: size, connections: count, threads: threads))
            let time = try seconds {
                let said = try operate(lab, "devices disconnect\ndevices sync-from")
                guard said.components(separatedBy: "result true").count == count + 1 else {
                    throw Failure(description: "not all were synchronised: \(said.suffix(1_000))")
                }
            }
            ours.append(Double(count) / time)
        }
        say(
            "bare connections with \(size) bytes: \(Int(median(bare))) a second; sync-from: \(Int(median(ours))) a second"
        )
        bounds.show("sync-from of \(count) routers against bare", median(ours) / median(bare), "x", atLeast: 0.8)
    }

    mutating func misbehaving(_ count: Int) throws {
        let lab = try Lab(ports: 20_000)
        defer { lab.remove() }
        try bringUp(lab, count)
        try operate(lab, "devices sync-from")
        func commit(_ name: String, _ text: String) throws -> Double {
            let device = "devices device \(name) config interface GigabitEthernet 0/1 description"
            return try seconds { try operate(lab, "config\n\(device) \(text)\ncommit") }
        }
        for round in 0..<5 { _ = try commit("r1", "warm\(round)") }
        var alone: [Double] = []
        for round in 0..<25 { alone.append(try commit("r\(round + 1)", "alone\(round)")) }
        try lab.shell("ncs-netsim fault r0 silent-line 'description.*'")
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        let line = "devices device r0 config interface GigabitEthernet 0/1 description never"
        process.arguments = ["-c", "printf 'config\\n\(line)\\ncommit\\n' | ncs_cli -s -C -u admin > /dev/null 2>&1"]
        process.environment = lab.environment
        try process.run()
        sleep(1)
        var beside: [Double] = []
        for round in 0..<25 where process.isRunning { beside.append(try commit("r\(round + 1)", "beside\(round)")) }
        guard beside.count > 10 else { throw Failure(description: "the silent device did not keep its commit waiting") }
        say(
            "median of a commit: \(Int(median(alone) * 1e3)) ms, beside a silent device \(Int(median(beside) * 1e3)) ms"
        )
        bounds.show("a commit beside a silent device", median(beside) / median(alone), "x", atMost: 1.2)
        try lab.shell("ncs-netsim fault r0 clear; ncs-netsim stop")
        process.waitUntilExit()
    }
}
