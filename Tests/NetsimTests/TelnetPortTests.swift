import Foundation
import TestSupport
import Testing
import Wire

/// The command line of devices over Telnet.
@Suite(.serialized, .enabled(if: TestNetwork.hasModules)) struct TelnetPortTests {
    /// A terminal at a device, as our own driver is one.
    private struct Terminal {
        let stream: TelnetStream
        private let wait = Duration.seconds(120)

        init(_ port: UInt16) throws {
            let address = SocketAddress(host: "127.0.0.1", port: port)
            stream = TelnetStream(try TCPStream.connect(to: address, deadline: .after(wait)))
        }

        func type(_ text: String) throws { try stream.write(Array(text.utf8), deadline: .after(wait)) }

        /// What comes up to `end`; all there is if the device hangs up first.
        func read(to end: String) throws -> String {
            var text = ""
            while !text.hasSuffix(end), let bytes = try stream.read(deadline: .after(wait)) {
                text += String(decoding: bytes, as: UTF8.self)
            }
            return text
        }

        func answer(to command: String, prompt: String) throws -> String {
            try type(command + "\n")
            return try read(to: prompt)
        }
    }

    private func start(_ package: String, _ count: String = "1") throws -> TestNetwork {
        let network = try TestNetwork(hasTelnet: true)
        try network.run("create-network", package, count, "c").expectSuccess()
        try network.run("start").expectSuccess()
        return network
    }

    @Test func telnetAsksForNameAndPasswordAndIsATerminal() throws {
        let network = try start(TestNetwork.old, "2")
        #expect(try network.run("get-port", "c1", "telnet").output == "\(network.telnetPort + 1)\n")
        #expect(try network.run("status", "c1").output.contains("telnet: 127.0.0.1:\(network.telnetPort + 1)"))
        let terminal = try Terminal(network.telnetPort + 1)
        #expect(try terminal.read(to: "Username: ").contains("User Access Verification"))
        #expect(try terminal.answer(to: "admin", prompt: "Password: ") == "admin\r\nPassword: ")
        // A password is not shown.
        #expect(try terminal.answer(to: "wrong", prompt: "Username: ") == "\r\n% Login invalid\r\n\r\nUsername: ")
        _ = try terminal.answer(to: "admin", prompt: "Password: ")
        #expect(try terminal.answer(to: "admin", prompt: "c1#") == "\r\n\r\nc1#")
        let shown = try terminal.answer(to: "show running-config | include hostname", prompt: "c1#")
        #expect(shown == "show running-config | include hostname\r\nhostname c1\r\nc1#")
        #expect(try terminal.answer(to: "exit", prompt: "never") == "exit\r\n")
    }

    @Test func sessionsEndWithTheDeviceAndAfterThreeFailures() throws {
        let network = try start(TestNetwork.old)
        let stranger = try Terminal(network.telnetPort)
        _ = try stranger.read(to: "Username: ")
        for _ in 0..<3 {
            _ = try stranger.answer(to: "admin", prompt: "Password: ")
            try stranger.type("guess\n")
        }
        #expect(try stranger.read(to: "never").occurrences(of: "% Login invalid") > 0)
        let terminal = try Terminal(network.telnetPort)
        _ = try terminal.read(to: "Username: ")
        _ = try terminal.answer(to: "admin", prompt: "Password: ")
        _ = try terminal.answer(to: "admin", prompt: "c0#")
        #expect(try network.run("stop").output == "DEVICE c0 STOPPED\n")
        // The end of input, or a broken connection: it comes in either way.
        _ = try? terminal.read(to: "never")
    }

    @Test func withoutATelnetPortThereIsNone() throws {
        let network = try TestNetwork()
        try network.run("create-network", TestNetwork.old, "1", "c").expectSuccess()
        #expect(try network.run("get-port", "c0", "telnet").status != 0)
        // The key may be written by hand.
        var info = try String(contentsOfFile: network.info, encoding: .utf8)
        info = info.replacing("cli_ssh_ports[0]", with: "telnet_ports[0]=\(network.telnetPort)\ncli_ssh_ports[0]")
        try info.write(toFile: network.info, atomically: true, encoding: .utf8)
        try network.run("start").expectSuccess()
        #expect(try Terminal(network.telnetPort).read(to: "Username: ").hasSuffix("Username: "))
    }

    @Test func optionsAreNegotiatedByteForByte() {
        var text = TelnetServerText()
        // DO echo and DO go-ahead answer our own offers; WILL type and DO status are refused, once each.
        let first = text.take([255, 253, 1, 255, 253, 3, 255, 251, 24, 255, 253, 5, 255, 253, 5, 0x61])
        #expect(first.keys == [0x61] && first.reply == [255, 254, 24, 255, 252, 5])
        // WILL size, then 132 columns and 50 rows; a doubled command byte is data.
        let second = text.take([255, 251, 31, 255, 250, 31, 0, 132, 0, 50, 255, 240, 255, 255, 0x0D])
        #expect(second.keys == [255, 0x0D] && second.reply.isEmpty && text.rows == 50)
        // The rest of a return key is none, also in another packet.
        #expect(text.take([0x0A, 0x62, 0x0D, 0]).keys == [0x62, 0x0D])
        // A sub-negotiation without end takes no memory, and no data.
        for _ in 0..<100 { #expect(text.take([255, 250] + [UInt8](repeating: 7, count: 1_000)).keys.isEmpty) }
        #expect(TelnetServerText.escaped([1, 255, 2]) == [1, 255, 255, 2])
    }
}

extension String {
    fileprivate func occurrences(of text: String) -> Int { components(separatedBy: text).count - 1 }
}
