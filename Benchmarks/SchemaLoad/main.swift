import Basics
import Foundation
import YANG

// See README.md.

let words = Array(CommandLine.arguments.dropFirst())
if words.first == "--compile", words.count > 2 {
    exit(compile(files: words[1], searchPath: words[2]))
}

/// What is measured from outside: one cold compilation, as a process of its own. Exit status 0 if a schema came of it.
func compile(files: String, searchPath: String) -> Int32 {
    let set = ModelSet(
        name: "", files: files.split(separator: ":").map(String.init),
        searchPath: searchPath.split(separator: ":").map(String.init), lintOptions: [])
    guard let sources = try? set.sources else { return 2 }
    return SchemaCompiler(options: set.options).schema(of: sources).schema == nil ? 1 : 0
}

var missed = false
/// This program, to be started again.
let program = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]

/// Prints a ratio with its bound and remembers if it was missed.
@MainActor func report(_ text: String, _ value: Double, atMost limit: Double) {
    let isMet = value <= limit
    if !isMet { missed = true }
    print("  \(text): \(String(format: "%.3f", value)) (limit \(limit))\(isMet ? "" : "  MISSED")")
}

func milliseconds(_ seconds: Double) -> String { String(format: "%.2f ms", seconds * 1_000) }
func mebibytes(_ bytes: Int) -> String { String(format: "%.1f MiB", Double(bytes) / 1_048_576) }

/// CPU seconds of this process.
func processTime() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

/// The median CPU time of loading the schema from its image in the cache and finding a node in it by name.
func loadTime(_ cache: SchemaCache, _ request: CompileRequest) -> Double {
    var times: [Double] = []
    for _ in 0..<41 {
        let start = processTime()
        let schema = cache.schema(request).schema
        let first = schema?.root.dataChildren.first
        guard let first, schema?.root.dataChild(named: first.name) != nil else { exit(3) }
        times.append(processTime() - start)
    }
    return times.sorted()[times.count / 2]
}

@MainActor func measure(_ set: ModelSet, lint: String, pyang: String?) throws {
    print("\(set.name): \(set.files.count) modules given")
    let own = Peer.median(
        5,
        [program, "--compile", set.files.joined(separator: ":"), set.searchPath.joined(separator: ":")])
    let peer = Peer.median(5, [lint] + set.lint)
    guard own.isDone, peer.isDone else {
        print("  not measured: \(own.isDone ? "yanglint refuses it" : "it does not compile")")
        missed = true
        return
    }
    print("  compile, CPU: \(milliseconds(own.cpu)), yanglint \(milliseconds(peer.cpu))")
    report("CPU against yanglint", own.cpu / peer.cpu, atMost: 3)
    if let memory = own.memory, let peerMemory = peer.memory {
        print("  compile, peak memory: \(mebibytes(memory)), yanglint \(mebibytes(peerMemory))")
        report(
            "memory less 20 MB against yanglint", Double(max(memory - 20_000_000, 0)) / Double(peerMemory), atMost: 2)
    } else {
        print("  memory not measured: /usr/bin/time is not installed")
    }
    if let pyang {
        let run = Peer.median(1, [pyang] + set.pyang)
        print("  pyang: \(milliseconds(run.cpu)), \(run.memory.map(mebibytes) ?? "-")")
        report("CPU against pyang", own.cpu / run.cpu, atMost: 0.2)
    }
    try measureImage(set, peer)
}

@MainActor func measureImage(_ set: ModelSet, _ peer: Run) throws {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent("bench-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: directory) }
    let cache = SchemaCache(directory: directory.path, builder: DirectSchemaBuilder())
    let sources = try set.sources
    let start = processTime()
    let key = SchemaDigest().key(sources, set.options)
    let digestTime = processTime() - start
    let request = CompileRequest(sources: sources, options: set.options, key: key)
    guard let schema = cache.schema(request).schema else { exit(3) }
    let perNode = Double(schema.byteCount) / Double(schema.nodeCount)
    print("  image: \(schema.nodeCount) nodes, \(mebibytes(schema.byteCount))")
    report("bytes a node", perNode, atMost: 200)
    let load = loadTime(cache, request)
    print(
        "  load from the cache: \(milliseconds(load)) CPU (digest of texts and search path: \(milliseconds(digestTime)))"
    )
    report("load against yanglint", load / peer.cpu, atMost: 0.05)
}

guard let lint = Peer.find("yanglint") else {
    print("skipped: yanglint is not installed")
    exit(0)
}
let pyang = Peer.find("pyang")
if pyang == nil { print("pyang is not installed: not compared") }
for (set, remedy) in [
    (ModelSet.openConfig(), "OpenConfig: set OPENNED_SHARED_DATA to the shared data"),
    (ModelSet.native(), "IOS-XE: set OPENNED_YDK_XE to the directory of YANG files of ydk-models-cisco-ios-xe"),
] {
    if let set { try measure(set, lint: lint, pyang: pyang) } else { print("skipped \(remedy)") }
}
exit(missed ? 1 : 0)
