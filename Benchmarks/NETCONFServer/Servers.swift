import Foundation

struct Failure: Error, CustomStringConvertible {
    var description: String
}

/// A NETCONF server with a list in it, and how to talk to it.
protocol Server {
    var name: String { get }
    /// The processes whose CPU time counts.
    var process: pid_t { get }
    func connect() throws -> Client
    func end()
}

/// The list that all servers hold: the model of the measurements in PEERS.md, a string key, a ranged number, a string
/// with a pattern, a boolean.
enum Model {
    static let text = """
        module bench-list {
          yang-version 1.1;
          namespace "urn:bench:list";
          prefix b;
          revision 2026-11-01;
          container top {
            list entry {
              key name;
              leaf name { type string; }
              leaf description { type string; }
              leaf mtu { type uint16 { range "68..9216"; } }
              leaf zone { type string { pattern "[a-z]+-[0-9]+"; } }
              leaf enabled { type boolean; }
            }
          }
        }

        """

    static func entry(_ number: Int) -> String {
        "<entry><name>entry-\(number)</name><description>made for the measurement, number \(number)</description>"
            + "<mtu>\(1_500 + number % 1_000)</mtu><zone>zone-\(number % 100)</zone><enabled>true</enabled></entry>"
    }

    static func data(_ entries: Range<Int>) -> String {
        "<top xmlns=\"urn:bench:list\">" + entries.map(entry).joined(separator: "\n") + "</top>"
    }
}

func shell(_ line: String, _ environment: [String: String], in directory: String) throws -> String {
    let output = directory + "/output-\(UUID().uuidString)"
    defer { unlink(output) }
    let words: [String] = ["sh", "-c", "cd '\(directory)' && (\(line)) < /dev/null > '\(output)' 2>&1"]
    let status = try wait(for: spawn("/bin/sh", words, environment))
    let said = (try? String(contentsOfFile: output, encoding: .utf8)) ?? ""
    guard status == 0 else { throw Failure(description: "\(line): \(said.suffix(2_000))") }
    return said
}

/// Starts a program with these descriptors as its input and output.
func spawn(
    _ path: String, _ words: [String], _ environment: [String: String], input: Int32? = nil, output: Int32? = nil
) throws -> pid_t {
    var words: [UnsafeMutablePointer<CChar>?] = words.map { (word: String) in strdup(word) }
    words.append(nil)
    var variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for text in words + variables { free(text) } }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    if let input { posix_spawn_file_actions_adddup2(&actions, input, 0) }
    if let output { posix_spawn_file_actions_adddup2(&actions, output, 1) }
    var process = pid_t()
    guard posix_spawn(&process, path, &actions, nil, &words, &variables) == 0 else {
        throw Failure(description: "cannot run \(path)")
    }
    return process
}

func wait(for process: pid_t) throws -> Int32 {
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0 && errno == EINTR {}
    return status & 0x7f == 0 ? status >> 8 & 0xff : 128 + status & 0x7f
}

/// A simulated device of ours, over TCP.
final class OurServer: Server {
    let name = "ours"
    let process: pid_t
    private let environment: [String: String]
    private let directory: String
    private let port: UInt16

    /// - Parameter ports: the first of five ranges.
    init(_ directory: String, entries: Int, ports: UInt16) throws {
        var environment = ProcessInfo.processInfo.environment
        guard let installation = environment["OPENNED_INSTALLATION"] ?? environment["NCS_DIR"] else {
            throw Failure(description: "OPENNED_INSTALLATION is not set: run make stage, and name its directory")
        }
        let package = directory + "/bench-nc-1.0"
        for folder in ["/src/yang", "/netsim"] {
            try FileManager.default.createDirectory(atPath: package + folder, withIntermediateDirectories: true)
        }
        try Model.text.write(toFile: package + "/src/yang/bench-list.yang", atomically: false, encoding: .utf8)
        let description = """
            <ncs-package xmlns="http://tail-f.com/ns/ncs-packages"><name>bench-nc-1.0</name>
              <package-version>1.0</package-version><ncs-min-version>6.0</ncs-min-version>
              <component><name>bench</name><ned><netconf><ned-id xmlns:id="bench-nc-1.0">id:bench-nc-1.0</ned-id></netconf>
              <device><vendor>bench</vendor></device></ned></component></ncs-package>

            """
        try description.write(toFile: package + "/package-meta-data.xml", atomically: false, encoding: .utf8)
        let data = "<config xmlns=\"http://tail-f.com/ns/config/1.0\">\(Model.data(0..<entries))</config>\n"
        try data.write(toFile: package + "/netsim/list.xml", atomically: false, encoding: .utf8)
        environment["NCS_DIR"] = installation
        environment["PATH"] = installation + "/bin:" + (environment["PATH"] ?? "/usr/bin:/bin")
        environment["NETSIM_DIR"] = directory + "/netsim"
        let names = ["IPC_PORT", "SNMP_PORT", "NETCONF_SSH_PORT", "NETCONF_TCP_PORT", "CLI_SSH_PORT"]
        for (index, name) in names.enumerated() { environment[name] = "\(Int(ports) + index)" }
        _ = try shell("ncs-netsim create-network ./bench-nc-1.0 1 d && ncs-netsim start", environment, in: directory)
        let id = try String(contentsOfFile: directory + "/netsim/.netsim/pid", encoding: .utf8)
        guard let process = pid_t(id.filter(\.isNumber)) else { throw Failure(description: "no process: \(id)") }
        (self.environment, self.directory, self.process, port) = (environment, directory, process, ports + 3)
    }

    func connect() throws -> Client {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Foundation.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else { throw Failure(description: "cannot connect to port \(port)") }
        return try Client(input: descriptor, output: descriptor, isChunked: true)
    }

    func end() { _ = try? shell("ncs-netsim stop", environment, in: directory) }
}

/// netconfd of yuma123, over the pipe of its subsystem program, whose CPU time does not count.
final class YumaServer: Server {
    let name = "netconfd"
    let process: pid_t
    private let socket: String
    private var helpers: [pid_t] = []
    private static let programs = ["/usr/sbin/netconfd", "/usr/sbin/netconf-subsystem"]

    static var isInstalled: Bool { programs.allSatisfy(FileManager.default.isExecutableFile) }

    init(_ directory: String) throws {
        let module = directory + "/bench-list.yang"
        socket = directory + "/socket"
        try Model.text.write(toFile: module, atomically: false, encoding: .utf8)
        // It leaves files where it runs.
        let words = [
            "env", "--chdir=\(directory)", Self.programs[0], "--no-startup", "--superuser=root", "--target=candidate",
            "--module=\(module)",
            "--ncxserver-sockname=\(socket)", "--log=\(directory)/log", "--log-level=error",
        ]
        var environment = ProcessInfo.processInfo.environment
        environment["HOME"] = directory
        process = try spawn("/usr/bin/env", words, environment)
        for _ in 0..<500 where !FileManager.default.fileExists(atPath: socket) { usleep(20_000) }
        usleep(500_000)
    }

    func connect() throws -> Client {
        var environment = ProcessInfo.processInfo.environment
        environment["SSH_CONNECTION"] = "127.0.0.1 1111 127.0.0.1 830"
        environment["USER"] = "root"
        let (toServer, fromServer) = (try pair(), try pair())
        helpers.append(
            try spawn(
                Self.programs[1], ["netconf-subsystem", "--ncxserver-sockname=830@\(socket)"], environment,
                input: toServer.read, output: fromServer.write))
        close(toServer.read)
        close(fromServer.write)
        return try Client(input: fromServer.read, output: toServer.write, isChunked: false)
    }

    private func pair() throws -> (read: Int32, write: Int32) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw Failure(description: "no pipe") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }

    func end() {
        for one in helpers + [process] {
            kill(one, SIGKILL)
            _ = try? wait(for: one)
        }
    }
}
