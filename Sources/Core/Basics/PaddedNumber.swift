extension [UInt8] {
    /// Appends a number in decimal digits, zeros before it up to `width`, and a mark behind it: the parts of a date.
    package mutating func append(_ number: some BinaryInteger, width: Int, then mark: StaticString = "") {
        let start = count
        var rest = number.magnitude
        repeat {
            append(UInt8(ascii: "0") + UInt8(rest % 10))
            rest /= 10
        } while rest > 0
        while count - start < width { append(UInt8(ascii: "0")) }
        if number < 0 { append(UInt8(ascii: "-")) }
        self[start...].reverse()
        append(contentsOf: UnsafeBufferPointer(start: mark.utf8Start, count: mark.utf8CodeUnitCount))
    }
}
