import Foundation
import YANG

/// All that is mounted somewhere, packed: how a change set says a configuration that is new or altogether another.
///
/// A device's configuration of 100 MB of XML has three million leaves. Told leaf by leaf, each with its path, they take
/// a gigabyte on the way to the log, and there several times what they are; as an image a third of their XML.
package struct MountedImage: Hashable, Sendable {
    /// In the order in which they were written: they name each other by their number, and the last is the first to read.
    private let chunks: [[UInt8]]

    package init(_ tree: DataTree) {
        let sink = Sink()
        // Nothing throws but the sink, which does not.
        _ = try? TreeImageWriter { chunk in
            sink.chunks.append(chunk)
            return Self.digest(sink.chunks.count - 1)
        }.write(tree)
        chunks = sink.chunks
    }

    private final class Sink {
        var chunks: [[UInt8]] = []
    }

    /// Throws if the image is damaged or the model has no place for what is in it.
    package func tree(_ model: DataModel) throws(PathError) -> DataTree {
        do {
            return try TreeImageReader(chunk: chunk).read(Self.digest(chunks.count - 1), model)
        } catch {
            throw PathError(.unknownNode, "\(error)")
        }
    }

    func outline() throws(PathError) -> OutlineTree {
        do {
            return try OutlineTree(image: Self.digest(chunks.count - 1), chunk: chunk)
        } catch {
            throw PathError(.syntax, "\(error)")
        }
    }

    /// In the place of a digest the number of the chunk.
    private static func digest(_ number: Int) -> [UInt8] {
        (0..<ImageFormat.digestSize).map { $0 < 8 ? UInt8(truncatingIfNeeded: number >> ($0 * 8)) : 0 }
    }

    private func chunk(_ digest: [UInt8]) throws -> [UInt8] {
        let number = digest.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
        guard number < chunks.count, digest == Self.digest(number) else {
            throw ImageFault.damaged("a part is missing")
        }
        return chunks[number]
    }

    /// Whether any of the values in it may begin with one of the texts; looks at bytes, not at values.
    package func mayHold(_ texts: [String]) -> Bool {
        chunks.contains { chunk in
            texts.contains { text in Data(chunk).range(of: Data(text.utf8)) != nil }
        }
    }

    // MARK: As text

    package init?(words: ArraySlice<String>) {
        var chunks: [[UInt8]] = []
        for word in words {
            guard let chunk = Data(base64Encoded: word) else { return nil }
            chunks.append(Array(chunk))
        }
        guard !chunks.isEmpty else { return nil }
        self.chunks = chunks
    }

    /// One after the other: all together they are a copy of the whole.
    package var words: some Sequence<String> { chunks.lazy.map { Data($0).base64EncodedString() } }

    /// How many bytes the words take.
    var textSize: Int { chunks.reduce(0) { $0 + ($1.count + 2) / 3 * 4 + 3 } }
}
