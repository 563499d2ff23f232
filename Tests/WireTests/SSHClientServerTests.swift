import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Wire

@Suite(.serialized) struct SSHClientServerTests {
    @Test func shellAnswersCommandsAndTellsItsExit() throws {
        let test = try TestServer()
        let session = try test.logIn()
        let shell = try session.openShell(terminal: SSHTerminal(type: "vt220", columns: 132, rows: 50))
        #expect(try shell.read(until: "router# ") == "welcome\r\nrouter# ")
        try shell.write("size\r")
        #expect(try shell.read(until: "router# ") == "size\r\nvt220 132x50\r\nrouter# ")
        try shell.changeWindow(columns: 200, rows: 60)
        try shell.write("size\r")
        #expect(try shell.read(until: "router# ").contains("vt220 200x60\r\n"))
        #expect(test.device.sizes.withLock { $0.last?.columns } == 200)
        try shell.write("exit 7\r")
        #expect(try shell.waitForExit(deadline: .after(.seconds(120))) == 7)
        #expect(eventually { test.device.closedChannels.withLock { $0 } == 1 })
    }

    @Test func shellWithoutATerminalEchoesNothing() throws {
        let test = try TestServer()
        let shell = try test.logIn().openShell(terminal: nil)
        #expect(try shell.read(until: "router# ") == "welcome\r\nrouter# ")
        try shell.write("echo quiet\n")
        #expect(try shell.read(until: "router# ") == "quiet\r\nrouter# ")
    }

    @Test func execGivesOutputAndStatus() throws {
        let test = try TestServer()
        let session = try test.logIn()
        let ok = try session.openExec("echo hello there")
        #expect(try ok.readAll() == Array("hello there\r\n".utf8))
        #expect(try ok.waitForExit(deadline: .after(.seconds(120))) == 0)
        let failed = try session.openExec("fail now")
        #expect(try failed.waitForExit(deadline: .after(.seconds(120))) == 3)
    }

    @Test func subsystemEchoesMegabytesUnchanged() throws {
        let test = try TestServer()
        let session = try test.logIn()
        let channel = try session.openSubsystem("echo")
        let sent = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 13) }
        let writer = Thread { try? channel.write(sent, deadline: .after(.seconds(60))) }
        writer.start()
        var received: [UInt8] = []
        while received.count < sent.count, let bytes = try channel.read(deadline: .after(.seconds(120))) {
            received += bytes
        }
        #expect(received == sent)
        #expect(wireError { _ = try session.openSubsystem("other") }?.code == .protocolFailure)
    }

    @Test func channelsOfOneSessionDoNotTakeEachOthersAnswers() throws {
        let test = try TestServer()
        // Without keep-alive nothing but an answer ends a wait.
        let session = try test.logIn { $0.keepAlive = nil }
        let silent = try session.openSubsystem("echo")
        let isOver = Atomic(false)
        let reader = Thread {
            while !isOver.load(ordering: .relaxed) { _ = try? silent.read(deadline: .after(.milliseconds(7))) }
        }
        reader.start()
        defer { isOver.store(true, ordering: .relaxed) }
        let busy = try session.openSubsystem("echo")
        for number in 0..<200 {
            let sent = Array("\(number)".utf8)
            try busy.write(sent, deadline: .after(.seconds(120)))
            var received: [UInt8] = []
            while received.count < sent.count, let bytes = try busy.read(deadline: .after(.seconds(120))) {
                received += bytes
            }
            #expect(received == sent)
        }
    }

    @Test func largeOutputArrivesWhole() throws {
        let test = try TestServer()
        let session = try test.logIn()
        let channel = try session.openExec("big 8388608")
        #expect(try channel.readAll().count == 8_388_608 + 2)
    }

    @Test func wrongPasswordIsAnAuthenticationError() throws {
        let test = try TestServer()
        let session = try SSHSession(test.options())
        try session.connect()
        let error = wireError { try session.authenticate([.password("wrong")]) }
        #expect(error?.code == .authenticationFailed)
        #expect(error?.description.contains("\(test.address)") == true)
        #expect(error?.remedy.contains("keyboard-interactive") == true)
    }

    @Test func interactiveAnswersAreAsked() throws {
        let test = try TestServer()
        let session = try SSHSession(test.options())
        try session.connect()
        try session.authenticate([
            .interactive { prompt, isEchoed in prompt == "Password: " && !isEchoed ? "secret" : nil }
        ])
        #expect(try session.openExec("echo in").readAll() == Array("in\r\n".utf8))
    }

    @Test func publicKeyLogsInAndAnotherKeyDoesNot() throws {
        let test = try TestServer()
        for kind in [SSHPrivateKey.Kind.ed25519, .ecdsaP256, .rsa3072] {
            let key = try SSHPrivateKey.generate(kind)
            test.device.allowedKey.withLock { $0 = key.publicKey }
            let session = try SSHSession(test.options())
            try session.connect()
            try session.authenticate([.privateKey(try .generate()), .privateKey(key)])
            let other = try SSHSession(test.options())
            try other.connect()
            let error = wireError { try other.authenticate([.privateKey(try .generate())]) }
            #expect(error?.code == .authenticationFailed)
        }
    }

    @Test func failedLoginsEndTheSession() throws {
        var limits = SSHServerLimits()
        limits.failedLogins = 2
        let test = try TestServer(limits: limits)
        let session = try SSHSession(test.options())
        try session.connect()
        let error = wireError { try session.authenticate([.password("a"), .password("b"), .password("secret")]) }
        #expect(error != nil)
        #expect(eventually { test.server.sessionCount == 0 })
    }

    @Test func changedAndUnknownHostKeysAreDistinctAndPrecedeTheLogIn() throws {
        let test = try TestServer()
        let other = try SSHPrivateKey.generate().publicKey
        let changed = try SSHSession(test.options { $0.hostKeyPolicy = .rejectUnknown([other]) })
        let error = wireError { try changed.connect() }
        #expect(error?.code == .hostKeyChanged)
        #expect(error?.description.contains(test.hostKey.publicKey.fingerprint!) == true)
        #expect(wireError { try changed.authenticate([.password("secret")]) }?.code == .cancelled)
        let unknown = try SSHSession(test.options { $0.hostKeyPolicy = .rejectUnknown([]) })
        #expect(wireError { try unknown.connect() }?.code == .hostKeyUnknown)
        let mismatch = try SSHSession(test.options { $0.hostKeyPolicy = .rejectMismatch([other]) })
        #expect(wireError { try mismatch.connect() }?.code == .hostKeyChanged)
        let rsa = try SSHPrivateKey.generate(.rsa3072).publicKey
        try SSHSession(test.options { $0.hostKeyPolicy = .rejectMismatch([rsa]) }).connect()
    }

    @Test func noCommonAlgorithmNamesWhatWasOffered() throws {
        let test = try TestServer()
        var error: WireError?
        // Both ends find out at the same time, and a server that closes first leaves nothing to name.
        for _ in 0..<20 where error?.code != .protocolFailure {
            let session = try SSHSession(test.options { $0.algorithms.ciphers = ["aes128-cbc"] })
            error = wireError { try session.connect() }
        }
        #expect(error?.code == .protocolFailure)
        #expect(error?.description.contains("aes256-gcm@openssh.com") == true)
        let bad = wireError { _ = try SSHSession(test.options { $0.algorithms.keyExchange = ["rot13"] }) }
        #expect(bad?.code == .invalidArgument)
    }

    @Test func hostKeyScanFindsTheKeysThatTheServerHas() throws {
        let test = try TestServer()
        #expect(try SSHHostKeyScan.fetch(test.address) == [test.hostKey.publicKey])
        let rsa = try SSHPrivateKey.generate(.rsa3072)
        let listener = try test.server.listen(
            at: SocketAddress(host: "127.0.0.1", port: 0), hostKey: rsa, handler: test.device)
        #expect(try SSHHostKeyScan.fetch(listener.address) == [rsa.publicKey])
    }

    @Test func manyListenersServeTheirOwnDevice() throws {
        let test = try TestServer()
        let ports = try (0..<500).map { _ in
            try test.server.listen(
                at: SocketAddress(host: "127.0.0.1", port: 0), hostKey: test.hostKey, handler: test.device)
        }
        for listener in [ports[0], ports[250], ports[499]] {
            let session = try test.logIn { $0.address = listener.address }
            #expect(try session.openExec("echo x").readAll() == Array("x\r\n".utf8))
        }
        test.server.stopListening(ports[250].id)
        let session = try SSHSession(test.options { $0.address = ports[250].address })
        #expect(wireError { try session.connect() }?.code == .connectionRefused)
    }
}
