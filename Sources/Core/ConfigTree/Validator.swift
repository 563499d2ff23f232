package import Basics
import Synchronization
package import YANG

/// Checks trees against the constraints of their schema (RFC 7950 section 8): what must be there, how often, what it
/// refers to, `must` and `when`.
///
/// Types are not its business: values are canonical when they enter a tree.
///
/// Invariants, over configuration:
/// - For an old tree without violations, `violations(in:changedFrom:)` finds what `violations(in:)` finds; for any other it
///   finds at least those that the old tree did not have, and only such as are there.
/// - It looks only at what the difference can touch: its cost follows the change, but for constraints that read many
///   nodes themselves, and for the first time that a list is searched by value (`IndexedPath`).
package final class Validator: Sendable {
    package let model: DataModel
    let plan: ValidationPlan
    let values: ValueContext
    private let derived = Mutex(Derived())
    private let making = Mutex(())

    /// Validators made at first use.
    private struct Derived {
        /// Of mounted models; a device's model is shared by all devices of its driver.
        var mounted: [ObjectIdentifier: Validator] = [:]
        /// Of the same model in other scopes.
        var scoped: [ValidationScope: Validator] = [:]
    }

    /// What constraints outside read of the nodes at and below one: see `readers(below:)`.
    private let readers = Mutex<[NodeID: [ValidationPlan.Dependent]]>([:])

    /// Of configuration.
    package convenience init(_ model: DataModel) { self.init(model, .configuration) }

    private init(_ model: DataModel, _ scope: ValidationScope) {
        self.model = model
        values = ValueContext(schema: model.schema)
        plan = ValidationPlan(model.schema, scope)
    }

    /// The validator for the schema mounted at a mount point.
    func validator(for inner: DataModel) -> Validator {
        if inner === model { return self }
        let scope = plan.scope
        return validator(at: \.mounted[ObjectIdentifier(inner)]) { Validator(inner, scope) }
    }

    /// The constraints that read a node or anything below it from outside; found once for each node.
    func readers(below node: SchemaNode) -> [ValidationPlan.Dependent] {
        if let known = readers.withLock({ $0[node.id] }) { return known }
        let found = plan.readers(below: node)
        readers.withLock { $0[node.id] = found }
        return found
    }

    private func validator(in scope: ValidationScope) -> Validator {
        if scope == plan.scope { return self }
        return validator(at: \.scoped[scope]) { Validator(model, scope) }
    }

    private func validator(
        at place: any WritableKeyPath<Derived, Validator?> & Sendable, made make: () -> Validator
    ) -> Validator {
        if let known = derived.withLock({ $0[keyPath: place] }) { return known }
        // One thread makes it while the others wait: many devices of one driver are often read at once. Who looks for
        // another validator meanwhile does not wait.
        return making.withLock { _ in
            if let known = derived.withLock({ $0[keyPath: place] }) { return known }
            let made = make()
            derived.withLock { $0[keyPath: place] = made }
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
        judge(new, changedFrom: old, difference: difference, limit: limit).violations
    }

    /// As `violations(in:changedFrom:)`, and whether there are nodes whose `when` is false: then `pruned` may have
    /// something to take away.
    package func judge(
        _ new: DataTree, changedFrom old: DataTree, difference: [DiffNode]? = nil, limit: Int = 1_000
    ) -> (violations: [Diagnostic], hasUntrue: Bool) {
        var run = ValidationRun(limit: limit)
        run.before = old.rootInstance
        check(difference ?? old.diff(to: new), root: new.rootInstance, &run)
        return (run.diagnostics, run.hasUntrue || run.isFull)
    }

    /// The violations of the constraints that state data has, in a tree of configuration and state together.
    package func stateViolations(in tree: DataTree, limit: Int = 1_000) -> [Diagnostic] {
        validator(in: .state).violations(in: tree, limit: limit)
    }

    /// The violations in the input or output of an operation, or in a notification.
    ///
    /// `path` leads to the `rpc`, `action` or `notification`; `content` is the row of its `input` or `output` (`part`), or
    /// of the notification itself. Expressions see the content at its place in `tree`, the data of the server.
    package func violations(
        in content: Row, part: NodeKind = .notification, at path: InstancePath, of tree: DataTree,
        limit: Int = 1_000
    ) throws(PathError) -> [Diagnostic] {
        guard let operation = path.last?.node,
            let node = operation.kind == part ? operation : operation.children.first(where: { $0.kind == part })
        else { throw PathError(.unknownNode, "\(path) has no \(part)") }
        let place = node == operation ? path : path.appending(node)
        let whole = try tree.placing(content, at: place)
        guard let instance = whole.instance(place) else {
            throw PathError(.unknownNode, "\(path): the node that it belongs to is not there")
        }
        let judge = instance.model === model ? self : validator(for: instance.model)
        var run = ValidationRun(limit: limit)
        judge.validator(in: .content(node.id)).visitContent(instance, &run)
        return run.diagnostics
    }

    /// `new` without the nodes whose `when` the change from `old` made false, and the paths that went (RFC 7950 section
    /// 8.2.1). What `old` did not have stays, for `violations` to report.
    ///
    /// A deletion can make further conditions false: rounds go on until none is. Each takes at least one node away.
    package func pruned(
        _ new: DataTree, changedFrom old: DataTree
    ) throws(PathError) -> (tree: DataTree, removed: [InstancePath]) {
        var tree = new
        var removed: [InstancePath] = []
        while true {
            var run = ValidationRun(limit: .max)
            run.whensOnly = true
            run.before = old.rootInstance
            check(old.diff(to: tree), root: tree.rootInstance, &run)
            let paths = run.untrue.filter { old.isStored($0) }
            if paths.isEmpty { break }
            for path in paths { try tree.apply(.delete, at: path) }
            removed += paths
        }
        return (tree, removed)
    }
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
    /// What leafrefs may refer to where no key finds it: see `Validator.isTarget`.
    var targetValues: [Targets: Set<String>] = [:]
    var targetIndexes: [Targets: ValueIndex] = [:]
    /// The root of the tree before the change that is validated.
    var before: Instance?
    /// Only conditions are of interest.
    var whensOnly = false
    /// The stored instances whose condition is false.
    private(set) var untrue: [InstancePath] = []
    private(set) var hasUntrue = false

    init(limit: Int) { self.limit = limit }

    var isFull: Bool { diagnostics.count >= limit }

    mutating func report(_ diagnostic: @autoclosure () -> Diagnostic) {
        guard !isFull, !whensOnly else { return }
        let diagnostic = diagnostic()
        if seen.insert(diagnostic).inserted { diagnostics.append(diagnostic) }
    }

    mutating func reportUntrue(_ instance: Instance, _ constraint: Constraint) {
        hasUntrue = true
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
