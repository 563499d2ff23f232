import Basics
import Foundation
import PackageSigning

/// Copies a package directory of the load path: regular files and directories, with mode 0644 or 0755. A link to a file
/// inside the package becomes that file; other links are left out, and said. Anything else refuses the package.
struct PackageCopier {
    /// What was left out, and why.
    private(set) var warnings: [String] = []
    private let root: String
    private let limits: PackageArchiveLimits
    private var entries = 0
    private var bytes = 0

    init(source: String, limits: PackageArchiveLimits = PackageArchiveLimits()) {
        root = URL(fileURLWithPath: source).resolvingSymlinksInPath().path
        self.limits = limits
    }

    /// Copies to `target`, which must not exist. On a fault nothing is left there.
    mutating func copy(to target: String) throws {
        do {
            try copyDirectory(root, target, depth: 1)
        } catch {
            try? DurableFiles.removeTree(target)
            throw error
        }
    }

    private mutating func copyDirectory(_ source: String, _ target: String, depth: Int) throws {
        guard depth <= limits.depth else {
            throw PackageError(.limitExceeded, source, "is more than \(limits.depth) directories deep")
        }
        guard mkdir(target, 0o755) == 0, chmod(target, 0o755) == 0 else {
            throw FileError(operation: "make the directory", path: target, errno: errno)
        }
        for name in try Self.names(in: source) where !PackageArchiveWriter.leftOut.contains(name) {
            entries += 1
            guard entries <= limits.entries else {
                throw PackageError(.limitExceeded, root, "has more than \(limits.entries) files")
            }
            try copyEntry(source + "/" + name, target + "/" + name, depth: depth)
        }
    }

    private mutating func copyEntry(_ source: String, _ target: String, depth: Int) throws {
        var info = stat()
        guard lstat(source, &info) == 0 else { throw FileError(operation: "read", path: source, errno: errno) }
        switch info.st_mode & S_IFMT {
        case S_IFDIR: try copyDirectory(source, target, depth: depth + 1)
        case S_IFREG: try copyFile(source, target)
        case S_IFLNK:
            let resolved = URL(fileURLWithPath: source).resolvingSymlinksInPath().path
            guard resolved.hasPrefix(root + "/"), stat(resolved, &info) == 0, info.st_mode & S_IFMT == S_IFREG else {
                return warnings.append(
                    "the link \(source.dropFirst(root.count + 1)) does not lead to a file inside the "
                        + "package and was left out")
            }
            try copyFile(resolved, target)
        default:
            throw PackageError(.entryRefused, source, "is neither a file nor a directory", remedy: "remove it")
        }
    }

    private mutating func copyFile(_ source: String, _ target: String) throws {
        bytes += try RegularFile.copy(
            source, to: target, keepsExecutable: true, followsLinks: false, limit: limits.bytes - bytes)
        CrashPoint.reach("copy")
    }

    /// The names in a directory, sorted; a name that is no UTF-8 is refused.
    private static func names(in directory: String) throws -> [String] {
        guard let stream = opendir(directory) else {
            throw FileError(operation: "read the directory", path: directory, errno: errno)
        }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let length = MemoryLayout.size(ofValue: entry.pointee.d_name)
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: length) { String(validatingCString: $0) }
            }
            guard let name else {
                throw PackageError(
                    .entryRefused, directory, "holds a name that is not UTF-8", remedy: "rename the file")
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }
}
