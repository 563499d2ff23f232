import Crypto
import Foundation
import PackageSigning

/// The digest of what lies in a directory: SHA-256 over path, mode and content of each file, in order of paths.
package struct DirectoryDigest: Sendable {
    /// In hexadecimal.
    package private(set) var whole = ""
    private struct File: Equatable {
        var sha256: String
        var isExecutable: Bool
    }

    /// By the path from the directory.
    private var files: [String: File] = [:]

    /// Path and digest of each file, in order of paths.
    package var sortedFiles: [(path: String, sha256: String)] {
        files.sorted { $0.key < $1.key }.map { ($0.key, $0.value.sha256) }
    }

    package init(of directory: String) throws {
        let walker = FileManager.default.enumerator(atPath: directory)
        let names = walker?.allObjects as? [String] ?? []
        try self.init(
            names.compactMap { name in
                var info = stat()
                let path = directory + "/" + name
                guard stat(path, &info) == 0, info.st_mode & S_IFMT != S_IFDIR else { return nil }
                return (name, path, info.st_mode & S_IXUSR != 0)
            })
    }

    /// - Parameter list: the files: path from the directory, where they are, whether their owner may run them.
    init(_ list: [(name: String, path: String, isExecutable: Bool)]) throws {
        var hash = SHA256()
        for (name, path, isExecutable) in list.sorted(by: { $0.name < $1.name }) {
            let content = try FileRegion(wholeFile: path).sha256()
            hash.update(data: Data("\(name)\0\(isExecutable)\0\(content)\n".utf8))
            files[name] = File(sha256: content, isExecutable: isExecutable)
        }
        whole = hash.finalize().map { String(format: "%02x", $0) }.joined()
    }

    init() {}

    /// What has become of the files since `earlier`, a line each.
    package func differences(since earlier: Self) -> [String] {
        guard whole != earlier.whole else { return [] }
        return Set(files.keys).union(earlier.files.keys).sorted().compactMap { name in
            switch (earlier.files[name], files[name]) {
            case (nil, _): "\(name.visible()): was not there"
            case (_, nil): "\(name.visible()): is missing"
            case (let before?, let now?): before == now ? nil : "\(name.visible()): was changed"
            }
        }
    }
}
