import ConfigTree
import Foundation
import Migration
import YANG

// See README.md.

let devices = 1_000
let entries = 200
let nodes = entries * 5

func module(_ body: String) throws -> DataModel {
    let text = """
        module bench { yang-version 1.1; namespace "urn:bench"; prefix b;
          container top { list entry { key name; leaf name { type string; } \(body) } } }
        """
    let outcome = SchemaCompiler().compile([.init(path: "bench.yang", bytes: Array(text.utf8))])
    guard let schema = outcome.schema else { exit(2) }
    return DataModel(schema)
}

let old = try module(
    """
    leaf description { type string; } leaf port { type uint16; } leaf number { type string; } leaf enabled { type boolean; }
    """)
/// Every entry changes.
let new = try module(
    """
    leaf extra { type string; } leaf description { type string { length 1..64; } } leaf port { type uint32; }
    leaf number { type uint32; }
    """)
/// One entry in a hundred changes.
let near = try module(
    """
    leaf description { type string; } leaf port { type uint16 { range "100..max"; } } leaf number { type string; }
    leaf enabled { type boolean; }
    """)

func xml(_ device: Int) -> [UInt8] {
    var text = "<top xmlns=\"urn:bench\">\n"
    for number in 0..<entries {
        text += """
            <entry><name>interface-\(number)</name><description>uplink \(device).\(number)</description>
            <port>\(number % 100 == 99 ? 1 : 1_000 + number)</port><number>0\(number)</number>
            <enabled>\(number & 1 == 0)</enabled></entry>

            """
    }
    return Array((text + "</top>\n").utf8)
}

/// Seconds of CPU that this process has used.
func cpuSeconds() -> Double {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
    return seconds(usage.ru_utime) + seconds(usage.ru_stime)
}

/// `malloc_trim` of the C library, which no module map offers to Swift.
let trim = dlsym(nil, "malloc_trim").map {
    unsafeBitCast($0, to: (@convention(c) (Int) -> CInt).self)
}

/// Bytes of anonymous memory that the process has in RAM, without what is free.
func anonymousBytes() -> Int {
    _ = trim?(0)
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("RssAnon:") } ?? ""
    return (Int(line.split(whereSeparator: { !$0.isNumber }).first ?? "") ?? 0) * 1024
}

func timed(_ what: String, _ body: () throws -> Void) rethrows -> Double {
    let start = cpuSeconds()
    try body()
    let seconds = cpuSeconds() - start
    let name = what.padding(toLength: 34, withPad: " ", startingAt: 0)
    print(name + String(format: "%8.1f ms %7.2f M nodes/s", seconds * 1e3, Double(devices * nodes) / seconds / 1e6))
    return seconds
}

let documents = (0..<devices).map(xml)
var decoded: [DataTree] = []
let decoding = try timed("decode xml") {
    for document in documents { decoded.append(try XMLDataDecoder.tree(document, file: "", model: old).get()) }
}
let trees = decoded

func isMissed(_ seconds: Double) -> Bool {
    let factor = seconds / decoding
    print(String(format: "  %.2f times the decoding (bound 3)", factor))
    return factor > 3
}

let plans = CarryPlans()
var carried: [DataTree] = []
let all = timed("carry, every entry changes") {
    for tree in trees { carried.append(DataCarrier.carry(tree, to: new, plans: plans).tree) }
}
let isAllMissed = isMissed(all)
carried = []
let few = timed("carry, one entry in 100 changes") {
    for tree in trees { carried.append(DataCarrier.carry(tree, to: near, plans: plans).tree) }
}
let isFewMissed = isMissed(few)
carried = []

func dryRun(_ count: Int) -> Int {
    var events = 0
    for tree in trees.prefix(count) {
        _ = DataCarrier.carry(tree, to: new, plans: plans) { _ in events += 1 }
    }
    return events
}

_ = dryRun(100)
let before = anonymousBytes()
_ = dryRun(100)
let hundred = anonymousBytes() - before
let events = dryRun(1_000)
let thousand = anonymousBytes() - before
print(
    "dry run: \(events) events; memory grows by \(hundred >> 10) KiB over 100 devices, \(thousand >> 10) KiB over 1,000"
)
exit(isAllMissed || isFewMissed || thousand - hundred > 4 << 20 ? 1 : 0)
