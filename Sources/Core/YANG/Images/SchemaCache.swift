import Basics
import Foundation

/// Schemas by the digest of what they are made of, as image files in a directory that several processes may share.
///
/// An entry is written under a name of its own and renamed when it is whole; its name is its digest, and so is its
/// first section. What is damaged, cut off or of another compiler is not opened but made again. Nothing here is worth
/// a crash: without a usable directory every schema is compiled and used where it is.
package final class SchemaCache: SchemaProvider {
    package static let standardLimit = 512 << 20

    private let directory: String
    private let limit: Int
    private let builder: any SchemaBuilder

    /// - Parameter limit: the sum of all entries in bytes; those unused for longest go first.
    package init(directory: String, limit: Int = SchemaCache.standardLimit, builder: any SchemaBuilder) {
        self.directory = directory
        self.limit = limit
        self.builder = builder
    }

    package func schema(of sources: [SchemaCompiler.Source], options: SchemaCompiler.Options) -> CompiledSchema {
        schema(CompileRequest(sources: sources, options: options, key: SchemaDigest().key(sources, options)))
    }

    /// The schema of a request whose digest is known.
    package func schema(_ request: CompileRequest) -> CompiledSchema {
        let path = self.path(of: request.key)
        if let schema = Schema(mapping: path, key: request.key) {
            // What was used last stays longest.
            utimensat(AT_FDCWD, path, nil, 0)
            return CompiledSchema(schema: schema, diagnostics: schema.diagnostics)
        }
        return build(request, path)
    }

    func path(of key: [UInt8]) -> String {
        directory + "/" + key.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() + Self.suffix
    }

    private static let suffix = ".image"

    private func build(_ request: CompileRequest, _ path: String) -> CompiledSchema {
        guard makeDirectory() else {
            return DirectSchemaProvider().schema(of: request.sources, options: request.options)
        }
        let temporary = "\(path).\(getpid()).\(UInt32.random(in: .min ... .max))"
        defer { unlink(temporary) }
        var diagnostics = builder.build(request, into: temporary)
        if diagnostics.contains(where: { $0.severity == .error }) {
            return CompiledSchema(schema: nil, diagnostics: diagnostics)
        }
        // Opened before it gets its name, so that nobody can take it away in between.
        guard let schema = Schema(mapping: temporary, key: request.key) else {
            diagnostics.append(
                .error(
                    "the schema image \(temporary) cannot be read back",
                    remedy: "check the file system of \(directory)"))
            return CompiledSchema(schema: nil, diagnostics: diagnostics)
        }
        if rename(temporary, path) == 0 { removeOld(keeping: path) }
        return CompiledSchema(schema: schema, diagnostics: diagnostics)
    }

    private func makeDirectory() -> Bool {
        if DurableFiles.exists(directory) { return access(directory, W_OK) == 0 }
        return mkdir(directory, 0o700) == 0 || errno == EEXIST
    }

    // MARK: Size

    private struct Entry {
        var path: String
        var size: Int
        var used: Int64
    }

    /// Removes the entries unused for longest until the rest is within the limit, and what builds that died left over.
    private func removeOld(keeping path: String) {
        var entries: [Entry] = []
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        for name in (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? [] {
            let path = directory + "/" + name
            var info = stat()
            guard lstat(path, &info) == 0, info.st_mode & S_IFMT == S_IFREG, name.contains(Self.suffix) else {
                continue
            }
            if name.hasSuffix(Self.suffix) {
                entries.append(
                    Entry(
                        path: path, size: Int(info.st_size),
                        used: Int64(info.st_mtim.tv_sec) * 1_000_000_000 + Int64(info.st_mtim.tv_nsec)))
            } else if now.tv_sec - info.st_mtim.tv_sec > 3_600 {
                unlink(path)
            }
        }
        var sum = entries.reduce(0) { $0 + $1.size }
        for entry in entries.sorted(by: { $0.used < $1.used }) where sum > limit && entry.path != path {
            unlink(entry.path)
            sum -= entry.size
        }
    }
}
