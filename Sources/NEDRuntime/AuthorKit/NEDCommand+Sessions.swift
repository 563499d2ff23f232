import Basics
import CLIGrammar
import ConfigTree
import Foundation
import Wire
import YANG

/// `record`, `replay` and `conform`: drivers and sessions with devices.
extension NEDCommand {
    // MARK: Record

    /// Logs in to a device, shows its configuration and what else is asked for, and writes what passed.
    func record(_ package: String, _ address: String, _ file: String) throws -> Int32 {
        let subject = try services.subject(package, options["--dialect"])
        let driver = try subject.driver(package)
        let target = try target(address)
        let recorder = Recorder()
        var reading: DeviceReading?
        do throws(NEDError) {
            let session = try CLIDeviceSession.connect(target, driver, trace: NoTrace(), through: recorder.wrap)
            defer { session.close() }
            reading = try session.show()
            _ = try session.dialogue.run(session.description.versionCommand)
            for command in commands { _ = try session.dialogue.run(command, settling: true) }
        } catch {
            guard let stream = recorder.stream else { throw Fault(message: "\(error)") }
            services.errors("ncs-ned: \(error)\nwhat passed up to then is recorded")
            try save(stream, driver, [], file)
            return 1
        }
        guard let stream = recorder.stream else { throw Fault(message: "nothing passed") }
        let secrets = reading.map { Self.secrets(in: $0.tree.rootInstance) } ?? []
        try save(stream, driver, secrets, file)
        services.output(
            "\(file): \(stream.noted.count) exchanges, \(reading?.skipped.count ?? 0) lines not in the model")
        return 0
    }

    private func save(_ stream: RecordingStream, _ driver: Driver, _ secrets: [String], _ file: String) throws {
        let credentials = [password, secondaryPassword ?? ""]
        let recording = SessionRecording(driver: driver.package, exchanges: stream.noted)
        try services.write(file, recording.masking(credentials + secrets).bytes)
    }

    /// Values of all leaves of a secret type.
    private static func secrets(in instance: Instance) -> [String] {
        instance.children().flatMap { child -> [String] in
            guard let value = child.value else { return secrets(in: child) }
            return child.node.type?.hasSecret == true ? [value] : []
        }
    }

    // MARK: Replay

    /// Plays a recorded device until standard input ends.
    func replay(_ file: String) throws -> Int32 {
        let (server, port) = try play(file)
        services.output(
            "replaying \(file) on 127.0.0.1 port \(port); any user and password; "
                + "ends with standard input, or when it is stopped if that is /dev/null")
        services.waitForEndOfInput()
        server.stop()
        return 0
    }

    private func play(_ file: String) throws -> (SSHServer, UInt16) {
        let recording = try SessionRecording(try services.read(file), file: file)
        let server = try SSHServer(loops: 1)
        let listener = try server.listen(
            at: SocketAddress(host: "127.0.0.1", port: UInt16(options["--port"] ?? "0") ?? 0),
            hostKey: try .generate(), handler: ReplayedDevice(recording))
        return (server, listener.address.port)
    }

    // MARK: Conform

    /// Runs the conformance suite: against a simulated device, a recording, or a real device.
    func conform(_ package: String) throws -> Int32 {
        let subject = try services.subject(package, options["--dialect"])
        let driver = try subject.driver(package)
        var (sample, why) = (DataTree?.none, "a recording cannot be changed")
        let target: DeviceTarget
        var end: () -> Void = {}
        defer { end() }
        if let file = options["--recording"] {
            let (server, port) = try play(file)
            end = { server.stop() }
            target = self.target("127.0.0.1", port)
        } else if let address = options["--device"] {
            target = try self.target(address)
            why = "a real device is changed with --write only"
            if options["--write"] != nil { sample = try self.sample(subject) }
        } else {
            let device = try services.simulate(package)
            end = device.end
            target = self.target("127.0.0.1", device.port)
            why = "the package has no test/*.cfg"
            sample = try self.sample(subject)
        }
        var (count, bad, skipped) = (0, 0, 0)
        let suite = try ConformanceSuite(target, driver, sample: sample, why: why) { name, verdict in
            count += 1
            switch verdict {
            case .good(let text): services.output("ok    \(name)" + (text.isEmpty ? "" : ": \(text)"))
            case .bad(let text):
                bad += 1
                services.output("FAIL  \(name): \(text)")
            case .skipped(let text):
                skipped += 1
                services.output("skip  \(name): \(text)")
            }
        }
        suite.run()
        services.output("\(count) checks, \(bad) failed, \(skipped) skipped")
        return bad == 0 ? 0 : 1
    }

    /// What the package's own test configurations hold.
    private func sample(_ subject: Subject) throws -> DataTree? {
        guard let file = subject.samples.first else { return nil }
        return try read(file, subject).tree
    }

    // MARK: Target

    private var commands: [String] { options["--command"].map { [$0] } ?? [] }
    private var password: String { services.environment["NED_PASSWORD"] ?? "admin" }
    private var secondaryPassword: String? { services.environment["NED_SECONDARY_PASSWORD"] }

    func target(_ address: String, standardPort: UInt16 = 22) throws -> DeviceTarget {
        let isTelnet = options["--protocol"] == "telnet"
        guard let port = UInt16(options["--port"] ?? (isTelnet ? "23" : "\(standardPort)")) else {
            throw Fault(message: "--port needs a number from 1 to 65535", status: 2)
        }
        var target = target(address, port)
        target.transport = isTelnet ? .telnet : .ssh
        return target
    }

    private func target(_ address: String, _ port: UInt16) -> DeviceTarget {
        let user = options["--user"] ?? "admin"
        return DeviceTarget(
            name: address, address: address, port: port, remoteUser: user, localUser: user, password: password,
            secondaryPassword: secondaryPassword, hostKeys: .acceptAny, nedID: "")
    }
}

/// Keeps the stream of the one session that is recorded.
private final class Recorder {
    private(set) var stream: RecordingStream?

    func wrap(_ inner: any ByteStream) -> any ByteStream {
        let outer = RecordingStream(inner)
        stream = outer
        return outer
    }
}

extension NEDCommand.Subject {
    /// The driver that the package describes; without a description, one for an IOS-like device.
    func driver(_ package: String) throws -> Driver {
        let description = try description ?? DriverDescription.standard()
        let name = package.split(separator: "/").last.map(String.init) ?? package
        return Driver(
            nedID: "\(name):\(name)", package: name, model: grammar.model, kind: .cli(grammar, description),
            receivedHook: hook, sentHook: sentHook)
    }
}
