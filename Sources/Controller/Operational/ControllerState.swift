import Basics
import ConfigTree
import YANG

/// `/ncs-state`: which program this is, how it stands, and the data models that it has loaded.
struct ControllerState: OperationalProvider {
    let path = "/ncs-state"
    let isStopping: @Sendable () -> Bool

    func fill(_ state: RowDraft, _ moment: OperationalMoment) {
        state.put("version", Product.version.description)
        state.put("daemon-status", isStopping() ? "stopping" : "started")
        let models = state.inner("loaded-data-models")
        for module in moment.tree.model.schema.modules.sorted(by: { $0.name < $1.name }) {
            let entry = models.item("data-model", module.name)
            if let revision = module.revision { entry.put("revision", revision) }
            entry.put("namespace", module.namespace)
            entry.put("prefix", module.prefix)
        }
    }
}
