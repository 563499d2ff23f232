import YANG

/// One pipe: takes lines and passes on what it makes of them.
protocol LineStage: AnyObject {
    func accept(_ line: String, _ next: (String) throws -> Void) throws
    func finish(_ next: (String) throws -> Void) throws
    /// Whether no later line can change what it passes on.
    var isSatisfied: Bool { get }
}

extension LineStage {
    func finish(_ next: (String) throws -> Void) throws {}
    var isSatisfied: Bool { false }
}

/// A regular expression of the command line, found anywhere in a line. Matching takes time linear in the line.
struct LinePattern {
    private let matcher: PatternMatcher

    init(_ source: String, column: Int) throws {
        var core = source[...]
        let isAtStart = core.first == "^"
        if isAtStart { core.removeFirst() }
        let isAtEnd = core.last == "$" && !core.hasSuffix("\\$")
        if isAtEnd { core.removeLast() }
        let text = (isAtStart ? "" : "[\\s\\S]*") + "(\(core))" + (isAtEnd ? "" : "[\\s\\S]*")
        do {
            matcher = try PatternMatcher(text, acceptingExtraEscapes: true)
        } catch {
            throw CommandFault.syntax("\"\(source)\" is no regular expression: \(error.message)", at: column)
        }
    }

    func matches(_ line: String) -> Bool { matcher.matches(line) }
}

/// `include [-c N]`, `exclude`.
final class FilterStage: LineStage {
    private let pattern: LinePattern
    private let keepsMatches: Bool
    /// Lines of context around a match; nil for lines without numbers.
    private let context: Int?
    private var number = 0
    private var before: [(Int, String)] = []
    private var following = 0

    init(_ pattern: LinePattern, keepsMatches: Bool, context: Int? = nil) {
        self.pattern = pattern
        self.keepsMatches = keepsMatches
        self.context = context
    }

    func accept(_ line: String, _ next: (String) throws -> Void) throws {
        number += 1
        let matches = pattern.matches(line) == keepsMatches
        guard let context else {
            if matches { try next(line) }
            return
        }
        if matches {
            for (number, text) in before { try next(Self.numbered(number, "-", text)) }
            before = []
            try next(Self.numbered(number, ":", line))
            following = context
        } else if following > 0 {
            following -= 1
            try next(Self.numbered(number, "-", line))
        } else if context > 0 {
            before.append((number, line))
            if before.count > context { before.removeFirst() }
        }
    }

    private static func numbered(_ number: Int, _ mark: String, _ line: String) -> String {
        (number < 10 ? " " : "") + "\(number)\(mark)\(line)"
    }
}

/// `begin`: from the first match on.
final class BeginStage: LineStage {
    private let pattern: LinePattern
    private var hasBegun = false

    init(_ pattern: LinePattern) { self.pattern = pattern }

    func accept(_ line: String, _ next: (String) throws -> Void) throws {
        hasBegun = hasBegun || pattern.matches(line)
        if hasBegun { try next(line) }
    }
}

/// `until`: to the first match, that line included.
final class UntilStage: LineStage {
    private let pattern: LinePattern
    private(set) var isSatisfied = false

    init(_ pattern: LinePattern) { self.pattern = pattern }

    func accept(_ line: String, _ next: (String) throws -> Void) throws {
        guard !isSatisfied else { return }
        isSatisfied = pattern.matches(line)
        try next(line)
    }
}

/// `count`.
final class CountStage: LineStage {
    private var count = 0

    func accept(_ line: String, _ next: (String) throws -> Void) { count += 1 }
    func finish(_ next: (String) throws -> Void) throws { try next("Count: \(count) lines") }
}

/// `linnum`.
final class NumberStage: LineStage {
    private var number = 0

    func accept(_ line: String, _ next: (String) throws -> Void) throws {
        number += 1
        let digits = String(number)
        try next(String(repeating: " ", count: max(0, 5 - digits.count)) + "\(digits): \(line)")
    }
}

/// `save`, `append`: to a file of the client, in pieces.
final class FileStage: LineStage {
    private let files: any ClientFiles
    private let path: String
    private var appends: Bool
    private var waiting: [UInt8] = []
    private static let piece = 1 << 18

    init(_ files: any ClientFiles, path: String, appends: Bool) {
        self.files = files
        self.path = path
        self.appends = appends
    }

    func accept(_ line: String, _ next: (String) throws -> Void) throws {
        waiting += line.utf8
        waiting.append(10)
        if waiting.count >= Self.piece { try flush() }
    }

    func finish(_ next: (String) throws -> Void) throws { try flush() }

    private func flush() throws {
        do {
            try files.write(path, waiting, append: appends)
        } catch {
            throw CommandFault.error("\(path): \(error)")
        }
        appends = true
        waiting.removeAll(keepingCapacity: true)
    }
}
