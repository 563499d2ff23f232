import Foundation

struct Failure: Error, CustomStringConvertible {
    var description: String
}

/// A directory with a network of routers of the public model, and the programs of an installation.
final class Lab {
    let directory: String
    let installation: String
    let environment: [String: String]
    var network: String { directory + "/netsim" }

    /// - Parameter ports: the first of five ranges of a thousand ports.
    init(ports: Int) throws {
        let variables = ProcessInfo.processInfo.environment
        guard let installation = variables["OPENNED_INSTALLATION"] ?? variables["NCS_DIR"] else {
            throw Failure(description: "OPENNED_INSTALLATION is not set: run make stage, and name its directory")
        }
        self.installation = installation
        directory = NSTemporaryDirectory() + "/bench-netsim-\(getpid())-\(ports)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        var environment = variables
        environment["NCS_DIR"] = installation
        environment["PATH"] = installation + "/bin:" + (variables["PATH"] ?? "/usr/bin:/bin")
        environment["NCS_IPC_PATH"] = directory + "/ipc/ncs.sock"
        environment["NETSIM_DIR"] = directory + "/netsim"
        let names = ["IPC_PORT", "SNMP_PORT", "NETCONF_SSH_PORT", "NETCONF_TCP_PORT", "CLI_SSH_PORT"]
        for (index, name) in names.enumerated() { environment[name] = "\(ports + index * 1_000)" }
        self.environment = environment
    }

    func remove() {
        _ = try? shell("ncs-netsim stop; ncs --stop")
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// The package, with a start configuration of a hundred lines.
    static var source: String {
        let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().path
        let shared = ProcessInfo.processInfo.environment["OPENNED_SHARED_DATA"] ?? repository + "/../shared/data"
        return shared + "/nso-examples/cisco-ios-netsim-cli-1.0"
    }

    func package() throws -> String {
        let package = directory + "/cisco-ios-netsim-cli-1.0"
        try shell("cp -R '\(Self.source)' '\(package)' && chmod -R u+w '\(package)'")
        let ports = (0..<24).map {
            """
                <GigabitEthernet>
                  <name>0/\($0)</name>
                  <description>%NAME% port \($0)</description>
                  <ip><address><primary><address>10.1.\($0).1</address><mask>255.255.255.0</mask></primary></address></ip>
                </GigabitEthernet>
            """
        }
        let text = """
            <config xmlns="http://tail-f.com/ns/config/1.0">
              <hostname xmlns="urn:ios">%NAME%</hostname>
              <interface xmlns="urn:ios">
            \(ports.joined(separator: "\n"))
              </interface>
            </config>

            """
        try text.write(toFile: package + "/netsim/ios.xml", atomically: true, encoding: .utf8)
        return package
    }

    @discardableResult
    func shell(_ line: String, input: String = "") throws -> String {
        let name = directory + "/" + UUID().uuidString
        defer { for end in [".in", ".out"] { unlink(name + end) } }
        try input.write(toFile: name + ".in", atomically: true, encoding: .utf8)
        let status = try Self.run("cd '\(directory)' && (\(line)) < '\(name).in' > '\(name).out' 2>&1", environment)
        let said = (try? String(contentsOfFile: name + ".out", encoding: .utf8)) ?? ""
        guard status == 0 else { throw Failure(description: "\(line): \(said.suffix(2_000))") }
        return said
    }

    /// Foundation's `Process` waits for every descendant that keeps its descriptors: a daemon would keep it for ever.
    private static func run(_ line: String, _ environment: [String: String]) throws -> Int32 {
        var words: [UnsafeMutablePointer<CChar>?] = ["sh", "-c", line].map { (word: String) in strdup(word) }
        words.append(nil)
        var variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for text in words + variables { free(text) } }
        var id = pid_t()
        guard posix_spawn(&id, "/bin/sh", nil, nil, &words, &variables) == 0 else {
            throw Failure(description: "cannot run /bin/sh")
        }
        var status: Int32 = 0
        while waitpid(id, &status, 0) < 0 && errno == EINTR {}
        return status & 0x7f == 0 ? status >> 8 & 0xff : 128 + status & 0x7f
    }

    /// Where the routers listen.
    func places() throws -> [(host: String, port: UInt16)] {
        try shell("ncs-netsim list").split(separator: "\n").compactMap { line in
            var values: [Substring: Substring] = [:]
            for word in line.split(separator: " ") {
                let parts = word.split(separator: "=", maxSplits: 1)
                if parts.count == 2 { values[parts[0]] = parts[1] }
            }
            guard let port = values["cli"].flatMap({ UInt16($0) }) else { return nil }
            return (String(values["address"] ?? "127.0.0.1"), port)
        }
    }
}

/// What a process uses, by its files in /proc.
struct ProcessUse {
    let id: Int32

    init(id: Int32) { self.id = id }

    init(pidFile: String) throws {
        let text = try String(contentsOfFile: pidFile, encoding: .utf8)
        guard let id = Int32(text.filter(\.isNumber)) else { throw Failure(description: "\(pidFile): no process id") }
        self.id = id
    }

    /// In MiB.
    func resident() throws -> Double {
        let text = try String(contentsOfFile: "/proc/\(id)/status", encoding: .utf8)
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("VmRSS:") }),
            let size = Double(line.filter(\.isNumber))
        else { throw Failure(description: "no resident size of \(id)") }
        return size / 1_024
    }

    /// Seconds of CPU so far.
    func processorTime() throws -> Double {
        let text = try String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8)
        let fields = text[(text.lastIndex(of: ")") ?? text.startIndex)...].split(separator: " ")
        guard fields.count > 13, let user = Double(fields[12]), let system = Double(fields[13]) else {
            throw Failure(description: "no times of \(id)")
        }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }
}

/// Prints a figure with its bound and remembers whether it holds.
struct Bounds {
    private(set) var missed = 0

    mutating func show(_ what: String, _ value: Double, _ unit: String, atMost bound: Double) {
        let holds = value <= bound
        if !holds { missed += 1 }
        line(what, value, unit, "at most", bound, holds)
    }

    mutating func show(_ what: String, _ value: Double, _ unit: String, atLeast bound: Double) {
        let holds = value >= bound
        if !holds { missed += 1 }
        line(what, value, unit, "at least", bound, holds)
    }

    private func line(
        _ what: String, _ value: Double, _ unit: String, _ kind: String, _ bound: Double, _ holds: Bool
    ) {
        let number = String(format: "%.2f", value)
        say("\(what): \(number) \(unit) (bound: \(kind) \(String(format: "%g", bound)))\(holds ? "" : "  MISSED")")
    }
}

/// Prints a line at once, also into a file.
func say(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }

func seconds(_ work: () throws -> Void) rethrows -> Double {
    let start = ContinuousClock.now
    try work()
    return (ContinuousClock.now - start) / .seconds(1)
}

func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
