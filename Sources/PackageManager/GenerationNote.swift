import Basics
package import Foundation

/// What is written beside the packages of a generation when it is complete: when it came, from whom, what it holds.
package struct GenerationNote: Codable, Hashable, Sendable {
    package var time: Date
    package var user: String
    /// The generation that this one is a copy of, when somebody went back to it.
    package var copyOf: Int?
    /// `PackageGeneration.digest`: over all packages as they were loaded.
    package var digest: String
    /// Versions of the packages by their names.
    package var packages: [String: String]

    package init(time: Date, user: String, copyOf: Int? = nil, of generation: PackageGeneration) {
        self.time = time
        self.user = user
        self.copyOf = copyOf
        digest = generation.digest
        packages = Dictionary(generation.packages.map { ($0.name, $0.version) }) { first, _ in first }
    }

    private static func file(_ generation: String) -> String { generation + "/.note" }

    func write(to generation: String) throws {
        try DurableFiles.write(Self.file(generation), Array(JSONEncoder().encode(self)))
    }

    /// Nil for a generation that was begun and never completed.
    init?(of generation: String) {
        guard let bytes = try? DurableFiles.read(Self.file(generation), limit: 1 << 24),
            let note = try? JSONDecoder().decode(Self.self, from: Data(bytes))
        else { return nil }
        self = note
    }
}
