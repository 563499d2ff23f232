/// One change of a recipe, carried out on a module: statements are immutable, so those on the way down are made anew.
struct StatementChange {
    private let operation: Recipe.Operation

    init(_ operation: Recipe.Operation) { self.operation = operation }

    /// The module after the change. Throws if there is no such place, or if everything is as the change would have it.
    func applied(to module: Statement) throws(StatementPath.Fault) -> Statement {
        switch operation {
        case .substitute: return module
        case .remove(let path):
            return Self.edit(module, try path.find(in: module)[...]) { $0.remove(at: $1) }
        case .replace(let path, let statements):
            let positions = try path.find(in: module)
            var old = module
            for position in positions { old = old.substatements[position] }
            guard statements.count != 1 || !statements[0].says(theSameAs: old) else {
                throw Self.idle("'\(path)' is like that already")
            }
            let new = Self.written(statements, in: module)
            return Self.edit(module, positions[...]) { $0.replaceSubrange($1...$1, with: new) }
        case .add(let statements, let path):
            let positions = try path.find(in: module)
            var target = module
            for position in positions { target = target.substatements[position] }
            let missing = statements.filter { statement in
                !target.substatements.contains { $0.says(theSameAs: statement) }
            }
            guard !missing.isEmpty else { throw Self.idle("everything that it adds is there already") }
            let new = Self.written(missing, in: module)
            let changed = Self.adding(new, to: target)
            guard !positions.isEmpty else { return changed }
            return Self.edit(module, positions[...]) { $0[$1] = changed }
        }
    }

    private static func idle(_ summary: String) -> StatementPath.Fault {
        StatementPath.Fault(summary: summary, remedy: "the fault is mended: remove the recipe")
    }

    /// New statements as part of a module: with its prefixes, and with their place in the recipe file.
    private static func written(_ statements: [Statement], in module: Statement) -> [Statement] {
        guard let first = statements.first else { return [] }
        let source = SourceText(path: first.source.path, index: module.source.index)
        return statements.map { $0.written(in: source) }
    }

    /// `change` gets the statements beside the one that the positions lead to, and its position among them.
    private static func edit(
        _ statement: Statement, _ positions: ArraySlice<Int>, _ change: (inout [Statement], Int) -> Void
    ) -> Statement {
        guard let position = positions.first else { return statement }
        var children = statement.substatements
        if positions.count == 1 {
            change(&children, position)
        } else {
            children[position] = edit(children[position], positions.dropFirst(), change)
        }
        return statement.with(substatements: children)
    }

    // MARK: Adding

    /// In a module each statement goes to the end of its section (RFC 7950 section 14, module-stmt); elsewhere to the
    /// end.
    private static func adding(_ statements: [Statement], to target: Statement) -> Statement {
        var children = target.substatements
        for statement in statements {
            guard target.keyword == .module || target.keyword == .submodule else {
                children.append(statement)
                continue
            }
            let section = section(of: statement)
            let position = children.lastIndex { Self.section(of: $0) <= section }.map { $0 + 1 }
            children.insert(statement, at: position ?? 0)
        }
        return target.with(substatements: children)
    }

    private static func section(of statement: Statement) -> Int {
        switch statement.keyword {
        case .yangVersion, .namespace, .prefix, .belongsTo: 0
        case .import, .include: 1
        case .organization, .contact, .description, .reference: 2
        case .revision: 3
        default: 4
        }
    }
}

extension Statement {
    /// Whether keyword, argument and everything inside are the same, wherever the two are written.
    func says(theSameAs other: Statement) -> Bool {
        prefix == other.prefix && name == other.name && argument == other.argument
            && substatements.count == other.substatements.count
            && zip(substatements, other.substatements).allSatisfy { $0.says(theSameAs: $1) }
    }

    /// The same statement as part of another text.
    func written(in source: SourceText) -> Statement {
        Statement(
            keyword: keyword, prefix: prefix, name: name, argument: argument,
            substatements: substatements.map { $0.written(in: source) }, source: source, line: line, column: column)
    }
}
