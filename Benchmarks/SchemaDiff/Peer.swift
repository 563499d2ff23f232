import Foundation

/// Runs other programs, and this one again, and measures them from outside.
enum Peer {
    /// What a run of a program took.
    struct Run {
        /// User and system time in seconds, with that of its children.
        var cpu: Double
        var isDone: Bool
        var errors = ""
    }

    /// The path of a program, if it is installed.
    static func find(_ name: String) -> String? {
        (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map { "\($0)/\(name)" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    static func run(_ words: [String], keepingErrors: Bool = false) -> Run {
        let report = FileManager.default.temporaryDirectory.appendingPathComponent("bench-\(UUID().uuidString)").path
        defer { unlink(report) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for descriptor: Int32 in 0...2 {
            let path = descriptor == 2 && keepingErrors ? report : "/dev/null"
            let flags = descriptor == 0 ? O_RDONLY : O_WRONLY | O_CREAT
            posix_spawn_file_actions_addopen(&actions, descriptor, path, flags, 0o600)
        }
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var child: pid_t = 0
        guard posix_spawn(&child, words[0], &actions, nil, &arguments, environ) == 0 else {
            return Run(cpu: 0, isDone: false)
        }
        var status: Int32 = 0
        var usage = rusage()
        while wait4(child, &status, 0, &usage) < 0, errno == EINTR {}
        let errors = keepingErrors ? (try? String(contentsOfFile: report, encoding: .utf8)) ?? "" : ""
        return Run(cpu: seconds(usage.ru_utime) + seconds(usage.ru_stime), isDone: status == 0, errors: errors)
    }

    private static func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }

    /// The run with the median time of several.
    static func median(_ count: Int, _ words: [String]) -> Run {
        (0..<count).map { _ in run(words) }.sorted { $0.cpu < $1.cpu }[count / 2]
    }
}
