import Basics
import Foundation

/// What a ledger holds; a new one holds nothing.
protocol LedgerContent: Codable, Equatable {
    init()
    /// 1, the only one yet.
    var format: Int { get }
}

/// A small JSON file that decides what may come next.
///
/// It is replaced as a whole, by one at a time. A damaged one is an error, not a ledger without entries.
struct LedgerFile<Content: LedgerContent>: Sendable {
    let path: String
    /// What cannot be read if it is damaged: "which signers were accepted".
    let subject: String
    /// What follows if it is gone: "every signer is new".
    let consequence: String
    private let turn = StoreTurn()

    init(_ path: String, subject: String, consequence: String) {
        self.path = path
        self.subject = subject
        self.consequence = consequence
    }

    func content() throws -> Content {
        guard DurableFiles.exists(path) else { return Content() }
        do {
            let content = try JSONDecoder().decode(Content.self, from: Data(DurableFiles.read(path, limit: 64 << 20)))
            guard content.format == 1 else { throw CocoaError(.fileReadUnknown) }
            return content
        } catch {
            throw PackageError(
                .fileUnusable, path, "\(subject) cannot be read (\(error))",
                remedy: "put it back from a backup; without the file \(consequence)")
        }
    }

    /// Writes only what has changed.
    func change(_ body: (inout Content) throws -> Void) throws {
        try turn.take {
            let before = try content()
            var content = before
            try body(&content)
            guard content != before else { return }
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
            try DurableFiles.makeDirectory(DurableFiles.parent(of: path))
            try DurableFiles.replace(path, with: Array(encoder.encode(content)))
        }
    }
}
