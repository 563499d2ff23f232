package import CLIGrammar
package import ConfigTree

/// A loaded driver: what a ned-id stands for. Immutable; shared by all its devices.
package final class Driver: Sendable {
    /// `module:identity`, as the device's configuration names it.
    package let nedID: String
    /// The package that brought it.
    package let package: String
    package let model: DataModel
    package let kind: Kind

    package enum Kind: Sendable {
        case cli(CLIGrammar, DriverDescription)
        /// The package has models but nothing that we can run: devices can be configured in the database only.
        case modelOnly(reason: String)
    }

    package init(nedID: String, package: String, model: DataModel, kind: Kind) {
        self.nedID = nedID
        self.package = package
        self.model = model
        self.kind = kind
    }

    /// The ned-id without its module, as operators write it.
    package var shortID: String { nedID.split(separator: ":").last.map(String.init) ?? nedID }
}
