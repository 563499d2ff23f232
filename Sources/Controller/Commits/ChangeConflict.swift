import ConfigTree

/// Where two change sets contradict each other: both change a path differently, or one deletes what the other changes
/// inside. Costs what the two are long.
enum ChangeConflict {
    static func path(_ mine: ChangeSet, _ theirs: ChangeSet) -> String? {
        var edits: [Substring: Edit] = [:]
        var deleted: Set<Substring> = []
        for item in theirs.items {
            edits[item.path[...]] = item.edit
            if item.edit.isWhole { deleted.insert(item.path[...]) }
        }
        var mineDeleted: Set<Substring> = []
        for item in mine.items {
            if let other = edits[item.path[...]], other != item.edit { return item.path }
            if !deleted.isEmpty, let above = above(item.path).first(where: deleted.contains) { return String(above) }
            if item.edit.isWhole { mineDeleted.insert(item.path[...]) }
        }
        guard !mineDeleted.isEmpty else { return nil }
        return theirs.items.first { item in
            item.edit != .delete && above(item.path).contains(where: mineDeleted.contains)
        }?.path
    }

    /// The first of the paths that was read at or below, or above, which somebody has changed something.
    static func path(read paths: [String], _ theirs: ChangeSet) -> String? {
        paths.first { path in theirs.items.contains { isWithin($0.path, path) || isWithin(path, $0.path) } }
    }

    /// Whether a path names the node of another, or one below it.
    static func isWithin(_ path: String, _ other: String) -> Bool {
        guard path.hasPrefix(other) else { return false }
        let rest = path.utf8.dropFirst(other.utf8.count)
        return rest.isEmpty || rest.first == UInt8(ascii: "/") || rest.first == UInt8(ascii: "[")
    }

    /// The beginnings of a path that may name nodes above its own; those that end within a key name none.
    private static func above(_ path: String) -> some Sequence<Substring> {
        let bytes = path.utf8
        return bytes.indices.lazy.filter { index in
            index > bytes.startIndex && (bytes[index] == UInt8(ascii: "/") || bytes[index] == UInt8(ascii: "["))
        }.map { path[..<$0] }
    }
}
