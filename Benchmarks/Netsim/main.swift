import Foundation

// See README.md.

var words = Array(CommandLine.arguments.dropFirst())
if words.first == "--bare" { try CannedServer.serve(bytes: words.last.flatMap { Int($0) } ?? 0) }
if words.first == "bare" { try Runs.bare(words.count > 1 ? Int(words[1]) ?? 1_000 : 1_000) }
guard FileManager.default.fileExists(atPath: Lab.source) else {
    print("skipped: no public IOS model at \(Lab.source); set OPENNED_SHARED_DATA")
    exit(0)
}
let part = words.first ?? "all"
let given = words.count > 1 ? Int(words[1]) : nil
var runs = Runs()

do {
    if part == "all" || part == "scale" { try runs.scale(given ?? 10_000) }
    if part == "all" || part == "sync" { try runs.sync(given ?? 1_000) }
    if part == "all" || part == "read" { try runs.read(given ?? 50) }
    if part == "all" || part == "misbehaving" { try runs.misbehaving(given ?? 200) }
} catch {
    say("bench-netsim: \(error)")
    _exit(1)
}
// At exit(3) libraries clean up after themselves, while threads may still be leaving them.
_exit(runs.bounds.missed == 0 ? 0 : 1)
