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
    package func compile(_ sources: [Source]) -> Outcome {
        let log = FaultLog(policy: options.policy)
        let loader = ModuleLoader(
            log: log, searchPath: SearchPath(options.searchPath), implementsImports: options.implementsImports,
            recipes: options.recipes)
        loader.load(
            sources, annotations: options.annotations, library: options.library,
            mergesRevisions: options.mergesRevisions, announced: options.announced)
        let names = NameResolver(loader: loader, log: log)
        StatementAnnotator(names: names, log: log).apply()
        for module in loader.modules { collectDefinitions(of: module, log: log) }
        let schema = build(loader, names: names, log: log)
        let texts = loader.texts.compactMap { text in
            text.module.map { module in
                LoadedText(
                    name: text.name, revision: text.revision, belongsTo: text.isSubmodule ? module.name : nil,
                    isImplemented: module.isImplemented, source: Source(path: text.source.path, bytes: text.bytes))
            }
        }
        return Outcome(schema: log.errorCount == 0 ? schema : nil, diagnostics: log.diagnostics, texts: texts)
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
            log.error(
                "\(statement.name) '\(statement.text)' is defined twice", remedy: "the other is at \(other.place)",
                statement.place)
        }
    }

    private func build(_ loader: ModuleLoader, names: NameResolver, log: FaultLog) -> Schema? {
        guard let first = loader.modules.first else {
            if log.errorCount == 0 {
                log.error("no module was given", remedy: "name at least one YANG module", nil)
            }
            return nil
        }
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
        editor.applyAugments(of: implemented)
        merger.mergeAugments()
        editor.applyAnnotations(loader.annotations)
        if options.appliesDeviations { editor.applyDeviations(of: implemented) }
        let assembler = SchemaAssembler(
            builder: builder, types: types, identities: identities, modules: loader.modules)
        let schema = assembler.assemble()
        for module in implemented {
            for typedef in module.scope.typedefs.values.sorted(by: { $0.line < $1.line }) {
                types.check(typedef: typedef, scope: module.scope)
            }
        }
        return schema.make(diagnostics: log.diagnostics)
    }
}
