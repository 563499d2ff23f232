import Basics
import Foundation
import PackageSigning

/// A file that is on its way from a repository. What has come stays on disk, so that a transfer that breaks off, or whose
/// program dies, goes on where it was.
///
/// `.partial/NAME/data` holds the bytes and `note` of what they are the beginning: NAME is the digest of the URL. The
/// server is asked for the rest on the condition that its file is the same (If-Range, RFC 9110 section 13.1.5).
struct PartialDownload {
    /// What the file has to be, where a signed index says so.
    struct Expected: Codable, Hashable {
        var size: Int
        var sha256: String
    }

    private struct Note: Codable, Hashable {
        var url: String
        /// A strong entity tag, or the time of the last change.
        var validator: String?
        var expected: Expected?
    }

    let transfer: HTTPTransfer
    let directory: String
    let expected: Expected?
    let limit: Int
    let progress: (Int, Int?) -> Void

    init(
        _ transfer: HTTPTransfer, in folder: String, expected: Expected?, limit: Int,
        progress: @escaping (Int, Int?) -> Void
    ) {
        self.transfer = transfer
        directory = folder + "/" + String(Array(transfer.url.utf8).sha256.prefix(32))
        self.expected = expected
        self.limit = expected?.size ?? limit
        self.progress = progress
    }

    private var data: String { directory + "/data" }
    private var noteFile: String { directory + "/note" }

    /// Brings the whole file and gives its path. A second call for the same file at the same time is refused.
    func run() throws -> String {
        try DurableFiles.makeDirectory(directory)
        let descriptor = open(data, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o644)
        guard descriptor >= 0 else { throw FileError(operation: "create", path: data, errno: errno) }
        defer { close(descriptor) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            throw PackageError(
                .alreadyThere, transfer.url, "is being fetched by somebody else", remedy: "wait until that is done")
        }
        var size = try beginning(descriptor)
        // Without a byte there is nothing to go on from.
        defer { if size == 0 { discard() } }
        var idle = 0
        while true {
            let before = size
            do {
                try fetch(descriptor, &size)
                break
            } catch let failure as HTTPTransfer.Failure {
                idle = size > before ? 0 : idle + 1
                guard failure.isTransient, idle < transfer.limits.idleAttempts else {
                    throw refusal(failure, kept: size)
                }
            }
        }
        guard fsync(descriptor) == 0 else { throw FileError(operation: "sync", path: data, errno: errno) }
        return try checked()
    }

    /// How many bytes of the same file are there from an earlier time.
    private func beginning(_ descriptor: Int32) throws -> Int {
        let old = try? JSONDecoder().decode(Note.self, from: Data(DurableFiles.read(noteFile, limit: 1 << 16)))
        var info = stat()
        guard let old, old.url == transfer.url, old.expected == expected, old.validator != nil || expected != nil,
            fstat(descriptor, &info) == 0, info.st_size <= limit
        else {
            ftruncate(descriptor, 0)
            return 0
        }
        return Int(info.st_size)
    }

    private func fetch(_ descriptor: Int32, _ size: inout Int) throws {
        if let expected, size == expected.size { return }
        var transfer = transfer
        if size > 0 {
            transfer.fields.append("Range: bytes=\(size)-")
            let note = try? JSONDecoder().decode(Note.self, from: Data(DurableFiles.read(noteFile, limit: 1 << 16)))
            if let validator = note?.validator { transfer.fields.append("If-Range: \(validator)") }
        }
        var total: Int?
        var offset = size
        var isRejected = false
        defer { size = offset }
        try transfer.run { head in
            isRejected = head.status == 416
            if isRejected { return }
            let start = try start(head, asked: offset)
            total = head.fields["content-length"].flatMap { Int($0) }.map { $0 + start }
            if let total, total > limit { throw tooLarge() }
            if start == 0 {
                guard ftruncate(descriptor, 0) == 0 else {
                    throw FileError(operation: "write", path: data, errno: errno)
                }
                offset = 0
                try note(head)
            }
        } body: { bytes in
            if isRejected { return }
            guard bytes.count <= limit - offset else { throw tooLarge() }
            try write(bytes, descriptor, at: offset)
            offset += bytes.count
            progress(offset, expected?.size ?? total)
        }
        if isRejected {
            // What is here is not the beginning of what is there.
            ftruncate(descriptor, 0)
            offset = 0
            throw HTTPTransfer.Failure(
                text: "the file of the server is another one now", isTransient: true, isCertificate: false)
        }
    }

    /// At which byte the answer starts.
    private func start(_ head: HTTPTransfer.Head, asked: Int) throws -> Int {
        switch head.status {
        case 200: return 0
        case 206:
            let range = head.fields["content-range"]?.split(separator: " ").last?.split(separator: "-").first
            guard asked > 0, let first = range.flatMap({ Int($0) }), first == asked else {
                throw PackageError(
                    .transferFailed, transfer.url, "the server sends another part of the file than was asked for")
            }
            return asked
        default: throw PackageRepository.refusal(head, transfer)
        }
    }

    private func note(_ head: HTTPTransfer.Head) throws {
        let tag = head.fields["etag"].flatMap { $0.hasPrefix("\"") ? $0 : nil }
        let note = Note(url: transfer.url, validator: tag ?? head.fields["last-modified"], expected: expected)
        try DurableFiles.replace(noteFile, with: Array(JSONEncoder().encode(note)))
    }

    private func write(_ bytes: UnsafeRawBufferPointer, _ descriptor: Int32, at offset: Int) throws {
        var done = 0
        while done < bytes.count {
            let count = pwrite(descriptor, bytes.baseAddress! + done, bytes.count - done, off_t(offset + done))
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                let reason = errno
                // A full disk is not kept full.
                ftruncate(descriptor, 0)
                throw FileError(operation: "write", path: data, errno: reason)
            }
            done += count
        }
    }

    /// The file, if it is the one that the index names; else nothing of it stays.
    private func checked() throws -> String {
        guard let expected else { return data }
        let region = try FileRegion(wholeFile: data)
        guard region.size == expected.size, try region.sha256() == expected.sha256 else {
            discard()
            throw PackageError(
                .contentMismatch, transfer.url, "is not the file that the signed index names (size or SHA-256 differs)",
                remedy: "tell the keeper of the repository; nothing of it was kept")
        }
        return data
    }

    private func tooLarge() -> PackageError {
        discard()
        return PackageError(
            .limitExceeded, transfer.url,
            expected == nil ? "has more than \(limit) bytes" : "has more than the \(limit) bytes of the signed index",
            remedy: "nothing of it was kept")
    }

    func discard() {
        try? DurableFiles.removeTree(directory)
        rmdir(DurableFiles.parent(of: directory))
    }

    private func refusal(_ failure: HTTPTransfer.Failure, kept: Int) -> PackageError {
        var error = PackageRepository.refusal(failure, transfer)
        if kept > 0 { error.sentence += "; \(kept) bytes are kept, and the next fetch goes on from there" }
        return error
    }
}
