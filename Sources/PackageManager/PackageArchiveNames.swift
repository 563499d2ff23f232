import Foundation

/// Which names an archive may hold, judged entry by entry.
///
/// Relative paths in UTF-8 under one top directory; no empty, `.` or `..` component, no control characters; no path
/// twice, none that differs from another only in case or in the composition of its characters; nothing below a file.
struct PackageArchiveNames {
    private(set) var topDirectory: String?
    /// By folded path: the path as it first came, and whether it is a directory.
    private var seen: [[UInt8]: Seen] = [:]

    private struct Seen {
        var path: [UInt8]
        var isDirectory: Bool
        /// Whether it had an entry of its own, or is only the parent of something.
        var isExplicit: Bool
    }

    /// Takes an entry's name without its trailing slash; returns why it is refused, or nil.
    mutating func refusal(of path: String, isDirectory: Bool, depthLimit: Int) -> String? {
        if let fault = Self.fault(in: path, depthLimit: depthLimit) { return fault }
        let components = path.split(separator: "/")
        let top = String(components[0])
        if let topDirectory, !top.utf8.elementsEqual(topDirectory.utf8) {
            return "is beside the top directory '\(topDirectory.visible())'; all must be in one"
        }
        guard isDirectory || components.count > 1 else { return "is not in a directory" }
        topDirectory = top
        var parent = ""
        for component in components.dropLast() {
            parent += parent.isEmpty ? String(component) : "/" + component
            if let fault = enter(parent, isDirectory: true, isExplicit: false) { return fault }
        }
        return enter(path, isDirectory: isDirectory, isExplicit: true)
    }

    private mutating func enter(_ path: String, isDirectory: Bool, isExplicit: Bool) -> String? {
        let key = Self.folded(path)
        let bytes = Array(path.utf8)
        guard var old = seen[key] else {
            seen[key] = Seen(path: bytes, isDirectory: isDirectory, isExplicit: isExplicit)
            return nil
        }
        guard old.path == bytes else {
            let other = String(decoding: old.path, as: UTF8.self).visible()
            return "differs from '\(other)' only in case or in the form of its characters"
        }
        guard old.isDirectory == isDirectory else { return "is a file and a directory" }
        guard !(old.isExplicit && isExplicit) else { return "is there twice" }
        old.isExplicit = old.isExplicit || isExplicit
        seen[key] = old
        return nil
    }

    /// Upper case then lower case, so that letters with several forms (ſ, ß, final sigma) come out alike; decomposed.
    private static func folded(_ path: String) -> [UInt8] {
        let folded = path.uppercased().lowercased()
        if folded.utf8.allSatisfy({ $0 < 0x80 }) { return Array(folded.utf8) }
        return Array(folded.decomposedStringWithCanonicalMapping.utf8)
    }

    /// What is wrong with a path by itself, or nil.
    static func fault(in path: String, depthLimit: Int) -> String? {
        if path.isEmpty { return "has an empty name" }
        if path.utf8.count > 1024 { return "has a name of more than 1024 bytes" }
        if path.hasPrefix("/") { return "has an absolute path" }
        if path.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) {
            return "has control characters in its name"
        }
        let components = path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        if components.count > depthLimit { return "is more than \(depthLimit) directories deep" }
        for component in components {
            if component.isEmpty { return "has an empty component in its path" }
            if component.count > 255 { return "has a component of more than 255 bytes in its path" }
            if component.elementsEqual(".".utf8) || component.elementsEqual("..".utf8) {
                return "has '.' or '..' in its path"
            }
        }
        return nil
    }
}
