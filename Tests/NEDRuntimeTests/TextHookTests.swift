import CLIGrammar
import Foundation
import NEDKit
import TestSupport
import Testing

@testable import NEDRuntime

/// Programs that transform what a device shows.
@Suite(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/python3"), "needs /usr/bin/python3"))
struct TextHookTests {
    private static let config = ["hostname r1", "interface eth0", " mtu 1,500", "interface eth1", " mtu 9,000"]

    private func bench(_ directory: TemporaryDirectory, _ transform: String, at point: TextHook.Point = .received)
        throws -> Bench
    {
        try directory.write(
            "driver/text.py",
            """
            #!/usr/bin/python3
            import json, os, sys
            print("openned-program 1 text", flush=True)
            for line in sys.stdin:
                request = json.loads(line)
                text = request["params"]["text"]
                assert request["method"] in ("received", "sent") and request["params"]["device"] == "ce0"
                print(json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": {"text": \(transform)}}), flush=True)

            """)
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o755], ofItemAtPath: directory.path("driver/text.py"))
        let plain = try Bench.driver()
        let hook = try TextHook(
            package: "p", directory: directory.path, file: "driver/text.py", owner: directory.path
        ) { _ in }
        return try Bench(
            config: Self.config,
            driver: Driver(
                nedID: plain.nedID, package: plain.package, model: plain.model, kind: plain.kind,
                receivedHook: point == .received ? hook : nil, sentHook: point == .sent ? hook : nil))
    }

    @Test func whatTheDeviceShowsIsParsedAsTheProgramWritesIt() throws {
        let directory = try TemporaryDirectory("hook")
        let bench = try bench(directory, "text.replace(',', '')")
        let session = try bench.connect()
        let reading = try session.show()
        #expect(reading.skipped.isEmpty)
        let wanted = "hostname r1\ninterface eth0\n mtu 1500\ninterface eth1\n mtu 9000\n"
        #expect(try reading.tree.isSame(as: bench.tree(wanted)))
        #expect(try session.transactionID() == reading.transactionID, "which is over what the device shows")
    }

    @Test(arguments: [
        ("os._exit(4)", "program driver/text.py of package p ended with status 4"),
        ("7", "program driver/text.py of package p answered 'received' without a text"),
    ])
    func aProgramThatFailsFailsTheReadingAlone(_ transform: String, _ text: String) throws {
        let directory = try TemporaryDirectory("hook")
        let bench = try bench(directory, transform)
        let session = try bench.connect()
        let error = #expect(throws: NEDError.self) { try session.show() }
        #expect(error?.code == .driver && error?.message.contains(text) == true, "\(String(describing: error))")
        #expect(session.isUsable)
        #expect(try !session.transactionID().isEmpty)
    }

    @Test func whatIsSentIsWhatTheProgramMakesOfTheCommands() throws {
        let directory = try TemporaryDirectory("hook")
        let bench = try bench(directory, "text.replace('mtu 1400', 'mtu 1401\\nno shutdown')", at: .sent)
        let session = try bench.connect()
        let plain = try bench.tree("hostname r1\ninterface eth0\n mtu 1500\n")
        let wanted = try bench.tree("hostname r1\ninterface eth0\n mtu 1400\n")
        let change = session.driver.change(from: plain, to: wanted)
        #expect(try session.driver.outgoing(change, device: "ce0").text.contains("mtu 1401\n"), "a dry run shows it")
        try session.prepare(change)
        #expect(bench.router.lines.contains("mtu 1401") && bench.router.lines.contains("no shutdown"))
        #expect(!bench.router.lines.contains("mtu 1400"))
    }

    @Test func aProgramThatFailsWithWhatIsSentSendsNothing() throws {
        let directory = try TemporaryDirectory("hook")
        let bench = try bench(directory, "os._exit(4)", at: .sent)
        let session = try bench.connect()
        let wanted = try bench.tree("hostname r2\n")
        let error = #expect(throws: NEDError.self) {
            try session.prepare(session.driver.change(from: try bench.tree("hostname r1\n"), to: wanted))
        }
        #expect(error?.message.contains("ended with status 4") == true && session.isUsable)
        #expect(!bench.router.lines.contains("configure terminal"))
    }

    @Test func commandsOfSeveralLinesStayWholeBehindAProgram() throws {
        let directory = try TemporaryDirectory("hook")
        let bench = try bench(directory, "text.replace('hostname', 'name')", at: .sent)
        let banner = CLICommand(text: "banner ^\nhello\n^", depth: 0, cause: "")
        let name = CLICommand(text: "hostname r2", depth: 0, cause: "")
        let hooked = try bench.driver.outgoing(.commands([banner, name]), device: "ce0")
        guard case .commands(let sent) = hooked else { return #expect(Bool(false), "commands") }
        #expect(sent.map(\.text) == ["banner ^\nhello\n^", "name r2"])
    }

    @Test func theDescriptionNamesTheProgram() throws {
        let standard = try DriverDescription(
            yaml: Array(
                "prompts: { operational: 'a', configuration: 'b' }\nhooks: { received: driver/text.py, sent: driver/out.py }\n"
                    .utf8),
            file: "driver.yaml")
        #expect(standard.receivedHook == "driver/text.py" && standard.sentHook == "driver/out.py")
    }
}
