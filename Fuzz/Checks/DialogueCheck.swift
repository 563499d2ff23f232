import CLIGrammar
import ConfigTree
import NEDRuntime
import Synchronization
import Wire
import YANG

/// A driver's dialogue under whatever a device says, over Telnet or not.
///
/// - It comes to an end, with a reading or with an error that names the device and is of bounded length.
/// - No control character and no credential is in an error.
/// - Nothing is written after the device has hung up, and passwords only where the device asked.
enum DialogueCheck {
    private static let password = "Fuzz-Pa55word"

    /// Says one piece after the other, whoever asks; then the device has hung up.
    private final class ScriptedStream: ByteStream {
        let peer = "script"
        private let pieces: Mutex<ArraySlice<[UInt8]>>
        let written = Mutex<[UInt8]>([])

        init(_ pieces: [[UInt8]]) { self.pieces = Mutex(pieces[...]) }

        func read(deadline: Deadline) throws(WireError) -> [UInt8]? {
            guard let piece = pieces.withLock({ $0.popFirst() }) else { return nil }
            if piece.isEmpty { throw WireError(.timeout, peer: peer, "silence") }
            return piece
        }

        func write(_ bytes: [UInt8], deadline: Deadline) throws(WireError) { written.withLock { $0 += bytes } }
        func close() {}
        func abort() {}
    }

    private static let driver: Driver = {
        let text = """
            module d { yang-version 1.1; namespace "urn:d"; prefix d; leaf hostname { type string; }
              list interface { key name; leaf name { type string; } leaf mtu { type uint16; } } }
            """
        let outcome = SchemaCompiler().compile([SchemaCompiler.Source(path: "d.yang", bytes: Array(text.utf8))])
        guard let schema = outcome.schema, let description = try? DriverDescription.standard() else {
            preconditionFailure("\(outcome.diagnostics)")
        }
        let model = DataModel(schema)
        return Driver(
            nedID: "d:d", package: "d", model: model, kind: .cli(CLIGrammar(model: model, dialect: .i), description))
    }()

    private static let target: DeviceTarget = {
        var target = DeviceTarget(
            name: "fuzzed", address: "192.0.2.1", port: 22, remoteUser: "admin", localUser: "admin",
            password: password, secondaryPassword: password, hostKeys: .acceptAny, nedID: "d:d")
        target.replyLimit = 1 << 16
        return target
    }()

    static func fault(on bytes: [UInt8]) -> String? {
        let pieces = bytes.split(separator: 0, omittingEmptySubsequences: false).map(Array.init)
        let script = ScriptedStream(pieces)
        let isTelnet = (bytes.first ?? 0) & 1 == 0
        let stream: any ByteStream = isTelnet ? TelnetStream(script) : script
        do throws(NEDError) {
            let session = try CLIDeviceSession.open(over: stream, target, driver, trace: NoTrace())
            let reading = try session.show()
            try session.prepare(.commands(CLIDeviceSession.commands(driver, from: reading.tree, to: wanted)))
            try session.commit()
            try session.persist()
        } catch {
            return judge(error)
        }
        return nil
    }

    private static let wanted: DataTree = {
        guard case .cli(let grammar, _) = driver.kind,
            let parsed = try? grammar.parse(Array("hostname r2\ninterface e0\n mtu 900\n".utf8))
        else { return DataTree(driver.model) }
        return parsed.tree
    }()

    private static func judge(_ error: NEDError) -> String? {
        let text = error.operatorText
        if !text.contains("fuzzed") { return "the device is not named: \(text)" }
        if text.utf8.count > 16_384 { return "an error of \(text.utf8.count) bytes" }
        if text.contains(password) { return "a credential in the error" }
        let isControl: (Unicode.Scalar) -> Bool = { $0.value < 0x20 && $0 != "\n" || (0x7F...0x9F).contains($0.value) }
        if text.unicodeScalars.contains(where: isControl) { return "a control character in the error" }
        return nil
    }

    static let seeds = [
        "r1#\0terminal length 0\r\nr1#\0terminal width 0\r\nr1#\0show running-config\r\nhostname r1\r\n!\r\nend\r\nr1#\0"
            + "configure terminal\r\nr1(config)#\0hostname r2\r\nr2(config)#\0interface e0\r\nr2(config-if)#\0mtu 900"
            + "\r\nr2(config-if)#\0end\r\nr2#\0write memory\r\n[OK]\r\nr2#",
        "Username: \0admin\r\nPassword: \0\r\nr1>\0enable\r\nPassword: \0\r\nr1#\0\0r1#\0r1#\0show running-config\r\nhostname "
            + "r1\r\n --More-- \0\u{8}\u{8}\u{8}\u{8}\u{8}\u{8}\u{8}\u{8}\u{8}\u{8}interface e0\r\n mtu 9\r\nend\r\nr1#",
        "Banner r1#\r\nr1#\0r1#\0r1#\0% Invalid input\r\nr1#",
    ]

    static let words = [
        "r1#", "r1>", "r1(config)#", "\r\n", "\n", "\0", "\0\0", "Password: ", "Username: ", " --More-- ", "[confirm]",
        "% Invalid input", "\u{1B}[K", "\u{1B}[2K", "\u{8}", "\r", "*Mar  1 00:01:02.345: %SYS-5-CONFIG_I: x\r\n",
        "show running-config", "hostname r1", "\u{1B}]0;t\u{7}", "\u{E9}",
    ]
}
