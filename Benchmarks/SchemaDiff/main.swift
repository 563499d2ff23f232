import Basics
import Foundation
import Migration
import YANG

// See README.md.

let words = Array(CommandLine.arguments.dropFirst())
if words.first == "--compare", words.count == 3 {
    exit(ComparedFiles(old: words[1], new: words[2]).compareSources() == nil ? 1 : 0)
}

/// This program, to be started again.
let program = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
var missed = false

/// CPU seconds of this process.
func processTime() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

/// Prints how many times faster than the peer something is, and remembers if it is not fast enough.
@MainActor func report(_ text: String, _ own: Double, _ peer: Double, atLeast limit: Double) {
    let ratio = peer / own
    if ratio < limit { missed = true }
    let time = String(format: "%.2f ms, %.1f times as fast as pyang", own * 1_000, ratio)
    print("  \(text): \(time) (limit \(limit))\(ratio < limit ? "  MISSED" : "")")
}

/// The median CPU time of mapping two images and comparing them.
func imageTime(_ old: String, _ new: String) -> (seconds: Double, changes: Int) {
    var times: [Double] = []
    var changes = 0
    for _ in 0..<41 {
        let start = processTime()
        guard let before = Schema(mapping: old), let after = Schema(mapping: new) else { exit(3) }
        changes = SchemaComparison(from: before, to: after).changes.count
        times.append(processTime() - start)
    }
    return (times.sorted()[times.count / 2], changes)
}

@MainActor func measure(_ files: ComparedFiles, pyang: String) throws {
    let peer = files.peer(pyang)
    guard let compared = files.compareSources() else {
        print("  not measured: the models do not compile")
        missed = true
        return
    }
    print("  pyang: \(String(format: "%.2f s", peer.cpu)), \(peer.places.count) findings")
    let own = Peer.median(5, [program, "--compare", files.old, files.new])
    report("from sources", own.cpu, peer.cpu, atLeast: 20)
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent("bench-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: directory) }
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    let images = ["old", "new"].map { directory.appendingPathComponent($0).path }
    try compared.old.writeImage(images[0])
    try compared.new.writeImage(images[1])
    let image = imageTime(images[0], images[1])
    report("from images", image.seconds, peer.cpu, atLeast: 500)
    print("  \(compared.old.nodeCount) and \(compared.new.nodeCount) nodes, \(image.changes) changes of nodes")
    let places = Set(compared.comparison.all.compactMap { $0.newPlace.map { "\(name(of: $0.file)):\($0.line)" } })
    let lost = Set(peer.places).subtracting(places)
    if !lost.isEmpty {
        print("  pyang finds something at \(lost.count) other places (docs/MIGRATION.md): \(lost.sorted())")
    }
}

func name(of path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }

if let pyang = Peer.find("pyang") {
    if let files = ComparedFiles.native() ?? ComparedFiles.openConfig() {
        print("\(name(of: files.new)): \(files.old) and \(files.new)")
        try measure(files, pyang: pyang)
    } else {
        print("skipped: set OPENNED_YDK_XE and OPENNED_YDK_XE_OLD, or OPENNED_SHARED_DATA (see README.md)")
    }
} else {
    print("skipped: pyang is not installed")
}
exit(missed ? 1 : 0)
