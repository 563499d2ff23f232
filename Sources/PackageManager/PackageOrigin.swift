import Basics
import Foundation

/// Who answers for a package of a generation: a hidden JSON file beside it.
struct PackageOrigin: Codable {
    /// Nil for a local build.
    var signer: PackageSigner?
    /// What is to be said about that.
    var warnings: [String] = []

    /// Where it lay in the load path.
    var path: String?

    /// The digest of content that was taken over as it was, so that it need not be read again.
    var sharedDigest: String?

    init(signer: PackageSigner? = nil, warnings: [String] = []) {
        self.signer = signer
        self.warnings = warnings
    }

    /// Of a package directory in a generation.
    init(of package: String) {
        guard let bytes = try? DurableFiles.read(Self.file(package), limit: 1 << 20),
            let origin = try? JSONDecoder().decode(Self.self, from: Data(bytes))
        else { return }
        self = origin
    }

    /// Not synced: a generation is, as a whole, before it counts.
    func write(for package: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        try encoder.encode(self).write(to: URL(fileURLWithPath: Self.file(package)))
    }

    private static func file(_ package: String) -> String {
        "\(DurableFiles.parent(of: package))/.\(DurableFiles.lastComponent(package)).origin"
    }
}
