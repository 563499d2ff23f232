import Foundation

/// The table of targets in `Package.swift`, read as text: a `swift package` started by a test would wait for the lock
/// that the test run holds.
///
/// Understands calls that end in `target(`, `program(`, `benchmark(`, `tests(`, `.target(`, `.executableTarget(` or
/// `.systemLibrary(`, with a name, a folder (`in:` or `path:`) and uses (`uses:` or `dependencies:`) as literals.
struct HouseManifest {
    struct Target {
        var name: String
        /// Relative to the root of the package.
        var folder: String
        var uses: [String]
    }

    /// In the order of the manifest.
    var targets: [Target] = []
    /// Names of products of other packages: `Crypto`, `GRDB`.
    var products: Set<String> = []

    private static let folders = [
        "target": "Sources/", "program": "Sources/", "benchmark": "Benchmarks/", "tests": "Tests/", ".target": "",
        ".executableTarget": "", ".systemLibrary": "", ".testTarget": "",
    ]

    init(_ text: String) {
        var variables: [String: String] = [:]
        for match in text.matches(of: /let (\w+): Target\.Dependency = \.product\(name: "(\w+)"/) {
            variables[String(match.1)] = String(match.2)
            products.insert(String(match.2))
        }
        guard let start = text.range(of: "\n    targets: [")?.upperBound else { return }
        let table = text[start...].split(separator: "\n", omittingEmptySubsequences: false)
            .filter { !$0.contains(/^\s*\/\//) }.joined(separator: "\n")
        for match in table.matches(of: /(?:^|\n) {8}(\.?\w+)\(/) {
            guard let base = Self.folders[String(match.1)] else { continue }
            let call = Self.call(table[match.range.upperBound...])
            guard let name = call.firstMatch(of: /^\s*(?:name: )?"([\w-]+)"/)?.1 else { continue }
            let path = call.firstMatch(of: /(?:in|path): "([^"]+)"/)?.1 ?? name
            let list = call.firstMatch(of: /(?:uses|dependencies): \[([^\]]*)\]/)?.1 ?? ""
            let uses = list.matches(of: /"([\w-]+)"|(\w+)/).compactMap { use in
                use.1.map(String.init) ?? use.2.flatMap { variables[String($0)] ?? String($0) }
            }
            targets.append(Target(name: String(name), folder: base + path, uses: uses))
        }
    }

    /// What stands up to the parenthesis that closes the call.
    private static func call(_ text: Substring) -> Substring {
        var depth = 1
        for index in text.indices {
            if text[index] == "(" { depth += 1 }
            if text[index] == ")" { depth -= 1 }
            if depth == 0 { return text[..<index] }
        }
        return text
    }

    /// The target in whose folder the file lies: the longest folder wins.
    func target(of path: String) -> Target? {
        targets.filter { path.hasPrefix($0.folder + "/") }.max { $0.folder.count < $1.folder.count }
    }
}
