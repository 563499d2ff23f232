import Synchronization
package import Wire

/// Notes what passes through another stream.
package final class RecordingStream: ByteStream {
    private struct Exchange {
        var sent: [UInt8] = []
        var answer: [UInt8] = []
    }

    private let stream: any ByteStream
    private let exchanges = Mutex<[Exchange]>([Exchange()])

    package init(_ stream: any ByteStream) { self.stream = stream }

    package var peer: String { stream.peer }

    package func read(deadline: Deadline) throws(WireError) -> [UInt8]? {
        let bytes = try stream.read(deadline: deadline)
        if let bytes { exchanges.withLock { $0[$0.count - 1].answer += bytes } }
        return bytes
    }

    package func write(_ bytes: [UInt8], deadline: Deadline) throws(WireError) {
        exchanges.withLock { $0.append(Exchange(sent: bytes)) }
        try stream.write(bytes, deadline: deadline)
    }

    package func close() { stream.close() }
    package func abort() { stream.abort() }

    /// What passed up to now, secrets and all.
    package var noted: [SessionRecording.Exchange] {
        exchanges.withLock { exchanges in
            exchanges.map {
                SessionRecording.Exchange(
                    send: String(decoding: $0.sent, as: UTF8.self), answer: String(decoding: $0.answer, as: UTF8.self))
            }
        }
    }
}
