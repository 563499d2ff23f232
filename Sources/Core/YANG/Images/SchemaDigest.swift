import Crypto
import Foundation
import Synchronization

/// The digest of everything that a compilation depends on: texts, options, what lies on the search path, compiler.
package struct SchemaDigest: Sendable {
    /// What tells one build of the compiler from another: the program that runs, and the form of the image.
    private static let compiler: [UInt8] = {
        var info = stat()
        let known = stat("/proc/self/exe", &info) == 0
        guard known else { return Array("\(ImageLayout.version) process \(getpid())".utf8) }
        let words = [
            Int(info.st_dev), Int(info.st_ino), Int(info.st_size), info.st_mtim.tv_sec, info.st_mtim.tv_nsec,
        ]
        return Array("\(ImageLayout.version) \(words)".utf8)
    }()

    /// Digests of directories, while this value lives: a reload looks at the standard modules once.
    private final class Directories: Sendable {
        let known = Mutex<[String: [UInt8]]>([:])
    }

    private let directories = Directories()

    package init() {}

    /// 32 bytes. Texts count by content and the name of their file, wherever that lies.
    package func key(_ sources: [SchemaCompiler.Source], _ options: SchemaCompiler.Options) -> [UInt8] {
        var hash = SHA256()
        func add(_ bytes: some Collection<UInt8>) {
            withUnsafeBytes(of: UInt64(bytes.count)) { hash.update(bufferPointer: $0) }
            let isDone: Void? = bytes.withContiguousStorageIfAvailable {
                hash.update(bufferPointer: UnsafeRawBufferPointer($0))
            }
            if isDone == nil { hash.update(data: Array(bytes)) }
        }
        add(Self.compiler)
        add("\(options.policy) \(options.appliesDeviations) \(options.implementsImports)".utf8)
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        add((try? encoder.encode(options.features)).map { Array($0) } ?? [])
        add("\(options.mergesRevisions) \(options.announced == nil)".utf8)
        add((try? encoder.encode(options.announced ?? [:])).map { Array($0) } ?? [])
        for kinds in options.severities.all { add(kinds.joined(separator: " ").utf8) }
        for (kind, list) in [
            ("source", sources), ("annotation", options.annotations), ("library", options.library),
            ("recipe", options.recipes),
        ] {
            add("\(kind) \(list.count)".utf8)
            for source in list {
                add(source.path[(source.path.lastIndex(of: "/") ?? source.path.startIndex)...].utf8)
                add(source.bytes)
            }
        }
        for directory in options.searchPath { add(digest(of: directory)) }
        return Array(hash.finalize())
    }

    /// Over names and content of the YANG files that a search path of that directory offers.
    private func digest(of directory: String) -> [UInt8] {
        if let known = directories.known.withLock({ $0[directory] }) { return known }
        var hash = SHA256()
        for name in ((try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []).sorted()
        where name.hasSuffix(".yang") {
            let content = FileManager.default.contents(atPath: directory + "/" + name) ?? Data()
            hash.update(data: Data("\(name) \(content.count)\n".utf8))
            hash.update(data: content)
        }
        let digest = Array(hash.finalize())
        directories.known.withLock { $0[directory] = digest }
        return digest
    }
}

extension FaultSeverities {
    /// The codes of each set, sorted: errors, warnings, silent.
    var all: [[String]] { [errors, warnings, silent].map { $0.map(\.rawValue).sorted() } }

    init(all sets: [[String]]) {
        let kinds = sets.map { Set($0.compactMap { FaultKind(rawValue: $0) }) }
        self.init(errors: kinds[0], warnings: kinds[1], silent: kinds[2])
    }
}
