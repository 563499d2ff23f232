import Basics
import Foundation

/// `ncsc`: the YANG compiler as a program.
///
/// Messages have the form `FILE:LINE:COLUMN: error: ...`; the exit status is 0 if everything was made, else 1.
package struct CompilerCommand {
    let arguments: CompilerArguments
    let environment: [String: String]
    let output: (String) -> Void
    let errors: (String) -> Void

    /// Runs the compiler; `output` and `errors` get one line at a time, without its end.
    package static func run(
        arguments: [String], environment: [String: String] = ProcessInfo.processInfo.environment,
        output: (String) -> Void, errors: (String) -> Void
    ) -> Int32 {
        withoutActuallyEscaping(output) { output in
            withoutActuallyEscaping(errors) { errors in
                do {
                    let command = CompilerCommand(
                        arguments: try CompilerArguments(arguments), environment: environment, output: output,
                        errors: errors)
                    return try command.run() ? 0 : 1
                } catch let fault as CompilerArguments.Fault {
                    errors("ncsc: \(fault.message)")
                } catch {
                    errors("ncsc: \(error)")
                }
                return 1
            }
        }
    }

    private func run() throws -> Bool {
        switch arguments.mode {
        case .listErrors: listErrors()
        case .version: output("\(Product.compatibleVersion)")
        case .info: for file in arguments.files { try printInfo(file) }
        case .namespace: for file in arguments.files { output(try CompiledModule.read(path: file).namespace) }
        case .extractSources: for file in arguments.files { try extractSources(of: file) }
        case .java: try noteJava()
        case .compile: return try compile(arguments.files[0])
        case .check: return try check(arguments.files)
        case .tree: return try drawTree(arguments.files)
        case .bundle, .module: return try compileBundle()
        case nil: return false
        }
        return true
    }

    // MARK: Reading compiled modules

    private func printInfo(_ file: String) throws {
        let module = try CompiledModule.read(path: file)
        output("fxs file")
        output("Ncsc version:           \(Product.compatibleVersion)")
        output("uri:                    \(module.namespace)")
        output("id:                     \(module.namespace)")
        output("prefix:                 \"\(module.prefix)\"")
        output("flags:                  \(module.isImplemented ? "implement" : "import")")
        output("mountpoint:             \(module.nedID ?? "undefined")")
        output("sources:                \(module.texts.map(\.fileName).joined(separator: " "))")
        output("dependencies:           \(module.imports.joined(separator: " "))")
        output("revision:               \(module.revision ?? "none")")
    }

    /// Package Makefiles ask for Java classes of their models, which nothing here would run.
    private func noteJava() throws {
        for file in arguments.files { _ = try CompiledModule.read(path: file) }
        errors("\(arguments.output ?? ""): note: no Java is made of models here; the package works without it")
    }

    private func extractSources(of file: String) throws {
        let directory = arguments.output ?? "."
        for text in try CompiledModule.read(path: file).texts where text.role != .dependency {
            try write(text.bytes, to: "\(directory)/\(URL(fileURLWithPath: text.fileName).lastPathComponent)")
        }
    }

    // MARK: Common parts

    /// A file with faults about reading it in the form of the others.
    func source(_ path: String) throws -> SchemaCompiler.Source {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw CompilerArguments.Fault(message: "\(path): cannot be read")
        }
        return SchemaCompiler.Source(path: path, bytes: [UInt8](data))
    }

    /// Where imports are looked for: as told, then the installation's own modules.
    var searchPath: [String] {
        arguments.searchPath + (environment["NCS_DIR"].map { ["\($0)/src/ncs/yang"] } ?? [])
    }

    /// The texts in the `.fxs` files (or the directories of such) that `--fxsdep` names.
    func dependencies() throws -> [SchemaCompiler.Source] {
        var result: [SchemaCompiler.Source] = []
        for path in arguments.dependencies {
            var files = [path]
            if let names = try? FileManager.default.contentsOfDirectory(atPath: path) {
                files = names.filter { $0.hasSuffix(".fxs") }.sorted().map { "\(path)/\($0)" }
            }
            for file in files {
                result += try CompiledModule.read(path: file).sources([.module, .submodule, .dependency], in: file)
            }
        }
        return result
    }

    /// The recipe files that `--recipes` names, those of a directory by name.
    func recipes() throws -> [SchemaCompiler.Source] {
        var result: [SchemaCompiler.Source] = []
        for path in arguments.recipes {
            guard let names = try? FileManager.default.contentsOfDirectory(atPath: path) else {
                result.append(try source(path))
                continue
            }
            result += try names.filter { $0.hasSuffix(".recipe") }.sorted().map { try source("\(path)/\($0)") }
        }
        return result
    }

    /// Prints the findings, each with its code; whether the run may go on.
    func report(_ outcome: SchemaCompiler.Outcome) -> Bool {
        for diagnostic in outcome.diagnostics { errors(Self.line(diagnostic)) }
        guard let schema = outcome.schema, knowsFeatures(of: schema) else { return false }
        if arguments.failsOnWarnings, outcome.diagnostics.contains(where: isFailure) {
            errors("ncsc: warnings count as errors (--fail-on-warnings)")
            return false
        }
        return true
    }

    /// A finding with its code.
    static func line(_ diagnostic: Diagnostic) -> String {
        diagnostic.description + (diagnostic.code.map { " [\($0)]" } ?? "")
    }

    /// Whether `--fail-on-warnings` is about this one: `-W` excepts its kind.
    private func isFailure(_ diagnostic: Diagnostic) -> Bool {
        let kind = diagnostic.code.flatMap(FaultKind.init(rawValue:))
        return diagnostic.severity == .warning && kind.map { !arguments.severities.warnings.contains($0) } ?? true
    }

    /// Whether the features that `--feature` and `--no-feature` name are there, in the modules that are.
    private func knowsFeatures(of schema: Schema) -> Bool {
        guard !arguments.ignoresUnknownFeatures else { return true }
        var isGood = true
        let named = arguments.onlyFeatures.merging(arguments.withoutFeatures) { $0.union($1) }
        for (name, features) in named.sorted(by: { $0.key < $1.key }) {
            guard let module = schema.module(named: name) else { continue }
            for feature in features.subtracting(module.definedFeatures).sorted() {
                errors("ncsc: module \(name) has no feature '\(feature)'; correct it, or use --ignore-unknown-features")
                isGood = false
            }
        }
        return isGood
    }

    /// Every code with what it comes to and where the rule is written.
    private func listErrors() {
        for kind in FaultKind.allCases {
            let effect =
                switch kind.effect {
                case .warned: "warning"
                case .refused: "error"
                case .kept: "minor error"
                case .dropped: "minor error; vendor policy drops \(kind.sacrifice ?? "what is at fault")"
                }
            output("\(kind.rawValue): \(effect)\(kind.rule.map { " (\($0))" } ?? "")")
        }
    }

    func write(_ bytes: [UInt8], to path: String) throws {
        let url = URL(fileURLWithPath: path)
        do {
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(bytes).write(to: url, options: .atomic)
        } catch {
            throw CompilerArguments.Fault(message: "\(path): cannot be written: \(error.localizedDescription)")
        }
        if arguments.isVerbose { output("wrote \(path)") }
    }
}
