package import Basics

/// One statement of a YANG text: keyword, argument, substatements (RFC 7950 section 6.3).
///
/// Immutable: annotation makes new statements. Each statement remembers the text that it was written in, so that its
/// prefixes mean the same wherever a grouping, an annotation or a deviation carries it.
package final class Statement: Sendable {
    // In this order a statement takes 72 bytes; a large model has hundreds of thousands.
    package let line: Int32
    package let column: Int32
    package let keyword: Keyword
    private let extensionKeyword: ExtensionKeyword?
    package let argument: String?
    package let substatements: [Statement]
    package let source: SourceText

    init(
        keyword: Keyword, extensionKeyword: ExtensionKeyword?, argument: String?, substatements: [Statement],
        source: SourceText, line: Int32, column: Int32
    ) {
        self.keyword = keyword
        self.extensionKeyword = extensionKeyword
        self.argument = argument
        self.substatements = substatements
        self.source = source
        self.line = line
        self.column = column
    }

    convenience init(
        keyword: Keyword, prefix: String?, name: String, argument: String?, substatements: [Statement],
        source: SourceText, line: Int32, column: Int32
    ) {
        let isKnown = prefix == nil && keyword.text == name
        self.init(
            keyword: keyword, extensionKeyword: isKnown ? nil : ExtensionKeyword(prefix: prefix, name: name),
            argument: argument, substatements: substatements, source: source, line: line, column: column)
    }

    /// The prefix of an extension statement; nil for statements of YANG itself.
    package var prefix: String? { extensionKeyword?.prefix }
    /// The keyword without prefix.
    package var name: String { extensionKeyword?.name ?? keyword.text }

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
            keyword: keyword, extensionKeyword: extensionKeyword, argument: argument, substatements: substatements,
            source: source, line: line, column: column)
    }
}

/// A keyword that is none of YANG's own, shared by the statements of a text that bear it.
final class ExtensionKeyword: Sendable {
    let prefix: String?
    let name: String

    init(prefix: String?, name: String) {
        self.prefix = prefix
        self.name = name
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
