import Basics
import Foundation

/// A list of byte strings as one: each after its length in eight bytes.
struct BlobWriter {
    private(set) var bytes: [UInt8] = []

    mutating func put(_ blob: some Collection<UInt8>) {
        withUnsafeBytes(of: UInt64(blob.count).littleEndian) { bytes.append(contentsOf: $0) }
        bytes.append(contentsOf: blob)
    }

    mutating func put(_ text: String) { put(text.utf8) }
    mutating func put(_ number: Int) { put(String(number)) }

    mutating func put(_ text: String?) {
        put(text == nil ? 0 : 1)
        put(text ?? "")
    }
}

/// Reads what `BlobWriter` wrote.
struct BlobReader {
    struct Fault: Error {}

    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { rest = bytes[...] }

    mutating func blob() throws(Fault) -> [UInt8] {
        guard rest.count >= 8 else { throw Fault() }
        let size = rest.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        rest = rest.dropFirst(8)
        guard size <= rest.count else { throw Fault() }
        defer { rest = rest.dropFirst(Int(size)) }
        return Array(rest.prefix(Int(size)))
    }

    mutating func text() throws(Fault) -> String { String(decoding: try blob(), as: UTF8.self) }

    mutating func number() throws(Fault) -> Int {
        guard let number = Int(try text()) else { throw Fault() }
        return number
    }

    mutating func optionalText() throws(Fault) -> String? {
        let isThere = try number() == 1
        let text = try text()
        return isThere ? text : nil
    }
}

/// A request as the child process reads it, and the findings as it answers.
extension CompileRequest {
    func bytes(imagePath: String) throws -> [UInt8] {
        var writer = BlobWriter()
        writer.put(imagePath)
        writer.put(key)
        writer.put(options.policy == .vendor ? 1 : 0)
        writer.put(try JSONEncoder().encode(options.features))
        writer.put(options.appliesDeviations ? 1 : 0)
        writer.put(options.implementsImports ? 1 : 0)
        writer.put(options.mergesRevisions ? 1 : 0)
        writer.put(try JSONEncoder().encode(options.announced))
        for kinds in options.severities.all { writer.put(kinds.joined(separator: " ")) }
        writer.put(options.searchPath.count)
        for directory in options.searchPath { writer.put(directory) }
        for list in [sources, options.annotations, options.library, options.recipes] {
            writer.put(list.count)
            for source in list {
                writer.put(source.path)
                writer.put(source.bytes)
            }
        }
        return writer.bytes
    }

    static func read(_ bytes: [UInt8]) throws -> (request: CompileRequest, imagePath: String) {
        var reader = BlobReader(bytes)
        let path = try reader.text()
        let key = try reader.blob()
        var options = SchemaCompiler.Options()
        options.policy = try reader.number() == 1 ? .vendor : .strict
        options.features = try JSONDecoder().decode(FeatureSelection.self, from: Data(try reader.blob()))
        options.appliesDeviations = try reader.number() == 1
        options.implementsImports = try reader.number() == 1
        options.mergesRevisions = try reader.number() == 1
        options.announced = try JSONDecoder().decode([String: String]?.self, from: Data(try reader.blob()))
        var kinds: [[String]] = []
        for _ in 0..<3 { kinds.append(try reader.text().split(separator: " ").map(String.init)) }
        options.severities = FaultSeverities(all: kinds)
        for _ in 0..<(try reader.number()) { options.searchPath.append(try reader.text()) }
        var lists: [[SchemaCompiler.Source]] = [[], [], [], []]
        for list in lists.indices {
            for _ in 0..<(try reader.number()) {
                lists[list].append(SchemaCompiler.Source(path: try reader.text(), bytes: try reader.blob()))
            }
        }
        (options.annotations, options.library, options.recipes) = (lists[1], lists[2], lists[3])
        return (CompileRequest(sources: lists[0], options: options, key: key), path)
    }
}

/// Findings as bytes.
enum DiagnosticList {
    static func bytes(_ diagnostics: [Diagnostic]) -> [UInt8] {
        var writer = BlobWriter()
        writer.put(diagnostics.count)
        for diagnostic in diagnostics {
            writer.put(diagnostic.severity.rawValue)
            writer.put(diagnostic.summary)
            writer.put(diagnostic.remedy)
            writer.put(diagnostic.place?.file)
            writer.put(diagnostic.place?.line ?? 0)
            writer.put(diagnostic.place?.column ?? 0)
            writer.put(diagnostic.path)
            writer.put(diagnostic.appTag)
            writer.put(diagnostic.code)
        }
        return writer.bytes
    }

    static func read(_ bytes: [UInt8]) throws(BlobReader.Fault) -> [Diagnostic] {
        var reader = BlobReader(bytes)
        var result: [Diagnostic] = []
        for _ in 0..<(try reader.number()) {
            let severity = Diagnostic.Severity(rawValue: try reader.number()) ?? .error
            var diagnostic = Diagnostic(severity, try reader.text(), remedy: try reader.text())
            let file = try reader.optionalText()
            let (line, column) = (try reader.number(), try reader.number())
            diagnostic.place = file.map { SourcePlace(file: $0, line: line, column: column) }
            diagnostic.path = try reader.optionalText()
            diagnostic.appTag = try reader.optionalText()
            diagnostic.code = try reader.optionalText()
            result.append(diagnostic)
        }
        return result
    }
}
