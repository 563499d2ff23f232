import ConfigTree
import Foundation
import YANG

/// Reads a configuration text line by line, keeping account of the modes.
///
/// A text in which any line is indented is structured by indentation: a mode ends where the indentation of its header
/// comes back. In a text without, modes end by `exit`, `!` or an exit command, and a word that the mode does not know
/// is looked for in the modes around it. A line that the model does not know is skipped with all that is deeper.
struct ConfigurationReader<Sink: ConfigurationSink>: ~Copyable {
    private struct Mode {
        var base: LineFrame
        var place: Sink.Place
        /// Indentation of the line that opened it; -1 for the mode in which the text begins.
        var indent: Int
        /// Indentation of what is in it, once known.
        var contentIndent: Int?
        var header: CLIBytes
    }

    /// What a line needs to find what is mounted where it leads; empty while no line is read.
    private final class Surroundings {
        var sink: Sink?
        var place: Sink.Place?
    }

    let dialect: CLIDialect
    let options: ParseOptions
    var sink: Sink
    private(set) var skipped: [SkippedLine] = []
    private(set) var lineCount = 0
    private(set) var takenCount = 0
    private var modes: [Mode]
    private var isIndented = false
    /// Lines deeper than this belong to something that was skipped.
    private var skipDepth: Int?
    private var skipReason = ""
    private var order: Entries.Place?
    private var orderKeys: [String]?
    /// Comments say where entries go among those that are there already; a whole text has the order of its lines.
    var obeysOrderComments = true
    private let memory: TextMemory
    private let surroundings = Surroundings()
    /// Reads the line that it holds: the next one is cut in its place.
    private var parser: LineParser
    /// Open modes with an exit command.
    private var exitCommandCount = 0
    private var cursor = 0
    private var number = 0

    init(_ bytes: [UInt8], base: LineFrame, place: Sink.Place, sink: Sink, dialect: CLIDialect, options: ParseOptions) {
        memory = TextMemory(bytes)
        self.sink = sink
        self.dialect = dialect
        self.options = options
        modes = [Mode(base: base, place: place, indent: -1, header: .none)]
        exitCommandCount = base.node.exitCommand == nil ? 0 : 1
        let surroundings = surroundings
        parser = LineParser(CLILine(memory), base: base) { parser, frame, node in
            guard let place = surroundings.place,
                let row = surroundings.sink?.row(frame, of: parser, base: place)
            else { return nil }
            let grammar = parser.frames[frame].grammar
            return grammar.mounted(row, node).map { grammar.grammar(of: $0) }
        }
        parser.allowsAbbreviations = options.allowsAbbreviations
        isIndented = Self.hasIndentation(memory.text)
    }

    private static func hasIndentation(_ text: CLIBytes) -> Bool {
        var isLineStart = true
        var isBlank = false
        for byte in text {
            if byte == 10 {
                (isLineStart, isBlank) = (true, false)
                continue
            }
            if isBlank, !CLIText.isBlank(byte) { return true }
            if isLineStart { isBlank = byte == CLIText.space || byte == 9 }
            isLineStart = false
        }
        return false
    }

    private var bytes: CLIBytes { memory.text }
    /// The line at hand.
    private var line: CLILine {
        @inline(__always) _read { yield parser.line }
    }

    /// - Parameter afterLine: told after each line.
    mutating func read(afterLine: (Sink) -> Void = { _ in }) throws(CLIFault) {
        while nextLine() {
            try readLine()
            afterLine(sink)
        }
    }

    private mutating func nextLine() -> Bool {
        guard cursor < bytes.count, let start = bytes.start else { return false }
        let begin = cursor
        let newline = memchr(start + begin, 10, bytes.count - begin)
        cursor = newline.map { UnsafeRawPointer($0) - UnsafeRawPointer(start) } ?? bytes.count
        parser.line.cut(bytes[begin..<cursor], dialect: dialect)
        cursor += 1
        number += 1
        return true
    }

    private mutating func readLine() throws(CLIFault) {
        let indent = line.indent
        let text = line.bytes.dropFirst(indent)
        guard let first = text.first else { return }
        if first == CLIText.bang { return bang(indent) }
        if first == UInt8(ascii: "#") { return orderComment(text) }
        guard !line.tokens.isEmpty else { return }
        lineCount += 1
        if let depth = skipDepth {
            if isIndented, indent > depth { return try skip(skipReason, isNew: false) }
            skipDepth = nil
        }
        if dialect.hasBanners, first == UInt8(ascii: "b") { banner() }
        if exitCommandCount > 0 || first == UInt8(ascii: "e") {
            let closed = isIndented ? popByIndentation(indent) : []
            if leave(closed) {
                takenCount += 1
                return
            }
        } else if isIndented {
            while modes.count > 1, modes[modes.count - 1].indent >= indent { close(1) }
        }
        if isIndented, let content = modes[modes.count - 1].contentIndent, indent > content {
            return try skip("inside a line that opens no submode", isNew: true)
        }
        try take()
    }

    // MARK: Modes

    /// Ends the modes of which the header is indented as far as the line, or further; returns those.
    private mutating func popByIndentation(_ indent: Int) -> [Mode] {
        var count = 0
        while count < modes.count - 1, modes[modes.count - 1 - count].indent >= indent { count += 1 }
        guard count > 0 else { return [] }
        defer { close(count) }
        return Array(modes.suffix(count))
    }

    private mutating func close(_ count: Int) {
        if exitCommandCount > 0 {
            for mode in modes.suffix(count) where mode.base.node.hasExitCommand { exitCommandCount -= 1 }
        }
        modes.removeLast(count)
    }

    /// `!` ends the mode of which the header stands at its own indentation.
    private mutating func bang(_ indent: Int) {
        if isIndented, let depth = skipDepth, indent > depth { return }
        while modes.count > 1, modes[modes.count - 1].indent > indent { close(1) }
        if modes.count > 1, modes[modes.count - 1].indent == indent { close(1) }
    }

    /// Whether the line only leaves modes: `exit`, `end`, or the exit command of a mode. Its indentation may have
    /// `closed` that mode already.
    private mutating func leave(_ closed: [Mode]) -> Bool {
        let indent = line.indent
        let text = line.bytes.dropFirst(line.indent)
        let top = modes[modes.count - 1]
        if text.elementsEqual(CLIText.end), top.base.content.children.routes(text).isEmpty {
            close(modes.count - 1)
            return true
        }
        let isExit = text.elementsEqual(CLIText.exit)
        func isExitCommand(_ mode: Mode) -> Bool { mode.base.node.exitCommand.map { text.elementsEqual($0) } ?? false }
        if closed.contains(where: { $0.indent == indent && (isExit || isExitCommand($0)) }) { return true }
        if let index = modes.lastIndex(where: isExitCommand) {
            close(modes.count - max(index, 1))
            return true
        }
        if isExit, modes.count > 1, !isIndented || top.contentIndent ?? indent == indent {
            close(1)
        }
        return isExit
    }

    // MARK: Lines

    private mutating func take() throws(CLIFault) {
        var fault: LineFault?
        for index in modes.indices.reversed() {
            if parse(in: index) {
                takenCount += 1
                if index < modes.count - 1 { close(modes.count - 1 - index) }
                carryOut()
                return
            }
            if fault == nil { fault = parser.fault }
            if isIndented { break }
        }
        let found = fault ?? LineFault(token: 0, reason: .unknown)
        try skip(found.message(line), isNew: true, column: line.column(found.token))
    }

    private mutating func parse(in index: Int) -> Bool {
        parser.restart(modes[index].base)
        surroundings.sink = sink
        surroundings.place = modes[index].place
        defer { surroundings.sink = nil }
        return parser.parse()
    }

    private mutating func carryOut() {
        let top = modes.count - 1
        let indent = line.indent
        if modes[top].contentIndent.map({ $0 > indent }) ?? true { modes[top].contentIndent = indent }
        let place = modes[top].place
        sink.apply(parser, base: place, order: order == nil ? nil : orderPlace(parser))
        if order != nil { (order, orderKeys) = (nil, nil) }
        guard !parser.isNo else { return }
        for index in 1..<max(1, parser.frames.count) where parser.frames[index].node.isMode {
            let base = parser.frames[index].asBase
            if base.node.hasExitCommand { exitCommandCount += 1 }
            let inner = sink.place(index, of: parser, base: place)
            modes.append(Mode(base: base, place: inner, indent: indent, header: line.bytes.dropFirst(indent)))
        }
    }

    private mutating func skip(_ reason: String, isNew: Bool, column: Int = 0) throws(CLIFault) {
        let indent = line.indent
        if options.isStrict { throw CLIFault(line: number, column: column, message: reason, expected: []) }
        if isNew {
            skipDepth = indent
            skipReason = "inside a submode that is not known"
            let top = modes.count - 1
            if modes[top].contentIndent.map({ $0 > indent }) ?? true { modes[top].contentIndent = indent }
        }
        let text = CLIText.string(line.bytes.dropFirst(indent))
        let headers = modes.dropFirst().map { CLIText.string($0.header) }
        skipped.append(SkippedLine(number: number, text: text, mode: headers, reason: reason))
    }

    // MARK: Order of entries

    /// `# first` and `# after KEY ...`, which say where the entry of the next line goes.
    private mutating func orderComment(_ text: CLIBytes) {
        guard dialect.hasOrderComments, obeysOrderComments else { return }
        let line = CLILine(text.dropFirst(), dialect: dialect)
        guard !line.tokens.isEmpty else { return }
        let words = line.tokens.indices.map { CLIText.string(line.text($0)) }
        if words == ["first"] {
            order = .first
        } else if words[0] == "after", words.count > 1 {
            orderKeys = Array(words.dropFirst())
            order = .after(orderKeys ?? [])
        }
    }

    private func orderPlace(_ parser: borrowing LineParser) -> Entries.Place? {
        guard let order else { return nil }
        guard let texts = orderKeys, let entry = parser.lastEntry else { return order }
        let frame = parser.frames[entry]
        let keys = frame.node.children.keys
        guard keys.count == texts.count else { return order }
        let values = zip(keys, texts).map { key, text in
            (try? key.canonical(text, in: parser.frames[frame.parent].grammar.valueContext)) ?? text
        }
        return .after(values)
    }

    // MARK: Banners

    /// Takes up the text of a `banner` line, over further lines if need be, as one quoted word.
    private mutating func banner() {
        guard line.indent == 0, line.tokens.count >= 3, line.text(0).elementsEqual(Banner.word) else { return }
        let isText = modes[0].base.content.children.routes(line.text(0)).contains { route in
            route.target.children.routes(line.text(1)).contains { $0.target.kind == .leaf }
        }
        guard isText else { return }
        let start = line.tokens[2].range.lowerBound
        let rest = line.bytes[start...]
        let delimiter = rest.starts(with: Array("^C".utf8)) ? Array("^C".utf8) : [rest[start]]
        let from = start + delimiter.count
        guard delimiter != [CLIText.quote], let end = find(delimiter, from: from) else { return }
        var after = end
        while after < bytes.count, bytes[after] != 10 { after += 1 }
        number += bytes[from..<end].count { $0 == 10 }
        cursor = after + 1
        let text = memory.keep(bytes[from..<end].filter { $0 != 13 })
        let word = CLIToken(range: line.tokens[2].range, resolved: text)
        parser.line.tokens.removeSubrange(2...)
        parser.line.tokens.append(word)
    }

    private func find(_ delimiter: [UInt8], from start: Int) -> Int? {
        guard let first = delimiter.first else { return nil }
        var index = start
        while index + delimiter.count <= bytes.count {
            if bytes[index] == first, bytes[index...].starts(with: delimiter) { return index }
            index += 1
        }
        return nil
    }
}

extension CLIGrammar {
    /// The model of what is mounted in a row of this grammar's model.
    func mounted(_ row: Row, _ point: CLINode) -> DataModel? {
        row.mounted(in: point.slot)?.model ?? model.mounted(row, point.schema)
    }
}
