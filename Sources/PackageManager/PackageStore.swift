package import Basics
import Foundation
package import PackageSigning

/// The package files that were fetched, and which of them are installed: linked into the load path.
///
/// Only signed bundles enter. Files lie in `objects/` under the digest of their content, so that nothing is ever
/// written over; a name is a link to one. Installing makes a link in the load path, and `packages reload` loads it.
package struct PackageStore: Sendable {
    package enum State: String, Sendable { case installable, installed }

    package struct Item: Sendable {
        package var fileName: String
        package var state: State
        package var package: String
        package var version: Version
    }

    private let directory: String
    private let links: String
    private let verify: @Sendable (String) throws -> VerifiedBundle

    package init(
        directory: String, links: String, verify: @escaping @Sendable (String) throws -> VerifiedBundle
    ) {
        self.directory = directory
        self.links = links
        self.verify = verify
    }

    private func path(_ fileName: String) -> String { directory + "/" + fileName }
    private func link(_ fileName: String) -> String { links + "/" + fileName }

    // MARK: Looking

    /// Every file of the store by name, with what its signed manifest says. A file that fails verification now is left
    /// out of use: it is listed by `faults`.
    package func items() -> [Item] {
        fileNames().compactMap { name in
            guard let bundle = try? verify(path(name)) else { return nil }
            let state: State = isInstalled(name) ? .installed : .installable
            return Item(fileName: name, state: state, package: bundle.package, version: bundle.version)
        }
    }

    private func fileNames() -> [String] {
        names(in: directory)
            .filter { $0 != "objects" && !$0.hasPrefix(".") && !$0.hasSuffix(".new") }.sorted()
    }

    private func isInstalled(_ name: String) -> Bool {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: link(name))) != nil
    }

    // MARK: Changing

    /// Removes what a kill left half made. To be called while nobody else uses the store.
    package func removeLeftovers() {
        let inStore = names(in: directory)
        for name in inStore where Self.isTemporary(name) || name.hasPrefix(".upload.") {
            try? DurableFiles.removeTree(path(name))
        }
        for name in names(in: links) where Self.isTemporary(name) {
            guard (try? FileManager.default.destinationOfSymbolicLink(atPath: link(name))) != nil else { continue }
            try? DurableFiles.remove(link(name))
        }
        let used = Set(inStore.compactMap { try? FileManager.default.destinationOfSymbolicLink(atPath: path($0)) })
        for name in names(in: directory + "/objects") where !used.contains("objects/" + name) {
            try? DurableFiles.remove("\(directory)/objects/\(name)")
        }
    }

    private func names(in directory: String) -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
    }

    /// `NAME.PROCESS.new`, as `DurableFiles` calls what it has not finished.
    private static func isTemporary(_ name: String) -> Bool {
        let parts = name.split(separator: ".")
        return parts.count > 2 && parts.last == "new" && parts[parts.count - 2].allSatisfy(\.isNumber)
    }

    /// Takes a file into the store. It is copied first and judged then: what is checked is what is kept.
    package func fetch(_ file: String) throws -> String {
        let name = (file as NSString).lastPathComponent
        guard name.hasSuffix(".signed.bin") || UnverifiedBundle.isBundle(file) else {
            guard DurableFiles.exists(file) else {
                throw PackageError(.fileUnusable, file, "does not exist", remedy: "give the path of a package file")
            }
            throw PackageError(
                .notSigned, file, "is not signed",
                remedy: "sign it with 'ncs-package sign', or put it into the load path")
        }
        guard !DurableFiles.exists(path(name)) else {
            throw PackageError(
                .alreadyThere, file, "a package file of this name has been fetched already",
                remedy: "deinstall it and remove the file, or give the new file another name")
        }
        try DurableFiles.makeDirectory(directory + "/objects")
        let temporary = "\(directory)/objects/.\(getpid()).\(name).new"
        defer { unlink(temporary) }
        do { try FileManager.default.copyItem(atPath: file, toPath: temporary) } catch {
            throw PackageError(.fileUnusable, file, "cannot be copied: \(error.localizedDescription)")
        }
        let bundle = try verify(temporary)
        _ = try bundle.checkContent()
        try DurableFiles.syncFile(temporary)
        let digest = try FileRegion(wholeFile: temporary).sha256()
        let object = "\(directory)/objects/\(digest)"
        try DurableFiles.rename(temporary, to: object)
        try DurableFiles.link(path(name), to: "objects/" + (object as NSString).lastPathComponent)
        return name
    }

    /// As `fetch`, for content that came with the request.
    package func upload(_ name: String, _ content: [UInt8]) throws -> String {
        guard !name.contains("/"), !name.hasPrefix("."), name.hasSuffix(".signed.bin") else {
            throw PackageError(.fileUnusable, name, "is no name of a package file", remedy: "it ends in .signed.bin")
        }
        let scratch = "\(directory)/.upload.\(getpid())"
        try DurableFiles.makeDirectory(scratch)
        defer { try? DurableFiles.removeTree(scratch) }
        try DurableFiles.write(scratch + "/" + name, content)
        return try fetch(scratch + "/" + name)
    }

    /// Links a fetched package into the load path and returns the stem of its file name.
    package func install(_ typed: String, replaceExisting: Bool, allowVersionMismatch: Bool) throws -> String {
        let all = items()
        let item = try find(typed, in: all)
        guard item.state == .installable else {
            throw PackageError(.alreadyThere, item.fileName, "is installed already")
        }
        let name = PackageFileName(item.fileName)
        if let release = name.release, release != Product.compatibleVersion, !allowVersionMismatch {
            throw PackageError(
                .versionMismatch, item.fileName,
                "was made for release \(release), this is \(Product.compatibleVersion)",
                remedy: "get the file for this release, or install it with allow-version-mismatch")
        }
        let others = all.filter { $0.state == .installed && $0.package == item.package }
        if let other = others.first, !replaceExisting {
            throw PackageError(
                .alreadyThere, item.fileName, "version \(other.version) of package \(item.package) is installed",
                remedy: "deinstall it, or install with replace-existing")
        }
        try DurableFiles.makeDirectory(links)
        let target = URL(fileURLWithPath: path(item.fileName)).standardized.path
        try DurableFiles.link(link(item.fileName), to: target)
        for other in others { try DurableFiles.remove(link(other.fileName)) }
        return name.fileStem
    }

    /// Takes the link out of the load path; the file stays in the store.
    package func deinstall(_ typed: String) throws {
        let installed = items().filter { $0.state == .installed }
        let item = try find(typed, in: installed, withoutVersion: true)
        try DurableFiles.remove(link(item.fileName))
    }

    private func find(_ typed: String, in all: [Item], withoutVersion: Bool = false) throws -> Item {
        let found = all.filter { item in
            PackageFileName(item.fileName).isMeant(by: typed, withoutVersion: withoutVersion)
                || typed == "\(item.package)-\(item.version)" || (withoutVersion && typed == item.package)
        }
        if found.count == 1 { return found[0] }
        let names = (found.isEmpty ? all : found).map(\.fileName).joined(separator: ", ")
        if found.isEmpty {
            throw PackageError(
                .unknownPackage, typed, "there is no such package",
                remedy: names.isEmpty ? "fetch one first with software packages fetch" : "there are: \(names)")
        }
        throw PackageError(.unknownPackage, typed, "is not clear", remedy: "say which of: \(names)")
    }
}
