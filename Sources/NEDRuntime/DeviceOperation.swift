package import ConfigTree
package import YANG

/// An operation (`rpc`) or action of a device's own modules, with its input, over the driver's model.
package struct DeviceOperation: Sendable {
    package var node: SchemaNode
    /// The node that has the action; without steps for an rpc.
    package var path: InstancePath
    /// The content of `input`.
    package var input: Row

    package init(node: SchemaNode, path: InstancePath, input: Row) {
        self.node = node
        self.path = path
        self.input = input
    }
}

/// What a device answered to an operation: the content of `output`, and what of it the model does not allow.
package struct DeviceAnswer: Sendable {
    package var output: Row
    package var faults: [String]
}

/// Operational data as a device told it. What the model does not allow is not in the tree, but among the faults.
package struct StateReading: Sendable {
    package var tree: DataTree
    package var faults: [String]
}
