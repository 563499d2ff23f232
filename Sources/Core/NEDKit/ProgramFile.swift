import Foundation

/// Finds the file of a program that a package names.
package enum ProgramFile {
    /// The absolute path of `name`, a path below `directory`. Links are followed as long as they stay below it.
    ///
    /// - Throws: a sentence with the remedy.
    package static func path(_ name: String, below directory: String) throws(ProgramFileFault) -> String {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        guard !name.hasPrefix("/"), !parts.isEmpty, !parts.contains(where: { $0.isEmpty || $0 == "." || $0 == ".." })
        else { throw ProgramFileFault("'\(name)' is no path below the package; write it as migration/convert.py") }
        guard let root = resolved(directory), let path = resolved(directory + "/" + name) else {
            throw ProgramFileFault("\(name) is not there; put the program in the package")
        }
        guard path.hasPrefix(root + "/") else {
            throw ProgramFileFault("\(name) leads out of the package; put the program in the package")
        }
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw ProgramFileFault("\(name) is no file")
        }
        guard status.st_mode & 0o111 != 0 else {
            throw ProgramFileFault("\(name) cannot be executed; make it so with chmod +x, before the package is packed")
        }
        return path
    }

    private static func resolved(_ path: String) -> String? {
        guard let found = realpath(path, nil) else { return nil }
        defer { free(found) }
        return String(cString: found)
    }
}

package struct ProgramFileFault: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}
