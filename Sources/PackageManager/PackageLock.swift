import Basics
import Foundation

/// What is loaded, exactly: one JSON file with a line for each package, to compare, to keep and to ask for elsewhere.
package struct PackageLock {
    package static let fileName = "packages.lock"

    private struct Line: Codable {
        var name: String
        var version: String
        /// Of the content in use.
        var sha256: String
        var signer: String?
        var issuer: String?
    }

    private let lines: [Line]

    package init(_ generation: PackageGeneration) {
        lines = generation.packages.map { package in
            Line(
                name: package.name, version: package.version, sha256: package.digest, signer: package.signer?.subject,
                issuer: package.signer?.issuer)
        }
    }

    /// Leaves a file alone that says the same.
    package func write(to file: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let lines = try lines.map { String(decoding: try encoder.encode($0), as: UTF8.self) }
        let text = "{\"format\": 1, \"packages\": [\n" + lines.joined(separator: ",\n") + "\n]}\n"
        let bytes = Array(text.utf8)
        guard (try? DurableFiles.read(file, limit: 64 << 20)) != bytes else { return }
        try DurableFiles.replace(file, with: bytes)
    }
}
