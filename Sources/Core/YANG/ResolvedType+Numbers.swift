/// Numbers: RFC 7950 sections 9.2 and 9.3.
extension ResolvedType {
    /// Decimal, or hexadecimal after `0x`, or octal after `0`; the canonical form is decimal.
    func canonicalInteger(_ text: String) throws(ValueError) -> String {
        guard let value = Self.integer(XMLSpace.trimmed(text)), isAllowed(value) else {
            throw ValueError(invalid: text, "expected an integer in \(rangeText)")
        }
        return String(value)
    }

    private static func integer(_ text: Substring) -> Int128? {
        var digits = text.utf8[...]
        let isNegative = digits.first == UInt8(ascii: "-")
        if isNegative || digits.first == UInt8(ascii: "+") { digits = digits.dropFirst() }
        var radix: Int128 = 10
        if digits.count > 1, digits.first == UInt8(ascii: "0") {
            let mark = digits[digits.index(after: digits.startIndex)]
            radix = mark | 0x20 == UInt8(ascii: "x") ? 16 : 8
            digits = digits.dropFirst(radix == 16 ? 2 : 1)
        }
        // No 64-bit number has more digits in any radix, and 128 bits hold them.
        guard !digits.isEmpty, digits.count <= 24 else { return nil }
        var value: Int128 = 0
        for byte in digits {
            guard let digit = hexadecimalDigit(byte), Int128(digit) < radix else { return nil }
            value = value * radix + Int128(digit)
        }
        return isNegative ? -value : value
    }

    static func hexadecimalDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x41 + 10
        case 0x61...0x66: byte - 0x61 + 10
        default: nil
        }
    }

    func canonicalDecimal(_ text: String) throws(ValueError) -> String {
        guard let value = scaledDecimal(XMLSpace.trimmed(text)), isAllowed(value) else {
            throw ValueError(
                invalid: text, "expected a decimal with \(fractionDigits) fraction digits at most in \(rangeText)")
        }
        return decimalText(value)
    }

    /// The value times 10^fractionDigits; nil for a text that is no such decimal or does not fit.
    private func scaledDecimal(_ text: Substring) -> Int128? {
        var bytes = text.utf8[...]
        let isNegative = bytes.first == UInt8(ascii: "-")
        if isNegative || bytes.first == UInt8(ascii: "+") { bytes = bytes.dropFirst() }
        var value: Int128 = 0
        var fraction: Int?
        var digits = 0
        for byte in bytes {
            if byte == UInt8(ascii: "."), fraction == nil, digits > 0 {
                fraction = 0
                continue
            }
            guard byte >= 0x30, byte <= 0x39, digits < 40 else { return nil }
            if let places = fraction, places == fractionDigits {
                guard byte == 0x30 else { return nil }
                continue
            }
            value = value * 10 + Int128(byte - 0x30)
            guard value <= 1 << 70 else { return nil }
            digits += 1
            fraction = fraction.map { $0 + 1 }
        }
        guard digits > 0, text.utf8.last != UInt8(ascii: ".") else { return nil }
        for _ in (fraction ?? 0)..<fractionDigits { value *= 10 }
        return isNegative ? -value : value
    }

    /// At least one digit on each side of the point, no zeros beyond.
    private func decimalText(_ value: Int128) -> String {
        var digits = String(value.magnitude)
        if digits.utf8.count <= fractionDigits {
            digits = String(repeating: "0", count: fractionDigits + 1 - digits.utf8.count) + digits
        }
        let whole = digits.dropLast(fractionDigits)
        var fraction = digits.suffix(fractionDigits)
        while fraction.utf8.count > 1, fraction.utf8.last == 0x30 { fraction = fraction.dropLast() }
        return (value < 0 ? "-" : "") + whole + "." + (fraction.isEmpty ? "0" : fraction)
    }

    // MARK: Ranges

    private var builtInRange: ClosedRange<Int128> {
        switch base {
        case .int8: Int128(Int8.min)...Int128(Int8.max)
        case .int16: Int128(Int16.min)...Int128(Int16.max)
        case .int32: Int128(Int32.min)...Int128(Int32.max)
        case .uint8: 0...Int128(UInt8.max)
        case .uint16: 0...Int128(UInt16.max)
        case .uint32: 0...Int128(UInt32.max)
        case .uint64: 0...Int128(UInt64.max)
        default: Int128(Int64.min)...Int128(Int64.max)
        }
    }

    /// The ranges of an integer, by restriction or by its built-in type.
    package var allowedRanges: [ClosedRange<Int128>] { ranges.isEmpty ? [builtInRange] : ranges }

    private func isAllowed(_ value: Int128) -> Bool {
        builtInRange.contains(value) && (ranges.isEmpty || ranges.contains { $0.contains(value) })
    }

    private var rangeText: String {
        let all = ranges.isEmpty ? [builtInRange] : ranges
        return all.map { range in
            let low = boundText(range.lowerBound)
            return range.lowerBound == range.upperBound ? low : "\(low)..\(boundText(range.upperBound))"
        }.joined(separator: " | ")
    }

    private func boundText(_ value: Int128) -> String { base == .decimal64 ? decimalText(value) : String(value) }
}
