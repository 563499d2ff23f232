import Foundation

/// A variable in the environment of everything that a test starts, by which also what has become a daemon is found.
package struct ProcessTag: Sendable {
    private static let name = "OPENNED_TEST_TAG"

    package let value = UUID().uuidString

    package init() {}

    package var environment: [String: String] { [Self.name: value] }

    /// The processes that carry the tag.
    package func processes() -> [Int32] {
        let wanted = Array("\(Self.name)=\(value)".utf8)
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { Int32($0) }.filter { id in
            guard let data = FileManager.default.contents(atPath: "/proc/\(id)/environ") else { return false }
            return data.split(separator: 0).contains { Array($0) == wanted }
        }
    }

    /// Ends all of them, and waits until they are gone.
    package func endAll() {
        for _ in 0..<6_000 {
            let all = processes()
            if all.isEmpty { return }
            for id in all { kill(id, SIGKILL) }
            usleep(10_000)
        }
    }
}
