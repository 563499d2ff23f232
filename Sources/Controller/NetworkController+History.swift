import ConfigTree
import ControlProtocol

extension NetworkController {
    /// Writes rollback files from now on, and those that a crash has left unwritten.
    func startRollbackFiles() {
        rollbackFiles?.start(history.commits) { [weak self] commit in
            guard let self else { return nil }
            return try? history.change(of: commit, running.model)
        }
    }
}
