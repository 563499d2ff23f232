import YANG

/// The lines of a device's answer, in the bytes in which they came: a long configuration is not taken apart into strings.
///
/// Invariants: `bytes` is valid UTF-8; `lines` ascend, do not overlap and hold no line feed.
struct AnswerLines: Sendable {
    private let bytes: [UInt8]
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

    /// For each line whether it fits one of the patterns.
    func fitting(_ patterns: PatternList) -> [Bool] {
        bytes.withUnsafeBufferPointer { bytes in
            lines.map { patterns.contains(matchOf: UnsafeBufferPointer(rebasing: bytes[$0])) }
        }
    }

    /// The text, each line with a line feed, lines that are marked in `blank` empty.
    func text(blank: [Bool]) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count + 1)
        for (index, line) in lines.enumerated() {
            if !blank[index] { text += bytes[line] }
            text.append(0x0A)
        }
        return text
    }

    /// The text, each line with a line feed, without lines that are marked in `dropped` and empty lines at the end.
    func text(dropping dropped: [Bool] = []) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count + 1)
        let end = lines.lastIndex { !$0.isEmpty }.map { $0 + 1 } ?? 0
        for (index, line) in lines.prefix(end).enumerated() where dropped.isEmpty || !dropped[index] {
            text += bytes[line]
            text.append(0x0A)
        }
        return text
    }
}

extension [UInt8] {
    fileprivate var isValidUTF8: Bool {
        withUnsafeBufferPointer { bytes in
            bytes.allSatisfy { $0 < 0x80 } || String(validating: bytes, as: UTF8.self) != nil
        }
    }
}
