import Basics
import Foundation

extension CompilerCommand {
    /// `ncsc --check`: every fault of a set of modules, then how many of them load.
    ///
    /// Of a module with several revisions the newest is checked; the others serve imports by revision. What a fault
    /// keeps from loading is left out, with what imports it, and the rest is tried again: so the count is of modules
    /// that do load, together.
    func check(_ paths: [String]) throws -> Bool {
        var set = ModuleSet()
        for path in paths { try set.add(path, isNamed: true) }
        guard !set.isEmpty else {
            throw CompilerArguments.Fault(
                message: "\(paths.joined(separator: " ")): no YANG modules (.yang) were found there")
        }
        var reported: Set<String> = []
        var counts: [Diagnostic.Severity: Int] = [:]
        func tell(_ diagnostics: [Diagnostic]) {
            for diagnostic in diagnostics where reported.insert(diagnostic.description).inserted {
                errors(Self.line(diagnostic))
                counts[diagnostic.severity, default: 0] += 1
            }
        }
        tell(set.faults)
        var modules = set.latest
        var isWhole = true
        while !modules.isEmpty {
            let given = modules.map(\.source)
            var options = try options(for: given.map(\.path), module: "")
            options.library += set.library(besides: modules)
            let outcome = SchemaCompiler(options: options).compile(given + set.submodules)
            // Of a rest, only what the whole did not show: recipes and warnings speak of what was left out.
            tell(isWhole ? outcome.diagnostics : outcome.diagnostics.filter { $0.severity == .error })
            isWhole = false
            guard outcome.hasErrors else { break }
            let files = outcome.diagnostics.filter { $0.severity == .error }.compactMap(\.place?.file)
            let rest = set.without(files: Set(files), modules)
            // A fault outside the set cannot be got round.
            if rest.count == modules.count { modules = [] } else { modules = rest }
        }
        let (errorCount, warningCount) = (counts[.error] ?? 0, counts[.warning] ?? 0)
        output("\(set.count) modules, \(modules.count) loaded, \(errorCount) errors, \(warningCount) warnings")
        return modules.count == set.count && !(arguments.failsOnWarnings && warningCount > 0)
    }
}

/// The YANG files below some paths, by module.
private struct ModuleSet {
    struct Member {
        var name: String
        var revision: String
        var source: SchemaCompiler.Source
        /// What it imports or includes.
        var needs: Set<String>
    }

    private var modules: [String: [Member]] = [:]
    private var parts: [Member] = []
    private(set) var faults: [Diagnostic] = []
    /// Files that are no module at all.
    private var brokenCount = 0
    private var directories: Set<String> = []

    var isEmpty: Bool { modules.isEmpty && brokenCount == 0 }
    var count: Int { modules.count + brokenCount }

    /// The newest revision of each module, by name.
    var latest: [Member] { modules.keys.sorted().compactMap { modules[$0]?.max { $0.revision < $1.revision } } }
    var submodules: [SchemaCompiler.Source] { parts.map(\.source) }

    func library(besides chosen: [Member]) -> [SchemaCompiler.Source] {
        let taken = Set(chosen.map(\.source.path))
        let names = Set(chosen.map(\.name))
        return modules.values.joined().filter { names.contains($0.name) && !taken.contains($0.source.path) }
            .map(\.source)
    }

    /// The members that have no fault and need none that has.
    func without(files: Set<String>, _ members: [Member]) -> [Member] {
        var gone = Set(members.filter { files.contains($0.source.path) }.map(\.name))
        gone.formUnion(parts.filter { files.contains($0.source.path) }.map(\.name))
        gone.formUnion(modules.values.joined().filter { files.contains($0.source.path) }.map(\.name))
        var rest = members
        while true {
            let next = rest.filter { !gone.contains($0.name) && $0.needs.isDisjoint(with: gone) }
            if next.count == rest.count { return rest }
            gone.formUnion(Set(rest.map(\.name)).subtracting(next.map(\.name)))
            rest = next
        }
    }

    // MARK: Reading

    /// Adds a file, or those below a directory.
    mutating func add(_ path: String, isNamed: Bool = false) throws {
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
            if isNamed { throw CompilerArguments.Fault(message: "\(path): there is no such file or directory") }
            return fault("the file cannot be read", "the link leads nowhere", path)
        }
        guard isDirectory.boolValue else {
            if path.hasSuffix(".yang") { return addFile(path) }
            if isNamed { throw CompilerArguments.Fault(message: "\(path): no YANG module (.yang)") }
            return
        }
        // A link may lead back up.
        guard directories.insert(URL(fileURLWithPath: path).resolvingSymlinksInPath().path).inserted else { return }
        do {
            for name in try FileManager.default.contentsOfDirectory(atPath: path).sorted() where !name.hasPrefix(".") {
                try add("\(path)/\(name)")
            }
        } catch let error as CompilerArguments.Fault {
            throw error
        } catch {
            fault("the directory cannot be read", "check its permissions", path)
        }
    }

    private mutating func addFile(_ path: String) {
        guard let data = FileManager.default.contents(atPath: path) else {
            return fault("the file cannot be read", "check its permissions", path)
        }
        let source = SchemaCompiler.Source(path: path, bytes: [UInt8](data))
        let (statements, syntaxFaults) = Statement.parse(source.bytes, path: path)
        guard let statement = statements.first, statement.keyword == .module || statement.keyword == .submodule,
            let name = statement.argument
        else {
            brokenCount += 1
            if syntaxFaults.isEmpty {
                faults.append(
                    .error("no YANG module", remedy: "expected 'module NAME {'", place: SourcePlace(file: path)))
            }
            return faults.append(contentsOf: syntaxFaults)
        }
        let needs = statement.substatements.filter { $0.keyword == .import || $0.keyword == .include }.map(\.text)
        let member = Member(
            name: name, revision: statement.all(.revision).map(\.text).max() ?? "", source: source, needs: Set(needs))
        if statement.keyword == .submodule {
            if !parts.contains(where: { $0.source.bytes == source.bytes }) { parts.append(member) }
        } else if modules[name]?.contains(where: { $0.revision == member.revision }) != true {
            modules[name, default: []].append(member)
        } else if modules[name]?.contains(where: { $0.source.bytes == source.bytes }) != true {
            let other = modules[name]?.first { $0.revision == member.revision }?.source.path ?? ""
            faults.append(
                .warning(
                    "module '\(name)' is there twice with the same revision and another text; this one is left out",
                    remedy: "keep one of this and \(other)", place: SourcePlace(file: path)))
        }
    }

    private mutating func fault(_ summary: String, _ remedy: String, _ path: String) {
        if path.hasSuffix(".yang") { brokenCount += 1 }
        faults.append(.error(summary, remedy: remedy, place: SourcePlace(file: path)))
    }
}
