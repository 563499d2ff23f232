import Basics
import Foundation
import Synchronization

/// The process that serves a network: one for each directory, from the first device started to the last one stopped.
///
/// `.netsim/lock` is held by it alone; `.netsim/pid` and the control socket are hints that a killed one leaves behind.
package enum NetsimProcess {
    /// A process that nobody has given a device to after so many looks ends.
    private static let idleLimit = 12
    private static let lookInterval = DispatchTimeInterval.seconds(5)

    /// Serves the network until its last device has been stopped, or a signal. Returns the exit status.
    ///
    /// - Parameter handlesSignals: whether SIGTERM and SIGINT end it; false inside another program.
    package static func run(
        directory: String, environment: [String: String], handlesSignals: Bool = true,
        log: @Sendable (String) -> Void = { _ in }
    ) -> Int32 {
        let paths = NetworkPaths(directory: directory)
        do throws(NetsimError) {
            let lock = try Self.lock(paths)
            defer { close(lock) }
            let moduleDirectory = try NetsimCommand.moduleDirectory(environment)
            if handlesSignals { blockSignals() }
            let server = try NetworkServer(paths: paths, moduleDirectory: moduleDirectory)
            let listener = try ControlChannel.listen(paths)
            let inode = controlInode(paths)
            try? PlainFiles.write(paths.pid, Array("\(getpid())\n".utf8))
            log("process \(getpid()) serves \(directory)")
            let desk = ControlDesk(server: server, listener: listener)
            desk.open()
            if handlesSignals { endOnSignals(desk) }
            watch(desk, paths, inode)
            if isReachable(paths, inode) { unlink(paths.control) }
            shutdown(listener, Int32(SHUT_RDWR))
            close(listener)
            server.shutDown()
            unlink(paths.pid)
            log("process \(getpid()) ends")
            return 0
        } catch {
            log(error.description)
            return 1
        }
    }

    /// Waits for the end. A process whose directory or control socket somebody has removed can be reached by nobody: it
    /// ends, so that its ports are free for the network's next process.
    private static func watch(_ desk: ControlDesk, _ paths: NetworkPaths, _ inode: UInt64) {
        var looks = 0
        while desk.end.wait(timeout: .now() + lookInterval) == .timedOut {
            looks = desk.isIdle ? looks + 1 : 0
            if looks >= idleLimit || !isReachable(paths, inode) { return }
        }
    }

    private static func controlInode(_ paths: NetworkPaths) -> UInt64 {
        var info = stat()
        return stat(paths.control, &info) == 0 ? UInt64(info.st_ino) : 0
    }

    private static func isReachable(_ paths: NetworkPaths, _ inode: UInt64) -> Bool { controlInode(paths) == inode }

    /// Waits for a process that is just ending.
    private static func lock(_ paths: NetworkPaths) throws(NetsimError) -> Int32 {
        do {
            try PlainFiles.makeDirectory(paths.state)
        } catch {
            throw NetsimError(.system, "", error.description)
        }
        let descriptor = open(paths.lock, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw NetsimError(.system, paths.lock, "cannot be opened: \(String(cString: strerror(errno)))")
        }
        guard waitForLock(descriptor, LOCK_EX) else {
            close(descriptor)
            throw NetsimError(.processUnavailable, paths.directory, "another process serves this network")
        }
        return descriptor
    }

    static func waitForLock(_ descriptor: Int32, _ kind: Int32) -> Bool {
        for _ in 0..<1_000 {
            if flock(descriptor, kind | LOCK_NB) == 0 { return true }
            usleep(10_000)
        }
        return false
    }

    /// Waits until no process holds the network; false after ten seconds.
    static func waitForEnd(_ paths: NetworkPaths) -> Bool {
        let descriptor = open(paths.lock, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { return true }
        defer { close(descriptor) }
        return waitForLock(descriptor, LOCK_SH)
    }

    // MARK: Signals

    private static func signalSet() -> sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        for signal in [SIGTERM, SIGINT, SIGHUP] { sigaddset(&set, signal) }
        return set
    }

    /// Before any thread starts: all inherit the mask.
    private static func blockSignals() {
        var set = signalSet()
        pthread_sigmask(SIG_BLOCK, &set, nil)
        signal(SIGPIPE, SIG_IGN)
    }

    private static func endOnSignals(_ desk: ControlDesk) {
        Thread.detachNewThread {
            var set = signalSet()
            var received: Int32 = 0
            sigwait(&set, &received)
            desk.end.signal()
        }
    }
}

/// Takes requests from the control socket, each connection on its own thread.
private final class ControlDesk: Sendable {
    let end = DispatchSemaphore(value: 0)
    private let server: NetworkServer
    private let listener: Int32
    private let active = Mutex(0)

    init(server: NetworkServer, listener: Int32) {
        self.server = server
        self.listener = listener
    }

    func open() {
        Thread.detachNewThread { [self] in
            while true {
                let descriptor = accept(listener, nil, nil)
                if descriptor < 0 {
                    if errno == EINTR || errno == ECONNABORTED { continue }
                    return
                }
                _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
                let channel = ControlChannel(descriptor: descriptor)
                Thread.detachNewThread { [self] in serve(channel) }
            }
        }
    }

    var isIdle: Bool { server.isEmpty && active.withLock { $0 == 0 } }

    private func serve(_ channel: ControlChannel) {
        channel.receive(patience: 60) { value in
            guard let request = ControlRequest(value) else { return false }
            active.withLock { $0 += 1 }
            server.carryOut(request) { reply in channel.send(reply.json) }
            let isLast = active.withLock { count in
                count -= 1
                return count == 0 && server.isEmpty
            }
            var done = ControlReply.done
            if isLast { done.text = "ending" }
            channel.send(done.json)
            if isLast { end.signal() }
            return !isLast
        }
    }
}
