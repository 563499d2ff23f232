import Foundation

/// Directories with YANG files, listed once: `name.yang` and `name@revision.yang`.
final class SearchPath {
    struct File {
        var path: String
        var revision: String?
    }

    private var files: [String: [File]] = [:]

    init(_ directories: [String]) {
        for directory in directories { list(directory) }
    }

    private func list(_ directory: String) {
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: directory) else { return }
        for name in names.sorted() where name.hasSuffix(".yang") {
            let stem = name.dropLast(5).split(separator: "@", maxSplits: 1)
            guard let module = stem.first else { continue }
            let file = File(path: "\(directory)/\(name)", revision: stem.count > 1 ? String(stem[1]) : nil)
            files[String(module), default: []].append(file)
        }
    }

    /// Where to look for a module, best first: the revision asked for, then a file without revision in its name, then
    /// the newest.
    func candidates(_ name: String, revision: String?) -> [File] {
        let all = files[name] ?? []
        let exact = all.filter { revision != nil && $0.revision == revision }
        let plain = all.filter { $0.revision == nil }
        let dated = all.filter {
            $0.revision != nil && $0.revision != revision || revision == nil && $0.revision != nil
        }
        return exact + plain + dated.sorted { $0.revision! > $1.revision! }
    }
}
