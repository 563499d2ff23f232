import Basics
import Crypto
import Foundation
package import PackageSigning

/// The private copies of packages, one directory a generation: `state/packages-in-use/N/PACKAGE`.
///
/// Invariant: a directory `N` is complete and synced, or it is called `N.new` and is rubbish. Which one is in force is
/// said by the log, not here.
package struct GenerationStore: Sendable {
    package let directory: String
    private let policy: String
    private let verify: @Sendable (String) throws -> VerifiedBundle

    /// - Parameters:
    ///   - policy: `require` refuses what is not signed.
    ///   - verify: checks a signed bundle against the trust anchors.
    package init(
        directory: String, policy: String, verify: @escaping @Sendable (String) throws -> VerifiedBundle
    ) {
        self.directory = directory
        self.policy = policy
        self.verify = verify
    }

    package func path(_ number: Int) -> String { "\(directory)/\(number)" }

    /// The numbers of complete generations.
    package func numbers() -> [Int] {
        ((try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []).compactMap { Int($0) }.sorted()
    }

    /// Copies packages into a fresh generation and returns what could not be copied. Killed halfway, it leaves only
    /// what the next call removes.
    package func build(_ number: Int, from sources: [PackageSource]) throws -> [PackageCopyFault] {
        let temporary = path(number) + ".new"
        try DurableFiles.removeTree(temporary)
        try DurableFiles.removeTree(path(number))
        try DurableFiles.makeDirectory(temporary)
        var faults: [PackageCopyFault] = []
        for source in sources {
            do {
                try copy(source, to: temporary)
            } catch {
                faults.append(PackageCopyFault(source: source, reason: "\(error)"))
            }
        }
        try DurableFiles.syncTree(temporary)
        CrashPoint.reach("generation.built")
        try DurableFiles.rename(temporary, to: path(number))
        return faults
    }

    /// Makes a generation that is another one with some packages more.
    package func extend(_ number: Int, from base: Int, with sources: [PackageSource]) throws -> [PackageCopyFault] {
        let kept = ((try? FileManager.default.contentsOfDirectory(atPath: path(base))) ?? []).sorted()
            .filter { !$0.hasSuffix(".signer") }
            .map { PackageSource(fileName: $0, path: path(base) + "/" + $0, form: .directory) }
        return try build(number, from: kept + sources)
    }

    private func copy(_ source: PackageSource, to target: String) throws {
        if policy == "require", source.form != .bundle, !source.path.hasPrefix(directory + "/") {
            throw PackageError(
                .notSigned, source.path, "is not signed, and load-path-policy is require",
                remedy: "sign it with 'ncs-package sign', or set /ncs-config/package-signing/load-path-policy")
        }
        switch source.form {
        case .directory:
            let name = try Self.packageName(of: source)
            try PackageCopier.copy(source.path, to: target + "/" + name)
            if let signer = try? DurableFiles.read(source.path + ".signer", limit: 4_096) {
                try DurableFiles.write("\(target)/\(name).signer", signer)
            }
        case .archive:
            try unpack(target, path: source.path, signer: nil) { try PackageArchive(path: source.path).extract(to: $0) }
        case .bundle:
            let bundle = try verify(source.path)
            try unpack(target, path: source.path, signer: bundle.signer.subject) { try bundle.extract(to: $0) }
        }
    }

    private func unpack(
        _ target: String, path: String, signer: String?, _ extract: (String) throws -> PackageArchive.Listing
    ) throws {
        let scratch = "\(target)/.unpacking"
        try DurableFiles.removeTree(scratch)
        let listing = try extract(scratch)
        let place = target + "/" + listing.topDirectory
        guard !DurableFiles.exists(place) else {
            try DurableFiles.removeTree(scratch)
            throw PackageError(
                .duplicate, path, "a package \(listing.topDirectory) is in the load path twice",
                remedy: "remove one of them")
        }
        try DurableFiles.rename(scratch + "/" + listing.topDirectory, to: place)
        try DurableFiles.removeTree(scratch)
        if let signer { try DurableFiles.write("\(place).signer", Array(signer.utf8)) }
    }

    /// Those of the sources that hold the package of that name.
    package func sources(of name: String, among sources: [PackageSource]) throws -> [PackageSource] {
        try sources.filter { source in
            switch source.form {
            case .directory: try Self.packageName(of: source) == name
            case .archive: try PackageArchive(path: source.path).describe().metaData.name == name
            case .bundle: try verify(source.path).package == name
            }
        }
    }

    /// A directory's package bears the name that its meta-data gives, whatever the directory or link is called.
    private static func packageName(of source: PackageSource) throws -> String {
        guard let (metaData, _) = try? PackageBuilder.metaData(of: source.path) else { return source.fileName }
        return metaData.name
    }

    /// Removes generations older than the `keep` newest up to `current`, and what was left half made.
    package func removeOld(current: Int, keep: Int) {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        for name in names where name.hasSuffix(".new") { try? DurableFiles.removeTree("\(directory)/\(name)") }
        for number in numbers() where number > current || number <= current - keep {
            try? DurableFiles.removeTree(path(number))
        }
    }
}

package struct PackageCopyFault: Sendable {
    package var source: PackageSource
    package var reason: String
}

/// Copies a package directory: regular files and directories; links only to files inside the package.
enum PackageCopier {
    static func copy(_ source: String, to target: String) throws {
        guard !DurableFiles.exists(target) else {
            throw PackageError(
                .duplicate, source, "a package of this name is in the load path twice", remedy: "remove one of them")
        }
        let root = URL(fileURLWithPath: source).resolvingSymlinksInPath().path
        try copyDirectory(root, target, root, depth: 0)
    }

    private static func copyDirectory(_ source: String, _ target: String, _ root: String, depth: Int) throws {
        guard depth < 32 else { throw PackageError(.entryRefused, source, "directories are nested too deeply") }
        try FileManager.default.createDirectory(atPath: target, withIntermediateDirectories: true)
        for name in try FileManager.default.contentsOfDirectory(atPath: source).sorted()
        where !PackageArchiveWriter.leftOut.contains(name) {
            let from = source + "/" + name
            let resolved = URL(fileURLWithPath: from).resolvingSymlinksInPath().path
            guard resolved == from || resolved.hasPrefix(root + "/") else { continue }
            var isDirectory: ObjCBool = false
            guard FileManager.default.fileExists(atPath: resolved, isDirectory: &isDirectory) else { continue }
            if isDirectory.boolValue {
                guard resolved == from else { continue }
                try copyDirectory(from, target + "/" + name, root, depth: depth + 1)
            } else {
                try FileManager.default.copyItem(atPath: resolved, toPath: target + "/" + name)
                CrashPoint.reach("copy")
            }
        }
    }
}

/// Digests of what lies on disk.
enum DirectoryDigest {
    /// SHA-256 over path, mode and content of each file below `directory`, in order of paths.
    static func of(_ directory: String) throws -> String {
        var hash = SHA256()
        let walker = FileManager.default.enumerator(atPath: directory)
        let names = (walker?.allObjects as? [String] ?? []).sorted()
        for name in names {
            let path = directory + "/" + name
            var isDirectory: ObjCBool = false
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), !isDirectory.boolValue
            else { continue }
            let isExecutable = FileManager.default.isExecutableFile(atPath: path)
            let content = SHA256.hash(data: try DurableFiles.read(path))
            hash.update(data: Data("\(name)\0\(isExecutable)\0".utf8))
            content.withUnsafeBytes { hash.update(bufferPointer: $0) }
        }
        return hash.finalize().map { String(format: "%02x", $0) }.joined()
    }
}
