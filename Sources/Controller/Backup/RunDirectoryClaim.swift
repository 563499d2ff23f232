import Basics
import Foundation

/// Keeps the daemon out of a run directory while its files are worked on: the lock that the daemon takes itself.
final class RunDirectoryClaim {
    private let descriptor: Int32

    /// Nil if a daemon runs there.
    init?(stateDirectory: String) throws(BackupError) {
        let path = stateDirectory + "/ncs.pid"
        do { try DurableFiles.makeDirectory(stateDirectory) } catch { throw BackupError(.unusable, "\(error)") }
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw BackupError(.unusable, "\(path): cannot be opened: \(String(cString: strerror(errno)))")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            return nil
        }
    }

    deinit { close(descriptor) }
}
