/// A token of XPath 1.0 (section 3.7) with its byte offset.
struct XPathToken: Hashable, Sendable {
    enum Kind: Hashable, Sendable {
        /// `( ) [ ] . .. @ , :: / //`, operators and `*` as a name test.
        case symbol(String)
        /// `and or div mod * | + - = != < <= > >=`, told apart from names and `*` by what stands before.
        case `operator`(String)
        case literal(String)
        case number(Double)
        /// `name`, `prefix:name` or, with `*` as name, `prefix:*`.
        case name(prefix: String?, local: String)
        case end
    }

    var kind: Kind
    var offset: Int
}

/// Cuts an expression into tokens.
struct XPathLexer {
    /// Longer expressions, in bytes, are refused.
    static let lengthLimit = 1 << 18

    private let text: [UInt8]
    private var position = 0
    private var tokens: [XPathToken] = []

    static func tokens(of text: String) throws(XPathSyntaxError) -> [XPathToken] {
        var lexer = XPathLexer(text: Array(text.utf8))
        guard lexer.text.count <= lengthLimit else {
            throw XPathSyntaxError(offset: 0, message: "an expression may have \(lengthLimit) bytes")
        }
        try lexer.run()
        return lexer.tokens
    }

    private init(text: [UInt8]) { self.text = text }

    private mutating func run() throws(XPathSyntaxError) {
        while true {
            while position < text.count, [0x20, 0x09, 0x0A, 0x0D].contains(text[position]) { position += 1 }
            let start = position
            guard position < text.count else { break }
            let kind = try token()
            tokens.append(XPathToken(kind: kind, offset: start))
        }
        tokens.append(XPathToken(kind: .end, offset: text.count))
    }

    private mutating func token() throws(XPathSyntaxError) -> XPathToken.Kind {
        let byte = text[position]
        switch byte {
        case UInt8(ascii: "'"), UInt8(ascii: "\""): return try literal(quote: byte)
        case UInt8(ascii: "0")...UInt8(ascii: "9"): return number()
        case UInt8(ascii: "."):
            if let after = peek(1), isDigit(after) { return number() }
            return symbol(peek(1) == byte ? ".." : ".")
        case UInt8(ascii: "*"): return isOperatorExpected ? operatorSign("*") : symbol("*")
        case UInt8(ascii: "/"): return symbol(peek(1) == byte ? "//" : "/")
        case UInt8(ascii: ":"):
            guard peek(1) == byte else { throw error("“:” must join a prefix and a name") }
            return symbol("::")
        case UInt8(ascii: "!"):
            guard peek(1) == UInt8(ascii: "=") else { throw error("“!” must be followed by “=”; negation is not()") }
            return operatorSign("!=")
        case UInt8(ascii: "<"), UInt8(ascii: ">"):
            let sign = byte == UInt8(ascii: "<") ? "<" : ">"
            return operatorSign(peek(1) == UInt8(ascii: "=") ? sign + "=" : sign)
        case UInt8(ascii: "|"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "="):
            return operatorSign(String(UnicodeScalar(byte)))
        case UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: ","),
            UInt8(ascii: "@"):
            return symbol(String(UnicodeScalar(byte)))
        case UInt8(ascii: "$"): throw error("YANG has no variables in XPath")
        default: return try name()
        }
    }

    private func error(_ message: String) -> XPathSyntaxError {
        XPathSyntaxError(offset: position, message: message)
    }

    private func peek(_ distance: Int) -> UInt8? {
        position + distance < text.count ? text[position + distance] : nil
    }

    private mutating func symbol(_ text: String) -> XPathToken.Kind {
        position += text.utf8.count
        return .symbol(text)
    }

    private mutating func operatorSign(_ text: String) -> XPathToken.Kind {
        position += text.utf8.count
        return .operator(text)
    }

    /// Section 3.7: after a token that ends an operand, `*` multiplies and a name is an operator.
    private var isOperatorExpected: Bool {
        switch tokens.last?.kind {
        case nil, .operator, .end: false
        case .symbol(let text): !["@", "::", "(", "[", ",", "/", "//"].contains(text)
        case .literal, .number, .name: true
        }
    }

    private mutating func literal(quote: UInt8) throws(XPathSyntaxError) -> XPathToken.Kind {
        guard let end = text[(position + 1)...].firstIndex(of: quote) else { throw error("a literal lacks its end") }
        let value = String(decoding: text[position + 1..<end], as: UTF8.self)
        position = end + 1
        return .literal(value)
    }

    private mutating func number() -> XPathToken.Kind {
        let start = position
        while let byte = peek(0), isDigit(byte) { position += 1 }
        if peek(0) == UInt8(ascii: ".") {
            position += 1
            while let byte = peek(0), isDigit(byte) { position += 1 }
        }
        return .number(Double(XPathNumber.parse(text[start..<position])))
    }

    private mutating func name() throws(XPathSyntaxError) -> XPathToken.Kind {
        let first = try ncName()
        if isOperatorExpected {
            guard ["and", "or", "div", "mod"].contains(first) else {
                position -= first.utf8.count
                throw error("an operator is expected before “\(first)”")
            }
            return .operator(first)
        }
        guard peek(0) == UInt8(ascii: ":"), let after = peek(1), after != UInt8(ascii: ":") else {
            return .name(prefix: nil, local: first)
        }
        position += 1
        if after == UInt8(ascii: "*") {
            position += 1
            return .name(prefix: first, local: "*")
        }
        return .name(prefix: first, local: try ncName())
    }

    private mutating func ncName() throws(XPathSyntaxError) -> String {
        let start = position
        guard let first = peek(0), isNameStart(first) else {
            throw error("unexpected character “\(String(decoding: text[position...].prefix(1), as: UTF8.self))”")
        }
        while let byte = peek(0), isNameStart(byte) || isDigit(byte) || byte == 0x2D || byte == 0x2E { position += 1 }
        return String(decoding: text[start..<position], as: UTF8.self)
    }

    private func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

    private func isNameStart(_ byte: UInt8) -> Bool {
        (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A) || byte == UInt8(ascii: "_") || byte >= 0x80
    }
}
