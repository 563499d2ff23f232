package import Basics

/// What makes schemas of YANG texts: the compiler itself, or a cache before it.
package protocol SchemaProvider: Sendable {
    func schema(of sources: [SchemaCompiler.Source], options: SchemaCompiler.Options) -> CompiledSchema
}

/// A schema, or why there is none.
package struct CompiledSchema: Sendable {
    /// Nil if there are errors.
    package var schema: Schema?
    package var diagnostics: [Diagnostic]

    package init(schema: Schema?, diagnostics: [Diagnostic]) {
        self.schema = schema
        self.diagnostics = diagnostics
    }

    package var errors: [Diagnostic] { diagnostics.filter { $0.severity == .error } }
    package var warnings: [Diagnostic] { diagnostics.filter { $0.severity == .warning } }
}

/// Compiles here and now, and keeps nothing.
package struct DirectSchemaProvider: SchemaProvider {
    package init() {}

    package func schema(of sources: [SchemaCompiler.Source], options: SchemaCompiler.Options) -> CompiledSchema {
        SchemaCompiler(options: options).schema(of: sources)
    }
}

/// What carries out a compilation for the cache: in this process, or in a child with limits.
package protocol SchemaBuilder: Sendable {
    /// Compiles and, if that succeeds, writes the image to `path`, a name of the caller's own that does not exist yet.
    /// - Returns: every finding; an error among them means that there is no image.
    func build(_ request: CompileRequest, into path: String) -> [Diagnostic]
}

/// A compilation, with all that its result depends on.
package struct CompileRequest: Sendable {
    package var sources: [SchemaCompiler.Source]
    package var options: SchemaCompiler.Options
    /// See `SchemaDigest`.
    package var key: [UInt8]

    package init(sources: [SchemaCompiler.Source], options: SchemaCompiler.Options, key: [UInt8]) {
        self.sources = sources
        self.options = options
        self.key = key
    }
}

/// Compiles in this process.
package struct DirectSchemaBuilder: SchemaBuilder {
    package init() {}

    package func build(_ request: CompileRequest, into path: String) -> [Diagnostic] {
        let outcome = SchemaCompiler(options: request.options).schema(of: request.sources, key: request.key)
        guard let schema = outcome.schema else { return outcome.diagnostics }
        do {
            try schema.writeImage(path)
        } catch {
            return outcome.diagnostics + [.error("the schema image cannot be written: \(error)", remedy: "make room")]
        }
        return outcome.diagnostics
    }
}
