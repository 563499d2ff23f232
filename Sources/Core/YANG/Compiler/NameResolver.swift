import Basics

/// What prefixes, identities and extensions mean where they are written.
final class NameResolver {
    let loader: ModuleLoader
    let log: FaultLog
    private var instances: [ObjectIdentifier: ExtensionInstance?] = [:]

    init(loader: ModuleLoader, log: FaultLog) {
        self.loader = loader
        self.log = log
    }

    func text(of statement: Statement) -> ModuleText { loader.texts[statement.source.index] }

    /// The module of a prefix where `statement` is written; its own without prefix. An unknown prefix is a fault.
    func module(_ prefix: String?, at statement: Statement) -> LoadedModule? {
        let text = text(of: statement)
        guard let prefix else { return text.module }
        if let module = text.prefixes[prefix] { return module }
        // The import itself failed and was reported.
        let isDeclared = text.statement.all(.import).contains { $0.argument(of: .prefix) == prefix }
        if !isDeclared {
            log.report(.unknownPrefix, "prefix '\(prefix)' is not known here", remedy: "import its module", statement.place)
        }
        return nil
    }

    /// `module:name` of an identity reference; an unknown one is a fault.
    func identity(_ reference: String, at statement: Statement) -> String? {
        let (prefix, name) = Identifier.split(reference)
        guard let module = module(prefix, at: statement) else { return nil }
        guard module.identities[name] != nil else {
            log.report(
                .undefinedIdentity,
                "identity '\(name)' is not defined in module '\(module.name)'", remedy: "define it or correct the name",
                statement.place)
            return nil
        }
        return "\(module.name):\(name)"
    }

    // MARK: Extensions

    /// The extension statements among `statements`, with those inside them.
    func instances(among statements: [Statement]) -> [ExtensionInstance] {
        var result: [ExtensionInstance] = []
        for statement in statements where statement.prefix != nil {
            if let instance = instance(statement) { result.append(instance) }
        }
        return result
    }

    func instance(_ statement: Statement) -> ExtensionInstance? {
        let key = ObjectIdentifier(statement)
        if let known = instances[key] { return known }
        let made = makeInstance(statement)
        instances[key] = .some(made)
        return made
    }

    /// Whether an extension statement, with those in it, is one that somebody defines.
    func checkDefinition(of statement: Statement) {
        guard let module = module(statement.prefix, at: statement) else { return }
        if let definition = module.extensions[statement.name] {
            checkArgument(of: statement, by: definition)
        } else {
            reportUnknown(statement, in: module)
        }
        for child in statement.substatements where child.prefix != nil { checkDefinition(of: child) }
    }

    private func makeInstance(_ statement: Statement) -> ExtensionInstance? {
        guard let module = module(statement.prefix, at: statement) else { return nil }
        return ExtensionInstance(
            module: module.name, name: statement.name, argument: statement.argument,
            substatements: statement.substatements.isEmpty ? [] : instances(among: statement.substatements),
            place: statement.place)
    }

    private func checkArgument(of statement: Statement, by definition: Statement) {
        let takesArgument = definition.first(.argument) != nil
        guard takesArgument != (statement.argument != nil) else { return }
        let summary =
            takesArgument
            ? "'\(statement.writtenKeyword)' has no argument" : "'\(statement.writtenKeyword)' takes no argument"
        report(.extensionArgument, summary, remedy: "see its definition at \(definition.place)", statement)
    }

    private func reportUnknown(_ statement: Statement, in module: LoadedModule) {
        report(
            .undefinedExtension, "extension '\(statement.name)' is not defined in module '\(module.name)'",
            remedy: "correct the name, or use a revision of the module that has it", statement)
    }

    /// Of the `tailf` modules ours are not the only ones: what they lack, or have otherwise, is no fault of a model.
    private func report(_ kind: FaultKind, _ summary: String, remedy: String, _ statement: Statement) {
        guard definingModule(of: statement)?.hasPrefix("tailf") == true else {
            log.report(kind, summary, remedy: remedy, statement.place)
            return
        }
        var diagnostic = Diagnostic.warning(summary, remedy: remedy, place: statement.place)
        diagnostic.code = kind.rawValue
        log.add(diagnostic)
    }

    /// The name of the module that defines an extension statement; nil for one of YANG or with an unknown prefix.
    func definingModule(of statement: Statement) -> String? {
        statement.prefix.flatMap { text(of: statement).prefixes[$0]?.name }
    }

    /// Whether `statement` defines a tree outside the datastores.
    func structureKind(of statement: Statement) -> SchemaStructure.Kind? {
        guard statement.prefix != nil else { return nil }
        switch (statement.name, definingModule(of: statement)) {
        case ("structure", "ietf-yang-structure-ext"): return .structure
        case ("yang-data", "ietf-restconf"): return .yangData
        default: return nil
        }
    }

    func isStructureAugment(_ statement: Statement) -> Bool {
        statement.name == "augment-structure" && definingModule(of: statement) == "ietf-yang-structure-ext"
    }

    func isMetadataAnnotation(_ statement: Statement) -> Bool {
        statement.name == "annotation" && definingModule(of: statement) == "ietf-yang-metadata"
    }

    /// Whether `statement` is an instance of an extension of that name in one of the `tailf` modules.
    func isTailf(_ statement: Statement, _ name: String) -> Bool {
        guard let prefix = statement.prefix, statement.name == name else { return false }
        return text(of: statement).prefixes[prefix]?.name.hasPrefix("tailf") ?? false
    }
}
