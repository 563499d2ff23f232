import Foundation

/// What the daemon does with many devices at a time.
extension Runs {
    private static let otherEnd = "interface GigabitEthernet 0/1 description"

    /// The devices told apart by what is never there: each reading brings the daemon something new.
    private func change(_ lab: Lab, _ round: Int) throws {
        try lab.shell("ncs-netsim fault all change 'interface GigabitEthernet 0/1; description round\(round)'")
    }

    /// Connects to all devices and reads them; the daemon's and the devices' share of it.
    private func syncAll(_ lab: Lab, _ count: Int, _ uses: [ProcessUse]) throws -> Pace {
        try operate(lab, "devices disconnect")
        return try Pace.measure(uses, count) {
            let said = try operate(lab, "devices sync-from")
            guard said.components(separatedBy: "result true").count == count + 1 else {
                throw Failure(description: "not all were synchronised: \(said.suffix(1_000))")
            }
        }
    }

    // MARK: The rate

    mutating func sync(_ count: Int) throws {
        let lab = try Lab(ports: 20_000)
        defer { lab.remove() }
        try bringUp(lab, count)
        let uses = [
            try ProcessUse(pidFile: lab.directory + "/state/ncs.pid"),
            try ProcessUse(pidFile: lab.network + "/.netsim/pid"),
        ]
        let size = try Clients.read(Array(try lab.places().prefix(1)), CannedServer.command, onTerminal: true)
        func bare() throws -> Pace { try CannedServer.rate(bytes: size, connections: count, threads: 8) }
        let first = try syncAll(lab, count, uses)
        var rounds: [(bare: Pace, kept: Pace, changed: Pace)] = []
        for round in 0..<5 {
            let (bare, kept) = (try bare(), try syncAll(lab, count, uses))
            try change(lab, round)
            rounds.append((bare, kept, try syncAll(lab, count, uses)))
        }
        func show(_ what: String, _ paces: [Pace]) {
            let (here, there) = (median(paces.map { $0.costs[0] }), median(paces.map { $0.costs[1] }))
            let rate = median(paces.map(\.rate))
            say(String(format: "%@: %.0f a second, %.2f and %.2f ms of CPU at the ends", what, rate, here, there))
        }
        say("\(count) routers, \(size) bytes each")
        show("bare client and server", rounds.map(\.bare))
        show("sync-from, first reading", [first])
        show("sync-from, a change in each", rounds.map(\.changed))
        show("sync-from, nothing new", rounds.map(\.kept))
        let work = median(rounds.map { $0.bare.cost / $0.kept.cost })
        say(String(format: "by CPU, which other load leaves alone: %.2f of bare", work))
        let ratio = median(rounds.map { $0.kept.rate / $0.bare.rate })
        bounds.show("sync-from of \(count) routers against bare", ratio, "x", atLeast: 0.8)
    }

    /// The bare pair alone, again and again for a profiler to look at; the process ids first.
    static func bare(_ count: Int) throws -> Never {
        while true {
            let pace = try CannedServer.rate(bytes: 2_362, connections: count, threads: 8)
            say(String(format: "%.0f a second, %.2f and %.2f ms", pace.rate, pace.costs[0], pace.costs[1]))
        }
    }

    // MARK: What reading costs

    mutating func read(_ count: Int) throws {
        let lab = try Lab(ports: 20_000)
        defer { lab.remove() }
        let script = lab.directory + "/scrapli_read.py"
        try ScrapliProgram.text.write(toFile: script, atomically: true, encoding: .utf8)
        try bringUp(lab, count)
        let places = try lab.places().map { "\($0.host):\($0.port)" }.joined(separator: " ")
        let daemon = try ProcessUse(pidFile: lab.directory + "/state/ncs.pid")
        func ours() throws -> Double { try syncAll(lab, count, [daemon]).cost }
        let first = try ours()
        var changed: [Double] = []
        var theirs: [String: [Double]] = [:]
        for round in 0..<5 {
            try change(lab, round)
            changed.append(try ours())
            let python = lab.environment["SCRAPLI_PYTHON"] ?? "python3"
            for line in try lab.shell("'\(python)' '\(script)' \(places) 2>> '\(lab.directory)/scrapli.errors'")
                .split(separator: "\n")
            {
                let words = line.split(separator: " ")
                guard words.count == 4, let time = Double(words[1]) else { continue }
                theirs[String(words[0]), default: []].append(time * 1e3 / Double(count))
            }
        }
        say(String(format: "CPU of the daemon a device: %.2f ms at the first reading", first))
        for (name, times) in theirs.sorted(by: { $0.key < $1.key }) {
            say(String(format: "CPU of scrapli a device, transport %@: %.2f ms", name, median(times)))
        }
        guard let best = theirs.values.map(median).min() else {
            return say("skipped: no scrapli; name a Python that has it in SCRAPLI_PYTHON")
        }
        let cost = median(changed)
        bounds.show("CPU to read a device into the database", cost, "ms", atMost: best)
    }

    // MARK: One of them is silent

    /// Rounds with and without a device that never answers, in turn: what else the machine does is in both.
    mutating func misbehaving(_ count: Int) throws {
        let lab = try Lab(ports: 20_000)
        defer { lab.remove() }
        try bringUp(lab, count)
        try operate(lab, "devices sync-from\nconfig\ndevices device r0 read-timeout 30\ncommit")
        var number = 0
        func commits() throws -> [Double] {
            try (0..<12).map { _ in
                number += 1
                let device = "devices device r\(number % (count - 1) + 1) config \(Self.otherEnd)"
                return try seconds { try operate(lab, "config\n\(device) commit\(number)\ncommit") }
            }
        }
        _ = try commits()
        var ratios: [Double] = []
        var all: (alone: [Double], beside: [Double]) = ([], [])
        for round in 0..<7 {
            let before = try commits()
            let beside = try besideSilence(lab, round, commits)
            let alone = try before + commits()
            ratios.append(median(beside) / median(alone))
            all = (all.alone + alone, all.beside + beside)
        }
        let milliseconds = (Int(median(all.alone) * 1e3), Int(median(all.beside) * 1e3))
        say("median of a commit: \(milliseconds.0) ms, beside a silent device \(milliseconds.1) ms")
        bounds.show("a commit beside a silent device", median(ratios), "x", atMost: 1.2)
    }

    /// What `work` gives while a commit to r0 waits for an answer; afterwards r0 answers again.
    private func besideSilence(_ lab: Lab, _ round: Int, _ work: () throws -> [Double]) throws -> [Double] {
        try lab.shell("ncs-netsim fault r0 silent-line 'description never.*'")
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        let line = "devices device r0 config \(Self.otherEnd) never\(round)"
        process.arguments = ["-c", "printf 'config\n\(line)\ncommit\n' | ncs_cli -s -C -u admin > /dev/null 2>&1"]
        process.environment = lab.environment
        try process.run()
        while !(try lab.shell("ncs-netsim log r0")).contains("never\(round)") { usleep(50_000) }
        let times = try work()
        guard process.isRunning else {
            throw Failure(description: "the silent device did not keep its commit waiting")
        }
        // The hung session goes with the device's restart: the commit is refused.
        try lab.shell("ncs-netsim fault r0 clear; ncs-netsim stop r0; ncs-netsim start r0")
        process.waitUntilExit()
        try operate(lab, "devices device r0 sync-from")
        return times
    }
}
