/// The alarms that the controller raises, with the severity that each has by default. Names as in `tailf-ncs-alarms`.
package enum AlarmType: String, CaseIterable, Sendable {
    case packageLoadFailure = "package-load-failure"
    case packageOperationFailure = "package-operation-failure"
    case abortError = "abort-error"
    case finalCommitError = "final-commit-error"
    case autoConfigureFailed = "auto-configure-failed"
    case commitThroughQueueBlocked = "commit-through-queue-blocked"
    case commitThroughQueueFailed = "commit-through-queue-failed"
    case commitThroughQueueFailedTransiently = "commit-through-queue-failed-transiently"
    case commitThroughQueueRollbackFailed = "commit-through-queue-rollback-failed"
    case configurationError = "configuration-error"
    case connectionFailure = "connection-failure"
    case missingTransactionID = "missing-transaction-id"
    case liveTreeConnectionFailure = "ned-live-tree-connection-failure"
    case outOfSync = "out-of-sync"
    case revisionError = "revision-error"
    case serviceActivationFailure = "service-activation-failure"
    case transactionLockTimeViolation = "transaction-lock-time-violation"
    case certificateExpiration = "certificate-expiration"
    case databaseWriteFailure = "database-write-failure"
    case databaseDamage = "database-damage"
    case databaseCompactionFailure = "database-compaction-failure"

    package var severity: AlarmSeverity {
        switch self {
        case .packageLoadFailure, .packageOperationFailure, .finalCommitError, .commitThroughQueueFailed,
            .commitThroughQueueFailedTransiently, .commitThroughQueueRollbackFailed, .configurationError,
            .serviceActivationFailure, .databaseWriteFailure:
            .critical
        case .abortError, .connectionFailure, .liveTreeConnectionFailure, .outOfSync, .revisionError, .databaseDamage,
            .databaseCompactionFailure:
            .major
        case .autoConfigureFailed, .commitThroughQueueBlocked, .missingTransactionID, .transactionLockTimeViolation,
            .certificateExpiration:
            .warning
        }
    }

    /// Whether it ends by itself once its cause is gone.
    package var hasClear: Bool {
        switch self {
        case .packageOperationFailure, .finalCommitError, .commitThroughQueueFailed,
            .commitThroughQueueFailedTransiently, .commitThroughQueueRollbackFailed, .autoConfigureFailed:
            false
        default: true
        }
    }

    /// One sentence for the inventory of alarm types.
    package var explanation: String {
        switch self {
        case .packageLoadFailure: "A package could not be loaded."
        case .packageOperationFailure: "An operation of a package failed."
        case .abortError: "A device could not be brought back after an aborted commit: it is in doubt."
        case .finalCommitError: "A device prepared a commit and did not confirm it: it is in doubt."
        case .autoConfigureFailed: "A device could not be configured when it appeared."
        case .commitThroughQueueBlocked: "A queued commit waits behind one that cannot reach a device."
        case .commitThroughQueueFailed: "A queued commit failed."
        case .commitThroughQueueFailedTransiently: "A queued commit failed after its last attempt."
        case .commitThroughQueueRollbackFailed: "A queued commit that failed could not be taken back."
        case .configurationError: "A device is not configured well enough to talk to it."
        case .connectionFailure: "A device could not be reached."
        case .missingTransactionID: "A device did not say what its configuration is known by."
        case .liveTreeConnectionFailure: "Operational data of a device could not be read."
        case .outOfSync: "A device is not as we know it."
        case .revisionError: "The modules of a device do not fit its driver."
        case .serviceActivationFailure: "A service could not be activated."
        case .transactionLockTimeViolation: "A transaction held its lock for too long."
        case .certificateExpiration: "A certificate has expired, or is about to."
        case .databaseWriteFailure: "The configuration database cannot be written: commits are refused."
        case .databaseDamage: "A file of a snapshot of the configuration is damaged or gone."
        case .databaseCompactionFailure: "The configuration database could not be compacted: it grows."
        }
    }
}
