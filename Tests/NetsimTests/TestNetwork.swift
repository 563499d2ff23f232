import Basics
import ConfigTree
import Foundation
import Netsim
import Synchronization
import TestSupport

/// A network in a temporary directory with an installation of its own, its process running inside the test.
final class TestNetwork: Sendable {
    struct Result {
        var status: Int32
        var output: String
        var errors: String
    }

    static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path
    private static let standardModules =
        ProcessInfo.processInfo.environment["YANG_MODULE_DIR"] ?? "/usr/share/yuma/modules/ietf"
    /// The IETF modules come with the installation, not with the repository.
    static let hasModules = DurableFiles.exists(standardModules)

    static let old = repository + "/packages/openned-ios-cli-1.0"
    static let new = repository + "/packages/openned-ios-cli-2.0"

    let directory: String
    let basePort: UInt16

    let hasTelnet: Bool
    private let hasAllDoors: Bool
    var telnetPort: UInt16 { basePort + 4 }

    /// - Parameters:
    ///   - hasAllDoors: whether routers with a command line, two at most, answer NETCONF too.
    ///   - other: a network whose ports this one claims, too.
    init(hasTelnet: Bool = false, hasAllDoors: Bool = false, portsOf other: TestNetwork? = nil) throws {
        self.hasTelnet = hasTelnet
        self.hasAllDoors = hasAllDoors
        let path = FileManager.default.temporaryDirectory.path + "/netsim-\(UUID().uuidString)"
        let yang = path + "/ncs/src/ncs/yang"
        try FileManager.default.createDirectory(atPath: yang, withIntermediateDirectories: true)
        for source in [Self.standardModules, Self.repository + "/yang/tailf", Self.repository + "/yang/openned"] {
            for name in try FileManager.default.contentsOfDirectory(atPath: source) where name.hasSuffix(".yang") {
                try FileManager.default.createSymbolicLink(
                    atPath: yang + "/" + name, withDestinationPath: source + "/" + name)
            }
        }
        directory = path
        basePort = try other?.basePort ?? UInt16(FreePorts.block(8))
    }

    deinit {
        _ = try? run("stop")
        try? FileManager.default.removeItem(atPath: directory)
    }

    var environment: [String: String] {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        let ports = ["CLI_SSH_PORT": "\(basePort)", "TELNET_PORT": hasTelnet ? "\(telnetPort)" : ""]
        var environment = ports.merging(["NCS_DIR": directory + "/ncs", "PATH": path]) { $1 }
        // Only tests that talk NETCONF to routers with a command line take ports for that.
        environment["NETSIM_DOORS"] = hasAllDoors ? "all" : "package"
        if hasAllDoors {
            environment["NETCONF_SSH_PORT"] = "\(basePort + 2)"
            environment["NETCONF_TCP_PORT"] = "\(basePort + 4)"
            environment["IPC_PORT"] = "\(basePort + 6)"
        }
        return environment
    }

    var info: String { directory + "/netsim/.netsiminfo" }

    /// Starts the network's process inside the test.
    var launch: @Sendable (String) throws -> Void {
        let environment = environment
        return { directory in
            Thread.detachNewThread {
                _ = NetsimProcess.run(directory: directory, environment: environment, handlesSignals: false)
            }
        }
    }

    @discardableResult
    func run(_ arguments: String...) throws -> Result { run(arguments) }

    func run(_ arguments: [String]) -> Result {
        var output = ""
        var errors = ""
        let services = NetsimCommand.Services(
            extract: { _, _ in throw NetsimError(.unsupported, "", "no archives in tests") },
            convert: { tree, model in
                let bytes = XMLDataEncoder.bytes(tree)
                let decoded = XMLDataDecoder.tree(bytes, file: "running", model: model, options: DecodeOptions(.lax))
                return (decoded.content, decoded.diagnostics.map(\.summary))
            },
            launch: launch)
        let status = NetsimCommand.run(
            arguments: arguments, environment: environment, workingDirectory: directory, services: services,
            output: { output += $0 + "\n" }, errors: { errors += $0 + "\n" })
        return Result(status: status, output: output, errors: errors)
    }

    /// Runs OpenSSH's client; standard input is given to it as a script for the shell if there is no command.
    func ssh(
        _ index: Int = 0, _ command: String?, input: String = "", password: String = "admin", terminal: Bool = false,
        subsystem: String? = nil
    ) throws -> Result {
        try Self.execute(
            [
                "sshpass", "-p", password, "ssh", "-F", "/dev/null", "-q", "-o", "StrictHostKeyChecking=no", "-o",
                "UserKnownHostsFile=/dev/null", "-o", "NumberOfPasswordPrompts=1", "-p", "\(Int(basePort) + index)",
                "admin@127.0.0.1",
            ] + (terminal ? ["-tt"] : []) + (subsystem.map { ["-s", $0] } ?? []) + (command.map { [$0] } ?? []),
            input: input)
    }

    static func execute(_ words: [String], input: String = "") throws -> Result {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["timeout", "60"] + words
        let (stdin, stdout, stderr) = (Pipe(), Pipe(), Pipe())
        process.standardInput = stdin
        process.standardOutput = stdout
        process.standardError = stderr
        try process.run()
        stdin.fileHandleForWriting.write(Data(input.utf8))
        try stdin.fileHandleForWriting.close()
        let output = stdout.fileHandleForReading.readDataToEndOfFile()
        let errors = stderr.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return Result(
            status: process.terminationStatus, output: String(decoding: output, as: UTF8.self),
            errors: String(decoding: errors, as: UTF8.self))
    }

    static func isInstalled(_ names: String...) -> Bool {
        let places = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        return names.allSatisfy { name in places.contains { access("\($0)/\(name)", X_OK) == 0 } }
    }

    /// Takes the port, as another program would.
    static func listen(on descriptor: Int32, _ port: UInt16) -> Bool {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        let isBound = withUnsafePointer(to: address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        return isBound && Foundation.listen(descriptor, 1) == 0
    }
}
