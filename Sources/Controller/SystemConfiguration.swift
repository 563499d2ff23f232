import Basics
import Foundation
package import Secrets

/// What `ncs.conf` says, with variables filled in. Paths are absolute.
package struct SystemConfiguration: Sendable {
    package var file: String
    package var runDirectory: String
    package var loadPath: [String]
    package var stateDirectory: String
    package var databaseDirectory: String
    package var logDirectory: String
    package var logs: LogSettings
    package var trustDirectory: String
    package var keyFile: String
    /// Other keys than those of the file (`/ncs-config/encrypted-strings`).
    package var keySource: KeySource
    /// `require`, `warn` or `off`, for packages in the load path; the store always requires.
    package var loadPathPolicy: String
    /// `require`, `warn` or `off`, for the index of a package repository; `require` where the load path requires too.
    package var indexPolicy: String
    package var rollback: Rollback
    package var compaction: CompactionPolicy
    /// How many generations of packages are kept, the one in force among them.
    package var packageGenerations: Int
    /// With how many devices a commit speaks at a time.
    package var prepareLimit: Int
    package var callHome: CallHome
    package var socketPath: String?
    package var trustedGroup: String?
    /// Elements of the incumbent's that have no effect here.
    package var ignored: [String]

    /// `/ncs-config/netconf-call-home`: where devices connect to (RFC 8071).
    package struct CallHome: Hashable, Sendable {
        package struct Address: Hashable, Sendable {
            package var host: String
            package var port: UInt16
        }

        /// Empty unless it is enabled.
        package var addresses: [Address]
        /// After how much silence a connection is ended; it is for the device to make another one.
        package var idleTimeout: Duration
    }

    /// `/ncs-config/rollback`.
    package struct Rollback: Hashable, Sendable {
        package var isEnabled: Bool
        package var directory: String
        /// How many rollback files are kept.
        package var historySize: Int
    }

    /// Reads the file. `${NAME}` stands for a variable of the environment or the value of `<ncs-config>`'s own defaults
    /// `NCS_DIR`, `NCS_RUN_DIR`, `NCS_CONFIG_DIR`, `NCS_LOG_DIR`.
    package init(file: String, runDirectory: String, environment: [String: String]) throws {
        self.file = file
        self.runDirectory = runDirectory
        let reader = try ConfigurationReader(file: file, runDirectory: runDirectory, environment: environment)
        loadPath = reader.all("load-path/dir")
        if loadPath.isEmpty { loadPath = [runDirectory + "/packages"] }
        stateDirectory = reader.path("state-dir") ?? runDirectory + "/state"
        databaseDirectory = reader.path("cdb/db-dir") ?? runDirectory + "/ncs-cdb"
        logDirectory =
            reader.path("logs/ncs-log/file/name").map { DurableFiles.parent(of: $0) } ?? runDirectory + "/logs"
        logs = try LogSettings(directory: logDirectory) {
            reader.text("logs/" + $0)
        } path: {
            reader.path("logs/" + $0)
        } fault: { name, text, expected in
            DiagnosticsError(
                .error("logs/\(name) is '\(text)'", remedy: "write \(expected)", place: SourcePlace(file: file)))
        }
        let beside = DurableFiles.parent(of: file)
        trustDirectory = reader.path("package-signing/trust-anchors") ?? beside + "/trust"
        let policy = reader.text("package-signing/policy")
        loadPathPolicy = reader.text("package-signing/load-path-policy") ?? policy ?? "off"
        indexPolicy =
            reader.text("package-signing/index-policy") ?? policy
            ?? (loadPathPolicy == "require" ? "require" : "warn")
        for (name, policy) in [
            ("policy", policy ?? "off"), ("load-path-policy", loadPathPolicy), ("index-policy", indexPolicy),
        ]
        where !["require", "warn", "off"].contains(policy) {
            throw DiagnosticsError(
                .error(
                    "\(name) is '\(policy)'", remedy: "write require, warn or off", place: SourcePlace(file: file)))
        }
        rollback = try Self.rollback(reader, file, logDirectory)
        compaction = try Self.compaction(reader, file)
        prepareLimit = try Self.number(reader, "transactions/prepare-limit", 32, 1...1_000, file)
        packageGenerations = try Self.number(reader, "packages/generations", 5, 1...1_000, file)
        callHome = try Self.callHome(reader, file)
        keyFile = reader.path("encrypted-strings/key-file") ?? runDirectory + "/ncs.crypto_keys"
        keySource = try Self.keySource(reader, file)
        socketPath = reader.path("ncs-local-ipc/path") ?? reader.path("ncs-ipc-address/path")
        trustedGroup = reader.text("ncs-local-ipc/group")
        ignored = reader.ignored
    }

    private static func number(
        _ reader: ConfigurationReader, _ path: String, _ usual: Int, _ range: ClosedRange<Int>, _ file: String
    ) throws -> Int {
        let text = reader.text(path) ?? "\(usual)"
        guard let number = Int(text), range.contains(number) else {
            throw DiagnosticsError(
                .error(
                    "\(path) is '\(text)'",
                    remedy: "write a number from \(range.lowerBound) to \(range.upperBound)",
                    place: SourcePlace(file: file)))
        }
        return number
    }

    private static func keySource(_ reader: ConfigurationReader, _ file: String) throws -> KeySource {
        if let command = reader.path("encrypted-strings/external-keys/command") {
            let argument = reader.text("encrypted-strings/external-keys/command-argument")
            return .external(ExternalKeyCommand(command: command, argument: argument))
        }
        do {
            var generations: [KeyGeneration] = []
            for texts in reader.keyRotation {
                guard let number = texts["generation"].flatMap({ Int($0) }), number >= -1 else {
                    throw SecretError(.badForm, "a key-rotation has no generation; number them from 0")
                }
                generations.append(try keys(number) { texts[$0] })
            }
            let plain = try keys(-1) { reader.text("encrypted-strings/\($0)") }
            if plain.isUsable { generations.append(plain) }
            generations.removeAll { !$0.isUsable }
            return generations.isEmpty ? .ownFile : .configured(generations)
        } catch {
            throw DiagnosticsError(
                .error("encrypted-strings: \(error)", remedy: "mend the file", place: SourcePlace(file: file)))
        }
    }

    private static func keys(_ number: Int, _ text: (String) -> String?) throws(SecretError) -> KeyGeneration {
        var generation = KeyGeneration(number: number)
        for name in ["AESCFB128", "AES256CFB128"] {
            if let key = text("\(name)/key") { try generation.set("\(name)_KEY", key) }
        }
        return generation
    }

    private static func callHome(_ reader: ConfigurationReader, _ file: String) throws -> CallHome {
        let top = "netconf-call-home"
        func fault(_ name: String, _ text: String, _ expected: String) -> DiagnosticsError {
            DiagnosticsError(
                .error("\(top)/\(name) is '\(text)'", remedy: "write \(expected)", place: SourcePlace(file: file)))
        }
        let enabled = reader.text("\(top)/enabled") ?? "false"
        guard ["true", "false"].contains(enabled) else { throw fault("enabled", enabled, "true or false") }
        let idle = reader.text("\(top)/idle-connection-timeout") ?? "PT30S"
        guard let seconds = Self.seconds(idle) else {
            throw fault("idle-connection-timeout", idle, "a duration such as PT30S or PT1H")
        }
        var found: [CallHome.Address] = []
        for place in ["transport/tcp", "transport/tcp/extra-listen"] {
            let hosts = reader.list("\(top)/\(place)/ip")
            let ports = reader.list("\(top)/\(place)/port")
            let count = place == "transport/tcp" ? 1 : max(hosts.count, ports.count)
            for index in 0..<count {
                let port = index < ports.count ? ports[index] : "4334"
                guard let number = UInt16(port) else { throw fault("\(place)/port", port, "a number up to 65535") }
                found.append(CallHome.Address(host: index < hosts.count ? hosts[index] : "0.0.0.0", port: number))
            }
        }
        return CallHome(addresses: enabled == "true" ? found : [], idleTimeout: .seconds(seconds))
    }

    /// A duration of XML Schema in days, hours, minutes and seconds.
    private static func seconds(_ text: String) -> Int? {
        guard text.first == "P", text.count > 2 else { return nil }
        var (total, number, isTime) = (0, "", false)
        for character in text.dropFirst() {
            if character.isNumber {
                number.append(character)
                continue
            }
            if character == "T", number.isEmpty, !isTime {
                isTime = true
                continue
            }
            let units: [Character: Int] = isTime ? ["H": 3_600, "M": 60, "S": 1] : ["D": 86_400]
            guard let unit = units[character], let value = Int(number), value < 1_000_000 else { return nil }
            total += value * unit
            number = ""
        }
        return number.isEmpty ? total : nil
    }

    private static func compaction(_ reader: ConfigurationReader, _ file: String) throws -> CompactionPolicy {
        try CompactionPolicy {
            reader.text("compaction/" + $0)
        } fault: { name, text, expected in
            DiagnosticsError(
                .error(
                    "compaction/\(name) is '\(text)'", remedy: "write \(expected)", place: SourcePlace(file: file)))
        }
    }

    private static func rollback(
        _ reader: ConfigurationReader, _ file: String, _ logDirectory: String
    ) throws -> Rollback {
        func fault(_ name: String, _ text: String, _ expected: String) -> DiagnosticsError {
            DiagnosticsError(
                .error("rollback/\(name) is '\(text)'", remedy: "write \(expected)", place: SourcePlace(file: file)))
        }
        let enabled = reader.text("rollback/enabled") ?? "false"
        guard ["true", "false"].contains(enabled) else { throw fault("enabled", enabled, "true or false") }
        let size = reader.text("rollback/history-size") ?? "35"
        guard let count = Int(size), (1...100_000).contains(count) else {
            throw fault("history-size", size, "a number from 1 to 100000")
        }
        return Rollback(
            isEnabled: enabled == "true", directory: reader.path("rollback/directory") ?? logDirectory,
            historySize: count)
    }
}

/// Reads an `ncs.conf` into texts by path and judges every element.
private struct ConfigurationReader {
    private var texts: [String: [String]] = [:]
    private(set) var ignored: [String] = []
    /// The texts inside each `encrypted-strings/key-rotation`, by path from there.
    private(set) var keyRotation: [[String: String]] = []
    private static let keyRotationPath = "encrypted-strings/key-rotation"
    private let runDirectory: String

    /// Elements that have an effect here.
    private static let used: Set<String> = [
        "load-path/dir", "state-dir", "cdb/db-dir", "package-signing/trust-anchors",
        "package-signing/load-path-policy", "package-signing/index-policy",
        "package-signing/policy", "encrypted-strings/key-file",
        "ncs-local-ipc/path", "ncs-local-ipc/group", "ncs-ipc-address/path", "rollback/enabled", "rollback/directory",
        "compaction/journal-compaction", "compaction/file-size-relative", "compaction/file-size-absolute",
        "compaction/num-transactions", "compaction/delayed-compaction-timeout",
        "rollback/history-size", "transactions/prepare-limit", "packages/generations",
        "netconf-call-home/enabled", "netconf-call-home/transport/tcp/ip", "netconf-call-home/transport/tcp/port",
        "netconf-call-home/transport/tcp/extra-listen/ip", "netconf-call-home/transport/tcp/extra-listen/port",
        "netconf-call-home/idle-connection-timeout",
        "encrypted-strings/external-keys/command",
        "encrypted-strings/external-keys/command-argument", "encrypted-strings/AESCFB128/key",
        "encrypted-strings/AES256CFB128/key", "encrypted-strings/key-rotation/generation",
        "encrypted-strings/key-rotation/AESCFB128/key", "encrypted-strings/key-rotation/AES256CFB128/key",
    ]

    /// Top elements that the field knows (manual page ncs.conf.5), and ours.
    private static let known: Set<String> = [
        "ncs-ipc-address", "ncs-ipc-extra-listen-ip", "ncs-ipc-access-check", "ncs-local-ipc",
        "enable-shared-memory-schema",
        "shared-memory-schema-path", "enable-client-template-schemas", "load-path", "enable-compressed-schema",
        "compressed-schema-level", "state-dir", "commit-retry-timeout", "max-validation-errors",
        "transaction-lock-time-violation-alarm", "notifications", "opcache", "hide-group", "cdb", "ssh-crypto-keys",
        "encrypted-strings", "crypt-hash", "logs", "ssh", "sftp", "japi", "netconf-north-bound", "webui", "cli", "api",
        "restconf", "rest", "snmp-agent", "aaa", "rollback", "sessions", "candidate", "transaction-limits",
        "parser-limits", "session-limits", "ha", "ha-raft", "scripts", "java-vm", "python-vm", "smart-license",
        "disable-schema-uri-for-agents", "load-path-policy", "package-signing", "netconf-call-home", "mib-support",
        "large-scale", "southbound-source-address", "ordered-by-user-merge", "process-limits", "enable-attributes",
        "commit-parameters", "error-renderer", "services", "compliance",
        "transactions", "packages", "compaction",
    ]

    init(file: String, runDirectory: String, environment: [String: String]) throws {
        self.runDirectory = runDirectory
        var variables = environment
        for (name, path) in [("NCS_RUN_DIR", "."), ("NCS_CONFIG_DIR", "."), ("NCS_LOG_DIR", "logs")]
        where variables[name] == nil {
            variables[name] = runDirectory + "/" + path
        }
        var reader = XMLReader(try DurableFiles.read(file, limit: 4 << 20), file: file)
        var stack: [String] = []
        var faults: [Diagnostic] = []
        var ignoredNames: [String] = []
        reading: while true {
            switch try reader.next() {
            case .startElement:
                let name = reader.name
                if stack.isEmpty {
                    guard name == "ncs-config" else {
                        throw DiagnosticsError(reader.fault("the root is \(name)", remedy: "ncs-config was expected"))
                    }
                } else if stack.count == 1, !Self.known.contains(name) {
                    faults.append(reader.fault("unknown element \(name)", remedy: "see the manual page ncs.conf(5)"))
                }
                stack.append(name)
                if stack.dropFirst().joined(separator: "/") == Self.keyRotationPath { keyRotation.append([:]) }
            case .text:
                let text = reader.text.trimmingCharacters(in: .whitespacesAndNewlines)
                guard !text.isEmpty else { continue }
                let path = stack.dropFirst().joined(separator: "/")
                do throws(ConfigurationFault) { texts[path, default: []].append(try Self.fill(text, variables)) } catch
                {
                    faults.append(reader.fault(error.summary, remedy: error.remedy))
                }
                if path.hasPrefix(Self.keyRotationPath + "/"), !keyRotation.isEmpty {
                    let name = String(path.dropFirst(Self.keyRotationPath.count + 1))
                    keyRotation[keyRotation.count - 1][name] = text
                }
                if !Self.used.contains(path), !LogSettings.elements.contains(path) { ignoredNames.append(path) }
            case .endElement: stack.removeLast()
            case .endOfDocument: break reading
            }
        }
        ignored = Array(Set(ignoredNames)).sorted()
        if !faults.isEmpty { throw DiagnosticsError(faults) }
    }

    private struct ConfigurationFault: Error {
        var summary: String
        var remedy: String
    }

    private static func fill(_ text: String, _ variables: [String: String]) throws(ConfigurationFault) -> String {
        var result = ""
        var rest = text[...]
        while let start = rest.range(of: "${") {
            result += rest[..<start.lowerBound]
            guard let end = rest[start.upperBound...].firstIndex(of: "}") else {
                throw ConfigurationFault(summary: "} is missing in \(text)", remedy: "write ${NAME}")
            }
            let name = String(rest[start.upperBound..<end])
            guard let value = variables[name] else {
                throw ConfigurationFault(summary: "the variable \(name) is not set", remedy: "source ncsrc first")
            }
            result += value
            rest = rest[rest.index(after: end)...]
        }
        return result + rest
    }

    func text(_ path: String) -> String? { texts[path]?.last }
    func list(_ path: String) -> [String] { texts[path] ?? [] }
    func path(_ path: String) -> String? { text(path).map(absolute) }
    func all(_ path: String) -> [String] { (texts[path] ?? []).map(absolute) }

    private func absolute(_ path: String) -> String {
        let full = path.hasPrefix("/") ? path : runDirectory + "/" + path
        return URL(fileURLWithPath: full).standardized.path
    }
}
