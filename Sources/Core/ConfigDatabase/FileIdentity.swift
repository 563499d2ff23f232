internal import Foundation

/// Which file a name means, so that it is noticed when somebody removes or replaces what is open: SQLite would go on
/// writing to a file that no start will find.
struct FileIdentity: Hashable, Sendable {
    private var device: UInt64
    private var number: UInt64

    /// Nil if there is no such file.
    init?(_ path: String) {
        var info = stat()
        guard lstat(path, &info) == 0 else { return nil }
        device = UInt64(info.st_dev)
        number = UInt64(info.st_ino)
    }
}
