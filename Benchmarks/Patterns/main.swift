import Foundation
import YANG

// See README.md.

/// The same noise of `a` and `b` in every run.
func noise(_ count: Int) -> String {
    var state: UInt64 = 42
    var bytes: [UInt8] = []
    for _ in 0..<count {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        bytes.append(state >> 63 == 0 ? UInt8(ascii: "a") : UInt8(ascii: "b"))
    }
    return String(decoding: bytes, as: UTF8.self)
}

/// Milliseconds for the first match of a new matcher, the best of three.
func measure(_ pattern: String, _ text: String) throws -> Double {
    var best = Double.infinity
    for _ in 0..<3 {
        let matcher = try PatternMatcher(pattern)
        let time = ContinuousClock().measure { _ = matcher.matches(text) }
        best = min(best, Double(time.components.attoseconds) / 1e15 + Double(time.components.seconds) * 1e3)
    }
    return best
}

func peakMemory() -> Int {
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") } ?? ""
    return (Int(line.split(whereSeparator: { !$0.isNumber }).first ?? "") ?? 0) / 1024
}

let patterns = [
    "[ab]*", "(a|b)*a(a|b){400}", ".*a.{4000}", ".*a.{0,4000}c", "(a+)+c", "(.*a){20}c", "(.*a.{300}){8}",
    ".*(ab){0,2000}",
    "(a?b?){2000}.*", ".{0,150000}", "((a{0,20}b?){0,20}|b+){0,20}", "(\\p{L}{1,64}-?)*",
]
let texts = [noise(10_000), noise(100_000)]
var isMissed = false
print("pattern                             10 kB      100 kB   ratio")
for pattern in patterns {
    let times = try texts.map { try measure(pattern, $0) }
    let ratio = times[1] / max(times[0], 5)
    if ratio > 25 || times[1] > 2_000 { isMissed = true }
    let columns = times.map { String(format: "%8.2f ms", $0) }.joined(separator: " ")
    print(pattern.padding(toLength: 30, withPad: " ", startingAt: 0), columns, String(format: "%7.1f", ratio))
}
let memory = peakMemory()
print("peak memory: \(memory) MB")
if isMissed || memory > 128 {
    print("a bound of README.md is missed")
    exit(1)
}
