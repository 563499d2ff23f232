/// Strings as JSON writes them.
package enum JSONText {
    /// `text` in double quotes, escaped as RFC 8259 section 7 requires.
    package static func quoted(_ text: String) -> String {
        var writer = JSONWriter()
        // Nothing throws without a sink.
        try? writer.string(text)
        return String(decoding: writer.output.bytes, as: UTF8.self)
    }
}
