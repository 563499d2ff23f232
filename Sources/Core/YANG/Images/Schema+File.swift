import Basics
import Foundation

extension Schema {
    /// Writes the image to a new file and syncs it.
    ///
    /// No `CrashPoint`s: an image that is not whole is not used and made again, whenever the process dies.
    package func writeImage(_ path: String) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw FileError(operation: "create", path: path, errno: errno) }
        defer { close(descriptor) }
        var offset = 0
        while offset < image.bytes.count {
            let count = write(descriptor, image.bytes.baseAddress! + offset, image.bytes.count - offset)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                let reason = errno
                unlink(path)
                throw FileError(operation: "write", path: path, errno: reason)
            }
            offset += count
        }
        guard fsync(descriptor) == 0 else {
            let reason = errno
            unlink(path)
            throw FileError(operation: "write", path: path, errno: reason)
        }
    }

    /// Maps an image file. Nil unless it is whole, undamaged and, if `key` is given, made of what has that digest.
    package convenience init?(mapping path: String, key: [UInt8]? = nil) {
        guard let image = SchemaImage(mapping: path, key: key) else { return nil }
        self.init(image: image)
    }
}
