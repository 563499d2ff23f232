import Foundation

/// What a run of a program took.
struct Run {
    /// User and system time in seconds, with that of its children.
    var cpu: Double
    /// Peak resident memory in bytes; nil without `/usr/bin/time`.
    var memory: Int?
    var isDone: Bool
}

/// Runs other programs, and this one again, and measures them from outside.
enum Peer {
    /// The path of a program, if it is installed.
    static func find(_ name: String) -> String? {
        (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map { "\($0)/\(name)" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    /// A child's peak as `wait4` gives it is never below that of its parent at the start: so a small program, GNU
    /// time, stands between and measures.
    static func run(_ words: [String]) -> Run {
        let report = FileManager.default.temporaryDirectory.appendingPathComponent("bench-\(UUID().uuidString)").path
        defer { unlink(report) }
        let time = "/usr/bin/time"
        let hasTime = FileManager.default.isExecutableFile(atPath: time)
        let line = hasTime ? [time, "-q", "-f", "%M", "-o", report] + words : words
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for descriptor: Int32 in 0...2 {
            posix_spawn_file_actions_addopen(
                &actions, descriptor, "/dev/null", descriptor == 0 ? O_RDONLY : O_WRONLY, 0)
        }
        var arguments: [UnsafeMutablePointer<CChar>?] = line.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var child: pid_t = 0
        guard posix_spawn(&child, line[0], &actions, nil, &arguments, environ) == 0 else {
            return Run(cpu: 0, memory: nil, isDone: false)
        }
        var status: Int32 = 0
        var usage = rusage()
        while wait4(child, &status, 0, &usage) < 0, errno == EINTR {}
        let memory = (try? String(contentsOfFile: report, encoding: .utf8)).flatMap {
            Int($0.split(separator: "\n").last ?? "")
        }
        return Run(
            cpu: seconds(usage.ru_utime) + seconds(usage.ru_stime), memory: memory.map { $0 * 1_024 },
            isDone: status == 0)
    }

    private static func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }

    /// The median of several runs, each measure by itself.
    static func median(_ count: Int, _ words: [String]) -> Run {
        let runs = (0..<count).map { _ in run(words) }
        let memories = runs.compactMap(\.memory).sorted()
        return Run(
            cpu: runs.map(\.cpu).sorted()[count / 2], memory: memories.isEmpty ? nil : memories[memories.count / 2],
            isDone: runs.allSatisfy(\.isDone))
    }
}
