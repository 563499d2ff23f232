import YANG

/// Splits a path of the log (`InstancePath.description`) into its steps, without any model.
struct StepScanner {
    struct Word {
        /// As it is written: nil stands for the module of the step before.
        var module: String?
        var name: String
        var predicates: [(name: String, value: String)] = []

        /// The values in the order of the keys; nil if they are not those of the node.
        func keys(of node: SchemaNode) -> [String]? {
            if node.kind == .leafList {
                return predicates.count == 1 && predicates[0].name == "." ? [predicates[0].value] : nil
            }
            let keys = node.keys
            guard node.kind == .list, !keys.isEmpty, keys.count == predicates.count else { return nil }
            var values: [String] = []
            for (key, predicate) in zip(keys, predicates) {
                guard key.name == predicate.name else { return nil }
                values.append(predicate.value)
            }
            return values
        }
    }

    private let bytes: UnsafeRawBufferPointer
    private var offset: Int

    init?(_ bytes: UnsafeRawBufferPointer, from offset: Int) {
        guard offset < bytes.count else { return nil }
        self.bytes = bytes
        self.offset = offset
    }

    /// All steps of a path; nil if it is not of the form that paths have in the log.
    static func words(of path: String) -> [Word]? {
        var path = path
        return path.withUTF8 { text in
            let bytes = UnsafeRawBufferPointer(text)
            guard var scanner = StepScanner(bytes, from: 0) else { return nil }
            var words: [Word] = []
            while let (word, end) = scanner.next() {
                words.append(word)
                if end == bytes.count { return words }
            }
            return nil
        }
    }

    private func text(_ range: Range<Int>) -> String {
        String(decoding: UnsafeRawBufferPointer(rebasing: bytes[range]), as: UTF8.self)
    }

    /// The next step and where it ends; nil if it is not of that form.
    mutating func next() -> (Word, Int)? {
        guard offset < bytes.count, bytes[offset] == UInt8(ascii: "/") else { return nil }
        offset += 1
        var start = offset
        var module: String?
        scan: while offset < bytes.count {
            switch bytes[offset] {
            case UInt8(ascii: "/"), UInt8(ascii: "["): break scan
            case UInt8(ascii: "{"): return nil
            case UInt8(ascii: ":") where module == nil:
                module = text(start..<offset)
                start = offset + 1
            default: break
            }
            offset += 1
        }
        guard offset > start else { return nil }
        var word = Word(module: module, name: text(start..<offset))
        while offset < bytes.count, bytes[offset] == UInt8(ascii: "[") {
            guard let predicate = predicate() else { return nil }
            word.predicates.append(predicate)
        }
        return (word, offset)
    }

    private mutating func predicate() -> (String, String)? {
        offset += 1
        let start = offset
        while offset < bytes.count, bytes[offset] != UInt8(ascii: "=") { offset += 1 }
        guard offset + 1 < bytes.count else { return nil }
        let name = text(start..<offset)
        let quote = bytes[offset + 1]
        guard quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else { return nil }
        offset += 2
        var value = ""
        while true {
            let begin = offset
            while offset < bytes.count, bytes[offset] != quote { offset += 1 }
            guard offset + 1 < bytes.count else { return nil }
            value += text(begin..<offset)
            if bytes[offset + 1] == UInt8(ascii: "]") {
                offset += 2
                return (name, value)
            }
            // A quote within stands twice.
            guard bytes[offset + 1] == quote else { return nil }
            value += text(offset..<offset + 1)
            offset += 2
        }
    }
}
