import Basics

/// How much a module set may be at fault and still load.
package enum CompilePolicy: String, Sendable {
    /// Every fault is an error: for one's own modules.
    case strict
    /// For what a vendor published: a faulty status, default, pattern, must, when, unique or leafref target becomes a
    /// warning and that constraint is dropped. Keys and types never are.
    case vendor
}

/// Collects the findings of one compiler run, each once: a fault in a grouping shows at every use.
final class FaultLog {
    static let limit = 10_000

    let policy: CompilePolicy
    private(set) var diagnostics: [Diagnostic] = []
    private(set) var errorCount = 0
    private var seen: Set<Diagnostic> = []

    init(policy: CompilePolicy) { self.policy = policy }

    func add(_ diagnostic: Diagnostic) {
        guard diagnostics.count < Self.limit, seen.insert(diagnostic).inserted else { return }
        if diagnostic.severity == .error { errorCount += 1 }
        diagnostics.append(diagnostic)
    }

    func error(_ summary: String, remedy: String, _ place: SourcePlace?) {
        add(.error(summary, remedy: remedy, place: place))
    }

    func warning(_ summary: String, remedy: String, _ place: SourcePlace?) {
        add(.warning(summary, remedy: remedy, place: place))
    }

    /// A fault that `vendor` policy survives by giving up what is at fault.
    func sacrifice(_ summary: String, remedy: String, _ place: SourcePlace?) {
        switch policy {
        case .strict: error(summary, remedy: remedy, place)
        case .vendor: warning("\(summary) (dropped)", remedy: remedy, place)
        }
    }
}
