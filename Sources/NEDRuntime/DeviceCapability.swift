import ConfigTree
import NETCONF
package import YANG

/// A capability of a device as its URI says it, with the module that it announces (RFC 6020 section 5.6.4).
package struct DeviceCapability: Hashable, Sendable {
    package let uri: String
    /// Nil for a capability of the protocol.
    package let module: AnnouncedModule?

    package init(uri: String) {
        self.uri = uri
        module = Capabilities([uri]).modules.first.map {
            AnnouncedModule(
                name: $0.name, revision: $0.revision ?? "", features: $0.features, deviations: $0.deviations)
        }
    }

    /// What announces a module.
    package init(_ module: AnnouncedModule, namespace: String) {
        var announced = Capabilities.Module(
            name: module.name, namespace: namespace, revision: module.revision.isEmpty ? nil : module.revision)
        announced.features = module.features
        announced.deviations = module.deviations
        uri = announced.uri
        self.module = module
    }
}

extension Driver {
    /// The modules that the driver has nodes of: what a device of it can have.
    package var capabilities: [DeviceCapability] {
        model.schema.modules.filter(\.isImplemented).map { module in
            let announced = AnnouncedModule(
                name: module.name, revision: module.revision ?? "", features: module.features)
            return DeviceCapability(announced, namespace: module.namespace)
        }
    }
}
