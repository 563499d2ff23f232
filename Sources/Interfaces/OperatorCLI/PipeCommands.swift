import Events
import TerminalSession

/// How data is to be shown.
enum DisplayFormat: String, CaseIterable {
    case xml, json, keypath, xpath
    case curlyBraces = "curly-braces"
}

/// What the pipes of a line ask for, beside the stages that its text goes through.
struct PipeRequest {
    var stages: [any LineStage] = []
    var format: DisplayFormat?
    /// `nomore`, `more`.
    var isPaged: Bool?
    /// `tab`, `notab`.
    var asTable: Bool?
    var bestEffort = false
    /// `details`: how much of what a commit or an action does is shown.
    var details: ProgressEvent.Level?
    /// `debug template`: what templates do is shown; of one template alone, if it is named.
    var debugsTemplates = false
    var debuggedTemplate: String?
}

/// The pipe commands: `| include REGEX`.
struct PipeCommands {
    static let all: [(name: String, help: String)] = [
        ("append", "Append output text to a file"),
        ("begin", "Begin with the line that matches"),
        ("best-effort", "Continue loading from file in presence of failures"),
        ("count", "Count the number of lines in the output"),
        ("debug", "Display debug info"),
        ("details", "Display show/commit details"),
        ("display", "Display options"),
        ("exclude", "Exclude lines that match"),
        ("include", "Include lines that match"),
        ("linnum", "Enumerate lines in the output"),
        ("more", "Paginate output"),
        ("nomore", "Suppress pagination"),
        ("notab", "Suppress table output"),
        ("save", "Save output text to a file"),
        ("tab", "Enforce table output"),
        ("until", "End with the line that matches"),
    ]

    let files: any ClientFiles
    let resolve: (String) -> String

    func request(_ pipes: [[TypedWord]], end: Int) throws -> PipeRequest {
        var request = PipeRequest()
        for (index, words) in pipes.enumerated() {
            try add(words, isLast: index == pipes.count - 1, end: end, to: &request)
        }
        return request
    }

    private func add(_ words: [TypedWord], isLast: Bool, end: Int, to request: inout PipeRequest) throws {
        guard let first = words.first else { throw CommandFault.syntax("a pipe command is missing after |", at: end) }
        let name = try Self.name(first)
        switch name {
        case "include", "exclude": request.stages.append(try filter(words, keepsMatches: name == "include", end))
        case "begin": request.stages.append(BeginStage(try pattern(words, 1, end)))
        case "until": request.stages.append(UntilStage(try pattern(words, 1, end)))
        case "count": request.stages.append(CountStage())
        case "linnum": request.stages.append(NumberStage())
        case "nomore", "more": request.isPaged = name == "more"
        case "tab", "notab": request.asTable = name == "tab"
        case "details": request.details = try level(words)
        case "debug":
            _ = try Keyword.find(try argument(words, 1, end), among: Self.debugged)
            request.debugsTemplates = true
            request.debuggedTemplate = words.count > 2 ? words[2].text : nil
        case "best-effort": request.bestEffort = true
        case "display": request.format = try format(words, end)
        default:
            guard isLast else { throw CommandFault.syntax("\(name) must be the last pipe command", at: first.column) }
            let path = resolve(try argument(words, 1, end).text)
            request.stages.append(FileStage(files, path: path, appends: name == "append"))
        }
        let allowed = [
            "debug": 3, "details": 2, "include": 4, "exclude": 4, "begin": 2, "until": 2, "display": 2, "save": 2,
            "append": 2,
        ]
        if words.count > allowed[name] ?? 1 {
            throw CommandFault.syntax("too many parameters", at: words[allowed[name] ?? 1].column)
        }
    }

    private static func name(_ word: TypedWord) throws -> String {
        if all.contains(where: { $0.name == word.text }) { return word.text }
        let found = all.filter { $0.name.hasPrefix(word.text) }
        guard found.count <= 1 else { throw CommandFault.syntax("ambiguous pipe command", at: word.column) }
        guard let only = found.first else {
            throw CommandFault.syntax("unknown pipe command \"\(word.text)\"", at: word.column)
        }
        return only.name
    }

    private func argument(_ words: [TypedWord], _ index: Int, _ end: Int) throws -> TypedWord {
        guard index < words.count else { throw CommandFault.syntax("incomplete command", at: end) }
        return words[index]
    }

    private func pattern(_ words: [TypedWord], _ index: Int, _ end: Int) throws -> LinePattern {
        let word = try argument(words, index, end)
        return try LinePattern(word.text, column: word.column)
    }

    private func filter(_ words: [TypedWord], keepsMatches: Bool, _ end: Int) throws -> FilterStage {
        guard words.count > 1, words[1].text == "-c" else {
            return FilterStage(try pattern(words, 1, end), keepsMatches: keepsMatches)
        }
        let count = try argument(words, 2, end)
        guard let lines = Int(count.text), (0...10_000).contains(lines) else {
            throw CommandFault.syntax("\"\(count.text)\" is not a valid value.", at: count.column)
        }
        return FilterStage(try pattern(words, 3, end), keepsMatches: keepsMatches, context: lines)
    }

    static let debugged = [Keyword(name: "template", help: "Display template debug info")]

    static let levels: [(name: String, level: ProgressEvent.Level)] = [
        ("debug", .debug), ("verbose", .verbose), ("very-verbose", .veryVerbose),
    ]

    private func level(_ words: [TypedWord]) throws -> ProgressEvent.Level {
        guard words.count > 1 else { return .normal }
        let name = try Keyword.find(words[1], among: Self.levels.map { Keyword(name: $0.name, help: "") })
        return Self.levels.first { $0.name == name }?.level ?? .normal
    }

    private func format(_ words: [TypedWord], _ end: Int) throws -> DisplayFormat {
        let word = try argument(words, 1, end)
        let found = DisplayFormat.allCases.filter { $0.rawValue.hasPrefix(word.text) }
        if let exact = DisplayFormat(rawValue: word.text) { return exact }
        guard found.count == 1 else {
            let names = DisplayFormat.allCases.map(\.rawValue).joined(separator: ", ")
            throw CommandFault.syntax("unknown display format; expected one of \(names)", at: word.column)
        }
        return found[0]
    }
}
