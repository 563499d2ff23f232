import ConfigTree
import ControlProtocol

/// `/rollback-files`: the commits that can be taken back, the latest with number 0.
struct OperationalRollbackFiles: OperationalProvider {
    let path = "/rollback-files"
    let settings: SystemConfiguration.Rollback
    let history: CommitHistory

    func fill(_ files: RowDraft, _ moment: OperationalMoment) {
        guard settings.isEnabled else { return }
        for (id, commit) in history.commits.prefix(settings.historySize).enumerated() {
            let entry = files.item("file", "\(id)")
            entry.put("name", RollbackFiles.name(commit.id))
            entry.put("fixed-number", "\(commit.id)")
            entry.put("creator", commit.user)
            entry.put("date", commit.date)
            entry.put("via", commit.via)
            if let label = commit.label { entry.put("label", label) }
            if let comment = commit.comment { entry.put("comment", comment) }
        }
    }
}
