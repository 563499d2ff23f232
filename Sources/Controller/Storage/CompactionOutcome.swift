package import ConfigDatabase

/// What a compaction has done.
package struct CompactionOutcome: Hashable, Sendable {
    package var snapshotBytes = 0
    package var recordsRemoved = 0
    package var before = DatabaseUsage()
    package var after = DatabaseUsage()
}
