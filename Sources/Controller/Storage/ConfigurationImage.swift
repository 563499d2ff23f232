import ConfigDatabase
import ConfigTree

/// The configuration between memory and the files of a snapshot.
enum ConfigurationImage {
    /// Writes what is not there yet and makes it durable.
    ///
    /// - Parameter pause: called after each chunk, with how many bytes have been written so far.
    static func write(
        _ tree: DataTree, to files: SnapshotFiles, commits: Int, generation: Int, generationDigest: String,
        pause: @escaping (Int) throws -> Void = { _ in }
    ) throws -> SnapshotManifest {
        var chunks: [SnapshotManifest.Chunk] = []
        var bytes = 0
        let root = try TreeImageWriter { content in
            let chunk = try files.write(content)
            chunks.append(chunk)
            bytes += chunk.size
            try pause(bytes)
            return chunk.digest.bytes
        }.write(tree)
        try files.sync()
        guard let root = LogDigest(root) else { throw ImageFault.damaged("it has no beginning") }
        return SnapshotManifest(
            root: root, chunks: chunks, commits: commits, generation: generation, generationDigest: generationDigest)
    }

    /// Throws `DatabaseFault` if a file is damaged or gone, `ImageFault` if the models have no place for the data.
    static func read(_ manifest: SnapshotManifest, from files: SnapshotFiles, _ model: DataModel) throws -> DataTree {
        let reader = TreeImageReader { digest in
            guard let digest = LogDigest(digest) else { throw ImageFault.damaged("a digest is none") }
            return try files.read(digest)
        }
        return try reader.read(manifest.root.bytes, model)
    }
}
