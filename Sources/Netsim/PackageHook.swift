import Basics
import Foundation

/// What a package itself contributes when a device of it is made and started: the files of its `netsim` directory.
///
/// Made: `make install` of `netsim/Makefile`, with `DEST_DIR`, `NAME`, `COUNTER`, `TWO_DIGIT_COUNTER` and the ports in the
/// environment; then `confd.conf` and `start.sh` with their placeholders filled in. A Makefile that only includes the
/// installation's own rules is not run: what they do is done here, so that ten thousand devices take seconds.
/// Started: `start.sh`, which registers the device with the network's process by running `$CONFD`.
struct PackageHook {
    let device: NetworkDevice
    /// The device's number in the network.
    let counter: Int
    /// The directory of the network.
    let network: String
    let environment: [String: String]

    static let scriptName = "start.sh"
    private static let template = "confd.conf.netsim"
    private static let outputLimit = 1 << 20

    private var source: String { device.packageDirectory + "/netsim" }
    private var twoDigits: String { counter < 10 ? "0\(counter)" : "\(counter)" }

    // MARK: Making

    /// Fills the directories of a new device. Throws `packageUnusable`, `system`.
    func install() throws(NetsimError) {
        let makefile = source + "/Makefile"
        if Self.hasOwnRules(makefile) {
            try make(makefile)
        } else {
            try attempt {
                for file in PlainFiles.names(in: source) where file.hasSuffix(".xml") {
                    try copy(source + "/" + file, to: device.files.database + "/" + file)
                }
            }
        }
        try attempt {
            let given = device.directory + "/" + Self.template
            let template = DurableFiles.exists(given) ? given : source + "/" + Self.template
            if DurableFiles.exists(template) { try copy(template, to: device.directory + "/confd.conf") }
            let script = device.directory + "/" + Self.scriptName
            let original = DurableFiles.exists(script) ? script : source + "/" + Self.scriptName
            if DurableFiles.exists(original) { try copy(original, to: script, mode: 0o755) }
        }
    }

    /// Whether a Makefile says more than to include the rules that come with the installation.
    static func hasOwnRules(_ path: String) -> Bool {
        guard let bytes = try? DurableFiles.read(path, limit: 1 << 20) else { return false }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").contains { line in
            let line = line.trimmingCharacters(in: .whitespaces)
            if line.isEmpty || line.hasPrefix("#") { return false }
            return !(line.hasPrefix("include ") && line.contains("/src/ncs/build/include-netsim-ned"))
        }
    }

    private func make(_ makefile: String) throws(NetsimError) {
        var variables = variables
        variables["DEST_DIR"] = device.directory
        let outcome: HookProcess.Outcome
        do {
            outcome = try HookProcess.run(
                ["make", "--no-print-directory", "-C", source, "install"], directory: source, environment: variables)
        } catch {
            throw NetsimError(.packageUnusable, makefile, "make cannot be run: \(error)", remedy: "install make")
        }
        guard outcome.status == 0 else {
            throw NetsimError(
                .packageUnusable, makefile,
                "make install for \(device.name) ended with status \(outcome.status):\n\(outcome.end)",
                remedy: "build the package first: make -C \(source) all")
        }
    }

    private func copy(_ file: String, to target: String, mode: mode_t = 0o644) throws {
        let text = String(decoding: try DurableFiles.read(file, limit: 1 << 28), as: UTF8.self)
        try PlainFiles.write(target, Array(filledIn(text).utf8), mode: mode)
        if mode != 0o644 { chmod(target, mode) }
    }

    /// The text with the placeholders of the field replaced.
    func filledIn(_ text: String) -> String {
        guard text.contains("%") else { return text }
        let ports = device.ports
        let values = [
            "NAME": device.name, "COUNTER": "\(counter)", "TWO_DIGIT_COUNTER": twoDigits, "IPC_PORT": "\(ports.ipc)",
            "NETCONF_SSH_PORT": "\(ports.netconfSSH)", "NETCONF_TCP_PORT": "\(ports.netconfTCP)",
            "CLI_SSH_PORT": "\(ports.cli)", "SNMP_PORT": "\(ports.snmp)",
        ]
        return values.reduce(text) { $0.replacing("%\($1.key)%", with: $1.value) }
    }

    // MARK: Starting

    var hasScript: Bool { DurableFiles.exists(device.directory + "/" + Self.scriptName) }

    /// Runs the device's `start.sh` in its directory; what it says goes to `logs/start.log`.
    func runScript() throws -> HookProcess.Outcome {
        let outcome = try HookProcess.run(
            ["/bin/sh", "./" + Self.scriptName], directory: device.directory, environment: variables)
        try? PlainFiles.write(device.files.logs + "/start.log", outcome.output.prefix(Self.outputLimit))
        return outcome
    }

    /// The environment that Makefiles and scripts of packages know.
    private var variables: [String: String] {
        var result = environment
        let home = (environment["NCS_DIR"] ?? "") + "/netsim/confd"
        let ports = device.ports
        result["CONFD_DIR"] = environment["CONFD_DIR"] ?? home
        result["CONFD"] = environment["CONFD"] ?? home + "/bin/confd"
        result["CONFD_FLAGS"] = environment["CONFD_FLAGS"] ?? ""
        result["CONFD_IPC_PORT"] = "\(ports.ipc)"
        result["IPC_PORT"] = "\(ports.ipc)"
        result["NETCONF_SSH_PORT"] = "\(ports.netconfSSH)"
        result["NETCONF_TCP_PORT"] = "\(ports.netconfTCP)"
        result["CLI_SSH_PORT"] = "\(ports.cli)"
        result["SNMP_PORT"] = "\(ports.snmp)"
        result["NAME"] = device.name
        result["COUNTER"] = "\(counter)"
        result["TWO_DIGIT_COUNTER"] = twoDigits
        result["PACKAGE_NETSIM_DIR"] = source
        result["NETSIM_DIR"] = network
        return result
    }

    private func attempt(_ body: () throws -> Void) throws(NetsimError) {
        do {
            try body()
        } catch {
            throw NetsimError(.system, "", "\(error)", remedy: "make room on the disk, or choose another place")
        }
    }
}

/// A program of a package, run to its end.
enum HookProcess {
    struct Outcome {
        var status: Int32
        /// Standard output and error as they came.
        var output: [UInt8]

        /// The last lines of the output.
        var end: String {
            String(decoding: output.suffix(4_000), as: UTF8.self).split(separator: "\n").suffix(12)
                .joined(separator: "\n")
        }
    }

    /// Runs a program found by `PATH`. It gets no input, and its end is waited for, not that of programs it leaves.
    static func run(_ words: [String], directory: String, environment: [String: String]) throws -> Outcome {
        let path = FileManager.default.temporaryDirectory.path + "/netsim-hook-\(UUID().uuidString)"
        defer { unlink(path) }
        let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw FileError(operation: "write", path: path, errno: errno) }
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = words
        process.environment = environment
        process.currentDirectoryURL = URL(fileURLWithPath: directory)
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = file
        process.standardError = file
        try process.run()
        process.waitUntilExit()
        let output = (try? DurableFiles.read(path, limit: 64 << 20)) ?? []
        return Outcome(status: process.terminationStatus, output: output)
    }
}
