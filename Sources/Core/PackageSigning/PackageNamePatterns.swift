import Basics
import Foundation

/// For which packages a trust anchor may answer: names in which `*` stands for any characters and `?` for one.
///
/// In a file `NAME.packages` beside the anchor `NAME.pem`, a pattern a line, `#` for comments.
struct PackageNamePatterns: Sendable, CustomStringConvertible {
    static let suffix = "packages"

    private var patterns: [String] = []

    init() {}

    /// Nil if there is no such file, and the anchor may answer for all.
    init?(ifThereIs path: String) throws(SigningError) {
        guard DurableFiles.exists(path) else { return nil }
        let bytes: [UInt8]
        do { bytes = try DurableFiles.read(path, limit: 1 << 20) } catch {
            throw SigningError(.anchorsUnusable, path, "cannot be read: \(error)")
        }
        let lines = String(decoding: bytes, as: UTF8.self).split(
            omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        for (number, line) in lines.enumerated() {
            let text = line.trimmingCharacters(in: .whitespaces)
            guard !text.isEmpty, !text.hasPrefix("#") else { continue }
            guard text.unicodeScalars.allSatisfy({ Self.allowed.contains($0) }) else {
                throw SigningError(
                    .anchorsUnusable, "\(path):\(number + 1)", "this is no pattern for names of packages",
                    remedy: "write a package name, with * and ? where anything may stand")
            }
            patterns.append(text)
        }
        guard !patterns.isEmpty else {
            throw SigningError(
                .anchorsUnusable, path, "names no package",
                remedy: "write a pattern such as acme-* on a line of its own, or remove the file")
        }
    }

    private static let allowed = CharacterSet(
        charactersIn: "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-*?")

    mutating func add(_ other: Self) { patterns += other.patterns }

    func matches(_ name: String) -> Bool { patterns.contains { fnmatch($0, name, 0) == 0 } }

    var description: String { patterns.joined(separator: ", ") }
}
