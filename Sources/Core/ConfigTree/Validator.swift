package import Basics
import Synchronization
import YANG

/// Checks trees against the constraints of their schema (RFC 7950 section 8): what must be there, how often, what it
/// refers to, `must` and `when`.
///
/// Types are not its business: values are canonical when they enter a tree. Only configuration is checked.
///
/// Invariant: for an old tree without violations, `violations(in:changedFrom:)` finds what `violations(in:)` finds;
/// it looks only at what the difference can touch.
package final class Validator: Sendable {
    package let model: DataModel
    let plan: ValidationPlan
    let values: ValueContext
    /// Validators of mounted models; a device's model is shared by all devices of its driver.
    private let mounted = Mutex<[ObjectIdentifier: Validator]>([:])

    package convenience init(_ model: DataModel) { self.init(model, values: ValueContext(schema: model.schema)) }

    private init(_ model: DataModel, values: ValueContext) {
        self.model = model
        self.values = values
        plan = ValidationPlan(model.schema)
    }

    /// The validator for the schema mounted at a mount point; made at first use.
    func validator(for inner: DataModel) -> Validator {
        if inner === model { return self }
        let key = ObjectIdentifier(inner)
        if let known = mounted.withLock({ $0[key] }) { return known }
        // Made outside the lock: two threads may both make one, which costs time and nothing else.
        let made = Validator(inner)
        return mounted.withLock { table in
            if let known = table[key] { return known }
            table[key] = made
            return made
        }
    }

    /// All violations in `tree`, in the order of the schema; at most `limit` of them.
    package func violations(in tree: DataTree, limit: Int = 1_000) -> [Diagnostic] {
        var run = ValidationRun(limit: limit)
        visitRoot(tree.rootInstance, &run)
        return run.diagnostics
    }

    /// The violations that the change from `old` to `new` brings; `difference` is `old.diff(to: new)`.
    ///
    /// `old` must have been valid: violations that it had and the change does not touch are not found again.
    package func violations(
        in new: DataTree, changedFrom old: DataTree, difference: [DiffNode]? = nil, limit: Int = 1_000
    ) -> [Diagnostic] {
        var run = ValidationRun(limit: limit)
        check(difference ?? old.diff(to: new), root: new.rootInstance, &run)
        return run.diagnostics
    }

    /// `new` without the nodes whose `when` the change from `old` made false, and the paths that went (RFC 7950 section
    /// 8.2.1). What `old` did not have stays, for `violations` to report.
    ///
    /// A deletion can make further conditions false: rounds go on until none is, `roundLimit` at most.
    package func pruned(
        _ new: DataTree, changedFrom old: DataTree
    ) throws(PathError) -> (tree: DataTree, removed: [InstancePath]) {
        var tree = new
        var removed: [InstancePath] = []
        for _ in 0..<Self.roundLimit {
            var run = ValidationRun(limit: .max)
            run.whensOnly = true
            check(old.diff(to: tree), root: tree.rootInstance, &run)
            let paths = run.untrue.filter { old.isStored($0) }
            if paths.isEmpty { break }
            for path in paths { try tree.apply(.delete, at: path) }
            removed += paths
        }
        return (tree, removed)
    }

    static let roundLimit = 20
}

/// The state of one validation: what was found.
struct ValidationRun {
    /// The targets of leafrefs below one instance.
    struct Targets: Hashable {
        var target: NodeID
        var top: Instance
    }

    let limit: Int
    private(set) var diagnostics: [Diagnostic] = []
    private var seen: Set<Diagnostic> = []
    /// What leafrefs may refer to where no key finds it: see `Validator.targetValues`.
    var targetValues: [Targets: Set<String>] = [:]
    /// Only conditions are of interest.
    var whensOnly = false
    /// The stored instances whose condition is false.
    private(set) var untrue: [InstancePath] = []

    init(limit: Int) { self.limit = limit }

    var isFull: Bool { diagnostics.count >= limit }

    mutating func report(_ diagnostic: @autoclosure () -> Diagnostic) {
        guard !isFull, !whensOnly else { return }
        let diagnostic = diagnostic()
        if seen.insert(diagnostic).inserted { diagnostics.append(diagnostic) }
    }

    mutating func reportUntrue(_ instance: Instance, _ constraint: Constraint) {
        if whensOnly {
            let path = instance.path
            if !untrue.contains(where: { path.hasPrefix($0) }) { untrue.append(path) }
        } else {
            report(.untrueWhen(instance, constraint))
        }
    }
}

extension Instance {
    /// Whether this is data, not a default in use or a non-presence container without content.
    var isStored: Bool { value == nil ? row != nil : !isDefault }
}
