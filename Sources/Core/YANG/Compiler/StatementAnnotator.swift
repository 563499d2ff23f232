/// Applies `tailf:annotate-module`: new statements written into the statements of another module before it is linked.
///
/// Statements are immutable: each module statement that an annotation reaches is made anew along the way down.
struct StatementAnnotator {
    let names: NameResolver
    let log: FaultLog

    func apply() {
        for annotation in names.loader.annotations {
            for statement in annotation.statement.substatements
            where names.isTailf(statement, "annotate-module") {
                annotateModule(statement)
            }
        }
    }

    private func annotateModule(_ statement: Statement) {
        let targets = names.loader.texts.filter { $0.module != nil && $0.name == statement.text }
        if targets.isEmpty {
            log.report(
                .annotationTarget,
                "module '\(statement.text)' is not part of this run", remedy: "the annotation has no effect",
                statement.place)
        }
        for target in targets {
            target.statement = annotated(target.statement, by: statement.substatements)
        }
    }

    private func annotated(_ target: Statement, by annotations: [Statement]) -> Statement {
        var children = target.substatements
        var added: [Statement] = []
        let finder = SelectorFinder(children, expectedLookups: annotations.count)
        for annotation in annotations {
            guard names.isTailf(annotation, "annotate-statement") else {
                added.append(annotation)
                continue
            }
            guard let selector = StatementSelector(annotation.text) else {
                log.error(
                    "'\(annotation.text)' selects no statement",
                    remedy: "expected KEYWORD or KEYWORD[name='ARGUMENT']", annotation.place)
                continue
            }
            guard let index = finder.index(of: selector) else {
                log.report(
                    .annotationTarget,
                    "no statement \(annotation.text) in '\(target.writtenKeyword) \(target.text)'",
                    remedy: "correct the selector, or remove the annotation", annotation.place)
                continue
            }
            children[index] = annotated(children[index], by: annotation.substatements)
        }
        for statement in added { Self.merge(statement, into: &children) }
        return target.with(substatements: children)
    }

    /// Adds a statement; one that may stand only once takes the place of the one there.
    static func merge(_ statement: Statement, into statements: inout [Statement]) {
        switch statement.keyword {
        case .minElements, .maxElements, .mandatory, .description, .when, .config, .presence, .default, .status:
            statements.removeAll { $0.keyword == statement.keyword }
        default: break
        }
        statements.append(statement)
    }
}

/// `leaf[name='x']`: a keyword and, where several statements have it, the argument.
struct StatementSelector: Hashable {
    /// The keyword as written, without prefix.
    var name: String
    var argument: String?

    init?(_ text: String) {
        let trimmed = text.filter { !$0.isNewline }
        guard let bracket = trimmed.firstIndex(of: "[") else {
            self.init(keyword: trimmed, argument: nil)
            return
        }
        guard let end = trimmed.lastIndex(of: "]"), let equals = trimmed[bracket...].firstIndex(of: "="), equals < end
        else { return nil }
        let quoted = trimmed[trimmed.index(after: equals)..<end].drop { $0 == " " }
        let value = String(quoted.reversed().drop { $0 == " " }.reversed())
        guard let quote = value.first, quote == "'" || quote == "\"", value.count >= 2, value.last == quote else {
            return nil
        }
        self.init(keyword: String(trimmed[..<bracket]), argument: String(value.dropFirst().dropLast()))
    }

    private init?(keyword: String, argument: String?) {
        let name = Identifier.split(keyword.filter { $0 != " " }).name
        guard Identifier.isValid(name) else { return nil }
        self.name = name
        self.argument = argument
    }
}

/// Finds the statements that selectors name; by table where many are looked up.
private struct SelectorFinder {
    private let statements: [Statement]
    private var table: [StatementSelector: Int]?

    init(_ statements: [Statement], expectedLookups: Int) {
        self.statements = statements
        guard expectedLookups > 8 else { return }
        var table: [StatementSelector: Int] = [:]
        for (index, statement) in statements.enumerated() {
            for argument in [statement.argument, nil] {
                let selector = StatementSelector(known: statement.name, argument: argument)
                if table[selector] == nil { table[selector] = index }
            }
        }
        self.table = table
    }

    func index(of selector: StatementSelector) -> Int? {
        if let table { return table[selector] }
        return statements.firstIndex {
            $0.name == selector.name && (selector.argument == nil || $0.argument == selector.argument)
        }
    }
}

extension StatementSelector {
    fileprivate init(known name: String, argument: String?) {
        self.name = name
        self.argument = argument
    }
}
