import Foundation
import TestSupport
import Testing
import Wire

/// Clients that connect and say nothing, or do not know the password, do not keep others out of a device.
@Suite(.serialized, .enabled(if: TestNetwork.hasModules && NetworkTests.hasSSH)) struct CrowdTests {
    /// More than any door of a device lets wait for a log-in.
    private static let crowd = 200

    /// Connections that were made and are left alone.
    private final class Crowd {
        private var descriptors: [Int32] = []

        init(_ count: Int, port: UInt16, saying text: String = "") throws {
            for _ in 0..<count {
                let descriptor = try PlainNETCONF.connected(to: port)
                descriptors.append(descriptor)
                _ = send(descriptor, text, text.utf8.count, Int32(MSG_NOSIGNAL))
            }
        }

        /// How many of them the other side has not closed.
        var waiting: Int {
            descriptors.count { descriptor in
                var buffer = [UInt8](repeating: 0, count: 1 << 12)
                while true {
                    let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
                    if count <= 0 { return count < 0 && errno == EAGAIN }
                }
            }
        }

        deinit { for descriptor in descriptors { close(descriptor) } }
    }

    private func start(telnet: Bool) throws -> TestNetwork {
        let network = try TestNetwork(hasTelnet: telnet, hasAllDoors: !telnet)
        try network.run("create-network", TestNetwork.old, "1", "c").expectSuccess()
        try network.run("start").expectSuccess()
        return network
    }

    @Test(arguments: ["", "SSH-2.0-Crowd\r\n"])
    func halfOpenConnectionsOverSSHMakeWay(_ greeting: String) throws {
        let network = try start(telnet: false)
        let crowd = try Crowd(Self.crowd, port: network.basePort, saying: greeting)
        #expect(try network.ssh(0, "show running-config | include hostname").output == "hostname c0\n")
        // Those that are left wait; not all of them may.
        let isLess = eventually { crowd.waiting < Self.crowd }
        #expect(isLess)
        #expect(crowd.waiting > 0)
        let other = try Crowd(Self.crowd, port: network.basePort + 2, saying: greeting)
        let hello = try network.ssh(2, nil, input: "]]>]]>", subsystem: "netconf").output
        #expect(hello.contains("urn:ietf:params:netconf:base:1.1"))
        #expect(other.waiting < Self.crowd)
    }

    @Test func connectionsWithoutAGreetingMakeWayForClients() throws {
        let network = try start(telnet: false)
        let first = try PlainNETCONF(port: network.basePort + 4)
        let lock = "<lock><target><running/></target></lock>"
        let unlock = "<unlock><target><running/></target></unlock>"
        #expect(try first.ask(lock).contains("<ok/>"))
        #expect(try first.ask(unlock).contains("<ok/>"))
        for text in ["", "[admin;127.0.0.1;tcp;0;0;", "<hello"] {
            let crowd = try Crowd(Self.crowd, port: network.basePort + 4, saying: text)
            let later = try PlainNETCONF(port: network.basePort + 4)
            #expect(try later.ask("<get-config><source><running/></source></get-config>").contains("hostname"))
            // Who has greeted stays.
            #expect(try first.ask(lock).contains("<ok/>"))
            #expect(try first.ask(unlock).contains("<ok/>"))
            let isLess = eventually { crowd.waiting < Self.crowd }
            #expect(isLess)
        }
    }

    @Test func greetedSessionsAreNotPushedOut() throws {
        let network = try start(telnet: false)
        // As many as the port takes.
        let nothing = "<get><filter><none/></filter></get>"
        let clients = try (0..<64).map { _ in
            let client = try PlainNETCONF(port: network.basePort + 4)
            // Answered, it has greeted.
            #expect(try client.ask(nothing).contains("<data"))
            return client
        }
        #expect(throws: ProcessFault.self) { try PlainNETCONF(port: network.basePort + 4) }
        for client in clients { #expect(try client.ask(nothing).contains("<data")) }
    }

    @Test func loginsOverTelnetMakeWay() throws {
        let network = try start(telnet: true)
        let crowd = try Crowd(Self.crowd, port: network.telnetPort)
        let address = SocketAddress(host: "127.0.0.1", port: network.telnetPort)
        let limit = Deadline.after(.seconds(120))
        let stream = TelnetStream(try TCPStream.connect(to: address, deadline: limit))
        var text = ""
        func read(to end: String) throws {
            text = ""
            while !text.hasSuffix(end), let bytes = try stream.read(deadline: limit) {
                text += String(decoding: bytes, as: UTF8.self)
            }
        }
        for (prompt, answer) in [("Username: ", "admin\n"), ("Password: ", "admin\n"), ("c0#", "show clock\n")] {
            try read(to: prompt)
            try stream.write(Array(answer.utf8), deadline: limit)
        }
        try read(to: "c0#")
        #expect(text.hasPrefix("show clock\r\n"))
        let isLess = eventually { crowd.waiting < Self.crowd }
        #expect(isLess)
    }

    @Test func failedLoginsKeepNobodyOut() throws {
        let network = try start(telnet: false)
        for _ in 0..<8 {
            #expect(try network.ssh(0, "show clock", password: "wrong").status != 0)
        }
        #expect(try network.ssh(0, "show clock").status == 0)
    }
}
