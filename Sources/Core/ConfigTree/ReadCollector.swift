internal import Synchronization
package import YANG

/// What validation has read: of which instances which aspect, absences included.
///
/// Invariant: a change of the tree that touches none of the reads leaves the outcome of the validation as it was, given
/// that whoever makes it has validated it too. Constraints are found again from both sides, that of the node they stand
/// at and that of what they read; it suffices that each side names what an evaluation came to.
package final class ReadCollector: Sendable {
    package enum Aspect: Hashable, Sendable {
        /// The value of a leaf, or whether a node is there.
        case value
        /// Which entries a list has.
        case instances
        /// Everything at and below a node.
        case subtree
        /// That nobody else gives or takes the value that a pseudo node stands for: see `ClaimStep`.
        case claim
    }

    package struct Read: Hashable, Sendable {
        /// Steps as `ClaimStep` writes them.
        package var path: [String]
        package var aspect: Aspect
    }

    /// A list below one parent.
    fileprivate struct Place: Hashable, Sendable {
        var parent: ObjectIdentifier
        var slot: Int
    }

    fileprivate struct State: Sendable {
        var reads: Set<Read> = []
        var wholeLists: Set<Place> = []
        /// Rows that have a mount point below which reads do not count, and whether the last place asked for is there.
        var coveredMounts: Set<ObjectIdentifier> = []
        var latestCover: (instance: Instance, isCovered: Bool)?
        var isEverything = false
        /// The path asked for last: many reads are below one parent.
        var latest: (instance: Instance, path: [String])?
    }

    @TaskLocal static var current: ReadCollector?

    private let state = Mutex(State())
    /// More reads than this count as everything; lists of more entries than `wholeList` are read as a whole.
    private static let limit = 20_000
    private static let wholeList = 64

    package init() {}

    /// What was read. One read of the root's subtree if it was too much to be told apart.
    package var reads: Set<Read> {
        state.withLock { $0.isEverything ? [Read(path: [], aspect: .subtree)] : $0.reads }
    }

    /// Runs `work`, and adds what it reads.
    package func collect<Result>(_ work: () throws -> Result) rethrows -> Result {
        try Self.$current.withValue(self, operation: work)
    }

    /// Reads below the mount point in `row` need not be told: who collects holds all that is there. The row has to live as
    /// long as this does.
    package func cover(mountIn row: Row) {
        state.withLock { state in
            state.coveredMounts.insert(row.identity)
            state.latestCover = nil
        }
    }

    // MARK: For validation

    func add(_ aspect: Aspect, _ path: @autoclosure () -> [String]) {
        guard !state.withLock({ $0.isEverything }) else { return }
        let read = Read(path: path(), aspect: aspect)
        state.withLock { state in
            state.reads.insert(read)
            guard state.reads.count > Self.limit else { return }
            state.isEverything = true
            state.reads = []
        }
    }

    /// The children `child` of `parent` were asked for.
    func addChildren(_ child: SchemaNode, of parent: Instance) {
        guard !covers(parent) else { return }
        switch child.kind {
        case .list:
            let entries = parent.row?.entries(in: child.slot)
            guard let entries, entries.count > Self.wholeList, let row = parent.row else {
                return add(.instances, path(of: parent) + [child.claimStep])
            }
            state.withLock { _ = $0.wholeLists.insert(Place(parent: row.identity, slot: child.slot)) }
            add(.subtree, path(of: parent) + [child.claimStep])
        case .leafList: add(.instances, path(of: parent) + [child.claimStep])
        case .container where !child.isPresence: break
        default: add(.value, path(of: parent) + [child.claimStep])
        }
        if child.canBeImplicit { addChoices(of: child, below: parent) }
    }

    func addEntry(_ keys: [String], of list: SchemaNode, below parent: Instance) {
        guard !covers(parent) else { return }
        add(.value, path(of: parent) + [list.claimStep, ClaimStep.keys(keys)])
    }

    func addInstances(of list: SchemaNode, below parent: Instance) {
        guard !covers(parent) else { return }
        add(.instances, path(of: parent) + [list.claimStep])
    }

    func addSubtree(_ instance: Instance) {
        if !covers(instance) { add(.subtree, instance.claimPath) }
    }

    func addSubtree(of list: SchemaNode, below parent: Instance) {
        if !covers(parent) { add(.subtree, path(of: parent) + [list.claimStep]) }
    }

    /// Which case of the choices around `child` was chosen.
    func addChoices(of child: SchemaNode, below parent: Instance) {
        for (choice, _) in child.choices { addChoice(choice, below: parent) }
    }

    func addChoice(_ choice: SchemaNode, below parent: Instance) {
        if !covers(parent) { add(.value, path(of: parent) + [ClaimStep.choice(choice)]) }
    }

    private func path(of instance: Instance) -> [String] {
        if let known = state.withLock({ $0.latest }), known.instance === instance { return known.path }
        let path = instance.claimPath
        state.withLock { $0.latest = (instance, path) }
        return path
    }

    private func covers(_ instance: Instance) -> Bool {
        state.withLock { state in
            if state.isEverything { return true }
            if state.wholeLists.isEmpty, state.coveredMounts.isEmpty { return false }
            // Many reads are below one parent.
            if let latest = state.latestCover, latest.instance === instance, state.wholeLists.isEmpty {
                return latest.isCovered
            }
            let isCovered = state.covers(instance)
            state.latestCover = (instance, isCovered)
            return isCovered
        }
    }
}

extension ReadCollector.State {
    fileprivate func covers(_ instance: Instance) -> Bool {
        var here: Instance? = instance
        while let current = here {
            if let row = current.parent?.row {
                if current.node.kind == .mountPoint, coveredMounts.contains(row.identity) { return true }
                let place = ReadCollector.Place(parent: row.identity, slot: current.node.slot)
                if current.node.kind == .list, wholeLists.contains(place) { return true }
            }
            here = current.parent
        }
        return false
    }
}

/// The steps of the paths under which reads and writes meet: `/ncs:devices`, `/device`, `{ce0}`. Joined they are the
/// path that operators know. Besides data nodes there are pseudo nodes for what belongs to none alone: which case of a
/// choice there is, and that a value occurs in a list.
package enum ClaimStep {
    package static func keys(_ keys: [String]) -> String {
        "{" + keys.map(InstancePath.keyText).joined(separator: " ") + "}"
    }

    package static func choice(_ choice: SchemaNode) -> String { "<choice \(choice.name)>" }
    static func value(_ index: IndexedPath, _ hash: UInt64) -> String { "<value \(index.number) \(hash)>" }
}

extension SchemaNode {
    package var claimStep: String {
        let parent = dataParent
        let isNamed = parent == nil || parent?.kind == .root || parent?.module.name != module.name
        return isNamed ? "/" + module.prefix + ":" + name : "/" + name
    }
}

extension Instance {
    /// The way here from the root of all.
    package var claimPath: [String] {
        var steps: [String] = []
        var here = self
        while let parent = here.parent {
            let keys = here.keys
            if !keys.isEmpty { steps.append(ClaimStep.keys(keys)) }
            steps.append(here.node.claimStep)
            here = parent
        }
        return steps.reversed()
    }
}
