import Basics

/// Bytes that are gathered in pieces of bounded size, so that growing copies nothing and takes no more than they need.
struct PieceBuffer: Sendable {
    private(set) var pieces: [[UInt8]] = []
    private(set) var count = 0

    private static let pieceSize = 1 << 18

    var isEmpty: Bool { count == 0 }

    mutating func append(_ bytes: ArraySlice<UInt8>) {
        count += bytes.count
        if let last = pieces.indices.last, pieces[last].count + bytes.count <= Self.pieceSize {
            pieces[last] += bytes
        } else {
            pieces.append(Array(bytes))
        }
    }

    func hasSuffix(_ mark: [UInt8]) -> Bool {
        guard count >= mark.count, let last = pieces.last else { return false }
        if last.count >= mark.count { return last.suffix(mark.count).elementsEqual(mark) }
        var tail: [UInt8] = []
        for piece in pieces.reversed() {
            tail = piece.suffix(mark.count - tail.count) + tail
            if tail.count == mark.count { break }
        }
        return tail == mark
    }

    mutating func removeLast(_ number: Int) {
        var rest = number
        count -= number
        while rest > 0, let last = pieces.indices.last {
            let part = min(rest, pieces[last].count)
            pieces[last].removeLast(part)
            rest -= part
            if pieces[last].isEmpty { pieces.removeLast() }
        }
    }

    mutating func removeLeadingSpace() {
        while let first = pieces.first {
            let space = first.prefix { $0 == 10 || $0 == 13 || $0 == 32 || $0 == 9 }.count
            guard space > 0 else { return }
            count -= space
            pieces[0].removeFirst(space)
            guard pieces[0].isEmpty else { return }
            pieces.removeFirst()
        }
    }
}

/// A whole message in the pieces in which it came. Used by one thread.
package final class MessageBytes {
    private var buffer: PieceBuffer

    init(_ buffer: PieceBuffer) { self.buffer = buffer }

    package init(_ bytes: [UInt8]) {
        buffer = PieceBuffer()
        buffer.append(bytes[...])
    }

    package var count: Int { buffer.count }

    /// Copied together if there are several pieces.
    package var joined: [UInt8] {
        let pieces = buffer.pieces
        if pieces.count == 1 { return pieces[0] }
        var all: [UInt8] = []
        all.reserveCapacity(buffer.count)
        for piece in pieces { all += piece }
        return all
    }

    /// A reader over the message, which stays.
    func reader() -> XMLReader { Self.reader(buffer.pieces) { _ in } }

    /// A reader over the message that gives up what it has read, so that message and data are never both there as a
    /// whole: for the last reading.
    func consumingReader() -> XMLReader {
        let store = buffer.pieces
        buffer = PieceBuffer()
        return Self.reader(store) { $0 = [] }
    }

    private static func reader(_ pieces: [[UInt8]], finished: @escaping (inout [UInt8]) -> Void) -> XMLReader {
        var pieces = pieces
        var (number, offset) = (0, 0)
        return XMLReader(file: "message") { target in
            while number < pieces.count, offset == pieces[number].count {
                finished(&pieces[number])
                (number, offset) = (number + 1, 0)
            }
            guard number < pieces.count else { return 0 }
            let count = min(target.count, pieces[number].count - offset)
            pieces[number].withUnsafeBytes { piece in
                target.copyMemory(from: UnsafeRawBufferPointer(rebasing: piece[offset..<offset + count]))
            }
            offset += count
            return count
        }
    }
}
