import Foundation
import YANG

/// The lines of a device's answer, in the bytes in which they came: a long configuration is not taken apart into strings.
///
/// Invariants: `bytes` is valid UTF-8; `lines` ascend, do not overlap and hold no line feed.
struct AnswerLines: Sendable {
    private var bytes: [UInt8]
    private var lines: [Range<Int>] = []

    /// Broken UTF-8 is repaired.
    init(_ output: [UInt8]) {
        bytes = output.isValidUTF8 ? output : Array(String(decoding: output, as: UTF8.self).utf8)
        var start = 0
        bytes.withUnsafeBufferPointer { bytes in
            while start < bytes.count {
                let end = bytes[start...].firstIndex(of: 0x0A) ?? bytes.count
                lines.append(start..<end)
                start = end + 1
            }
        }
    }

    var count: Int { lines.count }
    var isFirstEmpty: Bool { lines.first?.isEmpty == true }

    // MARK: Taking away

    mutating func removeFirst(_ count: Int = 1) { lines.removeFirst(min(count, lines.count)) }

    mutating func removeAll(where isUnwanted: (UnsafeBufferPointer<UInt8>) -> Bool) {
        bytes.withUnsafeBufferPointer { bytes in
            lines.removeAll { isUnwanted(UnsafeBufferPointer(rebasing: bytes[$0])) }
        }
    }

    mutating func removeFirst(where isUnwanted: (String) -> Bool) {
        if let place = lines.firstIndex(where: { isUnwanted(string($0)) }) { lines.remove(at: place) }
    }

    // MARK: As text

    var strings: [String] { lines.map(string) }

    func strings(limit: Int) -> [String] { lines.prefix(limit).map(string) }

    private func string(_ line: Range<Int>) -> String { String(decoding: bytes[line], as: UTF8.self) }

    /// The first lines in which there is more than blanks and markers.
    func firstWords(limit: Int) -> [String] {
        var result: [String] = []
        for line in lines where bytes[line].contains(where: { $0 != 0x20 && $0 != UInt8(ascii: "^") }) {
            if result.count == limit { break }
            result.append(string(line))
        }
        return result
    }

    /// The last line in which there is more than blanks.
    var lastWords: String? { lines.last { bytes[$0].contains { $0 != 0x20 } }.map(string) }

    /// For each line whether it fits one of the patterns.
    func fitting(_ patterns: PatternList) -> [Bool] {
        bytes.withUnsafeBufferPointer { bytes in
            lines.map { patterns.contains(matchOf: UnsafeBufferPointer(rebasing: bytes[$0])) }
        }
    }

    /// The text, each line with a line feed, lines that are marked in `blank` empty. It takes the place of the lines, which
    /// are gone then: a long configuration is in memory once.
    mutating func takeText(blank: [Bool]) -> [UInt8] {
        var text: [UInt8] = []
        swap(&text, &bytes)
        // Only the last line may lack a line feed to write over.
        if lines.last?.upperBound == text.count { text.append(0x0A) }
        let lines = lines
        self.lines = []
        var end = 0
        text.withUnsafeMutableBufferPointer { text in
            guard let base = text.baseAddress else { return }
            for (index, line) in lines.enumerated() {
                if !blank[index] {
                    memmove(base + end, base + line.lowerBound, line.count)
                    end += line.count
                }
                base[end] = 0x0A
                end += 1
            }
        }
        text.removeLast(text.count - end)
        return text
    }

    /// The same text as `takeText` gives, in pieces.
    func forEachPiece(blank: [Bool], _ body: (UnsafeRawBufferPointer) -> Void) {
        forEachPiece(lines.count, without: blank, leavingLineFeed: true, body)
    }

    /// The text, each line with a line feed, without lines that are marked in `dropped` and empty lines at the end.
    func forEachPiece(dropping dropped: [Bool], _ body: (UnsafeRawBufferPointer) -> Void) {
        let end = lines.lastIndex { !$0.isEmpty }.map { $0 + 1 } ?? 0
        forEachPiece(end, without: dropped, leavingLineFeed: false, body)
    }

    /// Lines that stood one behind the other are one piece.
    private func forEachPiece(
        _ count: Int, without dropped: [Bool], leavingLineFeed: Bool, _ body: (UnsafeRawBufferPointer) -> Void
    ) {
        bytes.withUnsafeBytes { bytes in
            var run: Range<Int>?
            func lineFeed() { withUnsafeBytes(of: UInt8(0x0A)) { body($0) } }
            func flush() {
                guard let whole = run else { return }
                run = nil
                let end = min(whole.upperBound, bytes.count)
                body(UnsafeRawBufferPointer(rebasing: bytes[whole.lowerBound..<end]))
                if whole.upperBound > end { lineFeed() }
            }
            for (index, line) in lines.prefix(count).enumerated() {
                if !dropped.isEmpty, dropped[index] {
                    flush()
                    if leavingLineFeed { lineFeed() }
                } else if let whole = run, whole.upperBound == line.lowerBound {
                    run = whole.lowerBound..<(line.upperBound + 1)
                } else {
                    flush()
                    run = line.lowerBound..<(line.upperBound + 1)
                }
            }
            flush()
        }
    }
}

extension [UInt8] {
    fileprivate var isValidUTF8: Bool {
        withUnsafeBufferPointer { bytes in
            bytes.allSatisfy { $0 < 0x80 } || String(validating: bytes, as: UTF8.self) != nil
        }
    }
}
