import ControlProtocol
import Foundation
import Synchronization
import TestSupport
import Testing

/// A server and its clients over a real socket.
@Suite struct ControlServerTests {
    private let directory: TemporaryDirectory
    private var path: String { directory.path("ipc.sock") }

    init() throws { directory = try TemporaryDirectory("control") }

    /// A server that welcomes, and then sends back what it gets.
    private func serve() throws -> ControlServer {
        let server = try ControlServer(path: path) { connection, _, user in
            guard let welcome = try? Frame(.welcome, json: Welcome(version: "6.7", phase: user)) else { return }
            connection.send(welcome)
            while let frame = try? connection.receive() { connection.send(frame) }
        }
        server.start()
        return server
    }

    private func refusal(_ work: () throws -> Void) -> ControlError? {
        do { try work() } catch { return error as? ControlError }
        return nil
    }

    @Test func aClientIsWelcomedAndServed() throws {
        let server = try serve()
        defer { server.stop() }
        let client = try ControlClient.open(path, hello: Hello(purpose: .control))
        client.send(Frame(.output, "echo".utf8))
        #expect(try client.receive()?.text == "echo")
    }

    @Test func theSocketIsForItsOwnerAlone() throws {
        let server = try serve()
        defer { server.stop() }
        var information = stat()
        #expect(stat(path, &information) == 0)
        #expect(information.st_mode & 0o777 == 0o600)
    }

    @Test func anotherVersionIsRefusedInWords() throws {
        let server = try serve()
        defer { server.stop() }
        var hello = Hello(purpose: .control)
        hello.version = 99
        let error = refusal { _ = try ControlClient.open(path, hello: hello) }
        #expect(error?.code == .accessDenied)
        #expect(
            error?.message.contains("version 99; use programs of one release") == true, "\(String(describing: error))")
    }

    @Test(
        arguments: [
            [0, 0, 0, 3, 1, 0x7B, 0x7D], [0, 0, 0, 1, 1], [0, 0, 0, 1, 17], [0xFF, 0xFF, 0xFF, 0xFF, 1],
            Array("GET / HTTP/1.1\r\n\r\n".utf8),
        ] as [[UInt8]])
    func whatIsNoHelloIsRefusedInWords(_ bytes: [UInt8]) throws {
        let server = try serve()
        defer { server.stop() }
        let descriptor = try #require(try LocalSocket.connect(path))
        write(descriptor, bytes)
        let answer = try FrameConnection(descriptor: descriptor).receive()
        #expect(answer?.kind == .refusal)
        #expect(try answer?.decoded(Refusal.self).message == "expected a hello of the local protocol")
        _ = try ControlClient.open(path, hello: Hello(purpose: .control))
    }

    @Test func aHalfHelloIsForgotten() throws {
        let server = try serve()
        defer { server.stop() }
        let descriptor = try #require(try LocalSocket.connect(path))
        write(descriptor, [0, 0, 1, 0, 1, 0x7B])
        close(descriptor)
        _ = try ControlClient.open(path, hello: Hello(purpose: .control))
    }

    /// Only root and the daemon's own user may be somebody else; a test can be another user only as root.
    @Test(.enabled(if: geteuid() == 0)) func anotherUserIsRefused() throws {
        let server = try serve()
        defer { server.stop() }
        chmod(path, 0o666)
        let nobody = try #require(getpwnam("nobody")).pointee
        let name = "admin"
        let hello = Hello(purpose: .control, user: name)
        let answer = try asUser(nobody.pw_uid) { try ControlClient.open(path, hello: hello) }
        #expect(answer?.message == "user nobody may not act as admin")
        #expect(try asUser(nobody.pw_uid) { try ControlClient.open(path, hello: Hello(purpose: .control)) } == nil)
    }

    /// Runs on a thread of that user; the refusal, if there was one.
    private func asUser(_ user: uid_t, _ work: @escaping @Sendable () throws -> FrameConnection) throws -> ControlError?
    {
        let result = Mutex<ControlError?>(nil)
        let isDone = DispatchSemaphore(value: 0)
        let thread = Thread {
            // For this thread alone: the C library's functions would change the whole process.
            _ = syscallSetEffectiveUser(user)
            do { _ = try work() } catch { result.withLock { $0 = error as? ControlError } }
            isDone.signal()
        }
        thread.start()
        isDone.wait()
        return result.withLock { $0 }
    }

    @Test func theLimitOfConnectionsIsToldAndLastsAsLongAsTheyDo() throws {
        let server = try serve()
        defer { server.stop() }
        var clients: [FrameConnection] = []
        for _ in 0..<ControlServer.connectionLimit {
            clients.append(try ControlClient.open(path, hello: Hello(purpose: .control)))
        }
        let error = refusal { _ = try ControlClient.open(path, hello: Hello(purpose: .control)) }
        #expect(error?.message.contains("too many local connections (512)") == true, "\(String(describing: error))")
        clients.removeLast(100)
        #expect(eventually { (try? ControlClient.open(path, hello: Hello(purpose: .control))) != nil })
    }

    // MARK: Socket files

    @Test func aSocketFileOfADeadDaemonIsReplaced() throws {
        let descriptor = try LocalSocket.listen(path)
        close(descriptor)
        #expect(FileManager.default.fileExists(atPath: path))
        #expect(refusal { _ = try ControlClient.open(path, hello: Hello(purpose: .control)) }?.code == .connection)
        let server = try serve()
        defer { server.stop() }
        _ = try ControlClient.open(path, hello: Hello(purpose: .control))
    }

    @Test func aDaemonThatAnswersIsNotPushedAside() throws {
        let server = try serve()
        defer { server.stop() }
        let error = refusal { _ = try ControlServer(path: path) { _, _, _ in } }
        #expect(error?.message.contains("another daemon answers on this socket; stop it with ncs --stop") == true)
        _ = try ControlClient.open(path, hello: Hello(purpose: .control))
    }

    @Test func aPathThatIsTooLongIsToldWithItsLimit() throws {
        let long = directory.path(String(repeating: "x", count: 120))
        let errors = [
            refusal { _ = try ControlServer(path: long) { _, _, _ in } },
            refusal { _ = try ControlClient.open(long, hello: Hello(purpose: .control)) },
        ]
        for error in errors { #expect(error?.message == "\(long): a socket path may have at most 107 bytes") }
    }

    @Test func stoppingEndsConnectionsAndRemovesTheFile() throws {
        let server = try serve()
        let client = try ControlClient.open(path, hello: Hello(purpose: .control))
        server.stop()
        #expect(try client.receive() == nil)
        #expect(!FileManager.default.fileExists(atPath: path))
        #expect(refusal { _ = try ControlClient.open(path, hello: Hello(purpose: .control)) }?.code == .connection)
    }
}

/// `setresuid` of the kernel, which concerns the calling thread.
private func syscallSetEffectiveUser(_ user: uid_t) -> Int {
    typealias Call = @convention(c) (Int, Int, Int, Int) -> Int
    let keep = Int(UInt32.max)
    #if arch(x86_64)
        let number = 117
    #else
        let number = 147
    #endif
    guard let symbol = dlsym(nil, "syscall") else { return -1 }
    return unsafeBitCast(symbol, to: Call.self)(number, keep, Int(user), keep)
}
