import Basics
import ConfigTree
import Synchronization
import YANG

/// A part of the controller that knows operational data. It is asked each time that somebody looks; whether what it
/// knows outlives a restart is its own affair.
protocol OperationalProvider: Sendable {
    /// The container below which everything lies that it provides, by names: `/devices/commit-queue`.
    var path: String { get }

    /// Lays what there is now into `node`, the container at `path`.
    func fill(_ node: RowDraft, _ moment: OperationalMoment)
}

/// The configuration and the packages that operational data is shown beside: one snapshot for all providers.
struct OperationalMoment: Sendable {
    var tree: DataTree
    var system: LoadedSystem
}

/// Who provides what operational data, by schema path.
///
/// Invariant: one provider for each path. Paths may lie below each other: providers do not fill the same nodes.
final class OperationalRegistry: Sendable {
    private let providers = Mutex<[String: any OperationalProvider]>([:])

    /// From now on `provider` is asked for its path, in place of one that was registered before.
    func register(_ provider: any OperationalProvider) { providers.withLock { $0[provider.path] = provider } }

    /// The configuration together with what all providers know. A provider for whose path the models have no place is
    /// not asked.
    func tree(_ moment: OperationalMoment) -> DataTree {
        let root = moment.tree.model.schema.root
        let draft = RowDraft(root)
        for (path, provider) in providers.withLock({ $0 }).sorted(by: { $0.key < $1.key }) {
            var way: [SchemaNode] = []
            for name in path.split(separator: "/") {
                guard let next = (way.last ?? root).dataChild(named: String(name)), next.kind == .container else {
                    way = []
                    break
                }
                way.append(next)
            }
            guard !way.isEmpty else { continue }
            provider.fill(way.reduce(draft) { $0.container($1) }, moment)
        }
        return moment.tree.merging(DataTree(draft, model: moment.tree.model))
    }
}

extension NetworkController {
    func operationalTree() -> DataTree {
        operational.tree(head.withLock { OperationalMoment(tree: $0.tree, system: $0.system) })
    }

    /// Registers what the controller itself knows.
    func registerOperationalProviders() {
        operational.register(OperationalPackages(runDirectory: configuration.runDirectory))
        operational.register(OperationalDevices(devices: devices, queue: queue, notifications: notifications))
        operational.register(OperationalBuilder(builder: builder))
        operational.register(OperationalQueue(keeper: queue))
        operational.register(OperationalRollbackFiles(settings: configuration.rollback, history: history))
        operational.register(OperationalStorage(database: database) { [weak self] in self?.storage })
        operational.register(OperationalAlarms(alarms: alarms))
        operational.register(ControllerState(isStopping: { [weak self] in self?.isStopping != false }))
    }
}
