import Basics

/// Reads a file of recipes, which has the syntax of YANG statements.
///
///     recipe NAME {
///       module MODULE;              // or submodule
///       revision 2020-06-16;        // optional, as often as needed
///       fault "What is wrong.";
///       reference "where it is written";
///       add "container a" { leaf b { type string; } }
///       remove "container a / leaf c";
///       replace "container a / leaf d / type" { type string; }
///     }
struct RecipeReader {
    /// Bytes of a text to look for: the search costs its length for each byte at worst.
    static let maximumText = 4_096

    private(set) var recipes: [Recipe] = []
    private(set) var faults: [Diagnostic] = []

    init(_ source: SchemaCompiler.Source) {
        let (statements, faults) = Statement.parse(source.bytes, path: source.path)
        self.faults = faults.filter { !$0.summary.hasPrefix("the file is empty") }
        for statement in statements { read(statement) }
    }

    private mutating func fault(_ summary: String, remedy: String, _ place: SourcePlace) {
        faults.append(.error(summary, remedy: remedy, place: place))
    }

    private mutating func read(_ statement: Statement) {
        guard statement.writtenKeyword == "recipe", let name = statement.argument, !name.isEmpty else {
            return fault(
                "'\(statement.writtenKeyword)' begins no recipe", remedy: "expected 'recipe NAME {'", statement.place)
        }
        let before = faults.count
        var recipe = Recipe(
            name: name, module: one("module", of: statement) ?? "", revisions: [],
            fault: one("fault", of: statement) ?? "", reference: nil, place: statement.place, steps: [])
        for part in statement.substatements { read(part, into: &recipe) }
        let textual = recipe.steps.filter { if case .substitute = $0.operation { true } else { false } }
        if recipe.steps.isEmpty, faults.count == before {
            fault(
                "recipe '\(name)' changes nothing", remedy: "write add, remove, replace or substitute in it",
                statement.place)
        }
        if !textual.isEmpty, textual.count < recipe.steps.count {
            fault(
                "recipe '\(name)' changes text and statements", remedy: "make two recipes of it: text comes first",
                textual[0].place)
        }
        if faults.count == before { recipes.append(recipe) }
    }

    /// The argument of a statement that must be there once.
    private mutating func one(_ keyword: String, of statement: Statement) -> String? {
        let found = statement.substatements.filter { $0.writtenKeyword == keyword }
        if found.count == 1, let text = found[0].argument, !text.isEmpty { return text }
        let what = keyword == "module" ? "the name of a module or submodule" : "a sentence: what is wrong in the module"
        fault(
            "recipe '\(statement.text)' has \(found.count > 1 ? "more than one" : "no") \(keyword)",
            remedy: "expected '\(keyword)' with \(what)", found.last?.place ?? statement.place)
        return nil
    }

    private mutating func read(_ part: Statement, into recipe: inout Recipe) {
        switch part.writtenKeyword {
        case "module", "fault": break
        case "revision":
            guard part.text.wholeMatch(of: /[0-9]{4}-[0-9]{2}-[0-9]{2}/) != nil else {
                return fault("'\(part.text)' is no revision", remedy: "expected a date: 2020-06-16", part.place)
            }
            recipe.revisions.append(part.text)
        case "reference": recipe.reference = part.argument
        case "add", "remove", "replace":
            guard let operation = change(part) else { return }
            recipe.steps.append(Recipe.Step(operation: operation, place: part.place))
        case "substitute":
            guard let substitution = substitution(part) else { return }
            recipe.steps.append(Recipe.Step(operation: .substitute(substitution), place: part.place))
        default:
            fault(
                "a recipe has no '\(part.writtenKeyword)'",
                remedy: "expected module, revision, fault, reference, add, remove, replace or substitute", part.place)
        }
    }

    private mutating func change(_ part: Statement) -> Recipe.Operation? {
        let path: StatementPath
        do throws(StatementPath.Fault) { path = try StatementPath(part.text) } catch {
            fault(error.summary, remedy: error.remedy, part.place)
            return nil
        }
        if path.steps.isEmpty, part.name != "add" {
            fault("'\(part.name)' names no statement", remedy: "write the path to one", part.place)
            return nil
        }
        if (part.name == "remove") != part.substatements.isEmpty {
            let remedy = part.name == "remove" ? "end it with ';'" : "write the new statements in a block"
            let what = part.name == "remove" ? "has statements in it" : "has no statements in it"
            fault("'\(part.name)' \(what)", remedy: remedy, part.place)
            return nil
        }
        switch part.name {
        case "add": return .add(part.substatements, to: path)
        case "remove": return .remove(path)
        default: return .replace(path, by: part.substatements)
        }
    }

    // MARK: Text

    private mutating func substitution(_ part: Statement) -> TextSubstitution? {
        let before = faults.count
        var new: String?
        var result = TextSubstitution(old: Array(part.text.utf8), new: [])
        for statement in part.substatements {
            switch statement.writtenKeyword {
            case "with": new = statement.text
            case "lines": result.lines = pattern(statement)
            case "count":
                result.count = Int(statement.text)
                if (result.count ?? 0) < 1 {
                    fault("'\(statement.text)' is no count", remedy: "expected a number from 1", statement.place)
                }
            default:
                fault(
                    "substitute has no '\(statement.writtenKeyword)'", remedy: "expected with, lines or count",
                    statement.place)
            }
        }
        result.new = Array((new ?? "").utf8)
        if let summary = problem(result, isComplete: new != nil) {
            fault(summary.0, remedy: summary.1, part.place)
        }
        return faults.count == before ? result : nil
    }

    private func problem(_ substitution: TextSubstitution, isComplete: Bool) -> (String, String)? {
        func lineEnds(_ text: [UInt8]) -> Int { text.count { $0 == UInt8(ascii: "\n") } }
        if substitution.old.isEmpty { return ("there is nothing to substitute", "write the text to look for") }
        if substitution.old.count > Self.maximumText {
            return ("the text to look for has \(substitution.old.count) bytes", "the limit is \(Self.maximumText)")
        }
        if !isComplete { return ("substitute does not say by what", "add 'with \"TEXT\";' (empty to remove it)") }
        if substitution.old == substitution.new { return ("the text is substituted by itself", "correct one of both") }
        if lineEnds(substitution.old) != lineEnds(substitution.new) {
            return (
                "the new text has another number of lines", "keep the number, so that all places in the file stay true"
            )
        }
        if substitution.lines != nil, lineEnds(substitution.old) > 0 {
            return ("a text of several lines is looked for in single lines", "leave out 'lines'")
        }
        return nil
    }

    private mutating func pattern(_ statement: Statement) -> PatternMatcher? {
        do {
            return try PatternMatcher(statement.text)
        } catch {
            fault(
                "'\(statement.text)' is no pattern: \(error.description)", remedy: "expected a pattern as in YANG",
                statement.place)
            return nil
        }
    }
}
