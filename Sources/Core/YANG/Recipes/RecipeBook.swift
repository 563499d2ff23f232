import Basics
import Crypto

/// The recipes of a compiler run: applies them to each text as it is read, and says at the end what became of them.
final class RecipeBook {
    private struct Entry {
        let recipe: Recipe
        /// The modules that it changed, as `name` or `name@revision`.
        var changed: [String] = []
        /// Why it did not apply, where that was found last.
        var problem: Diagnostic?
        /// Revisions of its module that it is not for.
        var others: [String] = []
    }

    private var entries: [Entry] = []
    private var entriesByModule: [String: [Int]] = [:]
    private let log: FaultLog

    /// Every fault of the files goes to `log`.
    init(_ sources: [SchemaCompiler.Source], log: FaultLog) {
        self.log = log
        var places: [String: SourcePlace] = [:]
        for source in sources {
            let reader = RecipeReader(source)
            for fault in reader.faults { log.add(fault) }
            for recipe in reader.recipes {
                if let other = places.updateValue(recipe.place, forKey: recipe.name) {
                    log.error(
                        "recipe '\(recipe.name)' is there twice", remedy: "rename it, or the other at \(other)",
                        recipe.place)
                }
                entriesByModule[recipe.module, default: []].append(entries.count)
                entries.append(Entry(recipe: recipe))
            }
        }
    }

    /// SHA-256 over recipe files, in hexadecimal: the same digest, the same patches.
    static func digest(_ sources: [SchemaCompiler.Source]) -> String {
        var hash = SHA256()
        for source in sources {
            hash.update(data: Array("\(source.bytes.count)\n".utf8))
            hash.update(data: source.bytes)
        }
        return hash.finalize().hexadecimal
    }

    /// The modules that the recipes of a file are for.
    static func modules(of source: SchemaCompiler.Source) -> Set<String> {
        Set(RecipeReader(source).recipes.map(\.module))
    }

    // MARK: Applying

    /// Parses a text as its recipes leave it.
    func parse(_ bytes: [UInt8], source: SourceText) -> (statements: [Statement], faults: [Diagnostic]) {
        var result = StatementParser.parse(bytes, source: source)
        guard !entries.isEmpty else { return result }
        let name = result.statements.first?.argument ?? Self.name(ofFile: source.path)
        guard let own = entriesByModule[name] else { return result }
        let revision = result.statements.first?.all(.revision).map(\.text).max()
        let label = revision.map { "\(name)@\($0)" } ?? name
        let fitting = own.filter { fits($0, revision) }
        var text = bytes
        for index in fitting where entries[index].recipe.isTextual { substitute(index, &text, label) }
        if text != bytes { result = StatementParser.parse(text, source: source) }
        guard var module = result.statements.first else { return result }
        for index in fitting where !entries[index].recipe.isTextual { change(index, &module, label) }
        result.statements[0] = module
        return result
    }

    /// `a` for `/x/a@2020-01-01.yang` and `x.fxs:a.yang`.
    private static func name(ofFile path: String) -> String {
        let file = path.split(whereSeparator: { $0 == "/" || $0 == ":" }).last ?? ""
        return String(file.prefix { $0 != "@" && $0 != "." })
    }

    private func fits(_ index: Int, _ revision: String?) -> Bool {
        let wanted = entries[index].recipe.revisions
        if wanted.isEmpty || wanted.contains(revision ?? "") { return true }
        entries[index].others.append(revision ?? "none")
        return false
    }

    private func substitute(_ index: Int, _ text: inout [UInt8], _ label: String) {
        var changed = text
        for step in entries[index].recipe.steps {
            guard case .substitute(let substitution) = step.operation else { continue }
            guard let (next, count) = substitution.apply(to: changed) else {
                return fail(
                    index, "the text becomes larger than \(StatementParser.maximumSize) bytes",
                    remedy: "substitute less", step.place)
            }
            let wanted = substitution.count ?? max(count, 1)
            guard count == wanted else {
                let what = String(decoding: substitution.old.prefix(60), as: UTF8.self)
                return fail(
                    index, "the text \"\(what)\" is there \(count == 1 ? "once" : "\(count) times") in \(label)",
                    remedy: "expected \(substitution.count.map { "\($0)" } ?? "it at least once"); correct the recipe, "
                        + "or remove it if the fault is mended", step.place)
            }
            changed = next
        }
        text = changed
        entries[index].changed.append(label)
    }

    private func change(_ index: Int, _ module: inout Statement, _ label: String) {
        var changed = module
        for step in entries[index].recipe.steps {
            do throws(StatementPath.Fault) {
                changed = try StatementChange(step.operation).applied(to: changed)
            } catch {
                return fail(index, error.summary, remedy: error.remedy, step.place)
            }
        }
        module = changed
        entries[index].changed.append(label)
    }

    private func fail(_ index: Int, _ summary: String, remedy: String, _ place: SourcePlace) {
        entries[index].problem = .warning(
            "recipe '\(entries[index].recipe.name)' does not apply: \(summary)", remedy: remedy, place: place)
    }

    // MARK: Saying

    /// Says of each recipe that it was applied, or why it was not.
    func report() {
        for entry in entries {
            let recipe = entry.recipe
            if let problem = entry.problem { log.add(problem) }
            if !entry.changed.isEmpty {
                var modules: [String] = []
                for module in entry.changed where !modules.contains(module) { modules.append(module) }
                log.add(
                    Diagnostic(
                        .note, "recipe '\(recipe.name)' applied to \(modules.joined(separator: ", ")): \(recipe.fault)",
                        place: recipe.place))
            } else if entry.problem == nil {
                report(unused: entry)
            }
        }
    }

    private func report(unused entry: Entry) {
        let recipe = entry.recipe
        if entry.others.isEmpty {
            log.add(
                .warning(
                    "recipe '\(recipe.name)' does not apply: module '\(recipe.module)' is not part of this run",
                    remedy: "correct the name, or remove the recipe", place: recipe.place))
        } else {
            log.add(
                .warning(
                    "recipe '\(recipe.name)' does not apply: module '\(recipe.module)' has revision "
                        + "\(entry.others.joined(separator: ", ")), and the recipe is for "
                        + recipe.revisions.joined(separator: ", "),
                    remedy: "look whether the fault is still there; add the revision, or remove the recipe",
                    place: recipe.place))
        }
    }
}
