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
    /// When the newest Java source, and the newest of the jars, was changed: seconds since 1970.
    private var java = (source: 0, jar: 0)

    init(source: String, limits: PackageArchiveLimits = PackageArchiveLimits()) {
        root = URL(fileURLWithPath: source).resolvingSymlinksInPath().path
        self.limits = limits
    }

    /// The digest that a copy would have.
    mutating func digest() throws -> DirectoryDigest {
        var files: [(name: String, path: String, isExecutable: Bool)] = []
        try visit(root, "", depth: 1) { source, name, info in
            if info.st_mode & S_IFMT == S_IFREG { files.append((name, source, info.st_mode & S_IXUSR != 0)) }
        }
        warnOfStaleJars()
        return try DirectoryDigest(files)
    }

    /// Copies to `target`, which must not exist. On a fault nothing is left there.
    mutating func copy(to target: String, meter: WorkMeter? = nil) throws {
        do {
            try Self.makeDirectory(target)
            var room = limits.bytes
            try visit(root, "", depth: 1) { source, name, info in
                guard info.st_mode & S_IFMT == S_IFREG else { return try Self.makeDirectory("\(target)/\(name)") }
                let count = try RegularFile.copy(
                    source, to: "\(target)/\(name)", keepsExecutable: true, followsLinks: false, limit: room)
                room -= count
                meter?.add(count)
                CrashPoint.reach("copy")
            }
            warnOfStaleJars()
        } catch {
            try? DurableFiles.removeTree(target)
            throw error
        }
    }

    /// Files that come together, out of version control say, differ by less.
    private static let jarTolerance = 60

    private mutating func note(_ name: String, _ info: stat) {
        let time = Int(info.st_mtim.tv_sec)
        if name.hasPrefix("src/java/"), name.hasSuffix(".java") { java.source = max(java.source, time) }
        if name.hasPrefix("private-jar/") || name.hasPrefix("shared-jar/"), name.hasSuffix(".jar") {
            java.jar = max(java.jar, time)
        }
    }

    private mutating func warnOfStaleJars() {
        guard java.jar > 0, java.source > java.jar + Self.jarTolerance else { return }
        warnings.append("the Java sources are newer than the jars: the package was perhaps not built after a change")
    }

    private static func makeDirectory(_ path: String) throws {
        guard mkdir(path, 0o755) == 0, chmod(path, 0o755) == 0 else {
            throw FileError(operation: "make the directory", path: path, errno: errno)
        }
    }

    /// Shows every directory and regular file: where it is, its path in the package, what it is; a directory first.
    private mutating func visit(
        _ source: String, _ prefix: String, depth: Int, _ body: (String, String, stat) throws -> Void
    ) throws {
        guard depth <= limits.depth else {
            throw PackageError(.limitExceeded, source, "is more than \(limits.depth) directories deep")
        }
        for name in try Self.names(in: source) where !PackageArchiveWriter.leftOut.contains(name) {
            entries += 1
            guard entries <= limits.entries else {
                throw PackageError(.limitExceeded, root, "has more than \(limits.entries) files")
            }
            try visitEntry(source + "/" + name, prefix + name, depth: depth, body)
        }
    }

    private mutating func visitEntry(
        _ source: String, _ name: String, depth: Int, _ body: (String, String, stat) throws -> Void
    ) throws {
        var info = stat()
        guard lstat(source, &info) == 0 else { throw FileError(operation: "read", path: source, errno: errno) }
        switch info.st_mode & S_IFMT {
        case S_IFDIR:
            try body(source, name, info)
            try visit(source, name + "/", depth: depth + 1, body)
        case S_IFREG:
            note(name, info)
            try body(source, name, info)
        case S_IFLNK:
            let resolved = URL(fileURLWithPath: source).resolvingSymlinksInPath().path
            guard resolved.hasPrefix(root + "/"), stat(resolved, &info) == 0, info.st_mode & S_IFMT == S_IFREG else {
                return warnings.append(
                    "the link \(source.dropFirst(root.count + 1)) does not lead to a file inside the "
                        + "package and was left out")
            }
            try body(resolved, name, info)
        default:
            throw PackageError(.entryRefused, source, "is neither a file nor a directory", remedy: "remove it")
        }
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
