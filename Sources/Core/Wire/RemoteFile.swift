/// What a file is besides its content.
package struct FileStamp: Hashable, Sendable {
    /// Permissions: the lowest nine bits.
    package var mode: UInt32
    /// Seconds since 1970.
    package var modified: Int64
    package var accessed: Int64

    package init(mode: UInt32, modified: Int64, accessed: Int64) {
        self.mode = mode & 0o777
        self.modified = modified
        self.accessed = accessed
    }
}

/// A local file that is sent: it is read as it goes.
package struct FileSource {
    package var name: String
    package var size: Int64
    package var stamp: FileStamp
    /// The next bytes; nil at the end. What comes beyond `size` is not sent, less is an error.
    package var next: () throws(WireError) -> [UInt8]?

    package init(
        name: String, size: Int64, stamp: FileStamp, next: @escaping () throws(WireError) -> [UInt8]?
    ) {
        self.name = name
        self.size = size
        self.stamp = stamp
        self.next = next
    }
}

/// Files at the other end of an SSH connection, by a protocol of its server.
///
/// `keepsStamp` asks for times and permissions to be those of the original, too. Each answer, and each piece of the file,
/// may take as long as the session's read time-out.
package protocol RemoteFiles {
    func send(_ source: FileSource, to path: String, keepsStamp: Bool) throws(WireError)

    /// Gives the file to `take` piece by piece. Its stamp, as far as the server tells it.
    func receive(
        _ path: String, keepsStamp: Bool, take: ([UInt8]) throws(WireError) -> Void
    ) throws(WireError) -> FileStamp?
}

/// Reads so many bytes, or up to some byte, of a stream that comes in pieces.
struct StreamReader {
    private let stream: any ByteStream
    private let timeout: Duration
    private var buffer: ArraySlice<UInt8> = []

    init(_ stream: any ByteStream, timeout: Duration) {
        self.stream = stream
        self.timeout = timeout
    }

    /// Some bytes, at most `limit`. Throws `closedByPeer` at the end.
    mutating func some(_ limit: Int) throws(WireError) -> [UInt8] {
        if buffer.isEmpty {
            guard let more = try stream.read(deadline: .after(timeout)) else {
                throw WireError(.closedByPeer, peer: stream.peer, "the server ended the transfer")
            }
            buffer = more[...]
        }
        let taken = buffer.prefix(limit)
        buffer = buffer.dropFirst(taken.count)
        return Array(taken)
    }

    mutating func exactly(_ count: Int) throws(WireError) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count { bytes += try some(count - bytes.count) }
        return bytes
    }

    /// Up to a line feed, which is taken and not given. Longer ones than `limit` are a `protocolFailure`.
    mutating func line(limit: Int = 1 << 12) throws(WireError) -> String {
        var bytes: [UInt8] = []
        while true {
            let byte = try exactly(1)[0]
            if byte == 0x0A { return String(decoding: bytes, as: UTF8.self) }
            guard bytes.count < limit else {
                throw WireError(.protocolFailure, peer: stream.peer, "a line of the server has no end")
            }
            bytes.append(byte)
        }
    }
}
