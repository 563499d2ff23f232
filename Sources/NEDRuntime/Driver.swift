package import CLIGrammar
package import ConfigTree
import YANG

/// A loaded driver: what a ned-id stands for. Immutable; shared by all its devices.
package final class Driver: Sendable {
    /// `module:identity`, as the device's configuration names it.
    package let nedID: String
    /// The package that brought it.
    package let package: String
    package let model: DataModel
    package let kind: Kind
    /// The package has program code that we do not run and no description of its own: what that code would transform is
    /// unknown, so the device is read but not written.
    package let isReadOnly: Bool
    /// The revisions of modules that the model is the union of.
    package let revisions: DriverRevisions
    /// What transforms the configuration that devices show, before it is parsed.
    package let receivedHook: TextHook?
    /// What transforms the commands of a change before they are sent.
    package let sentHook: TextHook?

    package enum Kind: Sendable {
        case cli(CLIGrammar, DriverDescription)
        /// The model is the whole description: the device speaks the protocol of RFC 6241.
        case netconf
        /// The package has models but nothing that we can run: devices can be configured in the database only.
        case modelOnly(reason: String)
    }

    package init(
        nedID: String, package: String, model: DataModel, kind: Kind, isReadOnly: Bool = false,
        revisions: DriverRevisions = .single, receivedHook: TextHook? = nil,
        sentHook: TextHook? = nil
    ) {
        self.receivedHook = receivedHook
        self.sentHook = sentHook
        self.revisions = revisions
        self.nedID = nedID
        self.package = package
        self.model = model
        self.kind = kind
        self.isReadOnly = isReadOnly
    }

    /// The ned-id without its module, as operators write it.
    package var shortID: String { nedID.split(separator: ":").last.map(String.init) ?? nedID }

    /// For NETCONF devices whose modules nobody has yet (`ned-id netconf`): nothing of their configuration is known, but
    /// they can be asked for their modules.
    package static let withoutModel: Driver = {
        let text = "module none { namespace \"urn:openned:none\"; prefix n; }"
        let source = SchemaCompiler.Source(path: "none.yang", bytes: Array(text.utf8))
        let schema = SchemaCompiler(options: SchemaCompiler.Options()).compile([source]).schema
        guard let schema else { preconditionFailure("a module without nodes compiles") }
        return Driver(nedID: "tailf-ncs-ned:netconf", package: "none", model: DataModel(schema), kind: .netconf)
    }()

    /// Its devices tell operational data, and take operations, as the model has them.
    package var readsState: Bool { if case .netconf = kind { true } else { false } }

    /// Throws `.readOnly` if the driver must not write.
    package func requireWritable(_ device: String) throws(NEDError) {
        guard isReadOnly else { return }
        throw NEDError(
            .readOnly, device: device,
            "the driver \(shortID) of package \(package) is read-only: the package has program code that is not "
                + "run here, and no driver/driver.yaml that describes the device; add one to the package")
    }
}
