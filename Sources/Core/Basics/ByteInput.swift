import Foundation

/// The byte window under the XML and JSON readers: a document read piece by piece, with places counted when asked for.
///
/// Invariants: `base[end] == 0`, so that a scan may run without a bounds check and stops there; bytes before `position`
/// may be discarded by `refill`, except those that the caller names. Offsets are into the window and move on refill.
package struct ByteInput: ~Copyable {
    /// Writes the next bytes of a document into the buffer and returns how many; 0 is the end of the document.
    package typealias Source = (UnsafeMutableRawBufferPointer) throws -> Int

    let file: String
    private(set) var base: UnsafeMutablePointer<UInt8>
    private(set) var end = 0
    var position = 0
    private var capacity: Int
    private var isExhausted = false
    private var total = 0
    private let limit: Int
    private let source: Source
    private var markOffset = 0
    private var markLine = 1
    private var markColumn = 1

    init(file: String, limit: Int, window: Int = 1 << 16, source: @escaping Source) {
        self.file = file
        self.limit = limit
        self.source = source
        capacity = window
        base = .allocate(capacity: window + 1)
        base[0] = 0
    }

    /// A source that hands out an array it keeps.
    static func source(_ bytes: [UInt8]) -> Source {
        var offset = 0
        return { target in
            let count = min(target.count, bytes.count - offset)
            bytes.withUnsafeBytes { all in
                target.copyMemory(from: UnsafeRawBufferPointer(rebasing: all[offset..<offset + count]))
            }
            offset += count
            return count
        }
    }

    /// A source over memory that the caller keeps valid while the reader lives.
    static func source(_ bytes: UnsafeRawBufferPointer) -> Source {
        var offset = 0
        return { target in
            let count = min(target.count, bytes.count - offset)
            target.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count]))
            offset += count
            return count
        }
    }

    deinit { base.deallocate() }

    /// Brings more bytes after `end` and discards those before `start`; returns how far offsets moved down, or nil at
    /// the end of the document. Beyond 64 KiB kept it brings at least as much again, so that rescanning stays linear.
    mutating func refill(keeping start: Int) throws -> Int? {
        if isExhausted { return nil }
        let kept = end - start
        advanceMark(to: start)
        markOffset -= start
        if kept * 2 >= capacity {
            let grown = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity * 2 + 1)
            grown.update(from: base + start, count: kept)
            base.deallocate()
            base = grown
            capacity *= 2
        } else if start > 0 {
            memmove(base, base + start, kept)
        }
        position -= start
        end = kept
        base[end] = 0
        let wanted = kept > 1 << 16 ? kept : 1
        var brought = 0
        while brought < wanted, end < capacity {
            let count = try source(UnsafeMutableRawBufferPointer(start: base + end, count: capacity - end))
            if count <= 0 {
                isExhausted = true
                break
            }
            brought += count
            end += count
            base[end] = 0
        }
        total += brought
        if total > limit {
            throw fault("The document is longer than \(limit) bytes", "raise the limit or split it", at: end)
        }
        return brought == 0 && start == 0 ? nil : start
    }

    /// The place of the byte at `offset`: lines and columns (in characters) from 1.
    func place(of offset: Int) -> SourcePlace {
        let (line, column) = count(to: offset)
        return SourcePlace(file: file, line: line, column: column)
    }

    /// The same, and later places are counted from here: for places asked in rising order.
    mutating func passingPlace(of offset: Int) -> SourcePlace {
        advanceMark(to: offset)
        return place(of: offset)
    }

    /// The same without the name of the file.
    @inline(__always)
    mutating func passingPosition(of offset: Int) -> TextPosition {
        advanceMark(to: offset)
        return TextPosition(line: Int32(clamping: markLine), column: Int32(clamping: markColumn))
    }

    func fault(_ summary: String, _ remedy: String = "", at offset: Int) -> DiagnosticsError {
        DiagnosticsError(.error(summary, remedy: remedy, place: place(of: offset)))
    }

    private mutating func advanceMark(to offset: Int) {
        guard offset > markOffset else { return }
        (markLine, markColumn) = count(to: offset)
        markOffset = offset
    }

    private func count(to offset: Int) -> (line: Int, column: Int) {
        var line = markLine
        var column = markColumn
        var at = markOffset
        while at < offset {
            let byte = base[at]
            if byte == 10 {
                line += 1
                column = 1
            } else if byte & 0xC0 != 0x80 {
                column += 1
            }
            at += 1
        }
        return (line, column)
    }

}

/// Line and column in a document that is known.
package struct TextPosition: Hashable, Sendable {
    package var line: Int32
    package var column: Int32

    package init(line: Int32 = 0, column: Int32 = 0) {
        self.line = line
        self.column = column
    }

    package func place(in file: String) -> SourcePlace {
        SourcePlace(file: file, line: Int(line), column: Int(column))
    }
}

/// UTF-8 as RFC 3629 has it: shortest forms only, no surrogates, nothing above U+10FFFF.
package enum UTF8Check {
    /// The length of the sequence at `at`, or 0 if it is none. Stops at the first byte that does not continue it, so
    /// that memory ending in a zero byte is never overrun.
    @inline(__always)
    package static func scalarLength(_ at: UnsafePointer<UInt8>) -> Int {
        let first = at[0]
        if first < 0x80 { return 1 }
        guard first >= 0xC2, first <= 0xF4 else { return 0 }
        let second = at[1]
        guard second & 0xC0 == 0x80 else { return 0 }
        if first < 0xE0 { return 2 }
        if first == 0xE0, second < 0xA0 { return 0 }
        if first == 0xED, second > 0x9F { return 0 }
        guard at[2] & 0xC0 == 0x80 else { return 0 }
        if first < 0xF0 { return 3 }
        if first == 0xF0, second < 0x90 { return 0 }
        if first == 0xF4, second > 0x8F { return 0 }
        return at[3] & 0xC0 == 0x80 ? 4 : 0
    }
}
