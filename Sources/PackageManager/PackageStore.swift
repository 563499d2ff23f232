package import Basics
package import Foundation
package import PackageSigning

/// The package files that were fetched, and which of them are installed: linked into the load path.
///
/// Only signed bundles enter. A file lies in `objects/` under the digest of its content, so that nothing is ever
/// written over, with its `PackageReceipt` beside it; a name is a link to one. Installing makes a link in the load path, and
/// `packages reload` loads it.
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
    private let ledger: SignerLedger
    private let turn = StoreTurn()

    /// - Parameters:
    ///   - links: the directory of the load path into which installed packages are linked.
    ///   - ledger: what an installation is held against.
    ///   - verify: checks a signed bundle, its certificates for the time of the call.
    package init(
        directory: String, links: String, ledger: SignerLedger,
        verify: @escaping @Sendable (String) throws -> VerifiedBundle
    ) {
        self.directory = directory
        self.links = links
        self.ledger = ledger
        self.verify = verify
    }

    private var objects: String { directory + "/objects" }
    private func path(_ fileName: String) -> String { directory + "/" + fileName }
    private func link(_ fileName: String) -> String { links + "/" + fileName }

    // MARK: Looking

    /// Every file of the store by name, as its receipt has it: whether the signature still holds is judged where the
    /// file is used.
    package func items() -> [Item] {
        fileNames().compactMap { name in
            guard let receipt = receipt(path(name)) else { return nil }
            return Item(
                fileName: name, state: isInstalled(name) ? .installed : .installable, package: receipt.package,
                version: Version(receipt.version))
        }
    }

    private func receipt(_ path: String) -> PackageReceipt? {
        if let receipt = PackageReceipt(of: Self.resolved(path)) { return receipt }
        return (try? verify(path)).map { PackageReceipt($0) }
    }

    /// When the file behind a path of the load path was installed; nil if it did not come out of the store.
    package func installTime(of path: String) -> Date? {
        let object = Self.resolved(path)
        guard object.hasPrefix(Self.resolved(objects) + "/") else { return nil }
        return PackageReceipt(of: object)?.installed
    }

    /// The signed file of the store that has this manifest: what came out of the store stays checkable after it was
    /// deinstalled, as long as it runs.
    package func signedFile(manifestSHA256 digest: String) -> PackageSource? {
        for name in fileNames()
        where (try? UnverifiedBundle(path: path(name)))?.manifest.sha256 == digest {
            return PackageSource(fileName: name, path: path(name), form: .bundle)
        }
        return nil
    }

    private static func resolved(_ path: String) -> String {
        URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    }

    private func fileNames() -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? [])
            .filter { $0 != "objects" && !$0.hasPrefix(".") && !$0.hasSuffix(".new") }.sorted()
    }

    private func isInstalled(_ name: String) -> Bool {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: link(name))) != nil
    }

    // MARK: Changing

    /// What a file has to hold, where that was said before.
    package enum Expectation: Sendable {
        case anything
        /// The package and version that an index gives it.
        case item(String, Version)
        /// Those of which its name speaks.
        case fileName
    }

    /// Takes a file into the store. It is copied first and judged then: what is checked is what is kept.
    package func fetch(
        _ file: String, expecting expected: Expectation = .anything, meter: WorkMeter? = nil
    ) throws -> String {
        try turn.take { try fetchNow(file, expected, meter) }
    }

    /// Before something is brought from far away.
    func requireAbsence(of name: String) throws {
        guard DurableFiles.exists(path(name)) else { return }
        throw PackageError(
            .alreadyThere, name, "a package file of this name has been fetched already",
            remedy: "remove the old one from \(directory) to fetch it again")
    }

    private func fetchNow(_ file: String, _ expected: Expectation, _ meter: WorkMeter?) throws -> String {
        let name = DurableFiles.lastComponent(file)
        guard DurableFiles.exists(file) else {
            throw PackageError(.fileUnusable, file, "does not exist", remedy: "give the path of a package file")
        }
        guard name.hasSuffix(".signed.bin") else {
            let isBundle = UnverifiedBundle.isBundle(file)
            throw PackageError(
                isBundle ? .fileUnusable : .notSigned, file, isBundle ? "does not end in .signed.bin" : "is not signed",
                remedy: isBundle
                    ? "give it such a name" : "sign it with 'ncs-package sign', or put it into the load path")
        }
        try requireName(name)
        guard !DurableFiles.exists(path(name)) else {
            throw PackageError(
                .alreadyThere, file, "a package file of this name has been fetched already",
                remedy: "give the new file another name, or remove the old one from \(directory)")
        }
        try DurableFiles.makeDirectory(objects)
        let temporary = "\(objects)/.\(getpid()).\(name).new"
        defer { unlink(temporary) }
        unlink(temporary)
        try RegularFile.copy(file, to: temporary)
        meter?.begin("checking \(name)")
        let bundle = try judge(temporary, for: file, meter)
        try require(bundle, named: name, expected, file)
        try DurableFiles.syncFile(temporary)
        let object = objects + "/" + (try FileRegion(wholeFile: temporary).sha256())
        if PackageReceipt(of: object) == nil { try PackageReceipt(bundle).write(for: object) }
        try DurableFiles.rename(temporary, to: object)
        try DurableFiles.link(path(name), to: "objects/" + DurableFiles.lastComponent(object))
        return name
    }

    /// Checks the copy; a refusal names the file that it is a copy of.
    private func judge(_ copy: String, for file: String, _ meter: WorkMeter?) throws -> VerifiedBundle {
        try PackageError.naming(file, insteadOf: copy) {
            let bundle = try verify(copy)
            try bundle.requireCurrentRevocationLists(at: bundle.judgedAt)
            _ = try bundle.checkContent(meter: meter)
            return bundle
        }
    }

    private func require(
        _ bundle: VerifiedBundle, named name: String, _ expected: Expectation, _ file: String
    ) throws {
        let isMeant =
            switch expected {
            case .anything: true
            case .item(let package, let version): bundle.package == package && bundle.version == version
            case .fileName:
                [
                    "\(bundle.package)-\(bundle.version)",
                    PackageFileName(package: bundle.package, version: bundle.version).stem,
                ].contains(PackageFileName(name).stem)
            }
        guard !isMeant else { return }
        throw PackageError(
            .contentMismatch, file,
            "holds version \(bundle.version) of package \(bundle.package), which is not what was asked for",
            remedy: "tell the keeper of the repository")
    }

    /// Names end up on terminals, in logs and as links: no more than what names of packages are made of.
    private func requireName(_ name: String) throws {
        let isPlain = name.utf8.allSatisfy { byte in
            UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20 || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
                || "._-+".utf8.contains(byte)
        }
        guard isPlain, !name.hasPrefix("."), name.utf8.count <= 200 else {
            throw PackageError(
                .fileUnusable, name.visible(), "is no name of a package file",
                remedy: "use letters, digits, '.', '_', '-' and '+'")
        }
    }

    /// As `fetch`, for content that came with the request.
    package func upload(_ name: String, _ content: [UInt8], meter: WorkMeter? = nil) throws -> String {
        guard !name.contains("/"), !name.hasPrefix("."), name.hasSuffix(".signed.bin") else {
            throw PackageError(
                .fileUnusable, name.visible(), "is no name of a package file",
                remedy: "give one that ends in .signed.bin, without directories")
        }
        try requireName(name)
        return try turn.take {
            let scratch = "\(directory)/.upload.\(getpid())"
            try DurableFiles.makeDirectory(scratch)
            defer { try? DurableFiles.removeTree(scratch) }
            try DurableFiles.write(scratch + "/" + name, content)
            let copy = scratch + "/" + name
            return try PackageError.naming(name, insteadOf: copy) { try fetchNow(copy, .anything, meter) }
        }
    }

    /// Links a fetched package into the load path and returns the stem of its file name. Its certificates are judged
    /// now, and the time is kept: that they expire later does not stop the package.
    package func install(_ typed: String, _ wishes: Wishes, meter: WorkMeter? = nil) throws -> String {
        try turn.take {
            let all = items()
            let item = try find(typed, in: all)
            let others = all.filter {
                $0.state == .installed && $0.package == item.package && $0.fileName != item.fileName
            }
            guard item.state == .installable else {
                // Two of a package are installed if replacing one was cut short.
                guard wishes.replaceExisting, !others.isEmpty else {
                    throw PackageError(.alreadyThere, item.fileName, "is installed already")
                }
                for other in others { try DurableFiles.remove(link(other.fileName)) }
                return PackageFileName(item.fileName).fileStem
            }
            let name = PackageFileName(item.fileName)
            if let release = name.release, release != Product.compatibleVersion, !wishes.allowVersionMismatch {
                throw PackageError(
                    .versionMismatch, item.fileName,
                    "was made for release \(release), this is \(Product.compatibleVersion)",
                    remedy: "get the file for this release, or install it with allow-version-mismatch")
            }
            if let other = others.first, !wishes.replaceExisting {
                throw PackageError(
                    .alreadyThere, item.fileName, "version \(other.version) of package \(item.package) is installed",
                    remedy: "deinstall it, or install with replace-existing")
            }
            let size = (try? OpenFile(path: path(item.fileName)))?.size ?? 0
            if size >= WorkMeter.step { meter?.say("checking \(item.fileName): \(size >> 20) MiB") }
            try link(item, replacing: others, wishes.permission)
            return name.fileStem
        }
    }

    /// What whoever installs has agreed to.
    package struct Wishes: Sendable {
        package var replaceExisting = false
        package var allowVersionMismatch = false
        package var permission = SignerLedger.Permission()

        package init(
            replaceExisting: Bool = false, allowVersionMismatch: Bool = false,
            permission: SignerLedger.Permission = .init()
        ) {
            self.replaceExisting = replaceExisting
            self.allowVersionMismatch = allowVersionMismatch
            self.permission = permission
        }
    }

    private func link(_ item: Item, replacing others: [Item], _ permission: SignerLedger.Permission) throws {
        guard !DurableFiles.exists(link(item.fileName)) else {
            throw PackageError(
                .alreadyThere, link(item.fileName), "a file of this name lies in the load path",
                remedy: "remove it, or reload it from there")
        }
        let bundle = try verify(path(item.fileName))
        try bundle.requireCurrentRevocationLists(at: bundle.judgedAt)
        try ledger.check(bundle, permission)
        try ledger.note([
            .init(package: bundle.package, version: bundle.version, signer: PackageSigner(bundle))
        ])
        var receipt = PackageReceipt(bundle)
        receipt.installed = bundle.judgedAt
        try receipt.write(for: Self.resolved(path(item.fileName)))
        try DurableFiles.makeDirectory(links)
        try DurableFiles.link(link(item.fileName), to: URL(fileURLWithPath: path(item.fileName)).standardized.path)
        for other in others { try DurableFiles.remove(link(other.fileName)) }
    }

    /// Takes the link out of the load path; the file stays in the store.
    package func deinstall(_ typed: String) throws {
        try turn.take {
            let installed = items().filter { $0.state == .installed }
            let item = try find(typed, in: installed, withoutVersion: true)
            try DurableFiles.remove(link(item.fileName))
        }
    }

    /// A backup has what links lead to in their place: makes links again of files of the store, and of those in the load
    /// path that are the same and were installed.
    private func linkRestored() {
        for name in fileNames() where Self.isRegularFile(path(name)) {
            guard let digest = try? FileRegion(wholeFile: path(name)).sha256() else { continue }
            let object = objects + "/" + digest
            do {
                // The name leads to the content at every moment.
                try DurableFiles.makeDirectory(objects)
                if !DurableFiles.exists(object), Foundation.link(path(name), object) != 0 { continue }
                try DurableFiles.syncDirectory(objects)
                if receipt(object) == nil { try PackageReceipt(verify(object)).write(for: object) }
                // The name last: until it is a link, all this is done again.
                if Self.isRegularFile(link(name)), PackageReceipt(of: object)?.installed != nil,
                    try FileRegion(wholeFile: link(name)).sha256() == digest
                {
                    try DurableFiles.link(link(name), to: URL(fileURLWithPath: path(name)).standardized.path)
                }
                try DurableFiles.link(path(name), to: "objects/" + digest)
            } catch {
                // It stays what it is: a file that can be fetched again from there.
                continue
            }
        }
    }

    /// Of a package that was being replaced the file that was installed last stays: its receipt was there before its link.
    private func endReplacements() {
        let installed = items().filter { item in
            item.state == .installed
                && Self.resolved(link(item.fileName)) == Self.resolved(path(item.fileName))
        }
        for (_, items) in Dictionary(grouping: installed, by: \.package) where items.count > 1 {
            let dated = items.map { ($0.fileName, installTime(of: path($0.fileName)) ?? .distantPast) }
            let last = dated.max { $0.1 < $1.1 }?.0
            for item in items where item.fileName != last { try? DurableFiles.remove(link(item.fileName)) }
        }
    }

    private static func isRegularFile(_ path: String) -> Bool { (try? FileStatus(path: path).kind) == .file }

    /// Removes what a crash left half done: temporary files and links, and objects that no name leads to. What came out of
    /// a backup is a store again then.
    package func removeLeftovers() {
        turn.take {
            linkRestored()
            endReplacements()
            let files = FileManager.default
            func names(_ directory: String) -> [String] { (try? files.contentsOfDirectory(atPath: directory)) ?? [] }
            for name in names(directory) where name.hasPrefix(".upload.") || name.hasSuffix(".new") {
                try? DurableFiles.removeTree(path(name))
            }
            removePartials(names(path(Self.partialName)))
            for name in names(links) where name.contains(".signed.bin.") && name.hasSuffix(".new") {
                if (try? files.destinationOfSymbolicLink(atPath: link(name))) != nil { unlink(link(name)) }
            }
            let used = Set(fileNames().map { DurableFiles.lastComponent(Self.resolved(path($0))) })
            for name in names(objects) where !used.contains(String(name.prefix { $0 != "." })) {
                unlink(objects + "/" + name)
            }
        }
    }

    /// The directory of what is on its way from a repository.
    package static let partialName = ".partial"

    /// Transfers that nobody has gone on with for a week, and indexes that a crash left.
    private func removePartials(_ names: [String]) {
        let folder = path(Self.partialName)
        for name in names {
            let changed = try? FileManager.default.attributesOfItem(atPath: folder + "/" + name)[.modificationDate]
            let age = (changed as? Date).map { -$0.timeIntervalSinceNow } ?? 0
            if name.hasPrefix(".") || age > 7 * 86_400 { try? DurableFiles.removeTree(folder + "/" + name) }
        }
        rmdir(folder)
    }

    private func find(_ typed: String, in all: [Item], withoutVersion: Bool = false) throws -> Item {
        let found = all.filter { item in
            PackageFileName(item.fileName).isMeant(by: typed, withoutVersion: withoutVersion)
                || typed == "\(item.package)-\(item.version)" || (withoutVersion && typed == item.package)
        }
        if found.count == 1 { return found[0] }
        let candidates = (found.isEmpty ? all : found).map(\.fileName)
        let more = candidates.count > 10 ? " and \(candidates.count - 10) more; see software packages list" : ""
        let names = candidates.prefix(10).joined(separator: ", ") + more
        if found.isEmpty {
            let remedy = withoutVersion ? "see software packages list" : "fetch one first with software packages fetch"
            throw PackageError(
                .unknownPackage, typed.visible(),
                withoutVersion ? "no such package is installed" : "there is no such package in the store",
                remedy: candidates.isEmpty ? remedy : "there are: \(names)")
        }
        throw PackageError(.unknownPackage, typed, "is not clear", remedy: "say which of: \(names)")
    }
}
