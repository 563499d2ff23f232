extension XMLReader {
    /// Moves to the next event. After `endOfDocument` it stays there.
    package mutating func next() throws -> XMLEvent {
        event = try advance()
        return event
    }

    private mutating func advance() throws -> XMLEvent {
        eventPlace = nil
        if isEmptyElement {
            isEmptyElement = false
            isClosing = true
            return .endElement
        }
        if isClosing { closeElement() }
        anchor = input.position
        if !hasStarted { try readProlog() }
        if open.isEmpty { return try nextOutsideRoot() }
        let isFirst = event == .startElement
        while true {
            if try scanText(keepsBlank: isFirst) { return .text }
            eventPlace = nil
            anchor = input.position
            guard try has(2) else { throw endsInside() }
            if input.base[anchor + 1] == UInt8(ascii: "/") {
                try scanEndTag()
                return .endElement
            }
            try startElement()
            return .startElement
        }
    }

    private mutating func closeElement() {
        isClosing = false
        guard let frame = open.popLast() else { return }
        while undo.count > frame.undoCount, let last = undo.popLast() { bindings[Int(last.prefix)] = last.namespace }
    }

    // MARK: The window

    /// Brings more bytes, keeping those from `anchor` on; false at the end of the document.
    mutating func more() throws -> Bool {
        guard let shift = try input.refill(keeping: anchor) else { return false }
        anchor -= shift
        return true
    }

    /// Whether `count` bytes lie at the position, bringing more if need be.
    mutating func has(_ count: Int) throws -> Bool {
        while input.end - input.position < count {
            guard try more() else { return false }
        }
        return true
    }

    func fault(_ summary: String, _ remedy: String = "", at offset: Int) -> DiagnosticsError {
        input.fault(summary, remedy, at: offset)
    }

    func endsInside() -> DiagnosticsError {
        guard !open.isEmpty else { return fault("The document ends within its markup", at: input.end) }
        let name = names[open[open.count - 1].name].text
        return fault("The document ends inside <\(name)>", "is it cut off? </\(name)> is missing", at: input.end)
    }

    /// Whether the bytes at the position are `text`, brought if need be.
    mutating func stands(_ text: StaticString) throws -> Bool {
        guard try has(text.utf8CodeUnitCount) else { return false }
        for index in 0..<text.utf8CodeUnitCount where input.base[input.position + index] != text.utf8Start[index] {
            return false
        }
        return true
    }

    // MARK: Outside the root element

    private mutating func readProlog() throws {
        hasStarted = true
        _ = try has(4)
        let base = input.base
        if input.end >= 2, (base[0] == 0xFE && base[1] == 0xFF) || (base[0] == 0xFF && base[1] == 0xFE) {
            throw fault("The document is in UTF-16", "convert it to UTF-8", at: 0)
        }
        if try stands("\u{FEFF}") {
            input.position += 3
            anchor = input.position
        }
        guard try stands("<?xml"), try has(6), classes[Int(input.base[input.position + 5])] & CharacterClass.space != 0
        else { return }
        let declaration = try declarationText()
        guard let range = declaration.firstRange(of: "encoding") else { return }
        let value = declaration[range.upperBound...].drop { " \t\r\n='\"".contains($0) }
            .prefix { !" \t\r\n'\"".contains($0) }.uppercased()
        guard ["UTF-8", "UTF8", "US-ASCII", "ASCII"].contains(value) else {
            throw fault("The document says that its encoding is \(value)", "convert it to UTF-8", at: anchor)
        }
    }

    private mutating func declarationText() throws -> String {
        var length = 5
        while true {
            guard try has(length + 2), length < 1024 else {
                throw fault("The XML declaration does not end", "it must end with ?>", at: anchor)
            }
            let at = input.base + input.position + length
            if at[0] == UInt8(ascii: "?"), at[1] == UInt8(ascii: ">") { break }
            length += 1
        }
        let bytes = UnsafeBufferPointer(start: input.base + input.position, count: length)
        input.position += length + 2
        return String(decoding: bytes, as: UTF8.self)
    }

    private mutating func nextOutsideRoot() throws -> XMLEvent {
        while true {
            while classes[Int(input.base[input.position])] & CharacterClass.space != 0 { input.position += 1 }
            anchor = input.position
            if input.position == input.end {
                if try more() { continue }
                guard hasRoot else { throw fault("The document has no element", "is it empty?", at: input.end) }
                return .endOfDocument
            }
            if try stands("<!--") || stands("<?") {
                try skipMarkup()
                continue
            }
            guard input.base[input.position] == UInt8(ascii: "<") else {
                throw fault("There is text outside the root element", "expected an element", at: anchor)
            }
            if try stands("<!DOCTYPE") {
                throw fault("The document has a document type declaration", "remove <!DOCTYPE ...>", at: anchor)
            }
            guard !hasRoot else {
                throw fault("There is a second root element", "a document has exactly one", at: anchor)
            }
            try startElement()
            hasRoot = true
            return .startElement
        }
    }

    /// At `<!--` or `<?`: moves past the comment or processing instruction, discarding it.
    mutating func skipMarkup() throws {
        let isComment = input.base[input.position + 1] == UInt8(ascii: "!")
        let begin = input.passingPlace(of: input.position)
        input.position += isComment ? 4 : 2
        while true {
            anchor = input.position
            while input.position < input.end {
                let byte = input.base[input.position]
                if byte == UInt8(ascii: "-") || byte == UInt8(ascii: "?") { break }
                input.position += 1
            }
            anchor = input.position
            if try isComment ? stands("-->") : stands("?>") {
                input.position += isComment ? 3 : 2
                anchor = input.position
                return
            }
            if input.position < input.end {
                input.position += 1
            } else if try !more() {
                let what = isComment ? "comment" : "processing instruction"
                throw DiagnosticsError(.error("The \(what) that begins here does not end", place: begin))
            }
        }
    }

    // MARK: Character data

    /// Reads text up to the next tag; whether it is an event. Blank text is one only if `keepsBlank` and an end tag
    /// follows.
    private mutating func scanText(keepsBlank: Bool) throws -> Bool {
        textIsDecoded = false
        textLength = 0
        decoded.removeAll(keepingCapacity: true)
        var isBlank = true
        while true {
            var at = input.position
            let base = input.base
            if isBlank {
                while classes[Int(base[at])] & CharacterClass.spaceOrStop == CharacterClass.space { at += 1 }
                if classes[Int(base[at])] & CharacterClass.textStop == 0 { isBlank = false }
            }
            while classes[Int(base[at])] & CharacterClass.textStop == 0 { at += 1 }
            input.position = at
            let byte = base[at]
            if byte == UInt8(ascii: "<") {
                guard try has(2) else { throw endsInside() }
                let following = input.base[input.position + 1]
                if following == UInt8(ascii: "!") || following == UInt8(ascii: "?") {
                    if try scanSection() { isBlank = false }
                    continue
                }
                break
            }
            if try scanSpecial(byte) { isBlank = isBlank && byte == 13 }
        }
        if isBlank {
            let isWhole = keepsBlank && input.base[input.position + 1] == UInt8(ascii: "/")
            guard isWhole, textIsDecoded ? !decoded.isEmpty : input.position > anchor else { return false }
        }
        if textIsDecoded { flush() } else { textLength = input.position - anchor }
        return textIsDecoded ? !decoded.isEmpty : textLength > 0
    }

    /// Moves the run from `anchor` to the position into `decoded`.
    private mutating func flush() {
        if !textIsDecoded {
            textIsDecoded = true
            eventPlace = input.passingPlace(of: anchor)
        }
        decoded.append(
            contentsOf: UnsafeBufferPointer(start: input.base + anchor, count: input.position - anchor))
        anchor = input.position
    }

    /// At a byte that is not plain text, `<` excepted; whether it made text.
    private mutating func scanSpecial(_ byte: UInt8) throws -> Bool {
        switch byte {
        case 0 where input.position == input.end:
            guard input.position - anchor + decoded.count <= limits.textLength else {
                throw fault("The text is longer than \(limits.textLength) bytes", at: anchor)
            }
            if textIsDecoded { flush() }
            guard try more() else { throw endsInside() }
            return false
        case UInt8(ascii: "&"):
            flush()
            let length = try appendReference()
            input.position += length
            anchor = input.position
        case 13:
            flush()
            _ = try has(2)
            decoded.append(10)
            let isPair = input.end - input.position > 1 && input.base[input.position + 1] == 10
            input.position += isPair ? 2 : 1
            anchor = input.position
        case 0x80...:
            _ = try has(4)
            let length = UTF8Check.scalarLength(input.base + input.position)
            guard length > 0 else {
                throw fault("The bytes here are not UTF-8", "convert the file", at: input.position)
            }
            input.position += length
        default:
            throw fault("Control character \(byte) may not stand in XML", at: input.position)
        }
        return true
    }

    /// At `<!` or `<?` in content: a comment or instruction is skipped, a CDATA section is text (returns true).
    private mutating func scanSection() throws -> Bool {
        flush()
        if try stands("<!--") || stands("<?") {
            try skipMarkup()
            return false
        }
        guard try stands("<![CDATA[") else {
            throw fault("'<!' begins nothing that may stand here", "write &lt; for '<'", at: input.position)
        }
        let begin = input.passingPlace(of: input.position)
        input.position += 9
        anchor = input.position
        while true {
            let byte = input.base[input.position]
            if byte == UInt8(ascii: "]"), try stands("]]>") {
                flush()
                input.position += 3
                anchor = input.position
                return true
            }
            if byte == 0, input.position == input.end {
                flush()
                guard decoded.count <= limits.textLength, try more() else {
                    throw DiagnosticsError(.error("The CDATA section that begins here does not end", place: begin))
                }
            } else if byte == 13 || byte >= 0x80 || (byte < 32 && byte != 9 && byte != 10) {
                _ = try scanSpecial(byte)
            } else {
                input.position += 1
            }
        }
    }

    /// At `&`: decodes the reference into `decoded` and returns its length.
    mutating func appendReference() throws -> Int {
        var length = 1
        while true {
            guard length < 16, try has(length + 1) else { throw badReference() }
            if input.base[input.position + length] == UInt8(ascii: ";") { break }
            length += 1
        }
        let start = input.base + input.position + 1
        let name = String(decoding: UnsafeBufferPointer(start: start, count: length - 1), as: UTF8.self)
        switch name {
        case "lt": decoded.append(UInt8(ascii: "<"))
        case "gt": decoded.append(UInt8(ascii: ">"))
        case "amp": decoded.append(UInt8(ascii: "&"))
        case "quot": decoded.append(UInt8(ascii: "\""))
        case "apos": decoded.append(UInt8(ascii: "'"))
        default:
            let isHexadecimal = name.hasPrefix("#x")
            let digits = name.dropFirst(isHexadecimal ? 2 : 1)
            guard name.hasPrefix("#"), digits.first != "+", digits.first != "-",
                let code = UInt32(digits, radix: isHexadecimal ? 16 : 10), let scalar = Unicode.Scalar(code),
                code >= 32 || code == 9 || code == 10 || code == 13, code & 0xFFFE != 0xFFFE
            else { throw badReference() }
            decoded.append(contentsOf: Character(scalar).utf8)
        }
        return length + 1
    }

    private func badReference() -> DiagnosticsError {
        fault(
            "'&' begins no known reference", "write &amp; for '&'; known are lt, gt, amp, quot, apos and numbers",
            at: input.position)
    }
}
