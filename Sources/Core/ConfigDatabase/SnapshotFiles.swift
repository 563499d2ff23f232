internal import Basics
internal import Foundation

/// The files of snapshots: chunks of bytes, each named by its own digest, so that one that several snapshots have in
/// common is there once and none is ever changed.
///
/// Invariants: a file under its name was written and synced whole; what is read has the digest that its name says. A
/// snapshot counts once the database has its manifest; files that no manifest names are rubbish.
package struct SnapshotFiles: Sendable {
    package static let directoryName = "snapshots"
    private static let suffix = ".chunk"
    /// The largest file that is read.
    private static let limit = 1 << 30

    package let directory: String

    package init(databaseDirectory: String) { directory = databaseDirectory + "/" + Self.directoryName }

    package func path(_ digest: LogDigest) -> String { "\(directory)/\(digest)\(Self.suffix)" }

    // MARK: Writing

    /// Stores a chunk, unless it is there and whole. Its name is durable after `sync`.
    package func write(_ bytes: [UInt8]) throws -> SnapshotManifest.Chunk {
        let chunk = SnapshotManifest.Chunk(digest: LogDigest(of: bytes), size: bytes.count)
        let path = path(chunk.digest)
        do {
            if fault(of: chunk) == nil, try read(chunk.digest) == bytes { return chunk }
        } catch let fault as DatabaseFault where fault.code == .damaged {
            // What is there is replaced.
        }
        do {
            try DurableFiles.makeDirectory(directory, mode: 0o700)
            let temporary = "\(path).\(getpid()).new"
            try DurableFiles.write(temporary, bytes, mode: 0o600)
            guard rename(temporary, path) == 0 else {
                throw FileError(operation: "rename to \(path)", path: temporary, errno: errno)
            }
            CrashPoint.reach("snapshot.chunk-written")
        } catch {
            throw DatabaseFault.from(error, path: path)
        }
        return chunk
    }

    /// Makes the names of what was written durable.
    package func sync() throws {
        do {
            try DurableFiles.makeDirectory(directory, mode: 0o700)
            try DurableFiles.syncDirectory(directory)
            CrashPoint.reach("snapshot.synced")
        } catch {
            throw DatabaseFault.from(error, path: directory)
        }
    }

    // MARK: Reading

    /// The bytes of a chunk, checked. Throws `DatabaseFault`.
    package func read(_ digest: LogDigest) throws -> [UInt8] {
        let path = path(digest)
        guard access(path, F_OK) == 0 || errno != ENOENT && errno != ENOTDIR else {
            throw Self.missing(path)
        }
        do {
            let bytes = try DurableFiles.read(path, limit: Self.limit)
            guard LogDigest(of: bytes) == digest else { throw Self.damaged(path) }
            return bytes
        } catch {
            throw DatabaseFault.from(error, path: path)
        }
    }

    /// What is wrong with a chunk, as far as that can be told without reading it.
    package func fault(of chunk: SnapshotManifest.Chunk) -> DatabaseFault? {
        let path = path(chunk.digest)
        var info = stat()
        guard lstat(path, &info) == 0 else {
            return errno == ENOENT || errno == ENOTDIR
                ? Self.missing(path)
                : DatabaseFault.from(FileError(operation: "open", path: path, errno: errno), path: path)
        }
        guard info.st_mode & S_IFMT == S_IFREG, Int(info.st_size) == chunk.size else { return Self.damaged(path) }
        return nil
    }

    /// What is wrong with the files of a snapshot, all of which are read.
    package func faults(of manifest: SnapshotManifest) -> [DatabaseFault] {
        manifest.chunks.compactMap { chunk in
            do {
                _ = try read(chunk.digest)
                return nil
            } catch {
                return DatabaseFault.from(error, path: path(chunk.digest))
            }
        }
    }

    private static func missing(_ path: String) -> DatabaseFault {
        DatabaseFault(
            .missing, "a file of a snapshot of the configuration is gone",
            remedy: "put the file back, or restore the last backup with ncs-backup --restore", path: path)
    }

    private static func damaged(_ path: String) -> DatabaseFault {
        .damaged("a file of a snapshot of the configuration is damaged", path: path)
    }

    // MARK: Removing

    /// The digests of all chunks that are there, as text.
    package func names() throws -> Set<String> {
        guard DurableFiles.exists(directory) else { return [] }
        do {
            let files = try FileManager.default.contentsOfDirectory(atPath: directory)
            return Set(files.filter { $0.hasSuffix(Self.suffix) }.map { String($0.dropLast(Self.suffix.count)) })
        } catch {
            throw DatabaseFault.from(error, path: directory)
        }
    }

    /// Removes the files that are none of `kept`, and what a crash left half-written; returns how many.
    package func removeAll(except kept: Set<LogDigest>) throws -> Int {
        let names = Set(kept.map { "\($0)\(Self.suffix)" })
        var count = 0
        do {
            guard DurableFiles.exists(directory) else { return 0 }
            for name in try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
            where !names.contains(name) && (name.hasSuffix(Self.suffix) || name.hasSuffix(".new")) {
                guard unlink(directory + "/" + name) == 0 || errno == ENOENT else {
                    throw FileError(operation: "remove", path: directory + "/" + name, errno: errno)
                }
                CrashPoint.reach("snapshot.chunk-removed")
                count += 1
            }
            if count > 0 { try DurableFiles.syncDirectory(directory) }
        } catch {
            throw DatabaseFault.from(error, path: directory)
        }
        return count
    }
}

/// What a snapshot consists of, and what of the log before it has to be known without that log.
package struct SnapshotManifest: Hashable, Sendable {
    package struct Chunk: Hashable, Sendable {
        package var digest: LogDigest
        /// In bytes.
        package var size: Int

        package init(digest: LogDigest, size: Int) {
            self.digest = digest
            self.size = size
        }
    }

    /// The chunk with which reading begins.
    package var root: LogDigest
    /// Each chunk once.
    package var chunks: [Chunk]
    /// How many changes of the configuration the log had up to here.
    package var commits: Int
    /// The packages in force: the number of their generation and its digest.
    package var generation: Int
    package var generationDigest: String

    package init(root: LogDigest, chunks: [Chunk], commits: Int, generation: Int, generationDigest: String) {
        self.root = root
        var seen: Set<LogDigest> = []
        self.chunks = chunks.filter { seen.insert($0.digest).inserted }
        self.commits = commits
        self.generation = generation
        self.generationDigest = generationDigest
    }

    package var byteCount: Int { chunks.reduce(0) { $0 + $1.size } }

    // MARK: As text

    private static let title = "OpenNED snapshot 1"

    /// Lines of a name and its value.
    package var text: String {
        var text = "\(Self.title)\ncommits \(commits)\ngeneration \(generation) \(generationDigest)\nroot \(root)\n"
        for chunk in chunks { text += "chunk \(chunk.digest) \(chunk.size)\n" }
        return text
    }

    /// Nil if the text is not what `text` writes.
    package init?(_ text: String) {
        let lines = text.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
        guard text.hasPrefix(Self.title + "\n"), lines.count >= 4, lines[1].count == 2, lines[1][0] == "commits",
            let commits = Int(lines[1][1]), (2...3).contains(lines[2].count), lines[2][0] == "generation",
            let generation = Int(lines[2][1]), lines[3].count == 2, lines[3][0] == "root",
            let root = LogDigest(hexadecimal: lines[3][1])
        else { return nil }
        var chunks: [Chunk] = []
        for line in lines[4...] {
            guard line.count == 3, line[0] == "chunk", let digest = LogDigest(hexadecimal: line[1]),
                let size = Int(line[2])
            else { return nil }
            chunks.append(Chunk(digest: digest, size: size))
        }
        self.init(
            root: root, chunks: chunks, commits: commits, generation: generation,
            generationDigest: lines[2].count == 3 ? lines[2][2] : "")
    }

    package init?(_ bytes: [UInt8]) { self.init(String(decoding: bytes, as: UTF8.self)) }

    package var bytes: [UInt8] { Array(text.utf8) }
}

/// A snapshot that the database knows: the configuration as it is after a record of the log.
package struct StoredSnapshot: Hashable, Sendable {
    package let position: LogPosition
    package let manifest: SnapshotManifest

    package init(position: LogPosition, manifest: SnapshotManifest) {
        self.position = position
        self.manifest = manifest
    }
}
