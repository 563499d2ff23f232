import ConfigTree
import Transactions
import YANG

/// What a commit excludes others from: what it writes, and what its validation has read.
///
/// Invariants:
/// - Two change sets whose claims do not exclude each other can be applied in either order, with the same result.
/// - A validation whose reads nobody writes keeps its outcome (`ReadCollector`).
struct CommitClaim {
    /// Of what replaces the models: everybody else has to be through.
    static let everything = Claim([ReservedNode([], .writeSubtree)])

    private var nodes: Set<ReservedNode> = []
    /// Configurations of devices that are claimed as a whole: nothing in them is told apart.
    private var configurations: Set<[String]> = []
    private var isFull = false
    /// More than this is not told apart: a load of a whole network has it all for itself.
    private static let limit = 50_000
    private let devices: DevicesSchema?

    private init(_ model: DataModel) { devices = DevicesSchema(model.schema) }

    /// - Parameter difference: with containers dissolved, so that they are claimed for what is in them.
    static func claim(_ difference: [DiffNode], base: DataTree, reads: ReadCollector) -> Claim {
        var claim = CommitClaim(base.model)
        claim.add(difference, [], base.root)
        for read in reads.reads where !claim.holdsConfiguration(around: read.path) {
            claim.insert(read.path, Self.aspect(read.aspect))
        }
        return claim.isFull ? everything : Claim(Array(claim.nodes))
    }

    private static func aspect(_ read: ReadCollector.Aspect) -> ReservedAspect {
        switch read {
        case .value: .readValue
        case .instances: .readInstances
        case .subtree: .readSubtree
        case .claim: .writeValue
        }
    }

    private mutating func add(_ difference: [DiffNode], _ path: [String], _ old: Row?) {
        for diff in difference where !isFull {
            let here = path + [diff.node.claimStep]
            addChoices(diff, path, old)
            switch diff.node.kind {
            case .mountPoint where diff.node == devices?.config:
                // Nobody else configures the device meanwhile, whatever of it: see `addEntry`.
                configurations.insert(here)
                insert(here, .writeSubtree)
            case .list, .leafList: addEntry(diff, here)
            case .container, .mountPoint:
                if diff.change == .inside { add(diff.children, here, diff.old) } else { insert(here, .writeSubtree) }
            default: insert(here, .writeValue)
            }
        }
    }

    private func holdsConfiguration(around path: [String]) -> Bool {
        // devices, device, its name, config
        path.count > 4 && !configurations.isEmpty && configurations.contains(Array(path.prefix(4)))
    }

    private mutating func addEntry(_ diff: DiffNode, _ list: [String]) {
        // A device is configured by one commit at a time, and not while its entry changes: its state would be another.
        if diff.node == devices?.device, let name = diff.keys.first { insert(["device \(name)"], .writeSubtree) }
        // Places are given by neighbours: whoever puts entries in order needs them to stay.
        if diff.after != nil { return insert(list, .writeSubtree) }
        let entry = list + [ClaimStep.keys(diff.keys)]
        if diff.change == .inside { return add(diff.children, entry, diff.old) }
        insert(list, .writeInstances)
        insert(entry, .writeSubtree)
    }

    /// Which case of a choice there is changes when its first node comes, and may change whenever one goes.
    private mutating func addChoices(_ diff: DiffNode, _ parent: [String], _ old: Row?) {
        guard diff.change == .created || diff.change == .deleted else { return }
        for (choice, name) in diff.node.choices {
            let isKept = diff.change == .created && old?.chosenCase(of: choice) == name
            insert(parent + [ClaimStep.choice(choice)], isKept ? .readValue : .writeValue)
        }
    }

    private mutating func insert(_ path: [String], _ aspect: ReservedAspect) {
        nodes.insert(ReservedNode(path, aspect))
        isFull = nodes.count > Self.limit
    }
}
