import ConfigDatabase
import ControlProtocol

/// The actions below `/cdb`.
enum CompactionActions {
    static let compact: ActionTable.Handler = { (call, output) throws(ControlError) in
        let outcome = try call.controller.compact(progress: call.progress)
        output.put("snapshot-bytes", "\(outcome.snapshotBytes)")
        output.put("records-removed", "\(outcome.recordsRemoved)")
        output.put("records", "\(outcome.after.records)")
        output.put("file-bytes", "\(outcome.after.fileBytes)")
    }
}
