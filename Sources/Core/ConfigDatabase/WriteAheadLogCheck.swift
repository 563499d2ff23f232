internal import Basics
internal import Foundation

/// Tells a write-ahead log that a power cut left unfinished from one that was damaged.
///
/// SQLite ends its recovery silently at the first frame whose checksum fails. After a power cut that is right: only the
/// last transaction, never acknowledged, can be broken, because each is synced before the next begins. If whole
/// transactions follow the broken frame, acknowledged commits would be lost without a word: that is refused here.
/// What cannot be told apart by position is a broken last transaction; there a single flipped bit is searched for.
enum WriteAheadLogCheck {
    private static let headerSize = 32
    private static let frameHeaderSize = 24

    /// Throws `DatabaseFault` if acknowledged commits in the log of the database at `path` are damaged.
    static func check(databaseAt path: String) throws {
        let logPath = path + "-wal"
        guard DurableFiles.exists(logPath) else { return }
        let bytes = try DurableFiles.read(logPath, limit: 4 << 30)
        guard bytes.count > headerSize else { return }
        guard let layout = Layout(bytes) else {
            // The header is synced before the first frame is written: it is torn only if no commit follows.
            guard bytes.count >= headerSize + frameHeaderSize, bytes.contains(where: { $0 != 0 }) else { return }
            throw damage(path, "the header of the write-ahead log is damaged")
        }
        let broken = layout.firstBrokenFrame(bytes)
        guard broken < layout.frameCount(bytes) else { return }
        if layout.isFollowedByCommits(bytes, from: broken) || layout.isMendedByOneBit(bytes, frame: broken) {
            throw damage(path, "frame \(broken + 1) of the write-ahead log is damaged")
        }
    }

    private static func damage(_ path: String, _ sentence: String) -> DatabaseFault {
        .damaged(sentence + ": commits after the last checkpoint would be lost", path: path)
    }

    /// The header's fields. Format: https://www.sqlite.org/fileformat2.html, "The Write-Ahead Log".
    private struct Layout {
        var pageSize: Int
        var isBigEndian: Bool
        var salts: ArraySlice<UInt8>
        var checksum: Checksum

        init?(_ bytes: [UInt8]) {
            let magic = DatabaseFormat.bigEndian32(bytes, at: 0)
            guard magic & ~1 == 0x377f_0682 else { return nil }
            isBigEndian = magic & 1 == 1
            pageSize = Int(DatabaseFormat.bigEndian32(bytes, at: 8))
            guard pageSize >= 512, pageSize <= 65536, pageSize & (pageSize - 1) == 0 else { return nil }
            salts = bytes[16..<24]
            checksum = Checksum().adding(bytes[0..<24], isBigEndian: isBigEndian)
            guard checksum.first == DatabaseFormat.bigEndian32(bytes, at: 24),
                checksum.second == DatabaseFormat.bigEndian32(bytes, at: 28)
            else { return nil }
        }

        var frameSize: Int { frameHeaderSize + pageSize }

        func start(of frame: Int) -> Int { headerSize + frame * frameSize }

        func frameCount(_ bytes: [UInt8]) -> Int { (bytes.count - headerSize) / frameSize }

        func isOfThisRun(_ bytes: [UInt8], frame: Int) -> Bool {
            let at = start(of: frame)
            return bytes[at + 8..<at + 16].elementsEqual(salts) && DatabaseFormat.bigEndian32(bytes, at: at) != 0
        }

        func isCommit(_ bytes: [UInt8], frame: Int) -> Bool {
            DatabaseFormat.bigEndian32(bytes, at: start(of: frame) + 4) != 0
        }

        private func sum(_ bytes: [UInt8], frame: Int, after previous: Checksum) -> Checksum {
            let at = start(of: frame)
            return previous.adding(bytes[at..<at + 8], isBigEndian: isBigEndian)
                .adding(bytes[at + frameHeaderSize..<at + frameSize], isBigEndian: isBigEndian)
        }

        private func isWhole(_ bytes: [UInt8], frame: Int, sum: Checksum) -> Bool {
            let at = start(of: frame)
            return isOfThisRun(bytes, frame: frame) && sum.first == DatabaseFormat.bigEndian32(bytes, at: at + 16)
                && sum.second == DatabaseFormat.bigEndian32(bytes, at: at + 20)
        }

        /// The index of the first frame that recovery does not take, and the checksum before it.
        private func recovered(_ bytes: [UInt8]) -> (frame: Int, checksum: Checksum) {
            var running = checksum
            for frame in 0..<frameCount(bytes) {
                let next = sum(bytes, frame: frame, after: running)
                guard isWhole(bytes, frame: frame, sum: next) else { return (frame, running) }
                running = next
            }
            return (frameCount(bytes), running)
        }

        func firstBrokenFrame(_ bytes: [UInt8]) -> Int { recovered(bytes).frame }

        /// Whether a transaction that began after the broken one is in the log: then the broken one was synced.
        func isFollowedByCommits(_ bytes: [UInt8], from broken: Int) -> Bool {
            var hasCommitted = false
            for frame in broken..<frameCount(bytes) where isOfThisRun(bytes, frame: frame) {
                if hasCommitted { return true }
                hasCommitted = isCommit(bytes, frame: frame)
            }
            return false
        }

        /// Whether flipping one bit back makes the frame whole: a torn write is never that near.
        func isMendedByOneBit(_ bytes: [UInt8], frame: Int) -> Bool {
            let at = start(of: frame)
            let saltBits = zip(bytes[at + 8..<at + 16], salts).reduce(0) { $0 + ($1.0 ^ $1.1).nonzeroBitCount }
            guard saltBits <= 1 else { return false }
            let before = recovered(bytes).checksum
            var copy = [UInt8](repeating: 0, count: headerSize) + bytes[at..<at + frameSize]
            for bit in headerSize * 8..<copy.count * 8 {
                copy[bit >> 3] ^= 1 << (bit & 7)
                if isWhole(copy, frame: 0, sum: sum(copy, frame: 0, after: before)) { return true }
                copy[bit >> 3] ^= 1 << (bit & 7)
            }
            return false
        }
    }

    private struct Checksum {
        var first: UInt32 = 0
        var second: UInt32 = 0

        /// Adds whole pairs of 32-bit words.
        func adding(_ bytes: ArraySlice<UInt8>, isBigEndian: Bool) -> Checksum {
            var sum = self
            bytes.withUnsafeBytes { buffer in
                for offset in stride(from: 0, to: buffer.count - 7, by: 8) {
                    let a = buffer.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
                    let b = buffer.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self)
                    sum.first &+= (isBigEndian ? UInt32(bigEndian: a) : UInt32(littleEndian: a)) &+ sum.second
                    sum.second &+= (isBigEndian ? UInt32(bigEndian: b) : UInt32(littleEndian: b)) &+ sum.first
                }
            }
            return sum
        }
    }
}
