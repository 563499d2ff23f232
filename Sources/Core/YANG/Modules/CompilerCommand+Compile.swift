import Foundation

extension CompilerCommand {
    /// `ncsc -c`: one module into one file.
    func compile(_ file: String) throws -> Bool {
        guard file.hasSuffix(".yang") else {
            throw CompilerArguments.Fault(message: "\(file): only YANG modules (.yang) can be compiled")
        }
        let main = try source(file)
        let deviations = try arguments.deviations.map(source)
        let options = try options(for: [file], module: Self.moduleName(of: main))
        let outcome = SchemaCompiler(options: options).compile([main] + deviations)
        guard report(outcome) else { return false }
        guard let text = outcome.texts.first(where: { $0.source.path == file }) else { return false }
        guard text.belongsTo == nil else {
            throw CompilerArguments.Fault(message: "\(file): a submodule is compiled with its module")
        }
        if arguments.onlyChecks { return true }
        let target = arguments.output ?? "\(text.name).fxs"
        let maker = CompiledModuleMaker(outcome: outcome, annotations: options.annotations, options: options)
        var module = try maker.make(text, deviations: deviations)
        module.isImplemented = !arguments.isOnlyForImport
        if let prefix = arguments.prefix { module.prefix = prefix == "module-name" ? module.name : prefix }
        try write(try module.encoded(), to: target)
        guard !arguments.skipsDeviationFiles else { return true }
        for deviation in outcome.texts where deviations.contains(where: { $0.path == deviation.source.path }) {
            let path = "\(Self.directory(of: target))/\(deviation.name).fxs"
            try write(try maker.make(deviation, deviations: []).encoded(), to: path)
        }
        return true
    }

    static func directory(of path: String) -> String {
        path.contains("/") ? String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)]) : "."
    }

    /// The argument of the module statement; empty if there is none.
    static func moduleName(of source: SchemaCompiler.Source) -> String {
        Statement.parse(source.bytes, path: source.path).statements.first?.argument ?? ""
    }
}

/// Gathers what belongs into the file of one module of a run.
struct CompiledModuleMaker {
    let outcome: SchemaCompiler.Outcome
    let annotations: [SchemaCompiler.Source]
    let options: SchemaCompiler.Options
    private let textsByName: [String: SchemaCompiler.LoadedText]

    init(
        outcome: SchemaCompiler.Outcome, annotations: [SchemaCompiler.Source], options: SchemaCompiler.Options
    ) {
        self.outcome = outcome
        self.annotations = annotations
        self.options = options
        textsByName = Dictionary(outcome.texts.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    }

    func make(
        _ text: SchemaCompiler.LoadedText, deviations: [SchemaCompiler.Source], given: Set<String> = [],
        older: [SchemaCompiler.Source] = []
    ) throws -> CompiledModule {
        let submodules = outcome.texts.filter { $0.belongsTo == text.name }
        guard
            let summary = outcome.schema?.modules.first(where: { $0.name == text.name && $0.revision == text.revision })
        else { throw CompilerArguments.Fault(message: "\(text.source.path): the module was not compiled") }
        var texts = [entry(text, .module)] + submodules.map { entry($0, .submodule) }
        for annotation in annotations where Self.concerns(annotation, text, submodules) {
            texts.append(entry(annotation, .annotation))
        }
        texts += outcome.texts.filter { text in older.contains { $0.path == text.source.path } }.map {
            entry($0, .revision)
        }
        texts += deviations.map { entry($0, .deviation) }
        texts += dependencies(of: summary, given: given).map { entry($0, .dependency) }
        let names = Set(texts.map(\.name))
        texts += options.recipes.filter { !RecipeBook.modules(of: $0).isDisjoint(with: names) }.map {
            entry($0, .recipe)
        }
        return CompiledModule(
            name: summary.name, namespace: summary.namespace, prefix: summary.prefix, revision: summary.revision,
            features: options.features, policy: options.policy, imports: summary.imports, texts: texts)
    }

    /// Modules that this one imports, directly or not, and that are neither part of the product nor of the bundle.
    private func dependencies(of module: SchemaModule, given: Set<String>) -> [SchemaCompiler.LoadedText] {
        guard let schema = outcome.schema else { return [] }
        let modules = Dictionary(schema.modules.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        var names: Set<String> = []
        var waiting = module.imports
        while let next = waiting.popLast() {
            let name = String(next.split(separator: "@").first ?? "")
            guard name != module.name, !name.hasPrefix("tailf-"), !name.hasPrefix("openned-"), !given.contains(name),
                names.insert(name).inserted
            else { continue }
            waiting += modules[name]?.imports ?? []
        }
        return outcome.texts.filter { names.contains($0.belongsTo ?? $0.name) }
    }

    private func entry(_ text: SchemaCompiler.LoadedText, _ role: CompiledModule.Role) -> CompiledModule.Text {
        CompiledModule.Text(
            role: role, name: text.name, revision: text.revision, fileName: Self.fileName(text.source.path),
            bytes: text.source.bytes)
    }

    private func entry(_ source: SchemaCompiler.Source, _ role: CompiledModule.Role) -> CompiledModule.Text {
        CompiledModule.Text(
            role: role, name: role == .recipe ? "" : CompilerCommand.moduleName(of: source), revision: nil,
            fileName: Self.fileName(source.path), bytes: source.bytes)
    }

    static func fileName(_ path: String) -> String {
        path.split(whereSeparator: { "/:".contains($0) }).last.map(String.init) ?? path
    }

    /// Whether an annotation module has anything for a module: by name, or by path (which names no module).
    private static func concerns(
        _ annotation: SchemaCompiler.Source, _ text: SchemaCompiler.LoadedText,
        _ submodules: [SchemaCompiler.LoadedText]
    ) -> Bool {
        let statement = Statement.parse(annotation.bytes, path: annotation.path).statements.first
        let names = Set([text.name] + submodules.map(\.name))
        return statement?.substatements.contains {
            $0.prefix != nil && ($0.name == "annotate" || $0.name == "annotate-module" && names.contains($0.text))
        } ?? false
    }
}
