import Basics
package import Foundation
package import PackageSigning

/// What is asked of the index of a repository, by `/ncs-config/package-signing/index-policy`.
package enum IndexPolicy: String, Sendable, CaseIterable {
    /// A signed, current index, or nothing is taken.
    case require
    /// Says what is wrong with the index and goes on. Files still are what a genuine index says.
    case warn
    /// Takes `index.txt` without a look at the signed one.
    case off
}

/// A directory of package files on a server of the network: `index.txt`, and beside it `index.signed`.
///
/// What a repository says decides which files are asked for, never which are accepted: the store checks each bundle, as one
/// from a local file. The signed index adds what a bundle cannot prove: that nothing newer is held back.
package struct PackageRepository: Sendable {
    package struct Listing: Sendable {
        package var paths: [String]
        /// What they have to be, by path; empty without a signed index.
        package var items: [String: RepositoryIndex.Item]
        package var warnings: [String]

        /// The paths of files whose names match: `*` stands for anything and `?` for one character.
        package func paths(matching pattern: String?) -> [String] {
            guard let pattern else { return paths }
            return paths.filter { fnmatch(pattern, DurableFiles.lastComponent($0), 0) == 0 }
        }
    }

    let address: RepositoryAddress
    private let policy: IndexPolicy
    private let limits: RepositoryLimits
    private let partial: String
    private let ledger: RepositoryLedger
    private let now: @Sendable () -> Date
    private let verify: @Sendable (String) throws -> SignedIndex

    /// - Parameters:
    ///   - partial: the directory of transfers that are not complete.
    ///   - verify: checks a signed index, its certificates for the time of the call.
    package init(
        _ address: RepositoryAddress, policy: IndexPolicy, partial: String, ledger: RepositoryLedger,
        limits: RepositoryLimits = RepositoryLimits(), now: @escaping @Sendable () -> Date,
        verify: @escaping @Sendable (String) throws -> SignedIndex
    ) {
        self.address = address
        self.policy = policy
        self.limits = limits
        self.partial = partial
        self.ledger = ledger
        self.now = now
        self.verify = verify
    }

    // MARK: The index

    /// What the repository has.
    ///
    /// - Parameter acceptsNewIndex: the index is taken although the one before was of another signer, repository or of a
    ///   higher number.
    package func list(acceptsNewIndex: Bool = false) throws -> Listing {
        var warnings: [String] = []
        if address.password != nil, !address.isEncrypted {
            warnings.append("the password for repository \(address.name) goes over the network unencrypted; use https")
        }
        guard policy != .off else { return try plain(warnings) }
        let index: RepositoryIndex
        do {
            index = try signedIndex(acceptsNewIndex, &warnings)
        } catch let error as SigningError where policy == .warn {
            return try plain(warnings + [error.sentence])
        } catch let error as PackageError where policy == .warn && error.code == .indexRefused {
            return try plain(warnings + [error.sentence])
        }
        return Listing(
            paths: index.packages.map(\.path),
            items: Dictionary(index.packages.map { ($0.path, $0) }) { first, _ in first }, warnings: warnings)
    }

    private func signedIndex(_ acceptsNewIndex: Bool, _ warnings: inout [String]) throws -> RepositoryIndex {
        let url = address.url(RepositoryIndex.fileName)
        guard let bytes = try small(url, limit: RepositoryIndex.sizeLimit) else {
            throw PackageError(
                .indexRefused, url, "the repository has no signed index",
                remedy: "its keeper makes one with 'ncs-package index'")
        }
        let signed = try verified(bytes, url)
        let fault = acceptsNewIndex ? nil : try ledger.fault(signed, address)
        if let fault = fault ?? timeFault(signed.index) {
            guard policy == .warn else { throw fault }
            warnings.append(fault.sentence)
        } else {
            try ledger.note(signed, address)
        }
        return signed.index
    }

    private func verified(_ bytes: [UInt8], _ url: String) throws -> SignedIndex {
        try DurableFiles.makeDirectory(partial)
        let file = "\(partial)/.\(UUID().uuidString).index"
        defer {
            unlink(file)
            rmdir(partial)
        }
        do {
            try DurableFiles.write(file, bytes)
            return try verify(file)
        } catch var error as SigningError {
            error.sentence = error.sentence.replacing(file, with: url)
            throw error
        }
    }

    private func timeFault(_ index: RepositoryIndex) -> PackageError? {
        let now = now()
        if index.expires < now {
            return PackageError(
                .indexRefused, "repository \(address.name)",
                "its index expired at \(index.expires.formatted(.iso8601)): what came since may be held back",
                remedy: "its keeper renews it with 'ncs-package index'")
        }
        guard index.issued > now.addingTimeInterval(Self.clockTolerance) else { return nil }
        return PackageError(
            .indexRefused, "repository \(address.name)",
            "its index is of \(index.issued.formatted(.iso8601)), which is still to come",
            remedy: "check the clock of this machine")
    }

    /// How far the clocks of two machines may differ, in seconds.
    private static let clockTolerance = 600.0

    private func plain(_ before: [String]) throws -> Listing {
        let url = address.url(RepositoryIndex.plainFileName)
        guard let bytes = try small(url, limit: limits.plainIndexBytes) else {
            throw PackageError(
                .transferFailed, url, "the server has no such file",
                remedy: "a repository has an index.txt with one relative path a line")
        }
        var warnings = before
        var paths: [String] = []
        for line in String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline) {
            var path = line.trimmingCharacters(in: .whitespaces)
            if path.hasPrefix("./") { path.removeFirst(2) }
            guard !path.isEmpty, !path.hasPrefix("#") else { continue }
            if RepositoryIndex.isPath(path) {
                paths.append(path)
            } else {
                warnings.append("\(url): '\(path.visible())' is no relative path of a package file, and is left out")
            }
        }
        return Listing(paths: paths, items: [:], warnings: warnings)
    }

    /// A file that fits into memory; nil if the server does not have it.
    private func small(_ url: String, limit: Int) throws -> [UInt8]? {
        let transfer = HTTPTransfer(address: address, url: url, limits: limits)
        var bytes: [UInt8] = []
        var isThere = true
        do {
            try transfer.run { head in
                isThere = ![404, 410].contains(head.status)
                if isThere, head.status != 200 { throw Self.refusal(head, transfer) }
            } body: { chunk in
                guard isThere else { return }
                guard chunk.count <= limit - bytes.count else {
                    throw PackageError(.limitExceeded, url, "has more than \(limit) bytes")
                }
                bytes += chunk
            }
        } catch let failure as HTTPTransfer.Failure {
            throw Self.refusal(failure, transfer)
        }
        return isThere ? bytes : nil
    }

    // MARK: Packages

    /// Brings a package file into the store and gives its name and what there is to say.
    ///
    /// - Parameter typed: the path in the index, or the file's name with or without prefix and suffix.
    package func fetch(
        _ typed: String, into store: PackageStore, acceptsNewIndex: Bool = false,
        progress: @escaping @Sendable (String) -> Void = { _ in }
    ) throws -> (fileName: String, warnings: [String]) {
        let listing = try list(acceptsNewIndex: acceptsNewIndex)
        let path = try find(typed, in: listing)
        let (item, name) = (listing.items[path], DurableFiles.lastComponent(path))
        try store.requireAbsence(of: name)
        var reported = 0
        let transfer = HTTPTransfer(address: address, url: address.url(path), limits: limits)
        let meter = WorkMeter(progress)
        return try withoutActuallyEscaping(progress) { progress in
            let download = PartialDownload(
                transfer, in: partial, expected: item.map { .init(size: $0.size, sha256: $0.sha256) },
                limit: limits.packageBytes
            ) { count, total in
                guard count - reported >= 1 << 23 else { return }
                reported = count
                progress("\(name): \(count >> 20) MiB" + (total.map { " of \($0 >> 20) MiB" } ?? ""))
            }
            let data = try download.run()
            defer { download.discard() }
            let file = DurableFiles.parent(of: data) + "/" + name
            try DurableFiles.rename(data, to: file)
            let expected = item.map { PackageStore.Expectation.item($0.package, $0.version) } ?? .fileName
            return try PackageError.naming(transfer.url, insteadOf: file) {
                (try store.fetch(file, expecting: expected, meter: meter), listing.warnings)
            }
        }
    }

    private func find(_ typed: String, in listing: Listing) throws -> String {
        let exact = listing.paths.filter { $0 == typed || DurableFiles.lastComponent($0) == typed }
        var found = Set(exact)
        if found.isEmpty {
            found = Set(
                listing.paths.filter { path in
                    PackageFileName(DurableFiles.lastComponent(path)).isMeant(by: typed)
                        || listing.items[path].map { "\($0.package)-\($0.version)" == typed } == true
                })
        }
        if found.count == 1, let path = found.first { return path }
        let place = "repository \(address.name)"
        guard !found.isEmpty else {
            throw PackageError(
                .unknownPackage, place, "has no package file '\(typed.visible())'",
                remedy: "see software repository \(address.name) packages list")
        }
        throw PackageError(
            .unknownPackage, place, "'\(typed.visible())' is not clear",
            remedy: "say which of: \(found.sorted().joined(separator: ", "))")
    }

    // MARK: Refusals

    static func refusal(_ head: HTTPTransfer.Head, _ transfer: HTTPTransfer) -> PackageError {
        let remedy =
            switch head.status {
            case 401, 403: "set user and password of repository \(transfer.address.name)"
            case 404, 410: "list the repository's packages again"
            case 407: "give the proxy's user in its URL"
            default: "check the URL, and the server's log"
            }
        return PackageError(
            .transferFailed, transfer.url, "the server answers with status \(head.status)", remedy: remedy)
    }

    static func refusal(_ failure: HTTPTransfer.Failure, _ transfer: HTTPTransfer) -> PackageError {
        PackageError(
            .transferFailed, transfer.url, failure.text,
            remedy: failure.isCertificate
                ? "put the authority of the server's certificate into the file that certificate-authorities names, "
                    + "or into those of the system" : "check the URL, the network and the proxy")
    }
}
