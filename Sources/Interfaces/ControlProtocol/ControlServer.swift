import Foundation
import Synchronization

/// Accepts local programs and checks who they are; each connection is served on a thread of its own.
package final class ControlServer: Sendable {
    /// Serves one accepted connection until it ends. `user` is the name that the caller may act as.
    package typealias Serve = @Sendable (_ connection: FrameConnection, _ hello: Hello, _ user: String) -> Void

    private let path: String
    private let descriptor: Int32
    private let connections = Mutex<[ObjectIdentifier: FrameConnection]>([:])
    private let isStopping = Mutex(false)
    private let serve: Serve
    /// Members of this group may name another user than themselves.
    private let trustedGroup: String?

    package static let connectionLimit = 512
    /// Whoever connects says hello within this time.
    private static let helloSeconds = 30
    /// How long `stop` lets connections end by themselves, so that their last words arrive.
    private static let farewellMilliseconds = 1_000
    /// Threads that parse models and configurations recurse deeply.
    private static let stackSize = 16 << 20

    package init(path: String, trustedGroup: String? = nil, serve: @escaping Serve) throws(ControlError) {
        self.path = path
        self.trustedGroup = trustedGroup
        self.serve = serve
        descriptor = try LocalSocket.listen(path)
    }

    package func start() {
        let thread = Thread { self.acceptLoop() }
        thread.name = "control-accept"
        thread.start()
    }

    private func acceptLoop() {
        while true {
            let accepted = accept(descriptor, nil, nil)
            if accepted >= 0 { _ = fcntl(accepted, F_SETFD, FD_CLOEXEC) }
            if isStopping.withLock({ $0 }) {
                if accepted >= 0 { close(accepted) }
                return
            }
            guard accepted >= 0 else {
                if errno != EINTR { usleep(10_000) }
                continue
            }
            let connection = FrameConnection(descriptor: accepted)
            let isFull = connections.withLock { all in
                guard all.count < Self.connectionLimit else { return true }
                all[ObjectIdentifier(connection)] = connection
                return false
            }
            if isFull {
                refuse(connection, "too many local connections (\(Self.connectionLimit)); end some of them")
                continue
            }
            let thread = Thread {
                self.handle(connection)
                connection.close()
                self.connections.withLock { _ = $0.removeValue(forKey: ObjectIdentifier(connection)) }
            }
            thread.stackSize = Self.stackSize
            thread.start()
        }
    }

    private func handle(_ connection: FrameConnection) {
        connection.setReadTimeout(seconds: Self.helloSeconds)
        guard let first = try? connection.receive(), first.kind == .hello, let hello = try? first.decoded(Hello.self)
        else { return refuse(connection, "expected a hello of the local protocol") }
        connection.setReadTimeout(seconds: 0)
        guard hello.version == Hello.protocolVersion else {
            return refuse(
                connection,
                "this daemon speaks version \(Hello.protocolVersion) of the local protocol and the program "
                    + "version \(hello.version); use programs of one release")
        }
        guard let peer = connection.peer(), let own = Self.userName(peer.user) else {
            return refuse(connection, "the system does not tell which user is connecting")
        }
        let wanted = hello.user ?? own
        guard wanted == own || mayActForOthers(peer.user, own) else {
            return refuse(connection, "user \(own) may not act as \(wanted)")
        }
        serve(connection, hello, wanted)
    }

    private func refuse(_ connection: FrameConnection, _ message: String) {
        if let frame = try? Frame(.refusal, json: Refusal(message: message)) { connection.send(frame) }
        connection.close()
    }

    private func mayActForOthers(_ user: uid_t, _ name: String) -> Bool {
        if user == 0 || user == geteuid() { return true }
        guard let trustedGroup, let group = getgrnam(trustedGroup) else { return false }
        var member = group.pointee.gr_mem
        while let current = member?.pointee {
            if String(cString: current) == name { return true }
            member = member?.advanced(by: 1)
        }
        return false
    }

    private static func userName(_ user: uid_t) -> String? {
        var record = passwd()
        var buffer = [CChar](repeating: 0, count: 4096)
        var result: UnsafeMutablePointer<passwd>?
        guard getpwuid_r(user, &record, &buffer, buffer.count, &result) == 0, result != nil else { return "\(user)" }
        return String(cString: record.pw_name)
    }

    /// Stops accepting, ends all connections and removes the socket file.
    package func stop() {
        isStopping.withLock { $0 = true }
        unlink(path)
        shutdown(descriptor, Int32(SHUT_RDWR))
        for _ in 0..<(Self.farewellMilliseconds / 10) where connections.withLock({ !$0.isEmpty }) { usleep(10_000) }
        for connection in connections.withLock({ Array($0.values) }) { connection.close() }
    }
}
