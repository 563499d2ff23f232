import Basics
import Crypto

/// One text of a compiler run: a module, a submodule or an annotation module.
final class ModuleText {
    let source: SourceText
    /// Empty if they are not kept.
    let bytes: [UInt8]
    /// SHA-256 of the text.
    let digest: SHA256.Digest
    /// The module statement, after annotation.
    var statement: Statement
    let name: String
    let revision: String?
    /// What each prefix in the text stands for, its own included.
    var prefixes: [String: LoadedModule] = [:]
    /// The module that the text is (part of); nil for an annotation module that is not in the set.
    unowned(unsafe) var module: LoadedModule?

    init(source: SourceText, bytes: [UInt8], isKept: Bool, statement: Statement) {
        self.source = source
        self.bytes = isKept ? bytes : []
        digest = SHA256.hash(data: bytes)
        self.statement = statement
        name = statement.text
        revision = statement.substatements.lazy.filter { $0.keyword == .revision }.map(\.text).max()
    }

    var isVersion11: Bool { statement.argument(of: .yangVersion) == "1.1" }
    var isSubmodule: Bool { statement.keyword == .submodule }

    /// Prefixes as module names, in a form that closures may carry.
    lazy var moduleNames: [String: String] = prefixes.mapValues(\.name)
}

/// A module with its submodules, as linked with the others of the run.
final class LoadedModule {
    let index: Int32
    let main: ModuleText
    /// The module itself, then its submodules in order of inclusion.
    var texts: [ModuleText]
    var isImplemented: Bool
    var imports: [String] = []
    /// All revisions whose nodes it has, its own first; empty if there is one only.
    var mergedRevisions: [String] = []
    var features: [String: Statement] = [:]
    var identities: [String: Statement] = [:]
    var extensions: [String: Statement] = [:]
    private(set) var scope: Scope!

    init(index: Int32, main: ModuleText, isImplemented: Bool) {
        self.index = index
        self.main = main
        self.isImplemented = isImplemented
        texts = [main]
        scope = Scope(parent: nil, module: self)
        main.module = self
    }

    var name: String { main.name }
    var revision: String? { main.revision }
    var namespace: String { main.statement.argument(of: .namespace) ?? "" }
    var isVersion11: Bool { main.isVersion11 }
    var prefix: String { main.statement.argument(of: .prefix) ?? "" }

    var summary: SchemaModule {
        var hash = SHA256()
        for text in texts { text.digest.withUnsafeBytes { hash.update(bufferPointer: $0) } }
        var summary = SchemaModule(
            name: name, namespace: namespace, prefix: prefix, revision: revision,
            digest: hash.finalize().hexadecimal, isImplemented: isImplemented, imports: imports)
        summary.submodules = texts.dropFirst().map { SchemaModule.Submodule(name: $0.name, revision: $0.revision) }
        return summary
    }
}

extension Digest {
    var hexadecimal: String {
        map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
    }
}

/// The typedefs and groupings visible at a place: those of a statement, then those of the ones around it.
final class Scope {
    let parent: Scope?
    unowned(unsafe) let module: LoadedModule
    var typedefs: [String: Statement] = [:]
    var groupings: [String: Statement] = [:]

    init(parent: Scope?, module: LoadedModule) {
        self.parent = parent
        self.module = module
    }

    /// Takes in the definitions among `statements`; a name that is taken is a fault.
    func define(_ statements: [Statement], log: FaultLog) {
        for statement in statements {
            switch statement.keyword {
            case .typedef: define(statement, in: \.typedefs, log: log)
            case .grouping: define(statement, in: \.groupings, log: log)
            default: break
            }
        }
    }

    private func define(
        _ statement: Statement, in table: ReferenceWritableKeyPath<Scope, [String: Statement]>, log: FaultLog
    ) {
        if let other = self[keyPath: table].updateValue(statement, forKey: statement.text), other !== statement {
            log.report(
                .repeatedDefinition,
                "\(statement.name) '\(statement.text)' is defined twice", remedy: "the other is at \(other.place)",
                statement.place)
        }
    }

    func typedef(_ name: String) -> (Statement, Scope)? { find(name, \.typedefs) }
    func grouping(_ name: String) -> (Statement, Scope)? { find(name, \.groupings) }

    private func find(_ name: String, _ table: KeyPath<Scope, [String: Statement]>) -> (Statement, Scope)? {
        var scope: Scope? = self
        while let current = scope {
            if let found = current[keyPath: table][name] { return (found, current) }
            scope = current.parent
        }
        return nil
    }
}
