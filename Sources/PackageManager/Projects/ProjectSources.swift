import Basics
import Foundation
import PackageSigning

/// Brings the packages of a project to where they are needed: from its own directory, git, archives and packages-stores.
struct ProjectSources {
    let project: ProjectMetaData
    /// The project's directory.
    let root: String
    let git: ProjectGit
    let now: Date
    let say: (String) -> Void

    /// Makes a package there, or brings it up to date.
    ///
    /// - Parameter folder: the directory of packages.
    func install(_ package: ProjectMetaData.Package, in folder: String) throws {
        let place = folder + "/" + package.name
        switch package.location {
        case .local: try requireLocal(package, place)
        case .url(let url): try unpack(url, of: package, to: place)
        case .git(let source): try bring(package, source, to: place)
        case .unsaid:
            if git.isClone(place) {
                try bring(package, .init(), to: place)
            } else if try ProjectPackage(at: place) != nil {
                say("found local installation of \"\(package.name)\"")
            } else if try !takeFromStores(package.name, nil, to: place) {
                throw unknown(package.name, "it says no location")
            }
        }
        guard try ProjectPackage(at: place) != nil else {
            throw PackageError(
                .metaDataInvalid, place, "is no package",
                remedy: "it has neither \(PackageMetaData.fileName) nor src/\(PackageMetaData.fileName).in")
        }
    }

    private func requireLocal(_ package: ProjectMetaData.Package, _ place: String) throws {
        guard try ProjectPackage(at: place) != nil else {
            throw PackageError(
                .unknownPackage, place, "is not there, and \(package.name) is a local package",
                remedy: "make it with ncs-make-package, or give its <git> or <url>")
        }
        say("found local installation of \"\(package.name)\"")
    }

    private func unknown(_ name: String, _ why: String) -> PackageError {
        PackageError(
            .unknownPackage, name, "was found nowhere: \(why), and no packages-store has it",
            remedy: "give its <git> or <url> in \(ProjectMetaData.fileName), or put it into packages")
    }

    // MARK: Git

    private func bring(
        _ package: ProjectMetaData.Package, _ source: ProjectMetaData.GitSource, to place: String
    ) throws {
        if git.isClone(place) {
            say("updating package \(package.name)...")
            try git.update(place, source.reference ?? storeReference(source))
            return say("updating package \(package.name)...done")
        }
        guard !DurableFiles.exists(place) else {
            throw PackageError(
                .alreadyThere, place, "is there, and is no clone of a git repository",
                remedy: "move it away, or say <local/>")
        }
        if let repository = source.repository {
            return try git.clone(repository, source.reference, to: place)
        }
        guard try cloneFromStores(package.name, source.reference, to: place) else {
            throw unknown(package.name, "its <git> has no <repo>")
        }
    }

    private func storeReference(_ source: ProjectMetaData.GitSource) -> ProjectMetaData.Reference? {
        source.repository == nil ? project.stores.first?.reference : nil
    }

    /// False if no store has it; the last store's reason is said.
    private func cloneFromStores(
        _ name: String, _ reference: ProjectMetaData.Reference?, to place: String
    ) throws -> Bool {
        for store in project.stores {
            guard let base = store.repository else { continue }
            let url = "\(base.hasSuffix("/") ? String(base.dropLast()) : base)/\(name).git"
            do {
                try git.clone(url, reference ?? store.reference, to: place)
                return true
            } catch let error as PackageError where error.code == .transferFailed {
                say(error.sentence)
            }
        }
        return false
    }

    // MARK: Stores

    /// Takes a package from the first store that has one that will do.
    func takeFromStores(
        _ name: String, _ required: PackageMetaData.RequiredPackage?, to place: String
    ) throws -> Bool {
        for directory in project.directories {
            let path = directory.hasPrefix("/") ? directory : root + "/" + directory
            guard let found = best(name, required, below: path) else { continue }
            var isDirectory: ObjCBool = false
            _ = FileManager.default.fileExists(atPath: found, isDirectory: &isDirectory)
            if isDirectory.boolValue {
                try FileManager.default.copyItem(atPath: found, toPath: place)
                say("copied \(found)")
            } else {
                try unpackArchive(found, to: place, named: nil)
                say("unpacked tar file: \(found)")
            }
            return true
        }
        return try cloneFromStores(name, nil, to: place)
    }

    /// The package of the highest version in a directory or up to three below it.
    private func best(_ name: String, _ required: PackageMetaData.RequiredPackage?, below path: String) -> String? {
        var found: [(path: String, version: Version)] = []
        func look(_ directory: String, _ depth: Int) {
            let names = ((try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []).sorted()
            for item in names where !item.hasPrefix(".") {
                let path = directory + "/" + item
                // Archives are opened only if their names speak of the package.
                let isArchive = PackageFileName.suffixes.contains { item.hasSuffix($0) }
                if isArchive, !PackageFileName(item).stem.hasPrefix(name) { continue }
                if let package = try? ProjectPackage(at: path) {
                    if package.isNamed(name), required.map({ $0.accepts(package.version) }) ?? true {
                        found.append((path, package.version ?? Version("0.0")))
                    }
                } else if !isArchive, depth < 3 {
                    look(path, depth + 1)
                }
            }
        }
        look(path, 0)
        return found.max { $0.version < $1.version }?.path
    }

    // MARK: Archives

    /// Replaces the package unless it has the version of the archive already.
    private func unpack(_ url: String, of package: ProjectMetaData.Package, to place: String) throws {
        let (file, isTemporary) = try fetch(url)
        defer { if isTemporary { unlink(file) } }
        if !file.hasSuffix(BundleFormat.suffix), let there = try? ProjectPackage(at: place),
            there.version == (try PackageArchive(path: file).describe().metaData.version)
        {
            return say("found \"\(package.name)\" of the version of \(url)")
        }
        guard !git.isClone(place) else {
            throw PackageError(.alreadyThere, place, "is a clone of a git repository", remedy: "move it away")
        }
        try unpackArchive(file, to: place, named: url)
        say("unpacked tar file: \(isTemporary ? url : file)")
    }

    /// Unpacks beside the place and puts it there as a whole. A signed package is verified first.
    func unpackArchive(_ file: String, to place: String, named url: String?) throws {
        let scratch = "\(DurableFiles.parent(of: place))/.\(DurableFiles.lastComponent(place)).new"
        try DurableFiles.removeTree(scratch)
        defer { try? DurableFiles.removeTree(scratch) }
        let listing: PackageArchive.Listing
        if file.hasSuffix(BundleFormat.suffix) {
            let trust = try TrustStore(directory: root + "/trust")
            listing = try trust.verify(UnverifiedBundle(path: file), at: now).extract(to: scratch, isDurable: false)
        } else {
            listing = try PackageArchive(path: file).extract(to: scratch, isDurable: false)
        }
        let unpacked = scratch + "/" + listing.topDirectory
        guard let package = try ProjectPackage(at: unpacked), package.name == listing.topDirectory else {
            throw PackageError(
                .metaDataInvalid, url ?? file, "its directory '\(listing.topDirectory.visible())' is no package",
                remedy: "give the archive of a package")
        }
        try DurableFiles.removeTree(place)
        try DurableFiles.rename(unpacked, to: place)
    }

    /// The file behind a URL or path; from the network it is brought first.
    func fetch(_ url: String) throws -> (file: String, isTemporary: Bool) {
        guard let parts = URLComponents(string: url), let scheme = parts.scheme?.lowercased() else {
            return (url.hasPrefix("/") ? url : root + "/" + url, false)
        }
        if scheme == "file" { return (parts.path, false) }
        guard ["http", "https"].contains(scheme) else {
            throw PackageError(
                .repositoryInvalid, url, "is not of a kind that is known", remedy: "use file, http or https")
        }
        let name = DurableFiles.lastComponent(parts.path)
        guard PackageNameRules.isPackageName(name) else {
            throw PackageError(.repositoryInvalid, url, "names no package file", remedy: "give the URL of an archive")
        }
        let file = root + "/packages/." + name
        try HTTPTransfer(
            address: RepositoryAddress(name: url, url: String(url.dropLast(name.utf8.count + 1))), url: url
        ).save(to: file)
        return (file, true)
    }
}

extension PackageMetaData.RequiredPackage {
    func accepts(_ version: Version?) -> Bool {
        guard let version else { return minimumVersion == nil && maximumVersion == nil }
        return minimumVersion.map { version >= $0 } ?? true && maximumVersion.map { version <= $0 } ?? true
    }
}

extension HTTPTransfer {
    /// Brings a whole file, of at most what a package may have.
    func save(to path: String) throws {
        unlink(path)
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o644)
        guard descriptor >= 0 else { throw FileError(operation: "create", path: path, errno: errno) }
        defer { close(descriptor) }
        var size = 0
        do {
            try run { head in
                if head.status != 200 { throw PackageRepository.refusal(head, self) }
            } body: { bytes in
                size += bytes.count
                guard size <= limits.packageBytes else {
                    throw PackageError(.limitExceeded, url, "has more than \(limits.packageBytes) bytes")
                }
                guard write(descriptor, bytes.baseAddress, bytes.count) == bytes.count else {
                    throw FileError(operation: "write", path: path, errno: errno)
                }
            }
        } catch let failure as Failure {
            unlink(path)
            throw PackageRepository.refusal(failure, self)
        } catch {
            unlink(path)
            throw error
        }
    }
}
