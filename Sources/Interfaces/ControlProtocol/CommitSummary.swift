package import ConfigTree

/// A commit that the log has, without its change.
package struct CommitSummary: Hashable, Sendable {
    /// The fixed number of its rollback file, counted from 10001.
    package var id: Int
    /// The number of its record in the log.
    package var transaction: Int64
    /// Local time: `2021-12-09 17:13:57`.
    package var date: String
    package var user: String
    /// `cli`, `netconf`, `system`, …
    package var via: String
    package var label: String?
    package var comment: String?
    /// W3C trace context: the trace id that logs and device traces name.
    package var traceID: String?

    package init(
        id: Int, transaction: Int64, date: String, user: String, via: String, label: String? = nil,
        comment: String? = nil, traceID: String? = nil
    ) {
        self.id = id
        self.transaction = transaction
        self.date = date
        self.user = user
        self.via = via
        self.label = label
        self.comment = comment
        self.traceID = traceID
    }
}

/// How a user names a commit.
package enum CommitReference: Hashable, Sendable {
    /// Counted back from the latest, which is 0.
    case id(Int)
    /// The number of the rollback file.
    case fixedNumber(Int)

    /// The commit in a list that begins with the latest. Throws `notFound`.
    package func find(in commits: [CommitSummary]) throws(ControlError) -> CommitSummary {
        switch self {
        case .id(let number):
            guard commits.indices.contains(number) else {
                let found = commits.isEmpty ? "there is none" : "the oldest has \(commits.count - 1)"
                throw ControlError(.notFound, "no commit has the id \(number); \(found)")
            }
            return commits[number]
        case .fixedNumber(let number):
            guard let commit = commits.first(where: { $0.id == number }) else {
                let range = commits.isEmpty ? "" : "; there are \(commits[commits.count - 1].id) to \(commits[0].id)"
                throw ControlError(.notFound, "no commit has the number \(number)\(range)")
            }
            return commit
        }
    }
}

/// The configuration on both sides of a commit.
package struct CommittedChange: Sendable {
    package var before: DataTree
    package var after: DataTree

    package init(before: DataTree, after: DataTree) {
        self.before = before
        self.after = after
    }
}

/// What of the past somebody wants back (NSO's `rollback-files apply-rollback-file`).
package struct RollbackRequest: Sendable {
    package var commit: CommitSummary
    /// Only what lies at and below these; everything if there are none.
    package var paths: [InstancePath]
    /// The change of that commit alone is taken back; otherwise all changes since are too.
    package var isSelective: Bool

    package init(_ commit: CommitSummary, paths: [InstancePath] = [], isSelective: Bool = false) {
        self.commit = commit
        self.paths = paths
        self.isSelective = isSelective
    }
}

extension RollbackRequest {
    /// The candidate with the change taken back. Throws `conflict` where later changes leave no place for that.
    package func applied(to candidate: DataTree, _ change: CommittedChange) throws(ControlError) -> DataTree {
        do {
            if isSelective {
                let (before, after) = (selected(change.before), selected(change.after))
                return try candidate.applying(ChangeSet(after.diff(to: before, includingMetadata: true)))
            }
            if paths.isEmpty { return change.before }
            var rest = candidate
            for path in paths where rest.instance(path) != nil { rest = try rest.applying(.delete, at: path) }
            return rest.merging(selected(change.before))
        } catch {
            throw ControlError(
                .conflict, "rollback \(commit.id) cannot be applied to what was changed since: \(error)")
        }
    }

    private func selected(_ tree: DataTree) -> DataTree {
        paths.isEmpty ? tree : TreeSelection().tree(tree, paths)
    }
}
