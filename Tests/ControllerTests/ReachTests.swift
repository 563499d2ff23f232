import ConfigTree
import ControlProtocol
import Controller
import Foundation
import TestSupport
import Testing
import Wire

/// Devices behind another host, keys by name, and files to and from devices, by OpenSSH's server.
@Suite(.serialized, .enabled(if: OpenSSHServer.isAvailable, "no sshd that can be started here")) struct ReachTests {
    private static let devices = "/tailf-ncs:devices"
    private static let device = "\(devices)/device[name='ce0']"
    private static let map = "\(devices)/authgroups/group[name='g']/default-map"
    private static let proxy = "\(device)/ned-settings/openned-devices:proxy"

    /// A device `ce0` at the address of `host`, who logs in there with the key `operators`.
    private struct Lab {
        let workshop: ControllerWorkshop
        let session: any ControlSession

        init(_ host: OpenSSHServer, _ edits: [(path: String, value: String?)] = []) throws {
            workshop = try ControllerWorkshop()
            try workshop.package("mini", version: "1.0", module: TestModels.first)
            try workshop.start()
            session = try workshop.session()
            try workshop.device("ce0", "mini-cli-1.0", session)
            let key = "/tailf-ncs:ssh/private-key[name='operators']/key-data"
            try session.change([
                (key, try String(contentsOfFile: host.keyFile, encoding: .utf8)), ("\(map)/remote-name", host.user),
                ("\(map)/public-key/private-key/name", "operators"), ("\(device)/authgroup", "g"),
                ("\(device)/port", "\(host.port)"), ("\(device)/state/admin-state", "unlocked"),
            ])
            if !edits.isEmpty { try session.change(edits) }
        }

        func result(_ action: String, _ input: [String: String] = [:]) throws -> [String] {
            let output = try session.act("\(device)/\(action)", input)
            return ["result", "info"].compactMap { output.value($0) }
        }

        /// The reason of an action that must fail.
        func refusal(_ action: String, _ input: [String: String] = [:]) throws -> String {
            let result = try result(action, input)
            #expect(result.first == "false", "\(action) \(input)")
            return result.last ?? ""
        }
    }

    /// A router of ours that is reached from another host only.
    private struct Hidden {
        let router = FakeRouter(config: ["hostname r1"])
        let server: SSHServer
        let port: UInt16

        init(port: UInt16 = 0) throws {
            server = try SSHServer(loops: 1)
            self.port = try server.listen(
                at: SocketAddress(host: "127.0.0.1", port: port), hostKey: .generate(), handler: router
            ).address.port
        }

        /// As the ned-settings name it.
        var edits: [(path: String, value: String?)] {
            [
                ("\(proxy)/remote-connection", "ssh-direct"), ("\(proxy)/remote-address", "127.0.0.1"),
                ("\(proxy)/remote-port", "\(port)"), ("\(proxy)/remote-name", "admin"),
                ("\(proxy)/remote-password", "Pa55word-1"),
            ]
        }
    }

    // MARK: Another host

    @Test func deviceBehindAHostIsReadAndChanged() throws {
        let host = try OpenSSHServer(isRouter: false)
        let hidden = try Hidden()
        defer { host.stop() }
        defer { hidden.server.stop() }
        let lab = try Lab(host, hidden.edits)
        // No key is known yet: neither is logged in to.
        let unknown = try lab.refusal("connect")
        #expect(unknown.contains("proxy 127.0.0.1:\(host.port): unknown host key"), "\(unknown)")
        #expect(try lab.result("ssh/fetch-host-keys").first == "updated")
        #expect(try lab.session.value("\(Self.proxy)/host-key[algorithm='ssh-ed25519']/key-data") != nil)
        #expect(try lab.result("sync-from") == ["true"])
        #expect(try lab.session.value("\(Self.device)/config/mini:hostname") == "r1")
        let edited = try lab.session.edited(lab.session.running, [("\(Self.device)/config/mini:contact", "noc")])
        _ = try lab.session.commit(CommitRequest(base: lab.session.running, candidate: edited))
        #expect(hidden.router.text == ["hostname r1", "contact noc"])
        #expect(try lab.result("check-sync") == ["in-sync"])
    }

    @Test func eachHopThatFailsIsNamed() throws {
        let host = try OpenSSHServer(isRouter: false)
        let hidden = try Hidden()
        defer { host.stop() }
        defer { hidden.server.stop() }
        let lab = try Lab(host, hidden.edits)
        #expect(try lab.result("ssh/fetch-host-keys").first == "updated")
        let inner = "127.0.0.1:\(hidden.port) behind proxy 127.0.0.1:\(host.port): "
        try lab.session.change([("\(Self.proxy)/remote-password", "Wr0ng-word")])
        let refused = try lab.refusal("connect")
        #expect(refused.contains(inner + "authentication failed"), "\(refused)")
        #expect(!refused.contains("Wr0ng-word"))
        let other = try SSHPrivateKey.generate().publicKey.base64
        try lab.session.change([("\(Self.proxy)/host-key[algorithm='ssh-ed25519']/key-data", other)])
        let changed = try lab.refusal("connect")
        #expect(changed.contains(inner + "the host key has changed"), "\(changed)")
        try lab.session.change([("\(Self.map)/remote-name", "nobody-of-that-name")])
        let stranger = try lab.refusal("connect")
        #expect(stranger.contains("proxy 127.0.0.1:\(host.port): authentication failed"), "\(stranger)")
        try lab.session.change([("\(Self.map)/remote-name", host.user), ("\(Self.proxy)/remote-port", "1")])
        let closed = try lab.refusal("connect")
        #expect(closed.contains("proxy 127.0.0.1:\(host.port): no connection to 127.0.0.1:1 from there"), "\(closed)")
        host.stop()
        let gone = try lab.refusal("connect")
        #expect(gone.contains("proxy 127.0.0.1:\(host.port): connection refused"), "\(gone)")
    }

    @Test func hostThatForwardsNothingIsNamed() throws {
        let host = try OpenSSHServer(isRouter: false, forwards: false)
        let hidden = try Hidden()
        defer { host.stop() }
        defer { hidden.server.stop() }
        let lab = try Lab(host, hidden.edits + [("\(Self.device)/ssh/host-key-verification", "none")])
        let refused = try lab.refusal("connect")
        #expect(refused.contains("proxy 127.0.0.1:\(host.port): no connection to"), "\(refused)")
        #expect(refused.contains("forward TCP connections"), "\(refused)")
        try lab.session.change([("\(Self.proxy)/remote-address", nil)])
        #expect(try lab.refusal("connect").contains("remote-address is missing"))
    }

    @Test func deviceBehindAHostSpeaksTelnetToo() throws {
        let host = try OpenSSHServer(isRouter: false)
        let router = TelnetRouter(config: ["hostname r1"])
        let server = try TCPServer()
        defer { host.stop() }
        defer { server.stop() }
        let listener = try server.listen(at: SocketAddress(host: "127.0.0.1", port: 0)) { router.serve($0) }
        let lab = try Lab(
            host,
            [
                ("\(Self.proxy)/remote-connection", "telnet-direct"), ("\(Self.proxy)/remote-address", "127.0.0.1"),
                ("\(Self.proxy)/remote-port", "\(listener.address.port)"), ("\(Self.proxy)/remote-name", "admin"),
                ("\(Self.proxy)/remote-password", "Pa55word-1"),
            ])
        #expect(try lab.result("ssh/fetch-host-keys").first == "updated")
        #expect(try lab.result("sync-from") == ["true"])
        #expect(try lab.session.value("\(Self.device)/config/mini:hostname") == "r1")
    }

    // MARK: Keys

    @Test func keyOfAnAuthgroupIsKeptEncryptedByItsName() throws {
        let host = try OpenSSHServer()
        defer { host.stop() }
        let lab = try Lab(host, [("\(Self.device)/ssh/host-key-verification", "none")])
        #expect(try lab.result("sync-from") == ["true"])
        let stored = try lab.session.value("/tailf-ncs:ssh/private-key[name='operators']/key-data")
        #expect(stored?.hasPrefix("$") == true && stored?.contains("PRIVATE KEY") == false)
        try lab.session.change([("\(Self.map)/public-key/private-key/name", "gone"), ("\(Self.device)/port", "1")])
        let missing = try lab.refusal("connect")
        #expect(missing.contains("/ssh/private-key{gone}: there is no such key"), "\(missing)")
        try lab.session.change([("/tailf-ncs:ssh/private-key[name='gone']/key-data", "nonsense")])
        #expect(try lab.refusal("connect").contains("/ssh/private-key{gone}: unreadable private key"))
    }

    // MARK: Files

    @Test(arguments: ["scp", "sftp"]) func filesAreCopiedToADeviceAndBack(_ method: String) throws {
        let host = try OpenSSHServer(isRouter: false)
        defer { host.stop() }
        let lab = try Lab(host, [("\(Self.device)/ssh/host-key-verification", "none")])
        let local = try TemporaryDirectory("scp")
        // Longer than one piece of either protocol, with every byte.
        let content = Data((0..<300_001).map { UInt8(truncatingIfNeeded: $0 &* 7) })
        try content.write(to: URL(fileURLWithPath: local.path("image.bin")))
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSince1970: 1_000_000_000), .posixPermissions: 0o640],
            ofItemAtPath: local.path("image.bin"))
        // A name that a shell would take apart.
        let remote = host.files.path("it's an $image.bin")
        let there = [
            "local-file": local.path("image.bin"), "remote-file": remote, "protocol": method, "preserve": "",
        ]
        #expect(try lab.result("scp-to", there) == ["true"])
        #expect(try Data(contentsOf: URL(fileURLWithPath: remote)) == content)
        let back = there.merging(["local-file": local.path("back.bin")]) { $1 }
        #expect(try lab.result("scp-from", back) == ["true"])
        #expect(try Data(contentsOf: URL(fileURLWithPath: local.path("back.bin"))) == content)
        for path in [remote, local.path("back.bin")] {
            let found = try FileManager.default.attributesOfItem(atPath: path)
            #expect((found[.modificationDate] as? Date)?.timeIntervalSince1970 == 1_000_000_000, "\(path)")
            #expect((found[.posixPermissions] as? Int) == 0o640, "\(path)")
        }
        // An empty file is a file, too.
        try Data().write(to: URL(fileURLWithPath: local.path("empty")))
        let empty = ["local-file": local.path("empty"), "remote-file": host.files.path("empty"), "protocol": method]
        #expect(try lab.result("scp-to", empty) == ["true"])
        #expect(try lab.result("scp-from", empty) == ["true"])
    }

    @Test(arguments: ["scp", "sftp"]) func whatCannotBeCopiedIsSaidAndLeavesNothing(_ method: String) throws {
        let host = try OpenSSHServer(isRouter: false)
        defer { host.stop() }
        let lab = try Lab(host, [("\(Self.device)/ssh/host-key-verification", "none")])
        let local = try TemporaryDirectory("scp")
        try local.write("there", "kept\n")
        func input(_ name: String, _ remote: String) -> [String: String] {
            ["local-file": local.path(name), "remote-file": host.files.path(remote), "protocol": method]
        }
        let missing = try lab.refusal("scp-from", input("there", "none"))
        #expect(missing.contains("No such file"), "\(missing)")
        #expect(try local.text("there") == "kept\n")
        #expect(try lab.refusal("scp-to", input("none", "x")).contains("cannot be read: No such file"))
        #expect(try lab.refusal("scp-to", input("there", "no/such/place")).contains("No such file"))
        try FileManager.default.createDirectory(atPath: local.path("folder"), withIntermediateDirectories: true)
        #expect(try lab.refusal("scp-from", input("folder", "none")).contains("no regular file"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: local.path(".")).sorted() == ["folder", "there"])
        let port = input("there", "x").merging(["port": "1"]) { $1 }
        #expect(try lab.refusal("scp-to", port).contains("connection refused"))
    }
}
