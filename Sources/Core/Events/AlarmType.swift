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

    package var severity: AlarmSeverity {
        switch self {
        case .packageLoadFailure, .packageOperationFailure, .finalCommitError, .commitThroughQueueFailed,
            .commitThroughQueueFailedTransiently, .commitThroughQueueRollbackFailed, .configurationError,
            .serviceActivationFailure:
            .critical
        case .abortError, .connectionFailure, .liveTreeConnectionFailure, .outOfSync, .revisionError: .major
        case .autoConfigureFailed, .commitThroughQueueBlocked, .missingTransactionID, .transactionLockTimeViolation,
            .certificateExpiration:
            .warning
        }
    }
}
