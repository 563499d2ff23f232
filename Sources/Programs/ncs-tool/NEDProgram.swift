import Basics
import CLIGrammar
import Foundation
import NEDRuntime
import Netsim
import Wire

/// `ncs-ned`, with what other parts of the product bring to it: packages, compiled as the simulator does.
enum NEDProgram {
    @Sendable static func run(_ arguments: [String], _ environment: [String: String]) -> Int32 {
        var services = NEDCommand.Services(
            subject: { try subject($0, $1, environment) },
            read: { try DurableFiles.read($0, limit: 1 << 30) },
            output: ToolPrograms.say, errors: ToolPrograms.complain)
        services.environment = environment
        services.write = { try DurableFiles.write($0, $1, mode: 0o600) }
        services.makeDirectory = { try DurableFiles.makeDirectory($0) }
        services.simulate = { try simulate($0, environment) }
        services.waitForEndOfInput = waitForEndOfInput
        return NEDCommand.run(arguments: arguments, services: services)
    }

    /// In a job or service, of which the input is nothing (`/dev/null`), the process stays until it is stopped.
    private static func waitForEndOfInput() {
        // Whoever reads a log wants to know the port now.
        fflush(nil)
        var status = stat()
        let isNothing = fstat(0, &status) == 0 && status.st_mode & S_IFMT == S_IFCHR && isatty(0) == 0
        while isNothing || readLine() != nil {
            if isNothing { pause() }
        }
    }

    private static func subject(_ name: String, _ dialect: String?, _ environment: [String: String]) throws
        -> NEDCommand.Subject
    {
        let installed = (environment["NCS_DIR"] ?? "") + "/packages/neds/" + name
        let directory = DurableFiles.exists(name) ? name : installed
        let package = try NetsimPackage(directory: directory)
        let modules = try NetsimCommand.moduleDirectory(environment)
        let model = try DeviceModel(package, moduleDirectory: modules)
        let file = directory + "/driver/driver.yaml"
        guard DurableFiles.exists(file) else {
            let dialect = dialect.map(DriverDescription.grammarDialect) ?? package.dialect
            return NEDCommand.Subject(grammar: CLIGrammar(model: model.data, dialect: dialect), description: nil)
        }
        let description = try DriverDescription(yaml: try DurableFiles.read(file, limit: 1 << 20), file: file)
        let hooks = try [description.receivedHook, description.sentHook].map { file in
            guard let file else { return TextHook?.none }
            return try TextHook(
                package: URL(fileURLWithPath: directory).lastPathComponent, directory: directory, file: file,
                owner: directory,
                log: ToolPrograms.complain)
        }
        return NEDCommand.Subject(
            grammar: CLIGrammar(model: model.data, dialect: description.grammarDialect), description: description,
            hook: hooks[0], sentHook: hooks[1], samples: samples(directory + "/test"))
    }

    private static func samples(_ directory: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        return names.filter { $0.hasSuffix(".cfg") }.sorted().map { directory + "/" + $0 }
    }

    /// A network of one device in a folder of its own, on ports that are free now.
    private static func simulate(
        _ package: String, _ environment: [String: String]
    ) throws -> NEDCommand.SimulatedDevice {
        let folder = NSTemporaryDirectory() + "ncs-ned-\(UUID().uuidString)"
        let network = folder + "/netsim"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        var environment = environment
        for name in ["IPC_PORT", "NETCONF_SSH_PORT", "NETCONF_TCP_PORT", "SNMP_PORT", "CLI_SSH_PORT"] {
            environment[name] = "\(try freePort())"
        }
        let settings = environment
        func netsim(_ words: [String]) throws {
            try NetsimProgram.collect(["--dir", network] + words, settings) { _ in }
        }
        let end = {
            try? netsim(["stop"])
            try? FileManager.default.removeItem(atPath: folder)
        }
        do {
            try netsim(["create-device", package, "ned0"])
            try netsim(["start"])
        } catch {
            end()
            throw error
        }
        return NEDCommand.SimulatedDevice(port: UInt16(environment["CLI_SSH_PORT"] ?? "") ?? 0, end: end)
    }

    /// A TCP port of 127.0.0.1 that nobody listens on now.
    private static func freePort() throws -> UInt16 {
        let server = try TCPServer()
        defer { server.stop() }
        return try server.listen(at: SocketAddress(host: "127.0.0.1", port: 0)) { _ in }.address.port
    }
}
