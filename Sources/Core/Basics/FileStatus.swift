import Foundation

/// What the system says of a file: kind, permissions and size.
package struct FileStatus: Hashable, Sendable {
    package enum Kind: Hashable, Sendable { case file, directory, symbolicLink, other }

    package var kind: Kind
    /// The twelve bits of mode, set-user-id and its like included.
    package var permissions: Int
    package var size: Int

    /// Of an open file.
    package init(descriptor: Int32, path: String) throws(FileError) {
        var info = stat()
        guard fstat(descriptor, &info) == 0 else { throw FileError(operation: "read", path: path, errno: errno) }
        self.init(info)
    }

    /// Of the file of that name itself, not of what a symbolic link points to.
    package init(path: String) throws(FileError) {
        var info = stat()
        guard lstat(path, &info) == 0 else { throw FileError(operation: "read", path: path, errno: errno) }
        self.init(info)
    }

    private init(_ info: stat) {
        switch info.st_mode & S_IFMT {
        case S_IFREG: kind = .file
        case S_IFDIR: kind = .directory
        case S_IFLNK: kind = .symbolicLink
        default: kind = .other
        }
        permissions = Int(info.st_mode) & 0o7777
        size = Int(info.st_size)
    }
}
