package import Basics
package import ConfigTree

/// A change that somebody wants in force: what they started from, what they want, and how.
package struct CommitRequest: Sendable {
    package var base: DataTree
    package var candidate: DataTree
    package var options: CommitOptions
    /// What the candidate was worked out from besides what it changes: if somebody has changed any of it since `base`,
    /// the commit is a conflict.
    package var reads: [InstancePath] = []

    package init(base: DataTree, candidate: DataTree, options: CommitOptions = CommitOptions()) {
        self.base = base
        self.candidate = candidate
        self.options = options
    }
}

/// The commit parameters of the operator (NSO's `commit` command).
package struct CommitOptions: Hashable, Sendable {
    package enum DryRunFormat: String, CaseIterable, Sendable {
        case cli
        /// The changes as commands of the operator's own command line.
        case cliC = "cli-c"
        case native
        case xml
    }

    package var label: String?
    package var comment: String?
    package var dryRun: DryRunFormat?
    /// With a native dry run: the commands that would take the change back.
    package var isReverse = false
    package var noNetworking = false
    package var noOutOfSyncCheck = false
    package var noOverwrite = false
    /// Refuse what a device's revision of the model does not have, instead of leaving it out.
    package var noRevisionDrop = false
    /// W3C trace context: the trace id that logs, progress and device traces name; a new one if there is none.
    package var traceID: String?
    /// The digest that a dry run gave: another plan than that is refused.
    package var expectedPlan: String?
    /// The change goes away again unless it is confirmed in time.
    package var confirmed: ConfirmedCommitOptions?
    /// Of the confirmed commit that this one follows or confirms.
    package var persistID: String?

    package init() {}
}

/// A confirmed commit (RFC 6241 section 8.4).
package struct ConfirmedCommitOptions: Hashable, Sendable {
    package var seconds: Int
    /// Whoever gives it may confirm, and the end of the session does not take the change back.
    package var persist: String?

    /// Ten minutes.
    package static let defaultSeconds = 600

    package init(seconds: Int = Self.defaultSeconds, persist: String? = nil) {
        self.seconds = seconds
        self.persist = persist
    }
}

package struct CommitOutcome: Sendable {
    /// Number of the transaction in the log; nil for a dry run and where nothing had changed.
    package var number: Int64?
    package var isEmpty: Bool
    package var dryRun: DryRun?
    /// Stands for all that the dry run found: see `CommitOptions.expectedPlan`.
    package var planDigest: String?
    /// Whether this made a confirmed commit permanent.
    package var hasConfirmed = false
    /// Participants whose device is in doubt after the commit, each with the reason.
    package var inDoubt: [String]
    package var warnings: [Diagnostic]
    package var traceID: String?

    package init(
        number: Int64? = nil, isEmpty: Bool = false, dryRun: DryRun? = nil, inDoubt: [String] = [],
        warnings: [Diagnostic] = []
    ) {
        self.number = number
        self.isEmpty = isEmpty
        self.dryRun = dryRun
        self.inDoubt = inDoubt
        self.warnings = warnings
    }
}

/// What a dry run found, in the format asked for.
package enum DryRun: Sendable {
    /// The difference as a curly-brace tree with `+` and `-`.
    case cli(String)
    /// The difference as commands.
    case cliC(String)
    /// The difference as an edit-config body.
    case xml(String)
    /// The commands that each device would get.
    case native([(device: String, data: String)])
}
