import Basics

/// How much a module set may be at fault and still load.
package enum CompilePolicy: String, Sendable {
    /// Every fault is an error: for one's own modules.
    case strict
    /// For what a vendor published: a faulty status, default, pattern, must, when, unique or leafref target becomes a
    /// warning and that constraint is dropped. Keys and types never are.
    case vendor
}

/// What a user wants of single kinds of faults, by code: `ncsc -E`, `-W` and `-w`.
package struct FaultSeverities: Hashable, Sendable {
    /// Warnings that are errors.
    package var errors: Set<FaultKind>
    /// Kinds that are warnings, even where warnings fail: warnings, and faults that `vendor` policy survives.
    package var warnings: Set<FaultKind>
    /// Warnings that are not reported.
    package var silent: Set<FaultKind>

    package init(errors: Set<FaultKind> = [], warnings: Set<FaultKind> = [], silent: Set<FaultKind> = []) {
        self.errors = errors
        self.warnings = warnings
        self.silent = silent
    }
}

/// Collects the findings of one compiler run, each once: a fault in a grouping shows at every use.
final class FaultLog {
    static let limit = 10_000

    let policy: CompilePolicy
    private let severities: FaultSeverities
    private(set) var diagnostics: [Diagnostic] = []
    private(set) var errorCount = 0
    /// What `vendor` policy gave up at each node.
    private(set) var degradations: [NodeID: [String]] = [:]
    private var seen: Set<Diagnostic> = []

    init(policy: CompilePolicy, severities: FaultSeverities = FaultSeverities()) {
        self.policy = policy
        self.severities = severities
    }

    func add(_ diagnostic: Diagnostic) {
        guard diagnostics.count < Self.limit, seen.insert(diagnostic).inserted else { return }
        if diagnostic.severity == .error { errorCount += 1 }
        diagnostics.append(diagnostic)
    }

    /// An error that no kind stands for: a limit, or a file.
    func error(_ summary: String, remedy: String, _ place: SourcePlace?) {
        add(.error(summary, remedy: remedy, place: place))
    }

    /// A fault of a kind, at a node of the finished schema if `node` is given: what it comes to is for the kind, the
    /// policy and the user to say.
    func report(_ kind: FaultKind, _ summary: String, remedy: String, _ place: SourcePlace?, node: NodeID? = nil) {
        guard !severities.silent.contains(kind) || kind.effect != .warned else { return }
        var diagnostic = Diagnostic(severity(of: kind), summary, remedy: remedy, place: place)
        diagnostic.code = kind.rawValue
        if let rule = kind.rule { diagnostic.remedy += " (\(rule))" }
        if diagnostic.severity == .warning, kind.effect == .dropped || kind.effect == .kept {
            if kind.effect == .dropped { diagnostic.summary += " (dropped)" }
            if let node { degradations[node, default: []].append(summary) }
        }
        add(diagnostic)
    }

    /// Marks a node with what was given up there, where the fault itself is reported once for many nodes.
    func markDegraded(_ node: NodeID, _ summaries: [String]) {
        guard policy == .vendor, !summaries.isEmpty else { return }
        degradations[node, default: []] += summaries
    }

    private func severity(of kind: FaultKind) -> Diagnostic.Severity {
        switch kind.effect {
        case .warned: severities.errors.contains(kind) ? .error : .warning
        case .refused: .error
        case .kept, .dropped:
            severities.errors.contains(kind) || policy == .strict && !severities.warnings.contains(kind)
                ? .error : .warning
        }
    }
}
