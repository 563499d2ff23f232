import Basics
import Foundation
import YANG

/// One side of a comparison: a module, a directory of modules, a package or a `.fxs` file, compiled.
///
/// A package is a directory with `package-meta-data.xml`: its model is what it loads, `load-dir/*.fxs`, or `src/yang` if
/// those are not ours. Of a module with several revisions in a plain directory the newest counts.
struct ComparedModel {
    let schema: Schema
    let sources: SchemaSources

    struct Fault: Error {
        var lines: [String]
    }

    private struct Texts {
        var modules: [SchemaCompiler.Source] = []
        var annotations: [SchemaCompiler.Source] = []
        var library: [SchemaCompiler.Source] = []
        var recipes: [SchemaCompiler.Source] = []
        var directories: [String] = []
        /// Whether several revisions of a module are one, as a driver has them.
        var isPackage = false
    }

    /// - Parameter searchPath: where imports are looked for, after the directory of the file.
    init(path: String, searchPath: [String], isStrict: Bool, warn: (String) -> Void) throws {
        let texts = try Self.texts(path)
        guard !texts.modules.isEmpty else {
            throw Fault(lines: ["\(path): no YANG modules (.yang) and no compiled ones (.fxs) were found there"])
        }
        var options = SchemaCompiler.Options()
        options.policy = isStrict ? .strict : .vendor
        options.searchPath = searchPath + texts.directories
        options.annotations = texts.annotations
        options.library = texts.library
        options.recipes = texts.recipes
        options.mergesRevisions = texts.isPackage
        options.implementsImports = !texts.isPackage
        let result = SchemaCompiler(options: options).compileKeepingSources(texts.modules)
        guard let schema = result.outcome.schema, let sources = result.sources else {
            let errors = result.outcome.diagnostics.filter { $0.severity == .error }
            throw Fault(lines: errors.map(\.description))
        }
        for diagnostic in result.outcome.diagnostics { warn(diagnostic.description) }
        (self.schema, self.sources) = (schema, sources)
    }

    // MARK: Finding the texts

    private static func texts(_ path: String) throws -> Texts {
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
            throw Fault(lines: ["\(path): there is no such file or directory"])
        }
        var texts = Texts()
        if !isDirectory.boolValue {
            if path.hasSuffix(".fxs") {
                try add(compiled: path, to: &texts)
            } else if path.hasSuffix(".yang") {
                texts.modules = [try source(path)]
                texts.directories = [directory(of: path)]
            } else {
                throw Fault(lines: ["\(path): expected a .yang or .fxs file, a directory or a package"])
            }
        } else if DurableFiles.exists(path + "/package-meta-data.xml") {
            try addPackage(path, to: &texts)
        } else {
            try addDirectory(path, to: &texts)
        }
        return texts
    }

    private static func addPackage(_ path: String, to texts: inout Texts) throws {
        texts.isPackage = true
        let compiled = names(in: path + "/load-dir").filter { $0.hasSuffix(".fxs") }
        do {
            for name in compiled { try add(compiled: "\(path)/load-dir/\(name)", to: &texts) }
        } catch let error as CompiledModuleError where error.code == .foreign {
            texts = Texts()
            texts.isPackage = true
        }
        guard texts.modules.isEmpty else { return }
        try addDirectory(path + "/src/yang", to: &texts)
        for name in names(in: path + "/src/recipes") where name.hasSuffix(".recipe") {
            texts.recipes.append(try source("\(path)/src/recipes/\(name)"))
        }
    }

    private static func add(compiled path: String, to texts: inout Texts) throws {
        let module = try CompiledModule.read(path: path)
        texts.modules += module.sources([.module, .revision, .deviation], in: path)
        texts.annotations += module.sources([.annotation], in: path)
        texts.library += module.sources([.submodule, .dependency], in: path)
        for recipe in module.sources([.recipe], in: path)
        where !texts.recipes.contains(where: { $0.bytes == recipe.bytes }) {
            texts.recipes.append(recipe)
        }
        texts.directories.append(directory(of: path))
    }

    /// The modules below a directory; of compiled ones the texts in them, if there are no others.
    private static func addDirectory(_ path: String, to texts: inout Texts) throws {
        var yang: [String] = []
        var compiled: [String] = []
        var seen: Set<String> = []
        func walk(_ directory: String) {
            // A link may lead back up.
            let real = URL(fileURLWithPath: directory).resolvingSymlinksInPath().path
            guard seen.insert(real).inserted else { return }
            for name in names(in: directory) where !name.hasPrefix(".") {
                let path = "\(directory)/\(name)"
                if name.hasSuffix(".yang") {
                    yang.append(path)
                } else if name.hasSuffix(".fxs") {
                    compiled.append(path)
                } else {
                    var isDirectory: ObjCBool = false
                    if FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), isDirectory.boolValue {
                        walk(path)
                    }
                }
            }
        }
        walk(path)
        if yang.isEmpty {
            for file in compiled { try add(compiled: file, to: &texts) }
            return
        }
        texts.modules += ModuleFiles.newest(of: try yang.map(source))
        texts.directories += Array(Set(yang.map(directory(of:)))).sorted()
    }

    private static func names(in directory: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []).sorted()
    }

    private static func directory(of path: String) -> String {
        path.contains("/") ? DurableFiles.parent(of: path) : "."
    }

    private static func source(_ path: String) throws -> SchemaCompiler.Source {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw Fault(lines: ["\(path): cannot be read"])
        }
        return SchemaCompiler.Source(path: path, bytes: [UInt8](data))
    }
}

/// Which of the files of a directory are the newest revisions of its modules, by their first words and names.
enum ModuleFiles {
    static func newest(of sources: [SchemaCompiler.Source]) -> [SchemaCompiler.Source] {
        var modules: [String: [SchemaCompiler.Source]] = [:]
        var others: [SchemaCompiler.Source] = []
        for source in sources {
            if let name = moduleName(source.bytes) {
                modules[name, default: []].append(source)
            } else {
                others.append(source)
            }
        }
        let chosen = modules.keys.sorted().compactMap { name -> SchemaCompiler.Source? in
            guard let found = modules[name], found.count > 1 else { return modules[name]?.first }
            return found.max { revision($0) < revision($1) }
        }
        // Submodules are taken where they are included; of anything else the compiler says what is wrong.
        return chosen + others
    }

    /// The name after the keyword `module`; nil for a submodule and for what starts otherwise.
    private static func moduleName(_ bytes: [UInt8]) -> String? {
        var rest = bytes[...]
        func skip(_ prefix: String, until end: String) -> Bool {
            guard rest.starts(with: prefix.utf8) else { return false }
            let stop = Array(end.utf8)
            while !rest.isEmpty, !rest.starts(with: stop) { rest.removeFirst() }
            rest = rest.dropFirst(stop.count)
            return true
        }
        if rest.starts(with: [0xEF, 0xBB, 0xBF]) { rest = rest.dropFirst(3) }
        while true {
            rest = rest.drop { $0 == 0x20 || ($0 >= 0x09 && $0 <= 0x0D) }
            if !skip("//", until: "\n"), !skip("/*", until: "*/") { break }
        }
        guard rest.starts(with: "module".utf8) else { return nil }
        let name = rest.dropFirst("module".utf8.count).drop { $0 == 0x20 || ($0 >= 0x09 && $0 <= 0x0D) || $0 == 0x22 }
        return String(decoding: name.prefix { $0 > 0x20 && $0 != 0x22 && $0 != 0x7B }, as: UTF8.self)
    }

    private static func revision(_ source: SchemaCompiler.Source) -> String {
        let statement = Statement.parse(source.bytes, path: source.path).statements.first
        return statement?.all(.revision).map(\.text).max() ?? ""
    }
}
