import Basics
import Foundation
package import PackageSigning

/// What is done with packages of the load path that bear no signature.
package enum LoadPathPolicy: String, Sendable {
    /// They are refused; they are loaded and it is said; they are loaded.
    case require, warn, off
}

/// A bundle that may be loaded, and what is to be said about it.
package struct AcceptedBundle: Sendable {
    package var bundle: VerifiedBundle
    package var warnings: [String]

    package init(_ bundle: VerifiedBundle, warnings: [String] = []) {
        self.bundle = bundle
        self.warnings = warnings
    }
}

/// The private copies of packages, one directory a generation: `state/packages-in-use/N/PACKAGE`, and beside each
/// package `.PACKAGE.origin` (`PackageOrigin`); `.faults` is what could not be copied.
///
/// Invariant: a directory that a record of the log names is complete and synced (`seal` comes before the record). Any
/// other is rubbish; which one is in force is said by the log, not here.
package struct GenerationStore: Sendable {
    package let directory: String
    private let policy: LoadPathPolicy
    private let accept: @Sendable (String) throws -> AcceptedBundle

    /// - Parameter accept: checks a signed bundle against the trust anchors.
    package init(
        directory: String, policy: LoadPathPolicy, accept: @escaping @Sendable (String) throws -> AcceptedBundle
    ) {
        self.directory = directory
        self.policy = policy
        self.accept = accept
    }

    package func path(_ number: Int) -> String { "\(directory)/\(number)" }

    /// The numbers of the generations that are there.
    package func numbers() -> [Int] {
        ((try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []).compactMap { Int($0) }.sorted()
    }

    // MARK: Building

    /// Copies packages into a fresh generation and returns what could not be copied.
    ///
    /// - Parameters:
    ///   - faults: of packages that are not tried again.
    ///   - kept: by the path of their source, packages that are in force with the same content (`unchanged`): their
    ///     files are shared.
    ///   - meter: is told what is copied, if it is much.
    ///   - copied: is told each package that is copied, from where and to where.
    /// - Throws: if it is not a package's fault but the machine's (no space left, say). Nothing is left then.
    @discardableResult
    package func build(
        _ number: Int, from sources: [PackageSource], keeping faults: [PackageCopyFault] = [],
        sharing kept: [String: UnchangedPackage] = [:], meter: WorkMeter? = nil,
        copied: (String, String) -> Void = { _, _ in }
    ) throws -> [PackageCopyFault] {
        let temporary = path(number) + ".new"
        try DurableFiles.removeTree(temporary)
        try DurableFiles.removeTree(path(number))
        do {
            try DurableFiles.makeDirectory(temporary)
            var faults = faults
            for (index, source) in sources.enumerated() {
                if index > 0, index.isMultiple(of: 25) {
                    meter?.say("\(index) of \(sources.count) packages are copied")
                }
                if let same = kept[source.path] {
                    try share(same, to: temporary, source.path)
                } else {
                    var name: String?
                    if let fault = try copy(source, to: temporary, &name, meter) { faults.append(fault) }
                    if let name { copied(source.path, "\(path(number))/\(name)") }
                }
            }
            try PackageCopyFault.write(faults, to: temporary)
            try DurableFiles.rename(temporary, to: path(number))
            return faults
        } catch {
            try? DurableFiles.removeTree(temporary)
            throw error
        }
    }

    /// Makes a generation survive a crash.
    package func seal(_ number: Int, _ note: GenerationNote? = nil) throws {
        try note?.write(to: path(number))
        try DurableFiles.syncTree(path(number))
        try DurableFiles.syncDirectory(directory)
        CrashPoint.reach("generation.built")
    }

    /// - Parameter copied: is set to the name of the package if it was copied.
    private func copy(
        _ source: PackageSource, to target: String, _ copied: inout String?, _ meter: WorkMeter?
    ) throws -> PackageCopyFault? {
        var name: String?
        do {
            meter?.begin("copying \(source.fileName.visible())")
            try copy(source, to: target, name: &name, meter)
            copied = name
            return nil
        } catch {
            let fault = error as? PackageError
            if let number = (error as? FileError)?.errno ?? fault?.systemError, Self.machineFaults.contains(number) {
                throw error
            }
            if fault?.code == .duplicate {
                // It must not be taken for the first one of its name.
                let double = (name ?? source.fileName).visible()
                let what = "Failed to load duplicate NCS package \(double): (\(source.path))"
                return PackageCopyFault(
                    package: source.fileName.visible(), path: source.path, reason: "\(what); \(error)",
                    isMetaData: true, kind: .duplicate)
            }
            // Of a package's files only its description is read here.
            let isSyntax = error is DiagnosticsError
            return PackageCopyFault(
                package: name ?? source.fileName.visible(), path: source.path, reason: "\(error)",
                isMetaData: fault?.code == .metaDataInvalid || isSyntax, kind: isSyntax ? .syntax : nil)
        }
    }

    private static let machineFaults: Set<Int32> = [ENOSPC, EDQUOT, EROFS, EMFILE, ENFILE, ENOMEM]

    /// - Parameter name: is set to the package's name as soon as it is known.
    private func copy(
        _ source: PackageSource, to target: String, name: inout String?, _ meter: WorkMeter?
    ) throws {
        switch source.form {
        case .brokenLink:
            throw PackageError(
                .fileUnusable, source.path, "is a link to what is not there", remedy: "mend the link or remove it")
        case .directory:
            let isOwn = source.path.hasPrefix(directory + "/")
            let found = Self.packageName(of: source)
            name = found
            var origin = isOwn ? PackageOrigin(of: source.path) : try unsigned(source)
            origin.sharedDigest = nil
            try requireNew(target + "/" + found, source.path)
            var copier = PackageCopier(source: source.path)
            try copier.copy(to: target + "/" + found, meter: meter)
            origin.warnings += copier.warnings
            if !isOwn { origin.path = source.path }
            try origin.write(for: target + "/" + found)
        case .archive:
            let origin = try unsigned(source)
            var archive = try PackageArchive(path: source.path)
            archive.meter = meter
            try unpack(target, source.path, origin, &name) { [archive] in
                try archive.extract(to: $0, isDurable: false)
            }
        case .bundle:
            let accepted = try accept(source.path)
            let bundle = accepted.bundle
            name = bundle.package
            let origin = PackageOrigin(signer: PackageSigner(bundle), warnings: accepted.warnings)
            try unpack(target, source.path, origin, &name, manifest: bundle.manifest) {
                try bundle.extract(to: $0, isDurable: false, meter: meter)
            }
        }
    }

    // MARK: Sharing

    /// The packages of the load path whose content is that of a package in force, by the path of the source.
    package func unchanged(_ sources: [PackageSource], since current: [LoadedPackage]) -> [String: UnchangedPackage] {
        var found: [String: UnchangedPackage] = [:]
        for source in sources {
            if let same = try? unchanged(source, since: current) { found[source.path] = same }
        }
        return found
    }

    private func unchanged(_ source: PackageSource, since current: [LoadedPackage]) throws -> UnchangedPackage? {
        switch source.form {
        case .directory:
            var origin = try unsigned(source)
            let name = Self.packageName(of: source)
            guard let package = current.first(where: { $0.name == name }), package.signer == nil else { return nil }
            var copier = PackageCopier(source: source.path)
            guard try copier.digest().whole == package.digest else { return nil }
            origin.warnings += copier.warnings
            return UnchangedPackage(package: package, origin: origin)
        case .bundle:
            let accepted = try accept(source.path)
            let signer = PackageSigner(accepted.bundle)
            guard
                let package = current.first(where: { $0.signer?.manifestSHA256 == signer.manifestSHA256 }),
                !package.digest.isEmpty
            else { return nil }
            return UnchangedPackage(
                package: package, origin: PackageOrigin(signer: signer, warnings: accepted.warnings))
        case .archive, .brokenLink: return nil
        }
    }

    /// Takes a package over by links to its files: what is in a generation is never written to.
    private func share(_ same: UnchangedPackage, to target: String, _ path: String) throws {
        let place = target + "/" + same.package.name
        try requireNew(place, path)
        var made: Set<String> = []
        for name in same.package.content.sortedFiles.map(\.path) {
            let folder = DurableFiles.parent(of: "\(place)/\(name)")
            if made.insert(folder).inserted {
                try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            }
            guard link("\(same.package.directory)/\(name)", "\(place)/\(name)") == 0 else {
                throw FileError(operation: "link", path: "\(place)/\(name)", errno: errno)
            }
        }
        var origin = same.origin
        origin.path = path
        origin.sharedDigest = same.package.digest
        try origin.write(for: place)
    }

    private func unsigned(_ source: PackageSource) throws -> PackageOrigin {
        var origin = PackageOrigin()
        switch policy {
        case .off: break
        case .warn: origin.warnings.append("is not signed (load-path-policy is warn)")
        case .require:
            throw PackageError(
                .notSigned, source.path, "is not signed, and load-path-policy is require",
                remedy: "sign it with 'ncs-package sign', or set /ncs-config/package-signing/load-path-policy")
        }
        return origin
    }

    private func requireNew(_ place: String, _ path: String) throws {
        guard DurableFiles.exists(place) else { return }
        let name = DurableFiles.lastComponent(place)
        throw PackageError(
            .duplicate, path, "a package \(name) is in the load path twice", remedy: "remove one of them")
    }

    /// Unpacks beside the packages, and moves the package there when it is what it says.
    private func unpack(
        _ target: String, _ path: String, _ origin: PackageOrigin, _ name: inout String?,
        manifest: BundleManifest? = nil, _ extract: (String) throws -> PackageArchive.Listing
    ) throws {
        let scratch = "\(target)/.unpacking"
        try DurableFiles.removeTree(scratch)
        defer { try? DurableFiles.removeTree(scratch) }
        let top = try extract(scratch).topDirectory
        let (metaData, _) = try PackageError.naming(path, insteadOf: scratch) {
            try PackageBuilder.metaData(of: scratch + "/" + top)
        }
        guard metaData.name == top else {
            throw PackageError(
                .metaDataInvalid, path,
                "its directory is '\(top.visible())' and its package '\(metaData.name)'",
                remedy: "give the directory the name of the package")
        }
        if let manifest { try Self.check(metaData, manifest, path) }
        name = top
        try requireNew(target + "/" + top, path)
        var origin = origin
        origin.path = path
        try origin.write(for: target + "/" + top)
        try DurableFiles.rename(scratch + "/" + top, to: target + "/" + top)
    }

    /// That the signer signed what the manifest says.
    private static func check(_ metaData: PackageMetaData, _ manifest: BundleManifest, _ path: String) throws {
        guard metaData.name == manifest.package, metaData.version.description == manifest.version.description,
            metaData.neds.compactMap(\.nedID) == manifest.nedIDs
        else {
            throw PackageError(
                .contentMismatch, path,
                "the manifest names \(manifest.package) \(manifest.version) and the archive is \(metaData.name) "
                    + "\(metaData.version), or has other ned-ids", remedy: "sign the package again")
        }
    }

    // MARK: Looking

    /// Checks a signed file of the load path again; what is to be said about it.
    package func warnings(of bundle: PackageSource) throws -> [String] { try accept(bundle.path).warnings }

    /// Those of the sources that hold the package of that name. What cannot be read is taken by its file name.
    package func sources(of name: String, among sources: [PackageSource]) -> [PackageSource] {
        sources.filter { source in
            let found: String? =
                switch source.form {
                case .directory: Self.packageName(of: source)
                case .archive: try? PackageArchive(path: source.path).describe().metaData.name
                case .bundle: try? accept(source.path).bundle.package
                case .brokenLink: nil
                }
            return found.map { $0 == name } ?? PackageFileName(source.fileName).isMeant(by: name, withoutVersion: true)
        }
    }

    /// A directory's package bears the name that its meta-data gives, whatever the directory or link is called.
    private static func packageName(of source: PackageSource) -> String {
        (try? PackageBuilder.metaData(of: source.path))?.metaData.name ?? source.fileName
    }

    /// Writes the note of one that has none.
    package func complete(_ number: Int, _ note: @autoclosure () -> GenerationNote) throws {
        if self.note(number) == nil { try note().write(to: path(number)) }
    }

    package func note(_ number: Int) -> GenerationNote? { GenerationNote(of: path(number)) }

    /// The packages of a generation that was in force, to build another from, and what could not be copied into it.
    package func content(_ number: Int) -> (sources: [PackageSource], faults: [PackageCopyFault]) {
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: path(number))) ?? []).sorted()
        let sources = names.filter { !$0.hasPrefix(".") }.map { name in
            PackageSource(fileName: name, path: "\(path(number))/\(name)", form: .directory)
        }
        return (sources, PackageCopyFault.read(from: path(number)))
    }

    /// Keeps the generation in force and those before it, `keep` in all, and removes what was begun and not put in
    /// force.
    package func removeOld(current: Int, keep: Int) {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        for name in names where name.hasSuffix(".new") { try? DurableFiles.removeTree("\(directory)/\(name)") }
        let all = numbers()
        let old = all.filter { $0 < current }.dropLast(max(keep - 1, 0))
        for number in all.filter({ $0 > current }) + old { try? DurableFiles.removeTree(path(number)) }
    }
}

/// A package in force that the load path still holds, to the last byte.
package struct UnchangedPackage: Sendable {
    package let package: LoadedPackage
    let origin: PackageOrigin

    /// Whether the same is to be said of it as before.
    package var isSaidTheSame: Bool { package.warnings.prefix(origin.warnings.count) == origin.warnings[...] }
}

/// A package of the load path that is not in a generation, and why.
package struct PackageCopyFault: Codable, Sendable {
    /// The package's name, or the file's if that is all that is known.
    package var package: String
    /// Where it lies.
    package var path: String
    package var reason: String
    /// Its description of itself is at fault.
    package var isMetaData: Bool
    package var kind: LoadedPackage.MetaDataFault?

    package init(
        package: String, path: String, reason: String, isMetaData: Bool, kind: LoadedPackage.MetaDataFault? = nil
    ) {
        self.kind = kind
        self.package = package
        self.path = path
        self.reason = reason
        self.isMetaData = isMetaData
    }

    private static func file(_ generation: String) -> String { generation + "/.faults" }

    static func write(_ faults: [PackageCopyFault], to generation: String) throws {
        guard !faults.isEmpty else { return }
        try DurableFiles.write(file(generation), Array(JSONEncoder().encode(faults)))
    }

    static func read(from generation: String) -> [PackageCopyFault] {
        guard let bytes = try? DurableFiles.read(file(generation), limit: 16 << 20) else { return [] }
        return (try? JSONDecoder().decode([PackageCopyFault].self, from: Data(bytes))) ?? []
    }
}

extension DurableFiles {
    static func lastComponent(_ path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }
}
