package import Basics

/// One statement of a YANG text: keyword, argument, substatements (RFC 7950 section 6.3).
///
/// Immutable: annotation makes new statements. Each statement remembers the text that it was written in, so that its
/// prefixes mean the same wherever a grouping, an annotation or a deviation carries it.
package final class Statement: Sendable {
    package let keyword: Keyword
    /// The prefix of an extension statement; nil for statements of YANG itself.
    package let prefix: String?
    /// The keyword without prefix.
    package let name: String
    package let argument: String?
    package let substatements: [Statement]
    package let source: SourceText
    package let line: Int32
    package let column: Int32

    init(
        keyword: Keyword, prefix: String?, name: String, argument: String?, substatements: [Statement],
        source: SourceText, line: Int32, column: Int32
    ) {
        self.keyword = keyword
        self.prefix = prefix
        self.name = name
        self.argument = argument
        self.substatements = substatements
        self.source = source
        self.line = line
        self.column = column
    }

    package var place: SourcePlace { SourcePlace(file: source.path, line: Int(line), column: Int(column)) }

    /// The argument, empty where there is none.
    package var text: String { argument ?? "" }

    /// The keyword as written: `leaf`, `tailf:info`.
    package var writtenKeyword: String { prefix.map { "\($0):\(name)" } ?? name }

    package func first(_ keyword: Keyword) -> Statement? { substatements.first { $0.keyword == keyword } }

    package func all(_ keyword: Keyword) -> [Statement] { substatements.filter { $0.keyword == keyword } }

    package func argument(of keyword: Keyword) -> String? { first(keyword)?.argument }

    /// The same statement with other substatements.
    func with(substatements: [Statement]) -> Statement {
        Statement(
            keyword: keyword, prefix: prefix, name: name, argument: argument, substatements: substatements,
            source: source, line: line, column: column)
    }
}

/// The text that statements were read from.
package final class SourceText: Sendable {
    package let path: String
    /// The number of the text within a compiler run.
    let index: Int

    package init(path: String, index: Int = 0) {
        self.path = path
        self.index = index
    }
}

extension Statement {
    /// Reads a YANG text: its top statements and every syntax fault.
    package static func parse(_ bytes: [UInt8], path: String) -> (statements: [Statement], faults: [Diagnostic]) {
        StatementParser.parse(bytes, source: SourceText(path: path))
    }
}
