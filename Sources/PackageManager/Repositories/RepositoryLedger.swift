import Basics
import Foundation
import PackageSigning

/// Which index of each repository was the latest, and who signed it: what the next one is held against.
///
/// Entries are by the name that the index gives its repository, so that a mirror cannot show what another mirror has
/// replaced. Which repository an address leads to is pinned at its first index.
package struct RepositoryLedger: Sendable {
    private struct Entry: Codable, Equatable {
        var subject: String
        var issuer: String
        var sequence: Int
        var issued: Date
        var manifestSHA256: String
    }

    private struct Pin: Codable, Equatable {
        var url: String
        var repository: String
    }

    private struct Content: LedgerContent {
        var format = 1
        var addresses: [String: Pin] = [:]
        var repositories: [String: Entry] = [:]
    }

    package static let fileName = "repositories.json"

    private let file: LedgerFile<Content>

    /// - Parameter directory: where the file lies or will lie.
    package init(directory: String) {
        file = LedgerFile(
            directory + "/" + Self.fileName, subject: "which indexes were seen",
            consequence: "an index of any age may come")
    }

    // MARK: Judging

    /// Why an index is not what comes next at this address; nil if it is.
    func fault(_ signed: SignedIndex, _ address: RepositoryAddress) throws -> PackageError? {
        let content = try file.content()
        let (index, signer) = (signed.index, signed.signer)
        func refuse(_ what: String) -> PackageError {
            PackageError(
                .indexRefused, "repository \(address.name)", what,
                remedy: "tell its keeper; if that is meant, give accept-new-index once")
        }
        if let pin = content.addresses[address.name], pin.url == address.base, pin.repository != index.repository {
            return refuse("its index is one of '\(index.repository)', and up to now it was '\(pin.repository)'")
        }
        guard let last = content.repositories[index.repository] else { return nil }
        guard last.subject == signer.subject, last.issuer == signer.issuer else {
            return refuse(
                "its index was signed by '\(last.subject)' (certificate of '\(last.issuer)') up to now, and this one is "
                    + "by '\(signer.subject)' (certificate of '\(signer.issuer)')")
        }
        if index.sequence < last.sequence {
            return refuse("its index has number \(index.sequence), and number \(last.sequence) was seen before")
        }
        if index.sequence == last.sequence, signed.manifestSHA256 != last.manifestSHA256 {
            return refuse("it shows two different indexes with number \(index.sequence)")
        }
        if index.sequence > last.sequence, index.issued < last.issued {
            return refuse("its index is of an earlier time than the one with the lower number \(last.sequence)")
        }
        return nil
    }

    /// Keeps an index that was accepted as the latest.
    func note(_ signed: SignedIndex, _ address: RepositoryAddress) throws {
        try file.change { content in
            content.addresses[address.name] = Pin(url: address.base, repository: signed.index.repository)
            content.repositories[signed.index.repository] = Entry(
                subject: signed.signer.subject, issuer: signed.signer.issuer, sequence: signed.index.sequence,
                issued: signed.index.issued, manifestSHA256: signed.manifestSHA256)
        }
    }
}
