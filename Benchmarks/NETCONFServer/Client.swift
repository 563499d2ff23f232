import Foundation

/// One session of NETCONF, one request at a time. Replies are looked at by their ends, not parsed: what is measured is
/// the server.
final class Client {
    private let input: Int32, output: Int32
    private var buffer = [UInt8](repeating: 0, count: 1 << 20)
    private static let base = "urn:ietf:params:xml:ns:netconf:base:1.0"

    private let isChunked: Bool

    /// - Parameter isChunked: base 1.1 instead of 1.0.
    init(input: Int32, output: Int32, isChunked: Bool) throws {
        (self.input, self.output, self.isChunked) = (input, output, isChunked)
        _ = try listen(to: "]]>]]>")
        try send(
            "<hello xmlns=\"\(Self.base)\"><capabilities><capability>urn:ietf:params:netconf:base:"
                + "\(isChunked ? "1.1" : "1.0")</capability></capabilities></hello>]]>]]>")
        // netconfd now and then loses a request that comes together with the greeting.
        usleep(300_000)
    }

    func end() {
        close(input)
        if output != input { close(output) }
    }

    /// Sends an operation. How many bytes came back, and the last of them.
    @discardableResult
    func request(_ operation: String) throws -> (count: Int, tail: String) {
        let message = "<rpc message-id=\"1\" xmlns=\"\(Self.base)\">\(operation)</rpc>"
        guard isChunked else {
            try send(message + "]]>]]>")
            return try listen(to: "]]>]]>")
        }
        try send("\n#\(message.utf8.count)\n\(message)\n##\n")
        return try listen(to: "\n##\n")
    }

    /// The same, which has to be answered with ok.
    func carryOut(_ operation: String) throws {
        let reply = try request(operation)
        guard reply.tail.contains("<ok/>") else { throw Failure(description: reply.tail) }
    }

    private func send(_ text: String) throws {
        let bytes = Array(text.utf8)
        var offset = 0
        while offset < bytes.count {
            let count = bytes.withUnsafeBytes { write(output, $0.baseAddress! + offset, $0.count - offset) }
            guard count > 0 else { throw Failure(description: "the server has closed the connection") }
            offset += count
        }
    }

    private func listen(to end: String) throws -> (count: Int, tail: String) {
        let end = Array(end.utf8)
        var tail: [UInt8] = []
        var total = 0
        while true {
            let count = read(input, &buffer, buffer.count)
            guard count > 0 else {
                throw Failure(description: "the server has closed: \(String(decoding: tail, as: UTF8.self))")
            }
            total += count
            tail = Array((tail + buffer[max(0, count - 4_096)..<count]).suffix(4_096))
            if tail.suffix(end.count).elementsEqual(end) { return (total, String(decoding: tail, as: UTF8.self)) }
        }
    }
}

/// What a process has used.
struct Usage {
    /// Seconds of CPU, of user and system.
    var processorTime: Double

    init(of process: pid_t) throws {
        var clock = clockid_t()
        var time = timespec()
        guard clock_getcpuclockid(process, &clock) == 0, clock_gettime(clock, &time) == 0 else {
            throw Failure(description: "process \(process) is gone")
        }
        processorTime = Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// Resident memory now and at its peak since `resetPeak`, in MiB.
    static func memory(of process: pid_t) throws -> (now: Double, peak: Double) {
        let text = try String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
        func value(_ name: String) -> Double {
            let line = text.split(separator: "\n").first { $0.hasPrefix(name) }
            return (line.flatMap { Double($0.filter(\.isNumber)) } ?? 0) / 1_024
        }
        return (value("VmRSS:"), value("VmHWM:"))
    }

    static func resetPeak(of process: pid_t) {
        try? "5".write(toFile: "/proc/\(process)/clear_refs", atomically: false, encoding: .utf8)
    }
}
