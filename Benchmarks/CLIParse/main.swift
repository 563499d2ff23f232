import Basics
import CLIGrammar
import ConfigTree
import Foundation
import YANG

// See README.md.

/// A configuration of about so many lines, the same in every run.
func configuration(lines: Int) -> [UInt8] {
    var text = "hostname big\n!\n"
    for number in 0..<(lines / 10) {
        let (a, b, c) = (number / 65536, number / 256 % 256, number % 256)
        text += """
            interface GigabitEthernet\(number / 48)/\(number % 48)
             description Link to customer \(number) in row \(number % 97)
             ip address 10.\(a).\(b).\(c) 255.255.255.0
             mtu \(1500 + number % 64)
             shutdown
            !

            """
    }
    for number in 0..<(lines / 10) {
        let (a, b, c) = (number / 65536, number / 256 % 256, number % 256)
        text += "ip route 172.\(a).\(b).\(c) 255.255.255.255 10.0.0.\(number % 250)\n"
    }
    text += "!\n"
    for number in 0..<(lines / 10) {
        let (a, b, c) = (number / 65536, number / 256 % 256, number % 256)
        text += "ip prefix-list L\(number / 100) seq \(5 * (number % 100) + 5) permit 192.\(a).\(b).\(c)/32\n"
    }
    text += "end\n"
    return Array(text.utf8)
}

func model() throws -> DataModel {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    let directory = root.appendingPathComponent("packages/openned-ios-cli-2.0/src/yang")
    var options = SchemaCompiler.Options()
    options.policy = .vendor
    options.searchPath = ["yang/tailf", "yang/openned"].map { root.appendingPathComponent($0).path }
    if let modules = ProcessInfo.processInfo.environment["OPENNED_INSTALLATION"] {
        options.searchPath.append(modules + "/src/ncs/yang")
    }
    options.searchPath.append("/usr/share/yuma/modules/ietf")
    let names = try FileManager.default.contentsOfDirectory(atPath: directory.path).filter { $0.hasSuffix(".yang") }
    let sources = try names.sorted().map { name in
        let file = directory.appendingPathComponent(name)
        return SchemaCompiler.Source(path: file.path, bytes: Array(try Data(contentsOf: file)))
    }
    let outcome = SchemaCompiler(options: options).compile(sources)
    guard let schema = outcome.schema else { throw DiagnosticsError(outcome.diagnostics) }
    return DataModel(schema)
}

/// Processor time in seconds: other programs on the machine do not count.
func seconds(_ work: () throws -> Void) rethrows -> Double {
    func now() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
    let begin = now()
    try work()
    return now() - begin
}

/// Seconds that `ciscoconfparse2` takes to read the file; nil if there is no Python that has it.
func peerSeconds(_ file: String) -> Double? {
    guard let python = ProcessInfo.processInfo.environment["OPENNED_PEER_PYTHON"] else { return nil }
    let script = """
        import sys, time
        from ciscoconfparse2 import CiscoConfParse
        lines = open(sys.argv[1]).read().splitlines()
        begin = time.process_time()
        CiscoConfParse(lines, syntax="ios")
        print(time.process_time() - begin)
        """
    let process = Process()
    process.executableURL = URL(fileURLWithPath: python)
    process.arguments = ["-c", script, file]
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    do { try process.run() } catch { return nil }
    let answer = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return answer.split(separator: "\n").last.flatMap { Double($0) }
}

let lines = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 1_000_000
let grammar = CLIGrammar(model: try model(), dialect: .i)
let bytes = configuration(lines: lines * 10 / 8)
_ = try grammar.parse(configuration(lines: 1_000))
var parsed: ParsedConfiguration?
let reading = try seconds { parsed = try grammar.parse(bytes) }
guard let tree = parsed?.tree, let skipped = parsed?.skipped, let count = parsed?.lineCount, skipped.isEmpty else {
    print("lines were skipped: \(parsed?.skipped.first.map { "\($0)" } ?? "")")
    exit(1)
}
let rate = Double(bytes.count) / 1e6 / reading
print(String(format: "read    %d lines, %.1f MB: %.2f s, %.1f MB/s", count, Double(bytes.count) / 1e6, reading, rate))
var printed: [UInt8] = []
let printing = seconds { grammar.render(tree, into: &printed) }
print(String(format: "print   %.2f s, %.1f MB/s", printing, Double(printed.count) / 1e6 / printing))
var change = ""
for number in 0..<10 { change += "interface GigabitEthernet\(number * 7 + 1)/7\n mtu 1400\n!\n" }
let changed = try grammar.parse(Array(change.utf8), over: tree).tree
var commands: [CLICommand] = []
let comparing = seconds { commands = grammar.commands(from: tree, to: changed) }
print(
    String(
        format: "compare %d commands: %.3f ms, 1/%.0f of reading", commands.count, comparing * 1e3, reading / comparing)
)
let keptFile = ProcessInfo.processInfo.environment["OPENNED_BENCH_FILE"]
let file = keptFile ?? NSTemporaryDirectory() + "bench-cli-parse-\(getpid()).cfg"
try Data(bytes).write(to: URL(fileURLWithPath: file))
if let peer = peerSeconds(file) {
    print(
        String(format: "ciscoconfparse2 builds its tree of lines in %.1f s: %.0f times as long", peer, peer / reading))
} else {
    print("ciscoconfparse2: set OPENNED_PEER_PYTHON to a Python that has it")
}
if keptFile == nil { unlink(file) }
if rate < 20 || comparing > reading / 100 {
    print("a bound of README.md is missed")
    exit(1)
}
