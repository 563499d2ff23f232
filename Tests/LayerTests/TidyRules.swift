import Foundation

/// Limits of size, and calls that have a better replacement here. Faults are sentences with `file:line`.
enum TidyRules {
    static let functionLimit = 100
    static let fileLimit = 700

    /// What was longer when the limits came: may shrink, must not grow. `path function` or `path`, and lines.
    static let ratchet: [String: Int] = [:]

    /// What must not stand in Sources/, and what to write instead. `isAllowed` by path.
    struct Ban {
        var pattern: Regex<Substring>
        var name: String
        var replacement: String
        var isAllowed: (String) -> Bool = { _ in false }
    }

    static func bans() -> [Ban] {
        [
            Ban(
                pattern: /(?:^|[^.\w])print\(/, name: "print", replacement: "return the text, or log an event (Events)",
                isAllowed: { $0.hasPrefix("Sources/Programs/") || $0.hasPrefix("Benchmarks/") }),
            Ban(
                pattern: /\bfatalError\(/, name: "fatalError",
                replacement: "throw the error of the module, or make the state impossible"),
            Ban(
                pattern: /\btry!/, name: "try!", replacement: "let the caller see the error: try in a throwing function"
            ),
        ]
    }

    // MARK: Calls

    /// A file that declares a `print` of its own may call that.
    static func calls(in text: String, at path: String) -> [String] {
        var faults: [String] = []
        let bans = bans().filter { text.contains($0.name) }
        if bans.isEmpty { return [] }
        for (number, code) in code(of: text) {
            for ban in bans where !ban.isAllowed(path) && code.contains(ban.pattern) {
                if ban.name == "print", text.contains("func print(") { continue }
                faults.append("\(path):\(number): \(ban.name): \(ban.replacement)")
            }
        }
        return faults
    }

    /// The lines without comments and the content of string literals.
    static func code(of text: String) -> [(number: Int, code: String)] {
        var result: [(Int, String)] = []
        var isInText = false
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let marks = line.matches(of: /"""/).count
            defer { if marks % 2 == 1 { isInText.toggle() } }
            if isInText { continue }
            let plain = String(line).replacing(/"(?:\\.|[^"\\])*"/, with: "\"\"").replacing(/\/\/.*$/, with: "")
            result.append((index + 1, plain))
        }
        return result
    }

    // MARK: Sizes

    static func sizes(of text: String, at path: String) -> [String] {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        var faults: [String] = []
        let count = text.hasSuffix("\n") ? lines.count - 1 : lines.count
        if count > ratchet[path] ?? fileLimit {
            faults.append("\(path): \(count) lines, limit \(ratchet[path] ?? fileLimit); split it by its nouns")
        }
        for (start, line) in lines.enumerated() {
            guard line.utf8.last == UInt8(ascii: "{") || line.utf8.last == UInt8(ascii: "("),
                let name = line.firstMatch(of: /^ *(?:[\w@()]+ +)*(?:func +([^\s(<]+)|(init|deinit|subscript)[?(<\s])/)
            else { continue }
            let label = String(name.1 ?? name.2 ?? "")
            guard let length = length(lines, from: start) else { continue }
            let limit = ratchet["\(path) \(label)"] ?? functionLimit
            if length > limit {
                faults.append(
                    "\(path):\(start + 1): \(label) has \(length) lines, limit \(limit); split it by its steps")
            }
        }
        return faults
    }

    /// The lines of a function from its first line to the brace at the same indent; nil if it has no body of its own
    /// lines.
    private static func length(_ lines: [Substring], from start: Int) -> Int? {
        let indent = lines[start].prefix { $0 == " " }
        if lines[start].hasSuffix("}") { return nil }
        for index in (start + 1)..<max(lines.count, start + 1) {
            let line = lines[index]
            if line.isEmpty { continue }
            let here = line.prefix { $0 == " " }
            if here.count < indent.count { return nil }
            if here == indent {
                if line.hasPrefix(indent + "}") { return index - start + 1 }
                if !line.hasPrefix(indent + ")") && !line.hasPrefix(indent + "where") && !line.hasPrefix(indent + "{") {
                    return nil
                }
            }
        }
        return nil
    }

    // MARK: Paths

    /// Folders of single machines; tests may name folders that stand for those of a user.
    static func machinePaths(in text: String, at path: String) -> [String] {
        let roots = ["/" + "work/", "/" + "Users/", "/" + "home/" + (NSUserName().isEmpty ? "-" : NSUserName()) + "/"]
        return text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().compactMap { index, line in
            roots.first { line.contains($0) }.map {
                "\(path):\(index + 1): \($0) is a folder of one machine; start from #filePath or an environment variable"
            }
        }
    }
}
