/// How messages are set apart on the wire (RFC 6242).
package enum MessageFraming: Sendable {
    /// `]]>]]>` after each message: base 1.0, and the greeting of every session.
    case endOfMessage
    /// Chunks with their length in front: base 1.1.
    case chunked

    static let endMark = Array("]]>]]>".utf8)

    /// What goes in front of a message of `count` bytes.
    package func header(_ count: Int) -> [UInt8] {
        switch self {
        case .endOfMessage: []
        case .chunked: Array("\n#\(count)\n".utf8)
        }
    }

    /// What goes behind a message.
    package var trailer: [UInt8] {
        switch self {
        case .endOfMessage: Self.endMark
        case .chunked: Array("\n##\n".utf8)
        }
    }

    /// A whole message as it goes out, at most `UInt32.max` bytes long.
    package func frame(_ message: [UInt8]) -> [UInt8] { header(message.count) + message + trailer }
}

/// Bytes that are no messages: the session has to end (RFC 6242 section 4.2).
package struct FramingError: Error, Hashable, Sendable, CustomStringConvertible {
    package var description: String
}

/// Takes messages out of a stream that comes in pieces: whole (`next`), or piece by piece as they come (`nextPiece`).
///
/// Invariant: holds at most one message of `limit` bytes and the piece that was given last; what a chunk announces
/// reserves nothing. A message that was begun in one way is read to its end in that way.
package struct FrameReader: Sendable {
    /// Takes effect with the next message.
    package var framing = MessageFraming.endOfMessage
    private let limit: Int
    /// Bytes that a message which is taken piece by piece may have.
    private let pieceLimit: Int
    /// How much of the message has been handed out in pieces.
    private var handedOut = 0
    /// Its end has been seen, and not yet been told.
    private var hasEnded = false
    /// What may be the beginning of the mark that ends it.
    private var carry: [UInt8] = []
    private var input: [UInt8] = []
    private var offset = 0
    private var message = PieceBuffer()
    /// What is left of the chunk being read.
    private var chunkRest = 0
    private var hasChunk = false

    private static let largestHeader = 13

    package init(limit: Int, pieceLimit: Int? = nil) {
        self.limit = limit
        self.pieceLimit = pieceLimit ?? limit
    }

    /// Goes on with the bytes that another reader has not worked on.
    mutating func take(over other: FrameReader) { append(Array(other.input[other.offset...])) }

    /// Whether nothing but white space has come since the last message.
    package var isBetweenMessages: Bool {
        message.isEmpty && !hasChunk && !hasEnded && handedOut == 0 && carry.isEmpty
            && input[offset...].allSatisfy { $0 == 10 || $0 == 13 || $0 == 32 }
    }

    package mutating func append(_ bytes: [UInt8]) {
        if offset == input.count {
            input = bytes
        } else {
            input.removeFirst(offset)
            input += bytes
        }
        offset = 0
    }

    /// The next whole message, or nil if more has to come first.
    package mutating func next() throws(FramingError) -> [UInt8]? { try nextMessage()?.joined }

    /// What is there of the message under way, for whoever works on it as it comes.
    package enum Piece: Sendable {
        case bytes(ArraySlice<UInt8>)
        case end
    }

    /// The next piece of the message; nil if more has to come first.
    package mutating func nextPiece() throws(FramingError) -> Piece? {
        if hasEnded {
            (hasEnded, hasChunk, handedOut) = (false, false, 0)
            return .end
        }
        let piece = framing == .chunked ? try chunkPiece() : pieceToMark()
        guard case .bytes(let bytes)? = piece else { return piece }
        handedOut += bytes.count
        guard handedOut <= pieceLimit else {
            throw FramingError(description: "a message is longer than \(pieceLimit) bytes")
        }
        return piece
    }

    /// The same as it came: a large message is not copied together.
    package mutating func nextMessage() throws(FramingError) -> MessageBytes? {
        let isWhole =
            switch framing {
            case .endOfMessage: try nextToMark()
            case .chunked: try nextOfChunks()
            }
        guard isWhole else { return nil }
        defer {
            message = PieceBuffer()
            hasChunk = false
        }
        return MessageBytes(message)
    }

    private func checkLength(_ count: Int) throws(FramingError) {
        guard count <= limit else { throw FramingError(description: "a message is longer than \(limit) bytes") }
    }

    // MARK: End of message

    /// Whether a whole message has been gathered.
    private mutating func nextToMark() throws(FramingError) -> Bool {
        let mark = MessageFraming.endMark
        while offset < input.count {
            // The mark's last byte is not in its beginning: only a `>` can end a message.
            let end = input[offset...].firstIndex(of: UInt8(ascii: ">"))
            let next = end.map { $0 + 1 } ?? input.count
            try checkLength(message.count + next - offset)
            message.append(input[offset..<next])
            offset = next
            if end != nil, message.hasSuffix(mark) {
                message.removeLast(mark.count)
                // Some clients end a line after the mark; a declaration must come first in a document.
                message.removeLeadingSpace()
                return true
            }
        }
        return false
    }

    /// What cannot be the beginning of the mark; `carry` keeps the rest.
    private mutating func pieceToMark() -> Piece? {
        let mark = MessageFraming.endMark
        var bytes = carry + input[offset...]
        offset = input.count
        carry = []
        if handedOut == 0 { bytes.removeFirst(bytes.prefix { $0 == 10 || $0 == 13 || $0 == 32 || $0 == 9 }.count) }
        var start = bytes.startIndex
        while let end = bytes[start...].firstIndex(of: UInt8(ascii: ">")) {
            start = end + 1
            guard start >= mark.count, bytes[(start - mark.count)..<start].elementsEqual(mark) else { continue }
            input = Array(bytes[start...])
            offset = 0
            hasEnded = true
            return .bytes(bytes[..<(start - mark.count)])
        }
        let kept = min(mark.count - 1, bytes.count)
        carry = Array(bytes.suffix(kept))
        return bytes.count == kept ? nil : .bytes(bytes.dropLast(kept))
    }

    // MARK: Chunks

    private mutating func chunkPiece() throws(FramingError) -> Piece? {
        if chunkRest == 0 {
            guard let header = try chunkHeader() else { return nil }
            switch header {
            case .end:
                guard hasChunk else { throw FramingError(description: "a message without a chunk") }
                (hasChunk, handedOut) = (false, 0)
                return .end
            case .chunk(let size):
                hasChunk = true
                chunkRest = size
            }
        }
        guard offset < input.count else { return nil }
        let count = min(chunkRest, input.count - offset)
        defer {
            offset += count
            chunkRest -= count
        }
        return .bytes(input[offset..<offset + count])
    }

    private mutating func nextOfChunks() throws(FramingError) -> Bool {
        while true {
            if chunkRest > 0 {
                guard offset < input.count else { return false }
                let count = min(chunkRest, input.count - offset)
                message.append(input[offset..<offset + count])
                offset += count
                chunkRest -= count
                if chunkRest > 0 { return false }
            }
            guard let header = try chunkHeader() else { return false }
            switch header {
            case .end:
                guard hasChunk else { throw FramingError(description: "a message without a chunk") }
                return true
            case .chunk(let size):
                try checkLength(message.count + size)
                hasChunk = true
                chunkRest = size
            }
        }
    }

    private enum Header {
        case chunk(Int)
        case end
    }

    /// `\n#SIZE\n`, SIZE from 1 to 4294967295 without a zero in front, or `\n##\n`; nil if it is not whole yet.
    private mutating func chunkHeader() throws(FramingError) -> Header? {
        let head = input[offset...].prefix(Self.largestHeader + 1)
        for (byte, wanted) in zip(head, [UInt8(ascii: "\n"), UInt8(ascii: "#")]) where byte != wanted {
            throw FramingError(description: "a chunk begins with a line end and #")
        }
        guard head.count > 2 else { return nil }
        let digits = head.dropFirst(2)
        if digits.first == UInt8(ascii: "#") {
            guard digits.count > 1 else { return nil }
            guard digits.dropFirst().first == 10 else {
                throw FramingError(description: "## ends a message and its line")
            }
            offset += 4
            return .end
        }
        guard let end = digits.firstIndex(of: 10) else {
            try checkDigits(digits)
            return nil
        }
        try checkDigits(digits[..<end])
        let size = digits[..<end].reduce(0) { $0 * 10 + Int($1 - 48) }
        guard size > 0, size <= Int(UInt32.max) else { throw FramingError(description: "a chunk of \(size) bytes") }
        offset = end + 1
        return .chunk(size)
    }

    private func checkDigits(_ digits: ArraySlice<UInt8>) throws(FramingError) {
        guard digits.count <= 10, digits.first != UInt8(ascii: "0"), digits.allSatisfy({ (48...57).contains($0) })
        else { throw FramingError(description: "a chunk's length is a number from 1 to 4294967295") }
    }
}
