import Basics
import Foundation
import Synchronization
import Transactions
import Wire

/// How commands reach the process that serves a network.
struct NetworkClient: Sendable {
    let paths: NetworkPaths
    /// Starts the process; returns once it has been started, not once it serves.
    let launch: @Sendable (_ directory: String) throws -> Void

    /// Sends a request to the process, if there is one; its replies by device. Nil if there is no process.
    func ask(_ request: ControlRequest) throws(NetsimError) -> [String: ControlReply]? {
        guard let channel = ControlChannel.connect(paths), channel.send(request.json) else { return nil }
        var replies: [String: ControlReply] = [:]
        var isDone = false
        var isEnding = false
        channel.receive { value in
            guard let reply = ControlReply(value) else { return false }
            guard reply.state == .done else {
                replies[reply.device] = reply
                return true
            }
            isDone = true
            isEnding = reply.text == "ending"
            return false
        }
        guard isDone || !replies.isEmpty else { return nil }
        guard isDone else {
            throw NetsimError(
                .processUnavailable, paths.directory, "the process that serves the network has died",
                remedy: "see \(paths.log), and start the network again")
        }
        if isEnding { _ = NetsimProcess.waitForEnd(paths) }
        return replies
    }

    /// Sends a request to the process, starting one if need be.
    func askStarting(_ request: ControlRequest) throws(NetsimError) -> [String: ControlReply] {
        for _ in 0..<3 {
            if let replies = try ask(request) { return replies }
            do {
                try launch(paths.directory)
            } catch {
                throw NetsimError(.processUnavailable, paths.directory, "the process cannot be started: \(error)")
            }
            for _ in 0..<1_500 {
                if ControlChannel.connect(paths) != nil { break }
                usleep(10_000)
            }
        }
        throw NetsimError(
            .processUnavailable, paths.directory, "the process that serves the network does not answer",
            remedy: "see \(paths.log)")
    }

    // MARK: Life

    /// Which of the devices greet as SSH servers on their CLI ports.
    static func alive(_ devices: [NetworkDevice], patience: Duration = .seconds(10)) -> Set<String> {
        let found = Mutex<Set<String>>([])
        WorkCrew(limit: min(32, max(1, devices.count))).run(devices) { device in
            if greets(device, patience) { found.withLock { _ = $0.insert(device.name) } }
        }
        return found.withLock { $0 }
    }

    private static func greets(_ device: NetworkDevice, _ patience: Duration) -> Bool {
        let deadline = Deadline.after(patience)
        let address = SocketAddress(host: device.address, port: device.ports.cli)
        do throws(WireError) {
            let stream = try TCPStream.connect(to: address, deadline: deadline)
            defer { stream.close() }
            var greeting: [UInt8] = []
            while greeting.count < 4, let bytes = try stream.read(deadline: deadline) { greeting += bytes }
            return greeting.starts(with: Array("SSH-".utf8))
        } catch {
            return false
        }
    }
}

/// Starts this program again as the process that serves a network.
package enum ProcessLauncher {
    /// POSIX_SPAWN_SETSID of spawn.h, which the importer does not see.
    private static let newSession: Int16 = 0x80

    /// Closes what the starting program had open besides standard input, output and error.
    static func closeInherited() {
        for name in PlainFiles.names(in: "/proc/self/fd") {
            if let descriptor = Int32(name), descriptor > 2 { close(descriptor) }
        }
    }

    /// Starts `arguments[0]` of the running executable in a session of its own, its output going to the network's log.
    package static func launch(_ arguments: [String], directory: String) throws {
        let paths = NetworkPaths(directory: directory)
        try PlainFiles.makeDirectory(paths.state)
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, paths.log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        posix_spawnattr_setflags(&attributes, newSession)
        var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
        defer { for word in words { free(word) } }
        words.append(nil)
        var process = pid_t()
        let code = posix_spawn(&process, "/proc/self/exe", &actions, &attributes, words, environ)
        guard code == 0 else { throw FileError(operation: "start", path: arguments.first ?? "", errno: code) }
    }
}
