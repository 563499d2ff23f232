import ConfigTree
import ControlProtocol
import Controller
import Foundation
import Synchronization
import TestSupport
import Testing
import Wire

/// How a device is reached and read, as global settings, its profile and the device itself say it.
@Suite struct DeviceSettingsTests {
    private static let devices = "/tailf-ncs:devices"
    private static let device = "\(devices)/device[name='ce0']"
    private static let places = [
        "\(devices)/global-settings", "\(devices)/profiles/profile[name='old']", device,
    ]

    private struct Lab {
        let workshop: ControllerWorkshop
        let session: any ControlSession

        init(port: UInt16, _ edits: [(path: String, value: String?)] = []) throws {
            workshop = try ControllerWorkshop()
            try workshop.package("mini", version: "1.0", module: TestModels.first)
            try workshop.start()
            session = try workshop.session()
            try workshop.device("ce0", "mini-cli-1.0", session)
            let map = "\(devices)/authgroups/group[name='g']/default-map"
            try session.change([
                ("\(map)/remote-name", "admin"), ("\(map)/remote-password", "Pa55word-1"),
                ("\(device)/authgroup", "g"), ("\(device)/port", "\(port)"),
                ("\(device)/ssh/host-key-verification", "none"), ("\(device)/state/admin-state", "unlocked"),
                ("\(devices)/profiles/profile[name='old']/description", "old boxes"),
                ("\(device)/device-profile", "old"),
            ])
            if !edits.isEmpty { try session.change(edits) }
        }

        func result(_ action: String) throws -> [String] {
            let output = try session.act("\(device)/\(action)")
            return ["result", "info"].compactMap { output.value($0) }
        }
    }

    // MARK: Reading

    @Test func extendedParserOfTheNarrowestPlaceCountsAtTheNextConnection() throws {
        let router = FakeRouter(config: ["hostname r1", "stray line"])
        let server = try SSHServer(loops: 1)
        defer { server.stop() }
        let port = try server.listen(
            at: SocketAddress(host: "127.0.0.1", port: 0), hostKey: .generate(), handler: router
        ).address.port
        let lab = try Lab(port: port)
        #expect(try lab.result("sync-from").first == "true")
        for (place, mode, isRead) in zip3(Self.places, ["strict", "robust", "strict"], [false, true, false]) {
            try lab.session.change([("\(place)/ned-settings/extended-parser", mode)])
            let result = try lab.result("sync-from")
            #expect(result.first == "\(isRead)", "\(place): \(result)")
            if !isRead { #expect(result.last?.contains("line 6 of the device's configuration") == true, "\(result)") }
        }
        try lab.session.change([("\(Self.device)/ned-settings/extended-parser", "turbo")])
        #expect(try lab.result("sync-from").first == "true")
    }

    private func zip3(_ a: [String], _ b: [String], _ c: [Bool]) -> [(String, String, Bool)] {
        zip(a, zip(b, c)).map { ($0, $1.0, $1.1) }
    }

    // MARK: Telnet

    @Test func deviceIsReadAndChangedOverTelnet() throws {
        let router = TelnetRouter(config: ["hostname r1"])
        let server = try TCPServer()
        defer { server.stop() }
        let listener = try server.listen(at: SocketAddress(host: "127.0.0.1", port: 0)) { router.serve($0) }
        let lab = try Lab(port: listener.address.port, [("\(Self.device)/device-type/cli/protocol", "telnet")])
        #expect(try lab.result("ssh/fetch-host-keys").first == "unchanged")
        #expect(try lab.result("sync-from") == ["true"])
        #expect(try lab.session.value("\(Self.device)/config/mini:hostname") == "r1")
        let edited = try lab.session.edited(lab.session.running, [("\(Self.device)/config/mini:contact", "noc")])
        _ = try lab.session.commit(CommitRequest(base: lab.session.running, candidate: edited))
        #expect(router.text == ["hostname r1", "contact noc"])
        #expect(try lab.result("check-sync") == ["in-sync"])
        // WILL terminal type and size, DO echo, and that no other option is wanted.
        let answers = router.answers.withLock { $0 }
        for answer in [
            [251, 24], [251, 31], [253, 1], [252, 34], [250, 24, 0] + Array("vt100".utf8) + [255, 240],
        ] {
            #expect(answers.contains(answer), "\(answer)")
        }
        #expect(answers.contains { $0.starts(with: [250, 31, 2, 0]) })
    }

    @Test func wrongPasswordOverTelnetIsToldWithoutShowingIt() throws {
        let router = TelnetRouter(config: [])
        let server = try TCPServer()
        defer { server.stop() }
        let listener = try server.listen(at: SocketAddress(host: "127.0.0.1", port: 0)) { router.serve($0) }
        let map = "\(Self.devices)/authgroups/group[name='g']/default-map"
        let lab = try Lab(
            port: listener.address.port,
            [("\(Self.device)/device-type/cli/protocol", "telnet"), ("\(map)/remote-password", "Wr0ng-word")])
        let result = try lab.result("connect")
        #expect(result.first == "false" && result.last?.contains("Login invalid") == true, "\(result)")
        #expect(!"\(result)".contains("Wr0ng-word"))
    }

    // MARK: Algorithms

    private typealias Offer = [(list: String, name: String)]
    private static let old: Offer = [
        ("kex", "diffie-hellman-group14-sha1"), ("cipher", "aes128-cbc"), ("mac", "hmac-sha1"),
        ("public-key", "ssh-rsa"),
    ]
    private static let new: Offer = [
        ("kex", "curve25519-sha256"), ("cipher", "aes256-gcm@openssh.com"), ("mac", "hmac-sha2-512-etm@openssh.com"),
        ("public-key", "ssh-ed25519"),
    ]

    private static func edits(_ place: String, _ offer: Offer) -> [(path: String, value: String?)] {
        offer.map { ("\(place)/ssh-algorithms/\($0.list)[.='\($0.name)']", "") }
    }

    /// Logs in with a key, as OpenSSH takes no other user's password here.
    private func lab(_ server: OpenSSHServer, _ edits: [(path: String, value: String?)]) throws -> Lab {
        let map = "\(Self.devices)/authgroups/group[name='g']/default-map"
        let key: [(path: String, value: String?)] = [
            ("\(map)/remote-name", server.user), ("\(map)/remote-password", nil),
            ("\(map)/public-key/private-key/file/name", server.keyFile),
        ]
        return try Lab(port: server.port, key + edits)
    }

    @Test(.enabled(if: OpenSSHServer.isAvailable, "no sshd that can be started here"))
    func oldServersAreReachedWithTheirAlgorithmsAtEachLevel() throws {
        let server = try OpenSSHServer(
            kex: Self.old[0].name, cipher: Self.old[1].name, mac: Self.old[2].name, hostKey: Self.old[3].name)
        defer { server.stop() }
        let without = try lab(server, [])
        let refused = try without.result("connect")
        #expect(refused.first == "false")
        #expect(refused.last?.contains("no common SSH algorithm") == true, "\(refused)")
        #expect(refused.last?.contains("diffie-hellman-group14-sha1") == true, "\(refused)")
        for (index, place) in Self.places.enumerated() {
            // Wider places say something that does not work with this server.
            let wider = Self.places[..<index].flatMap { Self.edits($0, Self.new) }
            let lab = try lab(server, wider + Self.edits(place, Self.old))
            #expect(try lab.result("connect").first == "true", "\(place)")
            if index == 2 {
                #expect(try lab.result("ssh/fetch-host-keys").first == "updated")
                #expect(try lab.result("sync-from") == ["true"])
                #expect(try lab.session.value("\(Self.device)/config/mini:hostname") == "old-box")
            }
        }
    }

    @Test(.enabled(if: OpenSSHServer.isAvailable, "no sshd that can be started here"))
    func newServersAreReachedAndRefuseOldAlgorithms() throws {
        let server = try OpenSSHServer(
            kex: Self.new[0].name, cipher: Self.new[1].name, mac: Self.new[2].name, hostKey: Self.new[3].name)
        defer { server.stop() }
        #expect(try lab(server, []).result("connect").first == "true")
        #expect(try lab(server, Self.edits(Self.device, Self.new)).result("sync-from") == ["true"])
        let refused = try lab(server, Self.edits(Self.device, Self.old)).result("connect")
        #expect(refused.first == "false" && refused.last?.contains("curve25519-sha256") == true, "\(refused)")
    }
}
