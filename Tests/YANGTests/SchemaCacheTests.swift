import Basics
import Foundation
import Synchronization
import Testing

@testable import YANG

/// Compiles here, and counts how often.
private final class CountingBuilder: SchemaBuilder {
    let count = Mutex(0)

    func build(_ request: CompileRequest, into path: String) -> [Diagnostic] {
        count.withLock { $0 += 1 }
        return DirectSchemaBuilder().build(request, into: path)
    }
}

@Suite struct SchemaCacheTests {
    private let directory: TemporaryDirectory
    private let builder = CountingBuilder()

    init() throws { directory = try TemporaryDirectory() }

    private var cache: SchemaCache { SchemaCache(directory: directory.path + "/cache", builder: builder) }
    private var builds: Int { builder.count.withLock { $0 } }
    private var entries: [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: directory.path + "/cache")) ?? []).map {
            directory.path + "/cache/" + $0
        }
    }

    private static func module(_ name: String, _ body: String = "leaf l { type string; }") -> SchemaCompiler.Source {
        source("module \(name) { namespace \"urn:\(name)\"; prefix \(name); \(body) }")
    }

    @Test func secondTimeNothingIsCompiled() {
        let options = SchemaCompiler.Options()
        let first = cache.schema(of: [Self.module("a")], options: options)
        let second = cache.schema(of: [Self.module("a")], options: options)
        #expect(builds == 1 && first.schema != nil && second.schema?.nodeCount == first.schema?.nodeCount)
        #expect(second.schema?.root.dataChild(named: "l")?.kind == .leaf)
        #expect(entries.count == 1)
    }

    @Test func anythingThatMattersMakesAnotherEntry() throws {
        var options = SchemaCompiler.Options()
        _ = cache.schema(of: [Self.module("a")], options: options)
        _ = cache.schema(of: [Self.module("a", "leaf l { type int8; }")], options: options)
        options.policy = .vendor
        _ = cache.schema(of: [Self.module("a")], options: options)
        options.features.byModule["a"] = .only([])
        _ = cache.schema(of: [Self.module("a")], options: options)
        options.appliesDeviations = false
        _ = cache.schema(of: [Self.module("a")], options: options)
        options.severities.silent = [.badArgument]
        _ = cache.schema(of: [Self.module("a")], options: options)
        options.searchPath = [directory.path]
        _ = cache.schema(of: [Self.module("a")], options: options)
        try Data("module b {}".utf8).write(to: URL(fileURLWithPath: directory.path + "/b.yang"))
        _ = cache.schema(of: [Self.module("a")], options: options)
        #expect(builds == 8 && entries.count == 8)
    }

    /// A field that is not in `SchemaDigest` and `CompileRequest.bytes` makes a cache that gives the wrong schema.
    @Test func everyOptionIsInTheDigest() {
        let fields = Mirror(reflecting: SchemaCompiler.Options()).children.compactMap(\.label)
        #expect(
            fields == [
                "policy", "features", "searchPath", "annotations", "library", "recipes", "mergesRevisions",
                "announced", "appliesDeviations",
                "severities",
                "implementsImports",
            ], "add it to SchemaDigest.key, CompileRequest.bytes and here")
    }

    @Test func damagedEntriesAreMadeAgain() throws {
        let options = SchemaCompiler.Options()
        _ = cache.schema(of: [Self.module("a")], options: options)
        let path = try #require(entries.first)
        for damage in [[], Array("nonsense".utf8), try DurableFiles.read(path).reversed()] {
            try Data(damage).write(to: URL(fileURLWithPath: path))
            #expect(cache.schema(of: [Self.module("a")], options: options).schema?.nodeCount == 2)
        }
        #expect(builds == 4)
        #expect(cache.schema(of: [Self.module("a")], options: options).schema != nil && builds == 4)
        let other = cache.path(of: SchemaDigest().key([Self.module("b")], options))
        try FileManager.default.copyItem(atPath: path, toPath: other)
        let schema = cache.schema(of: [Self.module("b")], options: options).schema
        #expect(schema?.modules.map(\.name) == ["b"] && builds == 5, "an entry under a wrong name is not taken")
    }

    @Test func faultyModulesLeaveNoEntry() {
        let outcome = cache.schema(of: [Self.module("a", "leaf l { type nothing; }")], options: .init())
        #expect(outcome.schema == nil && outcome.errors.count == 1 && entries.isEmpty)
    }

    @Test func whatIsUnusedForLongestGoesFirst() throws {
        let size = try #require(cache.schema(of: [Self.module("a")], options: .init()).schema?.byteCount)
        let small = SchemaCache(directory: directory.path + "/cache", limit: size * 2 + size / 2, builder: builder)
        _ = small.schema(of: [Self.module("b")], options: .init())
        _ = small.schema(of: [Self.module("a")], options: .init())
        _ = small.schema(of: [Self.module("c")], options: .init())
        #expect(entries.count == 2 && builds == 3)
        _ = small.schema(of: [Self.module("a")], options: .init())
        #expect(builds == 3, "a was used after b, so b went")
    }

    @Test func unusableDirectoryCostsOnlyTime() {
        let lost = SchemaCache(directory: "/proc/none/cache", builder: builder)
        #expect(lost.schema(of: [Self.module("a")], options: .init()).schema != nil)
    }

    @Test func manyAtOnceGetTheSame() {
        let cache = cache
        DispatchQueue.concurrentPerform(iterations: 16) { index in
            let name = "m\(index % 3)"
            let schema = cache.schema(of: [Self.module(name)], options: .init()).schema
            #expect(schema?.modules.map(\.name) == [name])
        }
        #expect(entries.count == 3)
    }

    // MARK: Child processes

    private func child(_ limits: CompileProcessLimits = .init()) -> SchemaCache {
        let program = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
            .appendingPathComponent("schema-compile-helper").path
        return SchemaCache(
            directory: directory.path + "/cache", builder: ChildSchemaBuilder(program: program, limits: limits))
    }

    /// Ten to the power of `depth` leafs.
    private static func large(_ depth: Int) -> SchemaCompiler.Source {
        let groupings = (1...depth).map { level in
            let uses = (0..<10).map { "container c\($0) { uses g\(level - 1); }" }.joined(separator: " ")
            return "grouping g\(level) { \(uses) }"
        }
        return module("big", "grouping g0 { leaf l { type string; } } \(groupings.joined()) uses g\(depth);")
    }

    @Test func childCompilesAndReports() throws {
        let compiled = child().schema(of: [source(SchemaImageTests.everything)], options: .init())
        #expect(compiled.schema?.node("top/entry/ref")?.type?.base == .leafref, "\(compiled.diagnostics)")
        let faulty = child().schema(of: [Self.module("a", "leaf l { type nothing; }")], options: .init())
        #expect(faulty.errors.first?.place?.line == 1 && faulty.errors.first?.summary.contains("nothing") == true)
        #expect(entries.count == 1)
    }

    @Test func limitsEndTheChildAndAreNamed() throws {
        let memory = child(.init(memory: 300 << 20)).schema(of: [Self.large(6)], options: .init())
        #expect(memory.schema == nil)
        #expect(memory.errors.first?.summary.contains("limit of 300 MiB") == true, "\(memory.errors)")
        let time = child(.init(cpuSeconds: 1)).schema(of: [Self.large(6)], options: .init())
        #expect(time.errors.first?.summary.contains("limit of 1 s of CPU") == true, "\(time.errors)")
        let script = directory.path + "/sleep"
        try Data("#!/bin/sh\nexec sleep 30\n".utf8).write(to: URL(fileURLWithPath: script))
        try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: script)
        let slow = ChildSchemaBuilder(program: script, limits: .init(wallSeconds: 1))
        let request = CompileRequest(sources: [], options: .init(), key: [])
        #expect(
            slow.build(request, into: directory.path + "/x").first?.summary.contains("the limit of 1 s") == true)
        let none = ChildSchemaBuilder(program: "/nonexistent").build(request, into: directory.path + "/y")
        #expect(none.first?.summary.contains("cannot be started") == true)
        #expect(entries.isEmpty)
    }
}
