/// Files by the protocol of `scp`: the server runs the command `scp -t FILE` or `scp -f FILE`, and both talk over its
/// input and output.
package struct SCPFiles: RemoteFiles {
    private let session: SSHSession

    package init(_ session: SSHSession) { self.session = session }

    private var timeout: Duration { session.options.readTimeout }
    private static let sizeLimit: Int64 = 1 << 50

    package func send(_ source: FileSource, to path: String, keepsStamp: Bool) throws(WireError) {
        let channel = try session.openExec("scp \(keepsStamp ? "-p " : "")-t \(Self.quoted(path))")
        defer { channel.close() }
        var reader = StreamReader(channel, timeout: timeout)
        try acknowledge(&reader, channel)
        let stamp = source.stamp
        if keepsStamp {
            try write("T\(stamp.modified) 0 \(stamp.accessed) 0\n", channel)
            try acknowledge(&reader, channel)
        }
        try write("C0\(String(stamp.mode, radix: 8)) \(source.size) \(Self.name(source.name))\n", channel)
        try acknowledge(&reader, channel)
        var rest = source.size
        while rest > 0 {
            guard let bytes = try source.next() else {
                throw WireError(
                    .invalidArgument, peer: source.name, "the file became shorter while it was sent",
                    remedy: "copy it again when nobody writes to it")
            }
            let piece = Array(bytes.prefix(Int(min(rest, Int64(bytes.count)))))
            try channel.write(piece, deadline: .after(timeout))
            rest -= Int64(piece.count)
        }
        try channel.write([0], deadline: .after(timeout))
        try acknowledge(&reader, channel)
        try channel.sendEndOfInput()
        try requireSuccess(channel)
    }

    package func receive(
        _ path: String, keepsStamp: Bool, take: ([UInt8]) throws(WireError) -> Void
    ) throws(WireError) -> FileStamp? {
        let channel = try session.openExec("scp \(keepsStamp ? "-p " : "")-f \(Self.quoted(path))")
        defer { channel.close() }
        var reader = StreamReader(channel, timeout: timeout)
        try channel.write([0], deadline: .after(timeout))
        var times: (Int64, Int64)?
        var line = try order(&reader, channel)
        if line.hasPrefix("T") {
            let numbers = line.dropFirst().split(separator: " ").compactMap { Int64($0) }
            guard numbers.count == 4 else { throw fault("\"\(line)\" is no line of scp", channel) }
            times = (numbers[0], numbers[2])
            try channel.write([0], deadline: .after(timeout))
            line = try order(&reader, channel)
        }
        let words = line.dropFirst().split(separator: " ", maxSplits: 2)
        guard line.hasPrefix("C"), words.count == 3, let mode = UInt32(words[0], radix: 8),
            var rest = Int64(words[1]), (0...Self.sizeLimit).contains(rest)
        else { throw fault("\"\(line.prefix(80))\" is no file of scp", channel) }
        try channel.write([0], deadline: .after(timeout))
        while rest > 0 {
            let bytes = try reader.some(Int(min(rest, 1 << 16)))
            try take(bytes)
            rest -= Int64(bytes.count)
        }
        try acknowledge(&reader, channel)
        try channel.write([0], deadline: .after(timeout))
        return times.map { FileStamp(mode: mode, modified: $0.0, accessed: $0.1) }
    }

    // MARK: Lines

    private func write(_ text: String, _ channel: SSHClientChannel) throws(WireError) {
        try channel.write(Array(text.utf8), deadline: .after(timeout))
    }

    /// Waits for the byte that says that all is well so far. A warning, too, means that the file is not copied.
    private func acknowledge(_ reader: inout StreamReader, _ channel: SSHClientChannel) throws(WireError) {
        let first = try beginning(&reader, channel)
        if first == 0 { return }
        guard first == 1 || first == 2 else {
            throw fault("the server does not speak scp: \(Self.rest(first, try? reader.line()))", channel)
        }
        throw refusal(try reader.line(), channel)
    }

    /// The next line of a sending server.
    private func order(_ reader: inout StreamReader, _ channel: SSHClientChannel) throws(WireError) -> String {
        let first = try beginning(&reader, channel)
        if first == 1 || first == 2 { throw refusal(try reader.line(), channel) }
        return Self.rest(first, try reader.line())
    }

    private static func rest(_ first: UInt8, _ line: String?) -> String {
        String(decoding: [first], as: UTF8.self) + (line ?? "")
    }

    /// A server without scp ends the command, with a reason on standard error.
    private func beginning(_ reader: inout StreamReader, _ channel: SSHClientChannel) throws(WireError) -> UInt8 {
        do throws(WireError) { return try reader.exactly(1)[0] } catch {
            let said = String(decoding: channel.standardError, as: UTF8.self)
            guard error.code == .closedByPeer, !said.isEmpty else { throw error }
            throw refusal(said, channel)
        }
    }

    private func requireSuccess(_ channel: SSHClientChannel) throws(WireError) {
        guard let status = try channel.waitForExit(deadline: .after(timeout)), status != 0 else { return }
        let said = String(decoding: channel.standardError, as: UTF8.self)
        throw refusal(said.isEmpty ? "exit status \(status)" : said, channel)
    }

    private func refusal(_ said: String, _ channel: SSHClientChannel) -> WireError {
        let line = said.split(separator: "\n").first.map(String.init) ?? "no reason given"
        return fault(line.hasPrefix("scp: ") ? line : "scp: \(line)", channel)
    }

    private func fault(_ summary: String, _ channel: SSHClientChannel) -> WireError {
        WireError(
            .protocolFailure, peer: channel.peer, summary,
            remedy:
                "check the file's name and what the user may do; some devices take protocol sftp only, or need their "
                + "SCP server to be enabled")
    }

    // MARK: Names

    private static let plain = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-:+=@%,~")

    /// As a shell takes it; devices without one get plain names as they are.
    static func quoted(_ path: String) -> String {
        if !path.isEmpty, path.allSatisfy(plain.contains), !path.hasPrefix("-") { return path }
        let safe = path.hasPrefix("-") ? "./" + path : path
        return "'" + safe.replacing("'", with: "'\\''") + "'"
    }

    private static func name(_ name: String) -> String {
        let last = name.split(separator: "/").last.map(String.init) ?? "file"
        return String(last.map { $0.isNewline ? "?" : $0 })
    }
}
