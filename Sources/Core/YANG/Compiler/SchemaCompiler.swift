package import Basics

/// Makes a `Schema` of YANG texts: the one way from source to checked model, for drivers and for the system alike.
///
/// The run goes on after a fault wherever it can, so that one run reports all of them; a schema comes only of a run
/// without errors. Texts are untrusted: size, depth, chains and node count are bounded (`CompileLimits`).
package struct SchemaCompiler: Sendable {
    /// A YANG text and the name that its faults are reported under.
    package struct Source: Sendable {
        package var path: String
        package var bytes: [UInt8]

        package init(path: String, bytes: [UInt8]) {
            self.path = path
            self.bytes = bytes
        }
    }

    package struct Options: Sendable {
        package var policy = CompilePolicy.strict
        package var features = FeatureSelection.all
        /// Directories where imports and includes are looked for.
        package var searchPath: [String] = []
        /// Annotation modules: their statements apply to the others, themselves they are not part of the set.
        package var annotations: [Source] = []
        /// Texts to import and include from, before the search path: what compiled modules brought with them.
        package var library: [Source] = []
        /// Files of recipes (`Recipe`): patches to the texts, whichever of them are read.
        package var recipes: [Source] = []
        /// Whether several revisions of a module among the sources make one: a driver of devices of different age.
        package var mergesRevisions = false
        /// The module set of one device: the revision of each module that it has, the others not being part of the
        /// set; nil for the newest of all.
        package var announced: [String: String]?
        package var appliesDeviations = true
        /// Kinds of faults that the user wants treated otherwise than the policy says.
        package var severities = FaultSeverities()
        /// Whether modules found on the search path are implemented like those given: to check one module by itself,
        /// whose augments and leafrefs point into what it imports.
        package var implementsImports = false

        package init() {}
    }

    /// What a run found and made.
    package struct Outcome: Sendable {
        /// Nil if there are errors.
        package var schema: Schema?
        /// Errors and warnings, in the order of the work.
        package var diagnostics: [Diagnostic]
        /// Every module and submodule that was read, the given ones first.
        package var texts: [LoadedText]

        package var hasErrors: Bool { diagnostics.contains { $0.severity == .error } }
    }

    /// A text of a run, as it was read.
    package struct LoadedText: Sendable {
        package var name: String
        package var revision: String?
        /// The module that a submodule belongs to; nil for a module.
        package var belongsTo: String?
        package var isImplemented: Bool
        package var source: Source
    }

    package var options: Options

    package init(options: Options = Options()) { self.options = options }

    /// Compiles `sources` as implemented modules (submodules among them are taken where they are included).
    /// - Parameter key: the digest that the schema's image is to bear, 32 bytes, or nothing.
    package func compile(_ sources: [Source], key: [UInt8] = []) -> Outcome { compile(sources, key: key) { _ in } }

    /// As `compile`, for the schema alone: lets go of the texts when they are parsed.
    package func schema(of sources: consuming [Source], key: [UInt8] = []) -> CompiledSchema {
        let outcome = compile(sources, key: key, keepsTexts: false) { _ in }
        return CompiledSchema(schema: outcome.schema, diagnostics: outcome.diagnostics)
    }

    /// As `compile`, and shows the draft of the schema tree when everything has been applied to it.
    func compile(
        _ sources: consuming [Source], key: [UInt8] = [], keepsTexts: Bool = true,
        observing observe: (ModuleDraft) -> Void
    ) -> Outcome {
        let log = FaultLog(policy: options.policy, severities: options.severities)
        let loader = ModuleLoader(
            log: log, searchPath: SearchPath(options.searchPath), implementsImports: options.implementsImports,
            recipes: options.recipes, keepsTexts: keepsTexts)
        defer { loader.release() }
        loader.load(
            sources, annotations: options.annotations, library: options.library,
            mergesRevisions: options.mergesRevisions, announced: options.announced)
        let names = NameResolver(loader: loader, log: log)
        StatementAnnotator(names: names, log: log).apply()
        for module in loader.modules { collectDefinitions(of: module, log: log) }
        let parts = build(loader, names: names, log: log, observe)
        let texts = loader.texts.compactMap { text in
            text.module.map { module in
                LoadedText(
                    name: text.name, revision: text.revision, belongsTo: text.isSubmodule ? module.name : nil,
                    isImplemented: module.isImplemented, source: Source(path: text.source.path, bytes: text.bytes))
            }
        }
        // The image is made when the statements are gone, so that the two never take memory at the same time.
        loader.dropStatements()
        let schema = log.errorCount == 0 ? parts?.make(diagnostics: log.diagnostics, key: key) : nil
        return Outcome(schema: schema, diagnostics: log.diagnostics, texts: texts)
    }

    private func collectDefinitions(of module: LoadedModule, log: FaultLog) {
        for text in module.texts {
            for statement in text.statement.substatements {
                switch statement.keyword {
                case .feature: define(statement, in: \.features, of: module, log: log)
                case .identity: define(statement, in: \.identities, of: module, log: log)
                case .extension: define(statement, in: \.extensions, of: module, log: log)
                default: break
                }
            }
            module.scope.define(text.statement.substatements, log: log)
        }
    }

    private func define(
        _ statement: Statement, in table: ReferenceWritableKeyPath<LoadedModule, [String: Statement]>,
        of module: LoadedModule, log: FaultLog
    ) {
        if let other = module[keyPath: table].updateValue(statement, forKey: statement.text) {
            log.report(
                .repeatedDefinition,
                "\(statement.name) '\(statement.text)' is defined twice", remedy: "the other is at \(other.place)",
                statement.place)
        }
    }

    private func build(
        _ loader: ModuleLoader, names: NameResolver, log: FaultLog, _ observe: (ModuleDraft) -> Void
    ) -> SchemaAssembler.Parts? {
        guard let first = loader.modules.first else {
            if log.errorCount == 0 {
                log.error("no module was given", remedy: "name at least one YANG module", nil)
            }
            return nil
        }
        let statementRules = StatementRules(names: names, log: log)
        for module in loader.modules where module.isImplemented { statementRules.check(module) }
        let features = FeatureEvaluator(selection: options.features, names: names, log: log)
        let types = TypeResolver(names: names, features: features, log: log)
        let identities = IdentityLinker(names: names, features: features, log: log).link(loader.modules)
        let root = DraftNode(
            statement: first.main.statement, kind: .root, name: "", module: first, scope: first.scope)
        let builder = TreeBuilder(names: names, features: features, log: log, root: root)
        let implemented = loader.modules.filter(\.isImplemented)
        for module in implemented { builder.build(module) }
        let editor = TreeEditor(builder: builder)
        let merger = RevisionMerger(builder: builder, editor: editor, older: loader.older)
        merger.mergeTops()
        editor.applyAugments(of: loader.dependencyOrder.filter(\.isImplemented))
        merger.mergeAugments()
        editor.applyAnnotations(loader.annotations)
        if options.appliesDeviations { editor.applyDeviations(of: implemented) }
        observe(
            ModuleDraft(root: root, modules: loader.modules, augments: editor.augments, builder: builder, types: types))
        let assembler = SchemaAssembler(
            builder: builder, types: types, identities: identities, modules: loader.modules)
        let parts = assembler.assemble()
        for module in implemented {
            DefinitionRules(builder: builder, assembler: assembler).check(module)
        }
        return parts
    }
}

/// The schema tree of a run before it becomes a schema: its statements are still at hand.
struct ModuleDraft {
    var root: DraftNode
    var modules: [LoadedModule]
    var augments: [AppliedAugment]
    /// Has the structures; expands what is not in the tree.
    var builder: TreeBuilder
    var types: TypeResolver
}
