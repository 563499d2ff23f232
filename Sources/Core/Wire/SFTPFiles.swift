/// Files by the SSH file transfer protocol, version 3 (draft-ietf-secsh-filexfer-02), which every server speaks.
package struct SFTPFiles: RemoteFiles {
    private let session: SSHSession

    package init(_ session: SSHSession) { self.session = session }

    package func send(_ source: FileSource, to path: String, keepsStamp: Bool) throws(WireError) {
        let talk = try SFTPTalk(session)
        defer { talk.close() }
        // Write, create, truncate.
        let attributes = SFTPPacket.attributes(mode: keepsStamp ? source.stamp.mode : nil, times: nil)
        let handle = try talk.open(path, flags: 0x1A, attributes)
        var offset: Int64 = 0
        var outstanding = 0
        while offset < source.size {
            guard let bytes = try source.next() else {
                throw WireError(
                    .invalidArgument, peer: source.name, "the file became shorter while it was sent",
                    remedy: "copy it again when nobody writes to it")
            }
            let rest = Int(min(Int64(bytes.count), source.size - offset))
            for start in stride(from: 0, to: rest, by: SFTPTalk.pieceSize) {
                let piece = bytes[start..<min(rest, start + SFTPTalk.pieceSize)]
                try talk.ask(6, SFTPPacket.string(handle) + SFTPPacket.number64(offset) + SFTPPacket.string(piece))
                offset += Int64(piece.count)
                outstanding += 1
                guard outstanding >= SFTPTalk.window else { continue }
                try talk.requireOK("writing \(path)")
                outstanding -= 1
            }
        }
        for _ in 0..<outstanding { try talk.requireOK("writing \(path)") }
        if keepsStamp {
            let stamp = SFTPPacket.attributes(
                mode: source.stamp.mode, times: (source.stamp.accessed, source.stamp.modified))
            try talk.ask(10, SFTPPacket.string(handle) + stamp)
            try talk.requireOK("setting the times of \(path)")
        }
        try talk.ask(4, SFTPPacket.string(handle))
        try talk.requireOK("closing \(path)")
    }

    package func receive(
        _ path: String, keepsStamp: Bool, take: ([UInt8]) throws(WireError) -> Void
    ) throws(WireError) -> FileStamp? {
        let talk = try SFTPTalk(session)
        defer { talk.close() }
        let handle = try talk.open(path, flags: 1, SFTPPacket.attributes(mode: nil, times: nil))
        let stamp = try keepsStamp ? talk.stamp(handle) : nil
        var offset: Int64 = 0
        while let bytes = try talk.read(handle, offset, path) {
            try take(bytes)
            offset += Int64(bytes.count)
        }
        try talk.ask(4, SFTPPacket.string(handle))
        try talk.requireOK("closing \(path)")
        return stamp
    }
}

/// The parts of packets: numbers are big-endian, strings begin with their length.
private enum SFTPPacket {
    static func number(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) } }

    static func number64(_ value: Int64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: value >> (56 - 8 * $0)) }
    }

    static func string(_ bytes: some Collection<UInt8>) -> [UInt8] { number(UInt32(bytes.count)) + bytes }

    static func attributes(mode: UInt32?, times: (accessed: Int64, modified: Int64)?) -> [UInt8] {
        var flags: UInt32 = 0
        var rest: [UInt8] = []
        if let mode {
            flags |= 4
            rest += number(mode)
        }
        if let times {
            flags |= 8
            rest += number(UInt32(truncatingIfNeeded: times.accessed))
            rest += number(UInt32(truncatingIfNeeded: times.modified))
        }
        return number(flags) + rest
    }

    /// Takes a number off the front; nil if there is none.
    static func take(_ bytes: inout ArraySlice<UInt8>) -> UInt32? {
        guard bytes.count >= 4 else { return nil }
        defer { bytes = bytes.dropFirst(4) }
        return bytes.prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
    }

    static func takeString(_ bytes: inout ArraySlice<UInt8>) -> [UInt8]? {
        guard let count = take(&bytes), count <= bytes.count else { return nil }
        defer { bytes = bytes.dropFirst(Int(count)) }
        return Array(bytes.prefix(Int(count)))
    }
}

/// Requests and answers. Answers come in the order of the requests: only writes are sent ahead, and theirs are alike.
private final class SFTPTalk {
    /// What every server takes in one request.
    static let pieceSize = 1 << 15
    /// Writes under way.
    static let window = 32
    /// Answers are not much longer than what was asked for.
    private static let packetLimit = 1 << 20

    private let channel: SSHClientChannel
    private let timeout: Duration
    private var reader: StreamReader
    private var lastID: UInt32 = 0

    init(_ session: SSHSession) throws(WireError) {
        channel = try session.openSubsystem("sftp")
        timeout = session.options.readTimeout
        reader = StreamReader(channel, timeout: timeout)
        try send(1, SFTPPacket.number(3))
        let (kind, _) = try packet()
        guard kind == 2 else { throw fault("no version of SFTP", "") }
    }

    func close() { channel.close() }

    private func send(_ kind: UInt8, _ content: [UInt8]) throws(WireError) {
        try channel.write(
            SFTPPacket.number(UInt32(content.count + 1)) + [kind] + content, deadline: .after(timeout))
    }

    func ask(_ kind: UInt8, _ content: [UInt8]) throws(WireError) {
        lastID &+= 1
        try send(kind, SFTPPacket.number(lastID) + content)
    }

    private func packet() throws(WireError) -> (UInt8, ArraySlice<UInt8>) {
        var head = try reader.exactly(4)[...]
        guard let length = SFTPPacket.take(&head), length > 0, length <= UInt32(Self.packetLimit) else {
            throw fault("an answer of impossible length", "")
        }
        let bytes = try reader.exactly(Int(length))
        return (bytes[0], bytes[1...])
    }

    /// An answer to a request, without the request's number.
    private func answer() throws(WireError) -> (UInt8, ArraySlice<UInt8>) {
        var (kind, content) = try packet()
        guard SFTPPacket.take(&content) != nil else { throw fault("an answer that is cut off", "") }
        return (kind, content)
    }

    func requireOK(_ what: String) throws(WireError) {
        var (kind, content) = try answer()
        guard kind == 101, let code = SFTPPacket.take(&content) else { throw fault("no status", what) }
        if code != 0 { throw refusal(code, content, what) }
    }

    func open(_ path: String, flags: UInt32, _ attributes: [UInt8]) throws(WireError) -> [UInt8] {
        try ask(3, SFTPPacket.string(Array(path.utf8)) + SFTPPacket.number(flags) + attributes)
        var (kind, content) = try answer()
        if kind == 101, let code = SFTPPacket.take(&content) { throw refusal(code, content, "opening \(path)") }
        guard kind == 102, let handle = SFTPPacket.takeString(&content) else {
            throw fault("no handle", "opening \(path)")
        }
        return handle
    }

    /// Nil at the end of the file.
    func read(_ handle: [UInt8], _ offset: Int64, _ path: String) throws(WireError) -> [UInt8]? {
        let size = SFTPPacket.number(UInt32(4 * Self.pieceSize))
        try ask(5, SFTPPacket.string(handle) + SFTPPacket.number64(offset) + size)
        var (kind, content) = try answer()
        if kind == 101, let code = SFTPPacket.take(&content) {
            if code == 1 { return nil }
            throw refusal(code, content, "reading \(path)")
        }
        guard kind == 103, let bytes = SFTPPacket.takeString(&content), !bytes.isEmpty else {
            throw fault("no data", "reading \(path)")
        }
        return bytes
    }

    /// Permissions and times, if the server tells them.
    func stamp(_ handle: [UInt8]) throws(WireError) -> FileStamp? {
        try ask(8, SFTPPacket.string(handle))
        var (kind, content) = try answer()
        guard kind == 105, let flags = SFTPPacket.take(&content) else { return nil }
        if flags & 1 != 0 { content = content.dropFirst(8) }
        if flags & 2 != 0 { content = content.dropFirst(8) }
        guard flags & 12 == 12, let mode = SFTPPacket.take(&content), let accessed = SFTPPacket.take(&content),
            let modified = SFTPPacket.take(&content)
        else { return nil }
        return FileStamp(mode: mode, modified: Int64(modified), accessed: Int64(accessed))
    }

    private func refusal(_ code: UInt32, _ content: ArraySlice<UInt8>, _ what: String) -> WireError {
        var content = content
        let said = SFTPPacket.takeString(&content).map { String(decoding: $0, as: UTF8.self) } ?? ""
        return fault(said.isEmpty ? "status \(code)" : said, what)
    }

    private func fault(_ reason: String, _ what: String) -> WireError {
        WireError(
            .protocolFailure, peer: channel.peer, "sftp: " + (what.isEmpty ? "" : "\(what): ") + reason,
            remedy: "check the file's name and what the user may do")
    }
}
