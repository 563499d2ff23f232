/// A difference as the body of an `edit-config` (RFC 6241 section 7.2): what `commit dry-run outformat xml` shows.
package enum XMLDiff {
    /// The elements that turn `old` into `new`; deletions bear `operation="delete"`, moved entries `insert`.
    package static func editConfig(from old: DataTree, to new: DataTree) -> String {
        var encoder = XMLEditEncoder()
        encoder.style = .plain
        return encoder.text(old.diff(to: new))
    }
}
