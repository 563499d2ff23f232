import Foundation

// See README.md.

/// What PEERS.md measured, of the better peer each: ms of server CPU of a one-leaf transaction at 100,000 entries
/// (clixon), MB a second of get-config at its best (netopeer2).
let published = (transaction: 1_802.0, reading: 35.0)

/// Prints a line at once, also into a file.
func say(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }

struct Figures {
    /// Milliseconds of server CPU of one transaction.
    var transaction = 0.0
    /// Megabytes of get-config a second of server CPU.
    var reading = 0.0
}

let candidate = "<target><candidate/></target>"

func edit(_ number: Int, _ round: Int) -> String {
    "<edit-config>\(candidate)<config><top xmlns=\"urn:bench:list\"><entry><name>entry-\(number)</name>"
        + "<mtu>\(2_600 + round)</mtu></entry></top></config></edit-config>"
}

func measure(_ server: any Server, entries: Int, transactions: Int) throws -> Figures {
    let client = try server.connect()
    defer { client.end() }
    func processorTime(_ work: () throws -> Void) throws -> Double {
        let start = try Usage(of: server.process).processorTime
        try work()
        return try Usage(of: server.process).processorTime - start
    }
    var round = 0
    func transaction() throws {
        round += 1
        try client.carryOut(edit(round &* 7_919 % entries, round % 5_000))
        try client.carryOut("<commit/>")
    }
    // What is made once, such as the plan of a validation, is not what a transaction costs.
    for _ in 0..<10 { try transaction() }
    var figures = Figures()
    figures.transaction =
        try processorTime { for _ in 0..<transactions { try transaction() } } / Double(transactions) * 1_000
    var bytes = 0
    let turns = max(3, 300_000 / entries)
    let seconds = try processorTime {
        for _ in 0..<turns {
            bytes += try client.request("<get-config><source><running/></source></get-config>").count
        }
    }
    figures.reading = Double(bytes) / 1e6 / seconds
    return figures
}

struct Bounds {
    var missed = 0

    mutating func require(_ holds: Bool, _ what: String) {
        say("  \(holds ? "kept" : "MISSED"): \(what)")
        if !holds { missed += 1 }
    }
}

func inDirectory<Result>(_ name: String, _ work: (String) throws -> Result) throws -> Result {
    let directory = NSTemporaryDirectory() + "/bench-netconf-server-\(getpid())-\(name)"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    return try work(directory)
}

func show(_ entries: Int, _ name: String, _ figures: Figures) {
    let label = name.padding(toLength: 10, withPad: " ", startingAt: 0)
    say(
        String(
            format: "%7d entries  %@ %9.3f ms CPU a transaction   %7.1f MB of get-config a CPU second", entries, label,
            figures.transaction, figures.reading))
}

func bench(_ sizes: [Int]) throws -> Bounds {
    var bounds = Bounds()
    var ours: [Figures] = []
    var peers: [Figures] = []
    for entries in sizes {
        let found = try inDirectory("ours-\(entries)") { directory in
            let server = try OurServer(directory, entries: entries, ports: 20_000 + UInt16(getpid() % 20_000))
            defer { server.end() }
            return try measure(server, entries: entries, transactions: 300)
        }
        ours.append(found)
        show(entries, "ours", found)
        // Loading more takes netconfd minutes.
        guard YumaServer.isInstalled, entries <= 1_000 else { continue }
        let peer = try inDirectory("peer-\(entries)") { directory in
            let server = try YumaServer(directory)
            defer { server.end() }
            let client = try server.connect()
            for start in stride(from: 0, to: entries, by: 1_000) {
                let config = Model.data(start..<min(entries, start + 1_000))
                try client.carryOut("<edit-config>\(candidate)<config>\(config)</config></edit-config>")
            }
            try client.carryOut("<commit/>")
            client.end()
            return try measure(server, entries: entries, transactions: 10)
        }
        peers.append(peer)
        show(entries, "netconfd", peer)
    }
    guard let first = ours.first, let last = ours.last else { return bounds }
    bounds.require(last.transaction <= 5, "at most 5 ms of CPU a transaction")
    bounds.require(
        last.transaction <= 2 * first.transaction,
        String(format: "flat in size: %.2f times from first to last, at most 2", last.transaction / first.transaction))
    let better = max(published.reading, peers.last?.reading ?? 0)
    bounds.require(
        last.reading >= 2 * better,
        String(format: "%.1f times the bytes a CPU second of the better peer, at least 2", last.reading / better))
    return bounds
}

signal(SIGPIPE, SIG_IGN)
let words = CommandLine.arguments.dropFirst()
do {
    var bounds: Bounds
    if words.first == "memory" {
        bounds = try measureMemory(megabytes: words.dropFirst().first.flatMap { Int($0) } ?? 100)
    } else {
        let sizes = words.compactMap { Int($0) }
        bounds = try bench(sizes.isEmpty ? [1_000, 10_000, 100_000] : sizes)
        if sizes.isEmpty { bounds.missed += try measureMemory(megabytes: 100).missed }
    }
    exit(bounds.missed == 0 ? 0 : 1)
} catch {
    say("bench-netconf-server: \(error)")
    exit(2)
}
