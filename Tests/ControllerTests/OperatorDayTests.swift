import Basics
import CLIGrammar
import ControlProtocol
import Foundation
import OperatorCLI
import PackageManager
import Synchronization
import TerminalSession
import TestSupport
import Testing
import Wire

@testable import Controller

/// A day with three upgrades of a driver, as its operator sees it: `Transcripts/operators-day.txt`.
///
/// A line that begins with a prompt is a command, one that begins with `-- ` something that happens meanwhile. Digests, times
/// and the run directory are replaced. `OPENNED_UPDATE_TRANSCRIPTS=1` writes the file anew from what is printed now.
@Suite struct OperatorDayTests {
    private static let file = Repository.path("Tests/ControllerTests/Transcripts/operators-day.txt")
    private static let configuration = ["hostname r", "contact noc", "interface eth0", " mtu 1500"]

    private let workshop: ControllerWorkshop
    private let routers: [FakeRouter]
    private let server: SSHServer
    private let offset = Skew()

    private final class Skew: Sendable {
        private let seconds = Mutex<Int64>(0)
        var value: Int64 { seconds.withLock { $0 } }
        func advance(_ more: Int64) { seconds.withLock { $0 += more } }
    }

    init() throws {
        workshop = try ControllerWorkshop()
        routers = (0..<2).map { _ in FakeRouter(config: Self.configuration) }
        server = try SSHServer(loops: 1)
        let ports = try routers.map { [server] router in
            try server.listen(
                at: SocketAddress(host: "127.0.0.1", port: 0), hostKey: .generate(), handler: router
            ).address.port
        }
        try workshop.package("mini", version: "1.0", module: TestModels.first)
        try workshop.start(clock: WallClock { [offset] in WallClock.system.now() + offset.value * 1_000_000 })
        let session = try workshop.session()
        let map = "/tailf-ncs:devices/authgroups/group[name='g']/default-map"
        try session.change([("\(map)/remote-name", "admin"), ("\(map)/remote-password", "Pa55word-1")])
        for (name, port) in zip(["r0", "r1"], ports) {
            try workshop.device(name, "mini-cli-1.0", session)
            let device = "/tailf-ncs:devices/device[name='\(name)']"
            try session.change([
                ("\(device)/authgroup", "g"), ("\(device)/port", "\(port)"),
                ("\(device)/ssh/host-key-verification", "none"), ("\(device)/state/admin-state", "unlocked"),
            ])
            try session.act("\(device)/sync-from")
        }
    }

    @Test func threeUpgradesGoWrongAndNothingIsLost() throws {
        defer { server.stop() }
        let expected = try String(contentsOfFile: Self.file, encoding: .utf8)
        var said = ""
        var commands: [String] = []
        for line in expected.split(separator: "\n") {
            if line.hasPrefix("-- ") {
                try run(&commands, &said)
                try happen(String(line.dropFirst(3)))
                said += line + "\n"
            } else if let match = line.prefixMatch(of: #/admin@ncs(\([^)]*\))?# /#) {
                commands.append(String(line[match.range.upperBound...]))
            }
        }
        try run(&commands, &said)
        if ProcessInfo.processInfo.environment["OPENNED_UPDATE_TRANSCRIPTS"] == "1" {
            return try said.write(toFile: Self.file, atomically: true, encoding: .utf8)
        }
        #expect(said == expected)
        let wanted = ["hostname r", "contact night-shift", "interface eth0", " mtu 9000", "!"]
        for router in routers { #expect(router.text == wanted) }
    }

    private func happen(_ event: String) throws {
        switch event {
        case "the load path gets version 1.0.1: a model without contact":
            try workshop.package("mini", version: "1.0.1", module: TestModels.second)
        case "the load path gets version 1.0.2: a driver that asks the device for what it does not know":
            try workshop.package("mini", version: "1.0.2", module: TestModels.first) { place in
                let file = place + "/driver/driver.yaml"
                let text = try String(contentsOfFile: file, encoding: .utf8)
                try text.replacing("show running-config", with: "show everything")
                    .write(toFile: file, atomically: true, encoding: .utf8)
            }
        case "the load path gets version 1.0.3: a model with a location":
            let model = TestModels.first.replacing("list vlan", with: "leaf location { type string; }\n  list vlan")
            try workshop.package("mini", version: "1.0.3", module: model)
        case "ten minutes later":
            offset.advance(700)
            let controller = try #require(workshop.controller)
            while controller.system.generation.package("mini-cli-1.0")?.version != "1.0" { usleep(10_000) }
        default: throw ProcessFault("\(event): no such event")
        }
    }

    private func run(_ commands: inout [String], _ said: inout String) throws {
        guard !commands.isEmpty else { return }
        let session = try workshop.session()
        defer { session.close() }
        let terminal = ScriptedTerminal(commands)
        var description = TerminalDescription(isTerminal: false, workingDirectory: "/", hostName: "ncs")
        description.echoesCommands = true
        let shell = OperatorSession(
            session: session, grammar: { CLIGrammar(model: $0, dialect: .c) }, terminal: terminal,
            description: description, files: NoFiles())
        _ = shell.run()
        said += terminal.text.replacing(workshop.directory.path("run"), with: "RUN")
            .replacing(/[0-9a-f]{32,64}/, with: "DIGEST").replacing(#/ +\n/#, with: "\n")
            .replacing(/\d{4}-\d\d-\d\d[T ][\d:.]+([+-]\d\d:\d\d|Z)?/, with: "TIME")
        commands = []
    }
}

private final class ScriptedTerminal: Terminal {
    private let state: Mutex<(input: [[UInt8]], output: [UInt8])>
    let isInteractive = false
    let columns = 200
    let rows = 24

    init(_ lines: [String]) { state = Mutex((lines.map { Array(($0 + "\n").utf8) }, [])) }

    func read() -> [UInt8]? { state.withLock { $0.input.isEmpty ? nil : $0.input.removeFirst() } }
    func write(_ bytes: [UInt8]) { state.withLock { $0.output += bytes } }
    var text: String { String(decoding: state.withLock { $0.output }, as: UTF8.self) }
}

private struct NoFiles: ClientFiles {
    func read(_ path: String) throws -> [UInt8] { throw ProcessFault("\(path): no files here") }
    func write(_ path: String, _ bytes: [UInt8], append: Bool) throws { throw ProcessFault("\(path): no files here") }
}
