import ControlProtocol
import Foundation
import Testing

/// Frames between the two ends of a socket pair.
struct FrameConnectionTests {
    @Test func framesArriveAsTheyWereSent() throws {
        let (one, other) = try socketPair()
        let content = [UInt8]((0..<100_000).map { UInt8(truncatingIfNeeded: $0) })
        one.send(Frame(.output, content))
        one.send(Frame(.inputEnd))
        #expect(try other.receive() == Frame(.output, content))
        #expect(try other.receive() == Frame(.inputEnd))
        one.close()
        #expect(try other.receive() == nil)
    }

    @Test func aLargePayloadGoesInSeveralFrames() throws {
        let (one, other) = try socketPair()
        let content = [UInt8](repeating: 7, count: Frame.payloadLimit * 2 + 5)
        let writer = Thread {
            one.send(Frame(.fileData, content))
            one.send(Frame(.fileEnd))
        }
        writer.start()
        #expect(try Self.document(other) == content)
    }

    @Test func aDocumentThatBreaksOffIsAnError() throws {
        let (one, other) = try socketPair()
        one.send(Frame(.fileData, [UInt8](repeating: 7, count: 2_000)))
        one.close()
        #expect(throws: ControlError.self) { try Self.document(other) }
    }

    private static func document(_ connection: FrameConnection) throws -> [UInt8] {
        let source = connection.documentSource()
        var content: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 70_000)
        while true {
            let count = try piece.withUnsafeMutableBytes { try source($0) }
            if count == 0 { return content }
            content += piece[..<count]
        }
    }

    @Test(
        arguments: [
            [0xFF, 0xFF, 0xFF, 0xFF, 1], [0, 16, 0, 2, 17], [0, 0, 0, 0, 1], [0, 0, 0, 1, 99], [0, 0, 0, 1, 0],
            Array("GET / HTTP/1.1\r\n\r\n".utf8), Array("SSH-2.0-OpenSSH_9.2\r\n".utf8),
        ] as [[UInt8]])
    func whatIsNoFrameIsAnError(_ bytes: [UInt8]) throws {
        let (descriptor, other) = try rawPair()
        defer { close(descriptor) }
        write(descriptor, bytes)
        #expect(throws: ControlError.self) { try other.receive() }
    }

    @Test(arguments: [1, 4, 5, 9]) func aFrameThatBreaksOffIsTheEnd(_ count: Int) throws {
        let (descriptor, other) = try rawPair()
        write(descriptor, Array([0, 0, 0, 10, 17, 1, 2, 3, 4].prefix(count)))
        close(descriptor)
        #expect(try other.receive() == nil)
    }

    @Test func sendingToNobodyIsFalseAndHarmless() throws {
        let (one, other) = try socketPair()
        other.close()
        #expect(!one.send(Frame(.output, [UInt8](repeating: 1, count: 1_000))))
    }

    @Test func whoeverSaysNothingIsGivenUp() throws {
        let (_, other) = try socketPair()
        other.setReadTimeout(seconds: 1)
        #expect(try other.receive() == nil)
    }
}

/// Two connections that talk to each other.
func socketPair() throws -> (FrameConnection, FrameConnection) {
    let (descriptor, other) = try rawPair()
    return (FrameConnection(descriptor: descriptor), other)
}

/// A descriptor, and the connection at its other end.
func rawPair() throws -> (Int32, FrameConnection) {
    var descriptors: [Int32] = [0, 0]
    try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &descriptors) == 0)
    return (descriptors[0], FrameConnection(descriptor: descriptors[1]))
}

func write(_ descriptor: Int32, _ bytes: [UInt8]) {
    _ = send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
}
