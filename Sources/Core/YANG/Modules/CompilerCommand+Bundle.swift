import Basics
import Foundation

extension CompilerCommand {
    /// The texts of a bundle, sorted by what they are.
    struct Bundle {
        /// The newest revision of each module, and the submodules.
        var sources: [SchemaCompiler.Source] = []
        var annotations: [SchemaCompiler.Source] = []
        /// Revisions beside a newer one in the bundle, which merges them.
        var older: [(name: String, revision: String, source: SchemaCompiler.Source)] = []
    }

    /// `ncsc --ncs-compile-bundle` and `--ncs-compile-module`: the models of a device, together.
    func compileBundle() throws -> Bool {
        let target = (arguments.deviceDirectory ?? "ncsc-out") + "/modules"
        var files: [String] = []
        for path in arguments.files { files += arguments.mode == .module ? [path] : try yangFiles(in: path) }
        let bundle = try sort(files)
        var options = SchemaCompiler.Options()
        options.policy = .vendor
        options.severities = arguments.severities
        options.annotations = bundle.annotations
        options.appliesDeviations = arguments.appliesDeviations
        options.searchPath =
            (arguments.mode == .module ? arguments.files.map(Self.directory) : arguments.files) + searchPath
        options.library = try dependencies()
        options.recipes = try recipes()
        options.features = arguments.features(for: bundle.sources.first.map(Self.moduleName) ?? "")
        options.mergesRevisions = true
        let outcome = SchemaCompiler(options: options).compile(bundle.sources + bundle.older.map(\.source))
        guard report(outcome) else { return false }
        if arguments.onlyChecks { return true }
        let maker = CompiledModuleMaker(outcome: outcome, annotations: bundle.annotations, options: options)
        let given = Set(outcome.texts.filter(\.isImplemented).map(\.name))
        for text in outcome.texts where text.isImplemented {
            let older = bundle.older.filter { $0.name == text.name }.map(\.source)
            try write(text, maker: maker, given: given, older: older, to: target)
        }
        for (name, revision, source) in bundle.older {
            try write(source.bytes, to: "\(target)/revisions/\(name)/\(revision)/\(name).yang.orig")
        }
        if let nedID = arguments.nedID { try writeIdentity(nedID, to: target) }
        return true
    }

    private func yangFiles(in directory: String) throws -> [String] {
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: directory) else {
            throw CompilerArguments.Fault(message: "\(directory): no such directory")
        }
        let files = names.filter { $0.hasSuffix(".yang") && !$0.hasPrefix(".") }.sorted()
        guard !files.isEmpty else {
            throw CompilerArguments.Fault(message: "\(directory): there are no YANG files (*.yang) in it")
        }
        return files.map { "\(directory)/\($0)" }
    }

    private func sort(_ files: [String]) throws -> Bundle {
        var bundle = Bundle()
        bundle.annotations = try arguments.annotations.map(source)
        var newest: [String: (revision: String, source: SchemaCompiler.Source)] = [:]
        var order: [String] = []
        for file in files where !arguments.annotations.contains(file) {
            let source = try source(file)
            guard let statement = Statement.parse(source.bytes, path: file).statements.first,
                statement.keyword == .module
            else {
                bundle.sources.append(source)
                continue
            }
            if ModuleLoader.annotates(statement) {
                bundle.annotations.append(source)
                continue
            }
            let revision = statement.all(.revision).map(\.text).max() ?? ""
            guard let other = newest[statement.text] else {
                newest[statement.text] = (revision, source)
                order.append(statement.text)
                continue
            }
            if revision > other.revision { newest[statement.text] = (revision, source) }
            let replaced = revision > other.revision ? other : (revision, source)
            bundle.older.append((statement.text, Self.folder(ofRevision: replaced.0), replaced.1))
        }
        bundle.sources += order.compactMap { newest[$0]?.source }
        return bundle
    }

    private static func folder(ofRevision revision: String?) -> String {
        revision.flatMap { $0.isEmpty ? nil : $0 } ?? "no-revision"
    }

    private func write(
        _ text: SchemaCompiler.LoadedText, maker: CompiledModuleMaker, given: Set<String>,
        older: [SchemaCompiler.Source], to target: String
    ) throws {
        try write(text.source.bytes, to: "\(target)/yang/\(text.name).yang")
        guard text.belongsTo == nil else { return }
        let revision = "\(target)/revisions/\(text.name)/\(Self.folder(ofRevision: text.revision))/\(text.name)"
        try write(text.source.bytes, to: "\(revision).yang")
        try write(text.source.bytes, to: "\(revision).yang.orig")
        var module = try maker.make(text, deviations: [], given: given, older: older)
        module.deviceType = arguments.deviceType
        module.nedID = arguments.nedID
        let bytes = try module.encoded()
        try write(bytes, to: "\(revision).fxs")
        try write(bytes, to: "\(target)/fxs/\(text.name).fxs")
    }

    // MARK: The driver's identity

    /// Writes the modules that define the identity of a driver and of its family, `tailf-ned-id-NAME`.
    private func writeIdentity(_ nedID: String, to target: String) throws {
        let name = Identifier.split(nedID).name
        guard Identifier.isValid(name), let deviceType = arguments.deviceType else {
            throw CompilerArguments.Fault(message: "'\(nedID)' is no ned-id; expected MODULE:IDENTITY")
        }
        let base = deviceType == "netconf" ? "netconf-ned-id" : "\(deviceType)-id"
        var parent = (module: "tailf-ncs-ned", prefix: "ned", identity: base)
        if let family = NEDIdentityModule.family(of: name) {
            try write(NEDIdentityModule(name: family, base: parent, isAbstract: true), to: target)
            parent = (family, "family", family)
        }
        try write(NEDIdentityModule(name: name, base: parent, isAbstract: false), to: target)
    }

    private func write(_ identity: NEDIdentityModule, to target: String) throws {
        let fileName = "tailf-ned-id-\(identity.name)"
        let bytes = Array(identity.text.utf8)
        try write(bytes, to: "\(target)/yang/\(fileName).yang")
        let text = CompiledModule.Text(
            role: .module, name: identity.name, revision: nil, fileName: "\(identity.name).yang", bytes: bytes)
        let module = CompiledModule(
            name: identity.name, namespace: identity.namespace, prefix: identity.name,
            imports: identity.imports, texts: [text])
        try write(try module.encoded(), to: "\(target)/fxs/\(fileName).fxs")
    }
}

/// The module of a driver's identity: nothing but one identity of the same name.
struct NEDIdentityModule {
    var name: String
    var base: (module: String, prefix: String, identity: String)
    /// A family identity groups versions; no device can have it.
    var isAbstract: Bool

    var namespace: String { "http://tail-f.com/ns/ned-id/\(name)" }
    var imports: [String] { [base.module] + (isAbstract ? ["tailf-common"] : []) }

    /// `router-nc` for `router-nc-1.0`; nil for a name without version.
    static func family(of name: String) -> String? {
        guard let dash = name.lastIndex(of: "-") else { return nil }
        let version = name[name.index(after: dash)...].split(separator: ".", omittingEmptySubsequences: false)
        guard version.count == 2, version.allSatisfy({ !$0.isEmpty && $0.allSatisfy(\.isNumber) }) else { return nil }
        return String(name[..<dash])
    }

    var text: String {
        var lines = [
            "module \(name) {", "  yang-version 1.1;", "  namespace \"\(namespace)\";", "  prefix \(name);", "",
            "  import \(base.module) {", "    prefix \(base.prefix);", "  }",
        ]
        if isAbstract { lines += ["  import tailf-common {", "    prefix tailf;", "  }"] }
        lines += ["", "  identity \(name) {", "    base \(base.prefix):\(base.identity);"]
        if isAbstract { lines.append("    tailf:abstract;") }
        return (lines + ["  }", "}", ""]).joined(separator: "\n")
    }
}
