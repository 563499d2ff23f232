import Basics
import Foundation

/// Reads the texts of a run and links them: imports (by revision too), includes, prefixes.
final class ModuleLoader {
    let log: FaultLog
    private let searchPath: SearchPath
    private let implementsImports: Bool
    private let recipes: RecipeBook
    private(set) var texts: [ModuleText] = []
    private(set) var modules: [LoadedModule] = []
    /// The modules with each behind those that it imports.
    private(set) var dependencyOrder: [LoadedModule] = []
    /// Texts whose `annotate` statements apply to the others.
    private(set) var annotations: [ModuleText] = []
    /// Older revisions of modules of the set, whose nodes are to be part of it.
    private(set) var older: [LoadedModule] = []
    private var modulesByName: [String: [LoadedModule]] = [:]
    private var givenSubmodules: [String: [ModuleText]] = [:]
    private var library: [String: [ModuleText]] = [:]
    private var readFiles: [String: ModuleText?] = [:]

    private let keepsTexts: Bool

    init(
        log: FaultLog, searchPath: SearchPath, implementsImports: Bool, recipes: [SchemaCompiler.Source] = [],
        keepsTexts: Bool = true
    ) {
        self.recipes = RecipeBook(recipes, log: log)
        self.keepsTexts = keepsTexts
        self.log = log
        self.searchPath = searchPath
        self.implementsImports = implementsImports
    }

    /// Loads `sources` as implemented modules, and everything that they and the annotation modules import.
    func load(
        _ sources: consuming [SchemaCompiler.Source], annotations: [SchemaCompiler.Source],
        library: [SchemaCompiler.Source], mergesRevisions: Bool = false, announced: [String: String]? = nil
    ) {
        for text in library.compactMap({ parse($0) }) {
            if text.isSubmodule {
                givenSubmodules[text.name, default: []].append(text)
            } else {
                self.library[text.name, default: []].append(text)
            }
        }
        // One after the other, so that no text outlasts its parsing where none is kept.
        var rest = Array(sources.reversed())
        var given: [ModuleText] = []
        while let source = rest.popLast() {
            if let text = parse(source) { given.append(text) }
        }
        for text in given where text.isSubmodule { givenSubmodules[text.name, default: []].append(text) }
        var modules = given.filter { !$0.isSubmodule }
        var others: [ModuleText] = []
        if mergesRevisions || announced != nil {
            let choice = RevisionChoice(modules, announced: announced)
            (modules, others) = (choice.chosen, choice.others)
            for text in others { self.library[text.name, default: []].append(text) }
        }
        let roots = modules.compactMap { register($0, isImplemented: true) }
        for module in roots { link(module) }
        if mergesRevisions, announced == nil { older = others.compactMap(olderRevision) }
        for source in annotations {
            guard let text = parse(source) else { continue }
            linkImports(of: text, owner: nil)
            self.annotations.append(text)
        }
        self.annotations += texts.filter { $0.module != nil && Self.annotates($0) }
        recipes.report()
        reportUnusedSubmodules(given)
        reportCycles()
        reportSharedNamespaces()
    }

    /// Ends the use of the loader.
    func dropStatements() {
        release()
        (texts, modules, annotations) = ([], [], [])
        (modulesByName, givenSubmodules, library, readFiles) = ([:], [:], [:], [:])
    }

    /// Whether a text has annotations for other modules at its top.
    static func annotates(_ text: ModuleText) -> Bool { annotates(text.statement) }

    static func annotates(_ statement: Statement) -> Bool {
        statement.substatements.contains { $0.prefix != nil && ($0.name == "annotate-module" || $0.name == "annotate") }
    }

    // MARK: Reading

    private func parse(_ source: SchemaCompiler.Source) -> ModuleText? {
        let sourceText = SourceText(path: source.path, index: texts.count)
        let (statements, faults) = recipes.parse(source.bytes, source: sourceText)
        for fault in faults {
            if let kind = fault.code.flatMap(FaultKind.init(rawValue:)) {
                log.report(kind, fault.summary, remedy: fault.remedy, fault.place)
            } else {
                log.add(fault)
            }
        }
        guard let statement = statements.first else { return nil }
        guard statement.keyword == .module || statement.keyword == .submodule, statement.argument != nil else {
            if faults.isEmpty {
                log.error("no YANG module", remedy: "expected 'module NAME {'", statement.place)
            }
            return nil
        }
        for extra in statements.dropFirst() {
            log.error("a second statement after the module", remedy: "one file holds one module", extra.place)
        }
        GrammarCheck(log: log).check(statement)
        // A submodule may have to be parsed again, for another revision of its owner.
        let isKept = keepsTexts || statement.keyword == .submodule
        let text = ModuleText(source: sourceText, bytes: source.bytes, isKept: isKept, statement: statement)
        texts.append(text)
        return text
    }

    private func read(_ file: SearchPath.File) -> ModuleText? {
        if let known = readFiles[file.path] { return known }
        var text: ModuleText?
        if let data = FileManager.default.contents(atPath: file.path) {
            text = parse(SchemaCompiler.Source(path: file.path, bytes: [UInt8](data)))
        } else {
            log.error(
                "the file cannot be read", remedy: "check its permissions", SourcePlace(file: file.path))
        }
        readFiles[file.path] = .some(text)
        return text
    }

    private func register(_ text: ModuleText, isImplemented: Bool) -> LoadedModule? {
        if isImplemented, let other = modulesByName[text.name]?.first(where: \.isImplemented) {
            if other.main.digest != text.digest {
                log.report(
                    .repeatedModule,
                    "module '\(text.name)' is given twice",
                    remedy: "keep one of this and \(other.main.source.path)", text.statement.place)
            }
            return nil
        }
        let module = LoadedModule(index: Int32(modules.count), main: text, isImplemented: isImplemented)
        modules.append(module)
        modulesByName[text.name, default: []].append(module)
        return module
    }

    /// An older revision as a module, which an import by revision may have made already.
    private func olderRevision(_ text: ModuleText) -> LoadedModule? {
        if let module = modulesByName[text.name]?.first(where: { $0.main === text }) { return module }
        let module = register(text, isImplemented: false)
        if let module { link(module) }
        return module
    }

    /// Cuts the references of modules to one another, which would keep all of them and their texts for ever.
    func release() {
        for text in texts { text.prefixes = [:] }
    }

    // MARK: Linking

    private func link(_ module: LoadedModule) {
        bind(module.prefix, to: module, in: module.main, at: module.main.statement)
        linkImports(of: module.main, owner: module)
        var next = 0
        var included: Set<String> = []
        while next < module.texts.count {
            var own: Set<String> = []
            for include in module.texts[next].statement.all(.include) {
                if !own.insert(include.text).inserted {
                    log.report(
                        .repeatedStatement, "submodule '\(include.text)' is included twice", remedy: "keep one",
                        include.place)
                }
                guard included.insert(include.text).inserted else { continue }
                guard let text = submodule(include, of: module) else { continue }
                module.texts.append(text)
                text.module = module
                bind(
                    text.statement.first(.belongsTo)?.argument(of: .prefix) ?? "", to: module, in: text,
                    at: text.statement)
                linkImports(of: text, owner: module)
            }
            next += 1
        }
        reportIncludeCycles(of: module)
    }

    private func bind(_ prefix: String, to module: LoadedModule, in text: ModuleText, at statement: Statement) {
        guard !prefix.isEmpty else { return }
        if let other = text.prefixes[prefix], other !== module || statement.keyword == .import {
            log.report(
                .takenPrefix,
                "prefix '\(prefix)' is taken by module '\(other.name)'", remedy: "use another prefix",
                statement.place)
            return
        }
        text.prefixes[prefix] = module
    }

    private func linkImports(of text: ModuleText, owner: LoadedModule?) {
        for statement in text.statement.all(.import) {
            let revision = statement.argument(of: .revisionDate)
            if statement.text == owner?.name {
                log.report(
                    .importCycle, "module '\(statement.text)' imports itself", remedy: "remove the import",
                    statement.place)
                continue
            }
            guard let module = importedModule(statement, revision: revision) else { continue }
            let asked = revision.map { "\(module.name)@\($0)" } ?? module.name
            if owner?.imports.contains(asked) == false { owner?.imports.append(asked) }
            bind(statement.argument(of: .prefix) ?? "", to: module, in: text, at: statement)
        }
    }

    private func importedModule(_ statement: Statement, revision: String?) -> LoadedModule? {
        let name = statement.text
        let loaded = modulesByName[name] ?? []
        if let module = loaded.first(where: { revision == nil || $0.revision == revision }) { return module }
        var fallback = loaded.first
        let found = (library[name] ?? []).sorted { $0.revision ?? "" > $1.revision ?? "" }
        let files = searchPath.candidates(name, revision: revision)
        for text in chain(found, files.lazy.compactMap { self.read($0) }) {
            guard text.name == name, !text.isSubmodule else { continue }
            if let module = modulesByName[name]?.first(where: { $0.main === text }) {
                fallback = fallback ?? module
                continue
            }
            if revision == nil || text.revision == revision || fallback == nil {
                let implements = implementsImports && loaded.isEmpty
                guard let module = register(text, isImplemented: implements) else { continue }
                link(module)
                if revision == nil || text.revision == revision { return module }
                fallback = module
            }
        }
        guard let fallback else {
            log.report(
                .moduleNotFound,
                "module '\(name)' is not found", remedy: "add it, or the directory that holds it, to the search path",
                statement.place)
            return nil
        }
        log.report(
            .revisionNotFound,
            "revision \(revision ?? "") of module '\(name)' is not found",
            remedy: "add \(name)@\(revision ?? "").yang to the search path; revision \(fallback.revision ?? "none")"
                + " is there", statement.place)
        return fallback
    }

    /// The library's texts, then, if none of them will do, those of the search path.
    private func chain(
        _ found: [ModuleText], _ files: some Sequence<ModuleText>
    ) -> some Sequence<ModuleText> {
        [AnySequence(found), AnySequence(files)].lazy.joined()
    }

    private func submodule(_ include: Statement, of module: LoadedModule) -> ModuleText? {
        let revision = include.argument(of: .revisionDate)
        var candidates = givenSubmodules[include.text] ?? []
        if !candidates.contains(where: { revision == nil || $0.revision == revision }) {
            candidates += searchPath.candidates(include.text, revision: revision).lazy.compactMap { self.read($0) }
        }
        candidates = candidates.filter { $0.isSubmodule && $0.name == include.text }
        // Where several revisions lie side by side, the newest that is not younger than the module goes with it.
        let newestFirst = candidates.enumerated().sorted {
            ($1.element.revision ?? "", $0.offset) < ($0.element.revision ?? "", $1.offset)
        }.map(\.element)
        if let best = ModuleRevisions.choose(module.revision ?? "", among: newestFirst.map { $0.revision ?? "" }) {
            candidates = [newestFirst[best]] + newestFirst
        }
        guard let text = candidates.first(where: { revision == nil || $0.revision == revision }) ?? candidates.first
        else {
            log.report(
                .submoduleNotFound,
                "submodule '\(include.text)' is not found",
                remedy: "add it, or the directory that holds it, to the search path", include.place)
            return nil
        }
        if let revision, text.revision != revision {
            log.report(
                .revisionNotFound, "revision \(revision) of submodule '\(text.name)' is not found",
                remedy: "add \(text.name)@\(revision).yang to the search path; revision"
                    + " \(text.revision ?? "none") is there", include.place)
        }
        let owner = text.statement.argument(of: .belongsTo) ?? ""
        guard owner == module.name else {
            log.report(
                .wrongOwner,
                "submodule '\(text.name)' belongs to '\(owner)'", remedy: "include it there", include.place)
            return nil
        }
        guard let other = text.module, other !== module else { return text }
        // Another revision of the owner took it: a text has one owner, so read it again.
        return parse(SchemaCompiler.Source(path: text.source.path, bytes: text.bytes))
    }

    // MARK: Checks over the set

    /// Modules of different names may not share a namespace (RFC 7950 section 5.3).
    private func reportSharedNamespaces() {
        var owners: [String: LoadedModule] = [:]
        for module in modules where !module.namespace.isEmpty {
            if let other = owners[module.namespace], other.name != module.name {
                log.report(
                    .sharedNamespace, "namespace \"\(module.namespace)\" is that of module '\(other.name)' too",
                    remedy: "give each module its own", module.main.statement.first(.namespace)?.place)
            }
            owners[module.namespace] = owners[module.namespace] ?? module
        }
    }

    /// Submodules of version 1 may not include each other in a circle (RFC 6020 section 5.1); none includes itself.
    private func reportIncludeCycles(of module: LoadedModule) {
        let texts = Dictionary(module.texts.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        for text in module.texts where text.isSubmodule && !text.isVersion11 {
            var waiting = text.statement.all(.include).map { ($0, $0.text) }
            var seen: Set<String> = []
            while let (include, name) = waiting.popLast() {
                guard seen.insert(name).inserted else { continue }
                if name == text.name {
                    log.report(
                        .includeCycle, "submodule '\(text.name)' includes itself, directly or through others",
                        remedy: "let only the module include its submodules", include.place)
                    break
                }
                waiting += texts[name]?.statement.all(.include).map { (include, $0.text) } ?? []
            }
        }
    }

    private func reportUnusedSubmodules(_ given: [ModuleText]) {
        for text in given where text.isSubmodule && text.module == nil {
            let owner = text.statement.argument(of: .belongsTo) ?? ""
            log.report(
                .unusedSubmodule,
                "submodule '\(text.name)' is not included by any module given",
                remedy: "add module '\(owner)', or an include to it", text.statement.place)
        }
    }

    /// Imports may not form a cycle (RFC 7950 section 5.1).
    private func reportCycles() {
        var state = [Int](repeating: 0, count: modules.count)
        for module in modules where state[Int(module.index)] == 0 {
            var stack: [(module: LoadedModule, next: [LoadedModule])] = [(module, importsOf(module))]
            state[Int(module.index)] = 1
            while let top = stack.last {
                guard let target = top.next.last else {
                    state[Int(top.module.index)] = 2
                    dependencyOrder.append(top.module)
                    stack.removeLast()
                    continue
                }
                stack[stack.count - 1].next.removeLast()
                if state[Int(target.index)] == 1 {
                    let cycle = stack.drop { $0.module !== target }.map(\.module.name) + [target.name]
                    log.report(
                        .importCycle,
                        "modules import each other: \(cycle.joined(separator: " → "))",
                        remedy: "move what both need into a third module", importPlace(of: target, in: top.module))
                } else if state[Int(target.index)] == 0 {
                    state[Int(target.index)] = 1
                    stack.append((target, importsOf(target)))
                }
            }
        }
    }

    /// Last to be visited first.
    private func importsOf(_ module: LoadedModule) -> [LoadedModule] {
        var seen: Set<Int32> = [module.index]
        return module.texts.flatMap { text in
            text.statement.all(.import).compactMap { text.prefixes[$0.argument(of: .prefix) ?? ""] }
        }.filter { seen.insert($0.index).inserted }.reversed()
    }

    private func importPlace(of target: LoadedModule, in module: LoadedModule) -> SourcePlace? {
        module.texts.lazy.flatMap { $0.statement.all(.import) }.first { $0.text == target.name }?.place
    }
}
