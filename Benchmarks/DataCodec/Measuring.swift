import Foundation

/// Seconds of CPU that this process, or its ended children, have used.
func cpuSeconds(children: Bool = false) -> Double {
    var usage = rusage()
    getrusage(children ? __rusage_who_t(RUSAGE_CHILDREN.rawValue) : __rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
    return seconds(usage.ru_utime) + seconds(usage.ru_stime)
}

/// The median CPU time of the rounds.
func median(_ body: () throws -> Void) rethrows -> Double {
    var times: [Double] = []
    for _ in 0..<rounds {
        let start = cpuSeconds()
        try body()
        times.append(cpuSeconds() - start)
    }
    return times.sorted()[rounds / 2]
}

func report(_ what: String, _ count: Int, _ seconds: Double, bytes: Int? = nil) {
    let name = what.padding(toLength: 28, withPad: " ", startingAt: 0)
    let speed = String(format: "%7.1f ms %6.2f M nodes/s", seconds * 1e3, Double(count) / seconds / 1e6)
    let rate = bytes.map { String(format: " %6.0f MB/s", Double($0) / seconds / 1e6) } ?? ""
    print(name + speed + rate)
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

/// `yanglint`, if it is there.
struct Peer {
    let folder: URL

    private static let program = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        .map { "\($0)/yanglint" }.first { FileManager.default.isExecutableFile(atPath: $0) }

    /// The median CPU time of runs over one document, which may print it again as `format`.
    func time(_ document: String, printing format: String? = nil) throws -> Double? {
        guard let program = Peer.program else { return nil }
        var times: [Double] = []
        for _ in 0..<rounds {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: program)
            let printing = format.map { ["-f", $0] } ?? []
            process.arguments = ["-t", "config"] + printing + ["bench.yang", document]
            process.standardOutput = FileHandle.nullDevice
            process.currentDirectoryURL = folder
            let start = cpuSeconds(children: true)
            try process.run()
            process.waitUntilExit()
            guard process.terminationStatus == 0 else { exit(3) }
            times.append(cpuSeconds(children: true) - start)
        }
        return times.sorted()[rounds / 2]
    }
}

/// The documents of the list model.
enum Documents {
    static func xml(_ entries: Int) -> [UInt8] {
        var text = "<top xmlns=\"urn:bench\">\n"
        for number in 0..<entries {
            text += """
                  <entry>
                    <name>interface-\(number)</name>
                    <description>uplink number \(number)</description>
                    <port>\(number % 65_000 + 1)</port>
                    <address>10.\(number >> 16 & 255).\(number >> 8 & 255).\(number & 255)</address>
                    <enabled>\(number & 1 == 0)</enabled>
                  </entry>

                """
        }
        return Array((text + "</top>\n").utf8)
    }

    static func json(_ entries: Int) -> [UInt8] {
        var text = "{\n  \"bench:top\": {\n    \"entry\": ["
        for number in 0..<entries {
            text += """
                \(number == 0 ? "" : ",")
                      {
                        "name": "interface-\(number)",
                        "description": "uplink number \(number)",
                        "port": \(number % 65_000 + 1),
                        "address": "10.\(number >> 16 & 255).\(number >> 8 & 255).\(number & 255)",
                        "enabled": \(number & 1 == 0)
                      }
                """
        }
        return Array((text + "\n    ]\n  }\n}\n").utf8)
    }
}
