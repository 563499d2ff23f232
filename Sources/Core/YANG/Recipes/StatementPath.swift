import Basics

/// The way to one statement of a module: `grouping node-rule-group / leaf forwarding-rule / type`.
///
/// Each step is a keyword as written, its argument if there is more than one such statement (in quotes where it holds a
/// blank, a slash or a bracket), and a position among equals where even that does not tell: `must 'count(x) > 0' [2]`.
package struct StatementPath: Hashable, Sendable {
    struct Step: Hashable, Sendable {
        var keyword: String
        var argument: String?
        /// Counted from 1.
        var position: Int?
    }

    static let maximumSteps = 64

    var steps: [Step] = []
    private(set) var text: String

    /// Why a text is no path, or why it leads nowhere.
    struct Fault: Error {
        var summary: String
        var remedy: String
    }

    init(_ text: String) throws(Fault) {
        self.text = text
        var reader = Reader(Array(text.utf8))
        reader.skip(UInt8(ascii: "/"))
        while !reader.isAtEnd {
            steps.append(try reader.step())
            guard steps.count <= Self.maximumSteps else {
                throw Fault(summary: "the path has more than \(Self.maximumSteps) steps", remedy: "shorten it")
            }
            if !reader.isAtEnd, !reader.skip(UInt8(ascii: "/")) || reader.isAtEnd {
                throw Fault(
                    summary: "'\(text)' is no path of statements",
                    remedy: "write KEYWORD or KEYWORD ARGUMENT, and a slash between two steps")
            }
        }
    }

    /// The positions to take from `statement` down to the one that the path leads to.
    func find(in statement: Statement) throws(Fault) -> [Int] {
        var here = statement
        var positions: [Int] = []
        for step in steps {
            let position = try Self.find(step, in: here)
            positions.append(position)
            here = here.substatements[position]
        }
        return positions
    }

    private static func find(_ step: Step, in statement: Statement) throws(Fault) -> Int {
        let sorts = statement.substatements.indices.filter {
            statement.substatements[$0].writtenKeyword == step.keyword
        }
        let found = sorts.filter {
            step.argument == nil || statement.substatements[$0].argument == step.argument
        }
        let name = step.argument.map { "\(step.keyword) \($0)" } ?? step.keyword
        let place = "'\(statement.writtenKeyword) \(statement.text.prefix(80))' (\(statement.place))"
        if let position = step.position {
            guard position <= found.count else {
                throw Fault(
                    summary: "there is no '\(name)' number \(position) in \(place)",
                    remedy: "there are \(found.count); correct the path, or remove the recipe")
            }
            return found[position - 1]
        }
        guard let first = found.first else {
            let others = sorts.prefix(4).compactMap { statement.substatements[$0].argument }
            throw Fault(
                summary: "there is no '\(name)' in \(place)",
                remedy: (others.isEmpty ? "" : "there is \(others.joined(separator: ", ")); ")
                    + "correct the path, or remove the recipe if the fault is mended")
        }
        guard found.count == 1 else {
            throw Fault(
                summary: "'\(name)' names \(found.count) statements of \(place)",
                remedy: "write the argument, or [1] to [\(found.count)] behind it")
        }
        return first
    }

    private struct Reader {
        let bytes: [UInt8]
        var offset = 0

        init(_ bytes: [UInt8]) {
            self.bytes = bytes
            skipBlanks()
        }

        var isAtEnd: Bool { offset == bytes.count }

        private mutating func skipBlanks() {
            while offset < bytes.count, bytes[offset] <= 0x20 { offset += 1 }
        }

        @discardableResult
        mutating func skip(_ byte: UInt8) -> Bool {
            guard offset < bytes.count, bytes[offset] == byte else { return false }
            offset += 1
            skipBlanks()
            return true
        }

        mutating func step() throws(Fault) -> Step {
            let keyword = word()
            guard !keyword.isEmpty else { throw unreadable }
            var step = Step(keyword: keyword)
            if !isAtEnd, bytes[offset] == UInt8(ascii: "'") || bytes[offset] == UInt8(ascii: "\"") {
                step.argument = try quoted()
            } else {
                let argument = word()
                if !argument.isEmpty { step.argument = argument }
            }
            if skip(UInt8(ascii: "[")) {
                guard let position = Int(word()), position > 0, skip(UInt8(ascii: "]")) else { throw unreadable }
                step.position = position
            }
            return step
        }

        private var unreadable: Fault {
            Fault(
                summary: "'\(String(decoding: bytes, as: UTF8.self))' is no path of statements",
                remedy: "write steps such as container a / leaf b / type, and [2] for the second of equals")
        }

        private mutating func word() -> String {
            let start = offset
            while offset < bytes.count, bytes[offset] > 0x20, !Self.ends.contains(bytes[offset]) { offset += 1 }
            defer { skipBlanks() }
            return String(decoding: bytes[start..<offset], as: UTF8.self)
        }

        private static let ends = Array("/[]'\"".utf8)

        private mutating func quoted() throws(Fault) -> String {
            let quote = bytes[offset]
            guard let end = bytes[(offset + 1)...].firstIndex(of: quote) else { throw unreadable }
            let text = String(decoding: bytes[(offset + 1)..<end], as: UTF8.self)
            offset = end + 1
            skipBlanks()
            return text
        }
    }
}

extension StatementPath: CustomStringConvertible {
    package var description: String { text }
}
