import Basics
import YANG

/// Reads instance data as text with braces, as the J-style CLI and `display curly-braces` show it:
/// `container { list KEY { leaf VALUE; leaf-list [ A B ]; } }`.
///
/// Names may carry the prefix or name of their module. `/* ... */` and lines that begin with `#` are comments; a
/// statement after `delete:` goes away.
package enum CurlyDataDecoder {
    /// A whole text that is to be merged.
    package static func merge(
        _ text: [UInt8], file: String, model: DataModel, options: DecodeOptions = DecodeOptions()
    ) -> Decoded<DecodedMerge> {
        let decoder = TreeDecoder(
            model: model, options: options, collectsEdits: false, isJSON: false, file: file, collectsOperations: true)
        var reader = CurlyReader(text)
        do throws(CurlyFault) {
            try reader.statements(decoder, depth: 0)
        } catch {
            decoder.add(.error(error.summary, remedy: error.remedy, place: error.position.place(in: file)))
        }
        return decoder.finishedMerge()
    }
}

private struct CurlyFault: Error {
    var summary: String
    var remedy: String
    var position: TextPosition
}

private enum CurlyToken: Equatable {
    case word(String)
    case open, close, semicolon, openList, closeList, end
}

private struct CurlyReader {
    private let text: [UInt8]
    private var cursor = 0
    private var line = 1
    private var lineStart = 0
    private var position = TextPosition(line: 1, column: 1)
    private var tokens: [String: UInt64] = [:]
    private static let depthLimit = 256

    init(_ text: [UInt8]) { self.text = text }

    // MARK: Tokens

    private mutating func skipSpace() throws(CurlyFault) {
        while cursor < text.count {
            let byte = text[cursor]
            if byte == UInt8(ascii: "#") {
                while cursor < text.count, text[cursor] != 10 { cursor += 1 }
            } else if byte == UInt8(ascii: "/"), cursor + 1 < text.count, text[cursor + 1] == UInt8(ascii: "*") {
                let start = here
                cursor += 2
                while cursor + 1 < text.count,
                    text[cursor] != UInt8(ascii: "*") || text[cursor + 1] != UInt8(ascii: "/")
                {
                    newLine()
                    cursor += 1
                }
                guard cursor + 1 < text.count else {
                    throw CurlyFault(summary: "the comment has no end", remedy: "end it by */", position: start)
                }
                cursor += 2
            } else if byte <= 32 {
                newLine()
                cursor += 1
            } else {
                return
            }
        }
    }

    private mutating func newLine() {
        guard text[cursor] == 10 else { return }
        line += 1
        lineStart = cursor + 1
    }

    private var here: TextPosition {
        TextPosition(line: Int32(clamping: line), column: Int32(clamping: cursor - lineStart + 1))
    }

    private mutating func next() throws(CurlyFault) -> CurlyToken {
        try skipSpace()
        position = here
        guard cursor < text.count else { return .end }
        let byte = text[cursor]
        let sign: CurlyToken? =
            switch byte {
            case UInt8(ascii: "{"): .open
            case UInt8(ascii: "}"): .close
            case UInt8(ascii: ";"): .semicolon
            case UInt8(ascii: "["): .openList
            case UInt8(ascii: "]"): .closeList
            default: nil
            }
        if let sign {
            cursor += 1
            return sign
        }
        return .word(byte == UInt8(ascii: "\"") ? try quoted() : plain())
    }

    private mutating func plain() -> String {
        var bytes: [UInt8] = []
        while cursor < text.count {
            let byte = text[cursor]
            if byte == UInt8(ascii: "\\"), cursor + 1 < text.count {
                bytes.append(text[cursor + 1])
                cursor += 2
                continue
            }
            if byte <= 32 || [UInt8(ascii: "{"), UInt8(ascii: "}"), UInt8(ascii: ";")].contains(byte) { break }
            bytes.append(byte)
            cursor += 1
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private mutating func quoted() throws(CurlyFault) -> String {
        let start = here
        cursor += 1
        var bytes: [UInt8] = []
        while cursor < text.count {
            let byte = text[cursor]
            newLine()
            cursor += 1
            if byte == UInt8(ascii: "\"") { return String(decoding: bytes, as: UTF8.self) }
            guard byte == UInt8(ascii: "\\"), cursor < text.count else {
                bytes.append(byte)
                continue
            }
            let escaped = text[cursor]
            bytes.append(escaped == UInt8(ascii: "n") ? 10 : escaped == UInt8(ascii: "t") ? 9 : escaped)
            cursor += 1
        }
        throw CurlyFault(summary: "the text in quotes has no end", remedy: "end it by a quote", position: start)
    }

    // MARK: Statements

    /// The statements up to the brace that ends them, or the end of the text.
    mutating func statements(_ decoder: TreeDecoder, depth: Int) throws(CurlyFault) {
        guard depth < Self.depthLimit else {
            throw CurlyFault(summary: "the text is nested too deep", remedy: "at most 256 levels", position: position)
        }
        var isDeletion = false
        while true {
            switch try next() {
            case .end where depth == 0, .close where depth > 0: return
            case .end: throw expected("}")
            case .word("delete:"): isDeletion = true
            case .word(let name):
                try statement(name, isDeletion, decoder, depth)
                isDeletion = false
            case .semicolon: break
            default: throw expected("the name of a node")
            }
        }
    }

    private func expected(_ what: String) -> CurlyFault {
        CurlyFault(summary: "the text is not well-formed here", remedy: "expected \(what)", position: position)
    }

    private mutating func statement(
        _ name: String, _ isDeletion: Bool, _ decoder: TreeDecoder, _ depth: Int
    ) throws(CurlyFault) {
        let start = position
        var attributes = TreeDecoder.Attributes()
        attributes.operation = .delete
        let marks = isDeletion ? attributes : nil
        let node = open(name, start, decoder, marks)
        let wasSkipped = decoder.top.role == .skipped
        var (words, token) = try words()
        if node?.kind == .leafList {
            if token == .openList { words = try list(&token) }
            // One entry is open already.
            for (index, word) in words.enumerated() {
                if index > 0 {
                    decoder.close()
                    _ = open(name, start, decoder, marks)
                }
                value(word, decoder)
            }
        } else if node?.kind == .list, !wasSkipped {
            for (key, word) in zip(node?.keys ?? [], words) {
                _ = open(key.name, position, decoder, nil)
                value(word, decoder)
                decoder.close()
            }
            guard words.count == node?.keys.count else { throw expected("\(node?.keys.count ?? 0) keys of \(name)") }
        } else if node?.isTerminal == true || node?.kind == .anydata || node?.kind == .anyxml {
            guard words.count < 2 else { throw expected("one value of \(name)") }
            if let word = words.first { value(word, decoder) }
        } else if node != nil, !wasSkipped {
            guard words.isEmpty else { throw expected("{ or ;") }
        }
        if token == .openList { _ = try list(&token) }
        switch token {
        case .open: try statements(decoder, depth: depth + 1)
        case .semicolon: break
        default: throw expected("; or {")
        }
        decoder.close()
    }

    private mutating func words() throws(CurlyFault) -> ([String], CurlyToken) {
        var words: [String] = []
        while true {
            let token = try next()
            guard case .word(let word) = token else { return (words, token) }
            words.append(word)
        }
    }

    /// The values up to `]`; moves `token` to what follows.
    private mutating func list(_ token: inout CurlyToken) throws(CurlyFault) -> [String] {
        var values: [String] = []
        while true {
            switch try next() {
            case .word(let word): values.append(word)
            case .closeList:
                token = try next()
                return values
            default: throw expected("]")
            }
        }
    }

    // MARK: Nodes

    /// Opens the child of that name; nil if it is not known where it stands, or there is none.
    private mutating func open(
        _ name: String, _ position: TextPosition, _ decoder: TreeDecoder, _ attributes: TreeDecoder.Attributes?
    ) -> SchemaNode? {
        let parts = name.split(separator: ":", maxSplits: 1).map(String.init)
        let local = parts.last ?? name
        let scope = decoder.top.scope.node
        let modules = scope.schema.modules
        let module = parts.count == 2 ? modules.first { $0.prefix == parts[0] || $0.name == parts[0] }?.name : nil
        let node =
            parts.count == 2 && module == nil ? nil : scope.dataChild(named: local, module: module)
        let qualifier = node?.namespace ?? (parts.count == 2 ? parts[0] : nil)
        let key = "\(qualifier ?? "") \(local)"
        let token = tokens[key] ?? UInt64(tokens.count + 1)
        tokens[key] = token
        decoder.open(token, at: position, attributes: attributes) {
            TreeDecoder.Name(local: local, qualifier: qualifier, token: token)
        }
        return node
    }

    private func value(_ word: String, _ decoder: TreeDecoder) {
        var word = word
        let schema = decoder.top.info.node.schema
        word.withUTF8 { bytes in
            decoder.value(UnsafeRawBufferPointer(bytes)) {
                var prefixes: [String: String] = [:]
                for module in schema.modules {
                    prefixes[module.prefix] = module.namespace
                    prefixes[module.name] = module.namespace
                }
                return prefixes
            }
        }
    }
}
