import Basics
import ConfigTree
import ControlProtocol
import Controller
import Foundation
import YANG

/// A run directory whose packages bring one list of a flat entry: a key and five leaves, six nodes.
struct Database {
    static let model = """
        module bench {
          yang-version 1.1;
          namespace "urn:bench";
          prefix bench;
          container top {
            list entry {
              key name;
              leaf name { type string; }
              leaf description { type string; }
              leaf port { type uint16; }
              leaf address { type string; }
              leaf peer { type string; }
              leaf enabled { type boolean; }
            }
          }
        }

        """

    let directory: String
    let installation: String

    func prepare() throws {
        let package = directory + "/packages/bench"
        for folder in ["ncs-cdb", "logs", "state", "packages/bench/load-dir", "packages/bench/src/yang"] {
            try DurableFiles.makeDirectory(directory + "/" + folder)
        }
        // Compaction is only when it is measured.
        let settings = """
            <ncs-config xmlns="http://tail-f.com/yang/tailf-ncs-config">
              <load-path><dir>\(directory)/packages</dir></load-path>
              <compaction><journal-compaction>manual</journal-compaction></compaction>
            </ncs-config>

            """
        let metaData = """
            <ncs-package xmlns="http://tail-f.com/ns/ncs-packages">
              <name>bench</name>
              <package-version>1.0</package-version>
              <ncs-min-version>6.0</ncs-min-version>
            </ncs-package>

            """
        try Self.write(settings, directory + "/ncs.conf")
        try Self.write(metaData, package + "/package-meta-data.xml")
        try Self.write(Self.model, package + "/src/yang/bench.yang")
        try Self.write("made elsewhere\n", package + "/load-dir/bench.fxs")
        try Self.write(Self.model, directory + "/bench.yang")
    }

    /// Documents for the peer.
    func writeDocuments(_ entries: Int) throws {
        try Self.write(Self.document(0..<entries), directory + "/all.xml")
        try Self.write(Self.document(0..<1), directory + "/one.xml")
    }

    private static func document(_ numbers: Range<Int>) -> String {
        var text = "<top xmlns=\"urn:bench\">\n"
        for number in numbers {
            text += "  <entry>\n    <name>\(name(number))</name>\n"
            for (leaf, value) in values(number) { text += "    <\(leaf)>\(value)</\(leaf)>\n" }
            text += "  </entry>\n"
        }
        return text + "</top>\n"
    }

    private static func write(_ text: String, _ path: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    }

    static func name(_ number: Int) -> String { "interface-\(number)" }

    static func values(_ number: Int) -> [(String, String)] {
        [
            ("description", "uplink number \(number)"), ("port", "\(number % 65_000 + 1)"),
            ("address", "10.\(number >> 16 & 255).\(number >> 8 & 255).\(number & 255)"),
            ("peer", "192.168.\(number >> 8 & 255).\(number & 255)"), ("enabled", number & 1 == 0 ? "true" : "false"),
        ]
    }

    func start() throws -> NetworkController {
        let configuration = try SystemConfiguration(
            file: directory + "/ncs.conf", runDirectory: directory, environment: [:])
        let logs = try SystemLogs(configuration.logs, host: "bench", clock: .system)
        return try Startup(
            configuration: configuration, installation: installation, logs: logs, host: "bench", clock: .system
        ).start()
    }

    /// Commits the entries, so many at once.
    func fill(_ entries: Int, at once: Int) throws {
        let controller = try start()
        defer { controller.stop() }
        let session = try controller.openSession(SessionUser(name: "bench")) { _ in }
        for first in stride(from: 0, to: entries, by: once) {
            let base = session.running
            var tree = base
            let list = try base.path("/bench:top/entry")
            for number in first..<min(entries, first + once) {
                var entry = list
                entry.steps[1].keys = [Self.name(number)]
                for (leaf, value) in Self.values(number) {
                    guard let node = list.last?.node.dataChild(named: leaf) else { continue }
                    try tree.apply(.set(value), at: entry.appending(node))
                }
            }
            _ = try session.commit(CommitRequest(base: base, candidate: tree, options: CommitOptions()))
        }
        session.close()
    }
}

/// Times of one-leaf commits, sorted, in microseconds.
struct CommitTimes {
    var times: [Double]

    func percentile(_ percent: Double) -> Double {
        times[min(times.count - 1, Int(Double(times.count) * percent / 100))]
    }

    /// Commits until `isOver`, but at least `count` times.
    static func measure(
        _ session: any ControlSession, entries: Int, count: Int, round: Int, until isOver: () -> Bool = { true }
    ) throws -> CommitTimes {
        var times: [Double] = []
        var turn = 0
        while times.count < count || !isOver() {
            turn += 1
            let base = session.running
            let name = Database.name(turn &* 7_919 % entries)
            let path = try base.path("/bench:top/entry[name='\(name)']/description")
            let candidate = try base.applying(.set("turn \(turn), round \(round) of \(getpid())"), at: path)
            let begin = DispatchTime.now().uptimeNanoseconds
            let outcome = try session.commit(CommitRequest(base: base, candidate: candidate, options: CommitOptions()))
            guard outcome.number != nil else { exit(4) }
            times.append(Double(DispatchTime.now().uptimeNanoseconds - begin) / 1_000)
        }
        return CommitTimes(times: times.sorted())
    }
}
