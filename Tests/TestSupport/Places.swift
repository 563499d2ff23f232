import Foundation

/// The source tree that the tests were built from.
package enum Repository {
    package static let root: String = {
        var url = URL(fileURLWithPath: #filePath)
        for _ in 0..<3 { url.deleteLastPathComponent() }
        return url.path
    }()

    package static func path(_ name: String) -> String { root + "/" + name }
}

/// The installation whose programs the tests run.
package enum Installation {
    /// What `OPENNED_INSTALLATION` names, else the one that `make stage` makes; nil if there is none.
    package static let path: String? =
        FileManager.default.isExecutableFile(atPath: place + "/bin/ncs") ? place : nil

    private static let place: String = {
        let named = ProcessInfo.processInfo.environment["OPENNED_INSTALLATION"].flatMap { $0.isEmpty ? nil : $0 }
        return named ?? Repository.path(".build/stage")
    }()

    /// Without an installation the tests that need one fail where everything must be tested, and are skipped elsewhere.
    package static var isExpected: Bool { path != nil || SharedData.isStrict }

    package static func require() throws -> String {
        guard let path else {
            throw ProcessFault(
                "there is no installation to test: run make stage, or name one by OPENNED_INSTALLATION "
                    + "(looked in \(place))")
        }
        return path
    }
}

/// Public models and configurations that are not part of the repository.
package enum SharedData {
    /// Everything must be tested: the run is one of continuous integration.
    package static let isStrict = ProcessInfo.processInfo.environment["CI"] == "true"

    /// What `OPENNED_SHARED_DATA` names, else `shared/data` beside the source tree or one level above; nil if absent.
    package static let root: String? = {
        let above = URL(fileURLWithPath: Repository.root).deletingLastPathComponent()
        let candidates: [String?] = [
            ProcessInfo.processInfo.environment["OPENNED_SHARED_DATA"],
            above.appendingPathComponent("shared/data").path,
            above.deletingLastPathComponent().appendingPathComponent("shared/data").path,
        ]
        return candidates.compactMap(\.self).first { FileManager.default.fileExists(atPath: $0) }
    }()

    /// A file or directory of the shared data; nil if it is absent.
    package static func path(_ name: String) -> String? {
        root.map { $0 + "/" + name }.flatMap { FileManager.default.fileExists(atPath: $0) ? $0 : nil }
    }
}

/// How many random cases a campaign runs: `OPENNED_SOAK_SEEDS`, for long ones.
package enum Soak {
    package static let seeds = ProcessInfo.processInfo.environment["OPENNED_SOAK_SEEDS"].flatMap { Int($0) }

    /// All of `items` in a long campaign, else `count` of them drawn by `seed`.
    package static func sample<Item>(_ items: [Item], _ count: Int, seed: UInt64) -> [Item] {
        guard seeds == nil, items.count > count else { return items }
        var generator = SeededGenerator(seed: seed)
        return items.indices.shuffled(using: &generator).prefix(count).sorted().map { items[$0] }
    }
}

/// SplitMix64: the same numbers from the same seed.
package struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// Looks for a text in the bytes of files.
package enum Search {
    /// The files below a directory that contain `text`, also where it is written in UTF-16 or base64.
    package static func files(in directory: String, for text: String) throws -> [String] {
        let forms = [Data(text.utf8), text.data(using: .utf16LittleEndian) ?? Data(), base64Core(text)]
        var found: [String] = []
        let walker = FileManager.default.enumerator(atPath: directory)
        while let name = walker?.nextObject() as? String {
            let path = directory + "/" + name
            let isFile =
                try FileManager.default.attributesOfItem(atPath: path)[.type] as? FileAttributeType == .typeRegular
            guard isFile, let data = FileManager.default.contents(atPath: path) else { continue }
            if forms.contains(where: { data.range(of: $0) != nil }) { found.append(name) }
        }
        return found
    }

    /// What base64 makes of the text wherever it stands at a multiple of three bytes.
    private static func base64Core(_ text: String) -> Data {
        Data(Data(Array(text.utf8).prefix(text.utf8.count / 3 * 3)).base64EncodedString().utf8)
    }
}
