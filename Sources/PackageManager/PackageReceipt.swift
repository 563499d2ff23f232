import Basics
import Foundation
import PackageSigning

/// What is known of a package file of the store since it was checked; a JSON file beside it.
struct PackageReceipt: Codable {
    var package: String
    var version: String
    var signer: String
    /// For when its certificates were judged as it was installed last.
    var installed: Date?

    init(_ bundle: VerifiedBundle) {
        package = bundle.package
        version = bundle.version.description
        signer = bundle.signer.subject
    }

    /// Nil if there is none, or none that can be read.
    init?(of object: String) {
        guard let bytes = try? DurableFiles.read(Self.file(object), limit: 1 << 16),
            let receipt = try? JSONDecoder().decode(Self.self, from: Data(bytes))
        else { return nil }
        self = receipt
    }

    func write(for object: String) throws {
        try DurableFiles.replace(Self.file(object), with: Array(JSONEncoder().encode(self)))
    }

    private static func file(_ object: String) -> String { object + ".json" }
}

/// Changes of the store come one after the other.
final class StoreTurn: Sendable {
    private let lock = NSLock()

    func take<Result>(_ work: () throws -> Result) rethrows -> Result {
        lock.lock()
        defer { lock.unlock() }
        return try work()
    }
}
