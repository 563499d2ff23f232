extension XMLReader {
    /// At the `<` of a start tag: reads it whole, binds its namespaces and opens the element.
    mutating func startElement() throws {
        let name: Int32
        while true {
            if let complete = try scanStartTag() {
                name = complete
                break
            }
            guard input.end - anchor <= limits.tagLength else {
                throw fault("The start tag is longer than \(limits.tagLength) bytes", at: anchor)
            }
            guard try more() else { throw endsInside() }
        }
        guard open.count < limits.depth else {
            throw fault("Elements are nested deeper than \(limits.depth)", at: anchor)
        }
        let undoCount = undo.count
        if !attributeRecords.isEmpty { try bindNamespaces() }
        guard let namespace = binding(names[name].prefix) else {
            throw unbound(names[names[name].prefix].text, at: anchor + 1)
        }
        open.append(Frame(name: name, namespace: namespace, undoCount: undoCount))
        if !attributeRecords.isEmpty { try resolveAttributes() }
    }

    /// Scans the tag at `anchor`; nil if the window ends within it. Has no effect but on the attribute records.
    private mutating func scanStartTag() throws -> Int32? {
        attributeRecords.removeAll(keepingCapacity: true)
        decoded.removeAll(keepingCapacity: true)
        input.position = anchor + 1
        guard let name = try scanName("'<' must begin a tag", "write &lt; for '<' in text") else { return nil }
        while true {
            let before = input.position
            skipSpace()
            guard input.position < input.end else { return nil }
            switch input.base[input.position] {
            case UInt8(ascii: ">"):
                input.position += 1
                return name
            case UInt8(ascii: "/"):
                guard input.position + 1 < input.end else { return nil }
                guard input.base[input.position + 1] == UInt8(ascii: ">") else {
                    throw fault("'/' must be followed by '>' here", at: input.position)
                }
                input.position += 2
                isEmptyElement = true
                return name
            default:
                guard input.position > before else {
                    throw fault("This may not stand in a tag", "expected white space, '>' or '/>'", at: before)
                }
                guard try scanAttribute() else { return nil }
            }
        }
    }

    private mutating func skipSpace() {
        var at = input.position
        while classes[Int(input.base[at])] & CharacterClass.space != 0 { at += 1 }
        input.position = at
    }

    /// Whether a whole attribute was scanned; false if the window ends within it.
    private mutating func scanAttribute() throws -> Bool {
        let offset = input.position
        guard let name = try scanName("This may not stand in a tag", "expected an attribute, '>' or '/>'") else {
            return false
        }
        skipSpace()
        guard input.position < input.end else { return false }
        guard input.base[input.position] == UInt8(ascii: "=") else {
            throw fault("Attribute \(names[name].text) has no value", "expected =\"value\"", at: input.position)
        }
        input.position += 1
        skipSpace()
        guard input.position < input.end else { return false }
        let quote = input.base[input.position]
        guard quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else {
            throw fault("The value of attribute \(names[name].text) must stand in quotes", at: input.position)
        }
        guard attributeRecords.count < limits.attributes else {
            throw fault("The element has more than \(limits.attributes) attributes", at: offset)
        }
        input.position += 1
        guard var record = try scanValue(quote) else { return false }
        record.name = name
        record.offset = offset
        attributeRecords.append(record)
        return true
    }

    /// After the opening quote: the value up to the closing one, normalised (XML 1.0 section 3.3.3).
    private mutating func scanValue(_ quote: UInt8) throws -> AttributeRecord? {
        var record = AttributeRecord(name: 0, offset: 0, start: input.position, length: 0, isDecoded: false)
        var run = input.position
        func flush(_ reader: inout XMLReader) {
            if !record.isDecoded { record.start = reader.decoded.count }
            record.isDecoded = true
            let part = UnsafeBufferPointer(start: reader.input.base + run, count: reader.input.position - run)
            reader.decoded.append(contentsOf: part)
        }
        while true {
            var at = input.position
            while classes[Int(input.base[at])] & CharacterClass.valueStop == 0 { at += 1 }
            input.position = at
            guard at < input.end else { return nil }
            switch input.base[at] {
            case quote:
                if record.isDecoded { flush(&self) }
                record.length = record.isDecoded ? decoded.count - record.start : at - record.start
                input.position = at + 1
                return record
            case UInt8(ascii: "\""), UInt8(ascii: "'"): input.position += 1
            case UInt8(ascii: "&"):
                guard referenceIsWhole() else { return nil }
                flush(&self)
                input.position += try appendReference()
                run = input.position
            case 9, 10, 13:
                guard at + 1 < input.end else { return nil }
                flush(&self)
                decoded.append(32)
                input.position += input.base[at] == 13 && input.base[at + 1] == 10 ? 2 : 1
                run = input.position
            case 0x80...:
                let length = UTF8Check.scalarLength(input.base + at)
                if length == 0, input.end - at < 4 { return nil }
                guard length > 0 else { throw fault("The bytes here are not UTF-8", "convert the file", at: at) }
                input.position += length
            case UInt8(ascii: "<"):
                throw fault("'<' may not stand in an attribute value", "write &lt;, or close the quote", at: at)
            default:
                throw fault("Control character \(input.base[at]) may not stand in XML", at: at)
            }
        }
    }

    /// Whether the window holds the reference at the position, or enough to see that it is none: within a tag the
    /// window must not move under the offsets taken so far.
    private func referenceIsWhole() -> Bool {
        for offset in 1..<17 {
            guard input.position + offset < input.end else { return false }
            if input.base[input.position + offset] == UInt8(ascii: ";") { return true }
        }
        return true
    }

    /// The number of the name at the position; nil if the window ends within it; a fault if there is none.
    private mutating func scanName(_ summary: String, _ remedy: String) throws -> Int32? {
        let start = input.position
        var at = start
        while classes[Int(input.base[at])] & CharacterClass.name != 0 { at += 1 }
        guard at < input.end else { return nil }
        let length = at - start
        guard length > 0 else { throw fault(summary, remedy, at: start) }
        input.position = at
        let known = names.find(input.base + start, length: length).number
        if known >= 0, known != 0 { return known }
        try checkName(start, length)
        return names.number(of: input.base + start, length: length)
    }

    private func checkName(_ start: Int, _ length: Int) throws {
        guard length <= limits.nameLength else {
            throw fault("The name is longer than \(limits.nameLength) bytes", at: start)
        }
        var at = start
        var beginsPart = true
        var colons = 0
        while at < start + length {
            let byte = input.base[at]
            let sequence = UTF8Check.scalarLength(input.base + at)
            guard sequence > 0 else { throw fault("The bytes here are not UTF-8", "convert the file", at: at) }
            if byte == UInt8(ascii: ":") { colons += 1 }
            let beginsBadly = byte <= UInt8(ascii: ":") && byte != UInt8(ascii: "_")
            if (beginsPart && beginsBadly) || colons > 1 {
                throw fault("This is not a name", "expected a letter or '_', and at most one colon", at: at)
            }
            beginsPart = byte == UInt8(ascii: ":")
            at += sequence
        }
        if beginsPart { throw fault("This is not a name", "a local name must follow the colon", at: at) }
    }

    // MARK: Namespaces

    /// Takes the namespace declarations out of the attribute records and puts them in force.
    private mutating func bindNamespaces() throws {
        var kept = 0
        for record in attributeRecords {
            let isDefault = record.name == xmlnsNumber
            guard isDefault || names[record.name].prefix == xmlnsNumber else {
                attributeRecords[kept] = record
                kept += 1
                continue
            }
            let prefix = isDefault ? 0 : names[record.name].local
            let uri = value(of: record)
            guard !uri.isEmpty || isDefault else {
                throw fault("The prefix \(names[prefix].text) is bound to nothing", "give a URI", at: record.offset)
            }
            bind(prefix, to: number(ofNamespace: uri))
        }
        attributeRecords.removeLast(attributeRecords.count - kept)
    }

    private mutating func bind(_ prefix: Int32, to namespace: Int32) {
        while bindings.count <= Int(prefix) { bindings.append(-1) }
        undo.append((prefix, bindings[Int(prefix)]))
        bindings[Int(prefix)] = namespace
    }

    private mutating func number(ofNamespace uri: String) -> Int32 {
        if let known = namespaceNumbers[uri] { return known }
        let number = Int32(namespaces.count)
        namespaces.append(uri)
        namespaceNumbers[uri] = number
        return number
    }

    private mutating func resolveAttributes() throws {
        for index in attributeRecords.indices {
            let record = attributeRecords[index]
            let prefix = names[record.name].prefix
            if prefix != 0 {
                guard let namespace = binding(prefix) else { throw unbound(names[prefix].text, at: record.offset) }
                attributeRecords[index].namespace = namespace
            }
            let local = names[record.name].local
            let namespace = attributeRecords[index].namespace
            for earlier in attributeRecords[..<index]
            where names[earlier.name].local == local && earlier.namespace == namespace {
                throw fault("Attribute \(names[record.name].text) stands twice in the tag", at: record.offset)
            }
        }
    }

    private func unbound(_ prefix: String, at offset: Int) -> DiagnosticsError {
        fault(
            "The prefix \(prefix) is not declared", "add xmlns:\(prefix)=\"...\" here or on an element around it",
            at: offset)
    }

    // MARK: End tags

    /// At `</`: reads the end tag, which must be that of the innermost open element.
    mutating func scanEndTag() throws {
        while true {
            input.position = anchor + 2
            var at = input.position
            while classes[Int(input.base[at])] & CharacterClass.name != 0 { at += 1 }
            let length = at - input.position
            while classes[Int(input.base[at])] & CharacterClass.space != 0 { at += 1 }
            if at < input.end {
                try checkEndTag(length, closeAt: at)
                input.position = at + 1
                isClosing = true
                return
            }
            guard at - anchor <= limits.tagLength else { throw fault("The end tag does not end", at: anchor) }
            guard try more() else { throw endsInside() }
        }
    }

    private func checkEndTag(_ length: Int, closeAt: Int) throws {
        let opened = open[open.count - 1].name
        guard names.matches(opened, input.base + input.position, length: length) else {
            let found = UnsafeBufferPointer(start: input.base + input.position, count: min(length, limits.nameLength))
            throw fault(
                "</\(String(decoding: found, as: UTF8.self))> closes <\(names[opened].text)>",
                "expected </\(names[opened].text)>", at: anchor)
        }
        guard input.base[closeAt] == UInt8(ascii: ">") else {
            throw fault("The end tag must end with '>'", at: closeAt)
        }
    }
}
