import ConfigDatabase
import ConfigTree

/// `/cdb/status`: how much the database holds, and what the latest compaction did.
struct OperationalStorage: OperationalProvider {
    let path = "/cdb/status"
    let database: ConfigurationDatabase
    let storage: @Sendable () -> StorageKeeper?

    func fill(_ status: RowDraft, _ moment: OperationalMoment) {
        if let usage = try? database.usage() {
            status.put("records", "\(usage.records)")
            status.put("record-bytes", "\(usage.recordBytes)")
            status.put("file-bytes", "\(usage.fileBytes)")
        }
        status.put("begins-after", "\(database.anchor.position.number)")
        let snapshots = database.snapshots
        status.put("snapshots", "\(snapshots.count)")
        if let latest = snapshots.first {
            status.put("snapshot-record", "\(latest.position.number)")
            status.put("snapshot-bytes", "\(latest.manifest.byteCount)")
        }
        if let outcome = storage()?.latest { status.put("removed-records", "\(outcome.recordsRemoved)") }
    }
}
