import Basics
import Foundation

/// What a package itself contributes when a device of it is made and started: the files of its `netsim` directory.
///
/// Made: `make install` of `netsim/Makefile`, with `DEST_DIR`, `NAME`, `COUNTER`, `TWO_DIGIT_COUNTER` and the ports in the
/// environment; then `confd.conf` and `start.sh` with `%NAME%`, `%CLI_SSH_PORT%` and the like replaced. A Makefile that
/// only includes the installation's own rules is not run: what they do is done here, so that ten thousand devices take
/// seconds.
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

    /// Puts files in the place of the start configuration that the package brought.
    func replaceConfiguration(by files: [String]) throws(NetsimError) {
        try attempt {
            for file in device.files.initialFiles { try DurableFiles.remove(file) }
            for (index, file) in files.enumerated() {
                let name = file.split(separator: "/").last ?? "start.xml"
                let number = index < 10 ? "0\(index)" : "\(index)"
                try copy(file, to: "\(device.files.database)/\(number)-\(name)")
            }
        }
    }

    /// Whether a Makefile says more than to include the rules that come with the installation.
    static func hasOwnRules(_ path: String) -> Bool {
        guard let bytes = try? DurableFiles.read(path, limit: 1 << 20) else { return false }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").contains { line in
            let line = line.withoutOuterBlanks
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
                "exec make --no-print-directory install", directory: source, environment: variables)
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

    /// The text with the device's values for `%NAME%`, `%COUNTER%`, `%CLI_SSH_PORT%` and the others that packages use.
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
            "exec sh ./\(Self.scriptName)", directory: device.directory, environment: variables)
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

    /// Runs a shell command in a directory; its end is waited for, not that of programs which it leaves behind.
    static func run(_ command: String, directory: String, environment: [String: String]) throws -> Outcome {
        let file = FileManager.default.temporaryDirectory.path + "/netsim-hook-\(UUID().uuidString)"
        defer { unlink(file) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, file, O_WRONLY | O_CREAT | O_APPEND | O_EXCL, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        var arguments: [UnsafeMutablePointer<CChar>?] = ["sh", "-c", "cd \"$0\" && \(command)", directory].map {
            (word: String) in strdup(word)
        }
        arguments.append(nil)
        var variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for text in arguments + variables { free(text) } }
        var id = pid_t()
        let code = posix_spawn(&id, "/bin/sh", &actions, nil, &arguments, &variables)
        guard code == 0 else { throw FileError(operation: "run", path: "/bin/sh", errno: code) }
        var status: Int32 = 0
        while waitpid(id, &status, 0) < 0 && errno == EINTR {}
        let output = (try? DurableFiles.read(file, limit: 64 << 20)) ?? []
        return Outcome(status: status & 0x7f == 0 ? status >> 8 & 0xff : 128 + status & 0x7f, output: output)
    }
}
