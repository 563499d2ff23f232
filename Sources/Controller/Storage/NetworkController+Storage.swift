import Basics
import ConfigDatabase
import ConfigTree
package import ControlProtocol
import PackageManager
import Synchronization

extension NetworkController {
    /// The running configuration, and where in the log it is.
    var storageMoment: StorageKeeper.Moment {
        head.withLock { head in
            StorageKeeper.Moment(
                tree: head.tree, number: head.number, generation: head.system.generation.number,
                generationDigest: head.system.generation.digest)
        }
    }

    /// The first record that a confirmed commit needs to be gone back from.
    var oldestNeededRecord: Int64? { confirmed.current.map { $0.base + 1 } }

    func tickStorage() {
        storage.tick(at: clock.now()) { [weak self] () throws(ControlError) in try self?.compact() }
    }

    /// Makes a snapshot and lets the log forget what nobody needs.
    @discardableResult
    package func compact(progress: (String) -> Void = { _ in }) throws(ControlError) -> CompactionOutcome {
        do {
            return try storage.compact(storageMoment, needed: oldestNeededRecord, progress: progress)
        } catch {
            if isStopping { throw ControlError(.resource, "the system is going down") }
            throw ControlError(.resource, "the database was not compacted, and goes on as it is: \(error)")
        }
    }
}
