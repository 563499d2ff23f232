/// Lines without the blanks around them, byte by byte: a session asks for each line that comes.
extension StringProtocol {
    /// Without spaces and tabs at both ends.
    package var withoutOuterBlanks: String {
        let text = Substring(self)
        guard let start = text.utf8.firstIndex(where: { !$0.isBlank }),
            let last = text.utf8.lastIndex(where: { !$0.isBlank })
        else { return "" }
        return String(text[start..<text.utf8.index(after: last)])
    }

    /// Without spaces at the end.
    package var withoutTrailingSpaces: Substring {
        let text = Substring(self)
        guard let last = text.utf8.lastIndex(where: { $0 != 0x20 }) else { return text[text.endIndex...] }
        return text[..<text.utf8.index(after: last)]
    }
}

extension UInt8 {
    fileprivate var isBlank: Bool { self == 0x20 || self == 0x09 }
}
