import Foundation

// See README.md.

struct Failure: Error, CustomStringConvertible {
    var description: String
}

/// A program that is spoken to over pipes.
final class Conversation {
    private let process = Process()
    private let input = Pipe(), output = Pipe()
    private var buffer = Data()

    init(_ program: String, _ arguments: [String], _ environment: [String: String]) throws {
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput = input
        process.standardOutput = output
        // netconfd leaves files where it runs.
        process.currentDirectoryURL = environment["HOME"].map { URL(fileURLWithPath: $0) }
        try process.run()
    }

    func say(_ text: String) { input.fileHandleForWriting.write(Data(text.utf8)) }

    /// What it says up to and including `end`.
    func listen(to end: String) throws -> String {
        while true {
            if let range = buffer.range(of: Data(end.utf8)) {
                let said = buffer[..<range.upperBound]
                buffer = Data(buffer[range.upperBound...])
                return String(decoding: said, as: UTF8.self)
            }
            let more = output.fileHandleForReading.availableData
            guard !more.isEmpty else { throw Failure(description: String(decoding: buffer, as: UTF8.self)) }
            buffer += more
        }
    }

    func end() {
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }
}

func milliseconds(_ work: () throws -> Void) rethrows -> Double {
    let start = DispatchTime.now().uptimeNanoseconds
    try work()
    return Double(DispatchTime.now().uptimeNanoseconds - start) / 1e6
}

func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

/// Runs a command line to its end, with `input`; what it says.
func shell(_ line: String, in directory: String, input: String = "", _ environment: [String: String]) throws {
    let file = directory + "/input"
    try Data(input.utf8).write(to: URL(fileURLWithPath: file))
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = ["-c", "cd '\(directory)' && (\(line)) < '\(file)' > output 2>&1"]
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    try process.run()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
        let said = (try? String(contentsOfFile: directory + "/output", encoding: .utf8)) ?? ""
        throw Failure(description: "\(line): \(said.suffix(2_000))")
    }
}

func entries(_ count: Range<Int>, _ name: (Int) -> String = { "g\($0)" }) -> String {
    count.map {
        "<group><name>\(name($0))</name><default-map><remote-name>n</remote-name><same-pass/></default-map></group>"
    }.joined(separator: "\n")
}

/// Ours: the median of a commit in a session with many, and of a program that is started for one, in milliseconds.
func ours(_ count: Int, _ directory: String, _ installation: String) throws -> (session: Double, program: Double) {
    let environment = [
        "NCS_DIR": installation, "PATH": installation + "/bin:/usr/bin:/bin", "NCS_IPC_PATH": directory + "/ipc",
    ]
    try shell("ncs-setup --dest .", in: directory, environment)
    let data =
        "<config xmlns=\"http://tail-f.com/ns/config/1.0\"><devices xmlns=\"http://tail-f.com/ns/ncs\"><authgroups>\n"
        + entries(0..<count) + "</authgroups></devices></config>\n"
    try Data(data.utf8).write(to: URL(fileURLWithPath: directory + "/ncs-cdb/groups.xml"))
    try shell("ncs", in: directory, environment)
    defer { try? shell("ncs --stop", in: directory, environment) }
    func change(_ turn: Int) -> String {
        "devices authgroups group g\(count / 2) default-map remote-name v\(turn)\ncommit\n"
    }
    let commits = 200
    var sessions: [Double] = [], programs: [Double] = []
    for round in 0..<5 {
        let empty = try milliseconds {
            try shell("ncs_cli -s -C -u admin", in: directory, input: "config\n", environment)
        }
        let many = "config\n" + (0..<commits).map { change(round * commits + $0) }.joined()
        let full = try milliseconds { try shell("ncs_cli -s -C -u admin", in: directory, input: many, environment) }
        sessions.append((full - empty) / Double(commits))
        programs.append(
            try milliseconds {
                try shell("ncs_cli -s -C -u admin", in: directory, input: "config\n" + change(-round - 1), environment)
            })
    }
    return (median(sessions), median(programs))
}

/// The peer's median, in milliseconds; nil if it is not installed.
func peer(_ count: Int, _ directory: String) throws -> Double? {
    let programs = ["/usr/sbin/netconfd", "/usr/sbin/netconf-subsystem"]
    guard programs.allSatisfy(FileManager.default.isExecutableFile) else { return nil }
    let module = directory + "/groups.yang", socket = directory + "/socket"
    let text = """
        module groups {
          namespace "urn:bench:groups";
          prefix g;
          container groups {
            list group {
              key name;
              leaf name { type string; }
              container default-map { leaf remote-name { type string; } leaf same-pass { type empty; } }
            }
          }
        }

        """
    try Data(text.utf8).write(to: URL(fileURLWithPath: module))
    let options = [
        "--no-startup", "--superuser=root", "--target=running", "--module=\(module)", "--ncxserver-sockname=\(socket)",
        "--log=\(directory)/log", "--log-level=error",
    ]
    let daemon = try Conversation(programs[0], options, ["HOME": directory])
    defer { daemon.end() }
    for _ in 0..<200 where !FileManager.default.fileExists(atPath: socket) { usleep(20_000) }
    usleep(500_000)
    let session = try Conversation(
        programs[1], ["--ncxserver-sockname=830@\(socket)"],
        ["SSH_CONNECTION": "127.0.0.1 1111 127.0.0.1 830", "USER": "root"])
    defer { session.end() }
    _ = try session.listen(to: "]]>]]>")
    let base = "urn:ietf:params:xml:ns:netconf:base:1.0"
    session.say(
        "<hello xmlns=\"\(base)\"><capabilities><capability>urn:ietf:params:netconf:base:1.0</capability>"
            + "</capabilities></hello>]]>]]>")
    func edit(_ content: String) throws {
        session.say(
            "<rpc message-id=\"1\" xmlns=\"\(base)\"><edit-config><target><running/></target><config>"
                + "<groups xmlns=\"urn:bench:groups\">\(content)</groups></config></edit-config></rpc>]]>]]>")
        let reply = try session.listen(to: "]]>]]>")
        guard reply.contains("<ok/>") else { throw Failure(description: reply) }
    }
    for start in stride(from: 0, to: count, by: 1_000) { try edit(entries(start..<min(count, start + 1_000))) }
    return median(
        try (0..<11).map { turn in
            try milliseconds {
                try edit(
                    "<group><name>g\(count / 2)</name><default-map><remote-name>v\(turn)</remote-name></default-map>"
                        + "</group>")
            }
        })
}

func bench() throws -> Bool {
    let environment = ProcessInfo.processInfo.environment
    guard let installation = environment["NCS_DIR"] ?? environment["OPENNED_INSTALLATION"] else {
        print("NCS_DIR is not set: source ncsrc, or name an installation")
        return false
    }
    let named = CommandLine.arguments.dropFirst().compactMap { Int($0) }
    let sizes = named.isEmpty ? [1_000, 10_000] : named
    var isWithin = true
    print("entries      ours, in a session   ours, a program each   netconfd   ratio")
    for size in sizes {
        let directory = NSTemporaryDirectory() + "/commit-peers-\(getpid())-\(size)"
        try FileManager.default.createDirectory(atPath: directory + "/peer", withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let our = try ours(size, directory, installation)
        let other = try peer(size, directory + "/peer")
        let start = String(format: "%8d      %9.2f ms         %9.2f ms", size, our.session, our.program)
        let beside = other.map { String(format: "      %8.1f ms   %.0f", $0, $0 / our.session) }
        print(start + (beside ?? "   not installed"))
        if size == sizes.last, let other { isWithin = our.session <= other }
    }
    print(isWithin ? "all bounds kept" : "a bound is missed")
    return isWithin
}

exit(try bench() ? 0 : 1)
