package import ConfigTree
import YANG

/// A data model as a command-line grammar in one dialect: what the three users of the CLI share.
///
/// Cheap to make: what the annotations make of a node is worked out when a line first comes near it, and kept.
/// Below a mount point the grammar of the mounted model takes over; one grammar serves all devices of a model.
package final class CLIGrammar: Sendable {
    package let model: DataModel
    package let dialect: CLIDialect

    package init(model: DataModel, dialect: CLIDialect) {
        self.model = model
        self.dialect = dialect
    }
}
