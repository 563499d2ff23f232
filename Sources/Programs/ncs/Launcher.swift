import Foundation

/// Starts the daemon in the background: the same program again, in a session of its own, until it says that it has
/// started or why it has not.
enum Launcher {
    /// glibc's POSIX_SPAWN_SETSID, which is not imported.
    private static let setSession: Int16 = 0x80

    static func startInBackground() -> Int32 {
        var descriptors: [Int32] = [0, 0]
        guard pipe(&descriptors) == 0 else { return fail("no pipe: \(String(cString: strerror(errno)))") }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, descriptors[1], 1)
        posix_spawn_file_actions_adddup2(&actions, descriptors[1], 2)
        keepFilesFromChildren()
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        posix_spawnattr_setflags(&attributes, setSession)
        let program =
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
        let words = [CommandLine.arguments[0]] + CommandLine.arguments.dropFirst() + ["--daemon-child"]
        var arguments = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var child: pid_t = 0
        let result = posix_spawn(&child, program, &actions, &attributes, &arguments, environ)
        close(descriptors[1])
        guard result == 0 else { return fail("cannot start \(program): \(String(cString: strerror(result)))") }
        return wait(for: child, descriptors[0])
    }

    /// A script that waits until a pipe is closed does not wait for the daemon which it started.
    private static func keepFilesFromChildren() {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? [] {
            if let descriptor = Int32(name), descriptor > 2 { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        }
    }

    /// Reads what the child says until its word that all is well, or its end.
    private static func wait(for child: pid_t, _ descriptor: Int32) -> Int32 {
        var said: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4_096)
        while true {
            let count = read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            if count <= 0 { break }
            said += chunk[0..<count]
            if String(decoding: said, as: UTF8.self).hasSuffix(Daemon.startedWord) {
                let rest = said.dropLast(Daemon.startedWord.utf8.count)
                FileHandle.standardError.write(Data(rest))
                return 0
            }
        }
        FileHandle.standardError.write(Data(said))
        var status: Int32 = 0
        waitpid(child, &status, 0)
        return status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F)
    }

    private static func fail(_ message: String) -> Int32 {
        FileHandle.standardError.write(Data("ncs: \(message)\n".utf8))
        return 1
    }
}
