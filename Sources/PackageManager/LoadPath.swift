import Basics
import Foundation

/// A package as it lies in the load path: a directory, a link to one, an archive or a signed bundle. A link to what is
/// not there is one too, so that its absence is said.
package struct PackageSource: Hashable, Sendable {
    package enum Form: Hashable, Sendable { case directory, archive, bundle, brokenLink }

    /// The name in the load path.
    package var fileName: String
    package var path: String
    package var form: Form

    package init(fileName: String, path: String, form: Form) {
        self.fileName = fileName
        self.path = path
        self.form = form
    }
}

/// The directories in which packages are looked for (`/ncs-config/load-path`).
package struct LoadPath: Sendable {
    package var directories: [String]

    package init(_ directories: [String]) { self.directories = directories }

    /// Everything that looks like a package, in order of names; a name found in two directories is taken from the
    /// first.
    package func sources() -> [PackageSource] {
        var found: [String: PackageSource] = [:]
        for directory in directories {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
            for name in names where !name.hasPrefix(".") && found[name] == nil {
                if let source = Self.source(name, in: directory) { found[name] = source }
            }
        }
        return found.values.sorted { $0.fileName < $1.fileName }
    }

    private static func source(_ name: String, in directory: String) -> PackageSource? {
        let path = directory + "/" + name
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
            let isLink = (try? FileManager.default.destinationOfSymbolicLink(atPath: path)) != nil
            return isLink ? PackageSource(fileName: name, path: path, form: .brokenLink) : nil
        }
        if isDirectory.boolValue {
            let isPackage =
                DurableFiles.exists(path + "/package-meta-data.xml")
                || DurableFiles.exists(path + "/src/package-meta-data.xml.in")
                || DurableFiles.exists(path + "/load-dir")
            return isPackage ? PackageSource(fileName: name, path: path, form: .directory) : nil
        }
        if name.hasSuffix(".signed.bin") { return PackageSource(fileName: name, path: path, form: .bundle) }
        let isArchive = PackageFileName.suffixes.contains { name.hasSuffix($0) }
        return isArchive ? PackageSource(fileName: name, path: path, form: .archive) : nil
    }
}
