import Basics
import Crypto
import Foundation

/// A regular file held open for reading, so that all readers see the same file whatever its name points to later.
package final class OpenFile: Sendable {
    package let path: String
    /// Bytes, at the time of opening.
    package let size: Int
    private let descriptor: Int32

    package init(path: String) throws(SigningError) {
        // O_NONBLOCK: opening a fifo must not wait for a writer.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw SigningError(.fileUnusable, path, "cannot be opened: \(String(cString: strerror(errno)))")
        }
        guard let status = try? FileStatus(descriptor: descriptor, path: path), status.kind == .file else {
            close(descriptor)
            throw SigningError(.fileUnusable, path, "is not a regular file", remedy: "give the name of a file")
        }
        self.path = path
        self.size = status.size
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// Reads up to `buffer.count` bytes at `offset`; 0 at the end of the file.
    package func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(SigningError) -> Int {
        while true {
            let count = pread(descriptor, buffer.baseAddress, buffer.count, off_t(offset))
            if count >= 0 { return count }
            guard errno == EINTR else {
                throw SigningError(.fileUnusable, path, "cannot be read: \(String(cString: strerror(errno)))")
            }
        }
    }

    /// Exactly the bytes of `range`, or nil if the file ends before.
    package func bytes(_ range: Range<Int>) throws(SigningError) -> [UInt8]? {
        guard range.upperBound <= size else { return nil }
        var bytes = [UInt8](repeating: 0, count: range.count)
        var done = 0
        while done < range.count {
            var count = 0
            do {
                count = try bytes.withUnsafeMutableBytes { buffer in
                    try read(
                        into: UnsafeMutableRawBufferPointer(rebasing: buffer[done...]), at: range.lowerBound + done)
                }
            } catch let error as SigningError {
                throw error
            } catch {
                throw SigningError(.fileUnusable, path, "cannot be read: \(error)")
            }
            if count == 0 { return nil }
            done += count
        }
        return bytes
    }
}

/// A run of bytes in an open file: a whole archive, or the archive inside a bundle.
package struct FileRegion: Sendable {
    package let file: OpenFile
    package let range: Range<Int>

    package init(file: OpenFile, range: Range<Int>) {
        self.file = file
        self.range = range
    }

    package init(wholeFile path: String) throws(SigningError) {
        file = try OpenFile(path: path)
        range = 0..<file.size
    }

    package var size: Int { range.count }

    /// Reads up to `buffer.count` bytes at `offset` from the beginning of the region; 0 at its end.
    package func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(SigningError) -> Int {
        let count = min(buffer.count, range.count - offset)
        guard count > 0 else { return 0 }
        return try file.read(
            into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<count]), at: range.lowerBound + offset)
    }

    /// Hands the region to `body` piece by piece, in order, at most 256 KiB at a time.
    package func forEachChunk(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
        defer { buffer.deallocate() }
        var offset = 0
        while offset < range.count {
            let count = try read(into: buffer, at: offset)
            guard count > 0 else {
                throw SigningError(.fileUnusable, file.path, "became shorter while it was read", remedy: "try again")
            }
            try body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            offset += count
        }
    }

    /// The SHA-256 of the region, as 64 lower-case hexadecimal digits.
    package func sha256() throws -> String {
        var hash = StreamingSHA256()
        try forEachChunk { hash.update($0) }
        return hash.finish()
    }
}

/// SHA-256 of bytes that come piece by piece.
package struct StreamingSHA256 {
    private var hash = SHA256()

    package init() {}

    package mutating func update(_ bytes: UnsafeRawBufferPointer) { hash.update(bufferPointer: bytes) }

    /// 64 lower-case hexadecimal digits.
    package func finish() -> String { hash.finalize().hexadecimal }
}

extension Sequence<UInt8> {
    /// Two lower-case hexadecimal digits a byte.
    package var hexadecimal: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}

extension Collection<UInt8> {
    /// The SHA-256 of the bytes, as 64 lower-case hexadecimal digits.
    package var sha256: String { SHA256.hash(data: Array(self)).hexadecimal }
}
