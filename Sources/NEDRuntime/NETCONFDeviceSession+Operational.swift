import Basics
package import ConfigTree
import NETCONF
import YANG

/// Operational data, operations and actions of the device's own.
extension NETCONFDeviceSession {
    private enum Datastore {
        static let operational = "ds:operational"
    }

    private static let faultLimit = 20

    // MARK: State

    package func state(at paths: [InstancePath]) throws(NEDError) -> StateReading {
        try phase("GET_LIVE") { () throws(NEDError) in
            let filter = StateFilter.elements(paths, of: driver.model.schema)
            guard !filter.isEmpty else { return StateReading(tree: DataTree(driver.model), faults: []) }
            trace.hold()
            var shown: DataTree?
            defer { trace.release(shown) }
            let decoded = try hasDatastores ? getData(filter) : get(filter)
            shown = decoded.content
            return StateReading(tree: decoded.content, faults: Self.faults(decoded.diagnostics))
        }
    }

    /// The device has the datastores of RFC 8342, and `<get-data>` to read them.
    var hasDatastores: Bool { announcement.modules.contains { $0.name == "ietf-netconf-nmda" } }

    private func get(_ filter: [XMLElement]) throws(NEDError) -> Decoded<DataTree> {
        var decoded = Decoded(DataTree(driver.model), [])
        try dialogue.call("get") { writer in
            try writer.start("get")
            try writer.start("filter", attributes: [("type", "subtree")])
            for element in filter { try element.write(to: &writer) }
            try writer.end()
            try writer.end()
        } data: { reader in
            decoded = try readState(&reader)
        }
        return decoded
    }

    private func getData(_ filter: [XMLElement]) throws(NEDError) -> Decoded<DataTree> {
        var decoded = Decoded(DataTree(driver.model), [])
        try dialogue.call("get-data") { writer in
            try writer.start(
                "get-data", namespace: ProtocolNamespace.nmda, prefixes: [("ds", ProtocolNamespace.datastores)])
            try writer.leaf("datastore", text: Datastore.operational)
            try writer.start("subtree-filter")
            for element in filter { try element.write(to: &writer) }
            try writer.end()
            try writer.end()
        } data: { reader in
            decoded = try readState(&reader)
        }
        return decoded
    }

    private func readState(_ reader: inout XMLReader) throws -> Decoded<DataTree> {
        try XMLDataDecoder.tree(
            inside: &reader, model: driver.model, options: DecodeOptions(.lax, content: .all))
    }

    // MARK: Operations

    package func carryOut(_ operation: DeviceOperation) throws(NEDError) -> DeviceAnswer {
        let node = operation.node
        let output = node.dataChild(named: "output") ?? node
        return try phase("CMD", node.name) { () throws(NEDError) in
            var decoded = Decoded(RowDraft(output).freeze(in: driver.model), [])
            try dialogue.output(node.name) { writer in
                try write(operation, to: &writer)
            } read: { reader in
                decoded = try XMLDataDecoder.content(
                    inside: &reader, of: output, model: driver.model, options: DecodeOptions(.lax, content: .all))
            }
            return DeviceAnswer(output: decoded.content, faults: Self.faults(decoded.diagnostics))
        }
    }

    private func write(_ operation: DeviceOperation, to writer: inout XMLWriter) throws {
        guard operation.node.kind == .action else { return try writeCall(operation, to: &writer) }
        let isOwnKind = dialogue.capabilities.has(Self.vendorActions)
        let namespace = isOwnKind ? Self.vendorActions : ProtocolNamespace.yang
        try writer.start("action", namespace: namespace)
        if isOwnKind { try writer.start("data") }
        for step in operation.path.steps {
            try writer.start(step.node.name, namespace: step.node.namespace)
            for (key, value) in zip(step.node.keys, step.keys) {
                try StateFilter.element(key, value: value).write(to: &writer)
            }
        }
        try writeCall(operation, to: &writer)
        for _ in operation.path.steps { try writer.end() }
        if isOwnKind { try writer.end() }
        try writer.end()
    }

    private func writeCall(_ operation: DeviceOperation, to writer: inout XMLWriter) throws {
        try writer.start(operation.node.name, namespace: operation.node.namespace)
        if let input = operation.node.dataChild(named: "input") {
            try XMLDataEncoder.write(
                contentOf: input, operation.input, driver.model, to: &writer, options: EncodeOptions(content: .all))
        }
        try writer.end()
    }

    /// The envelope of actions that are older than RFC 7950; a device that announces it takes all actions in it.
    private static let vendorActions = "http://tail-f.com/ns/netconf/actions/1.0"

    /// What of an answer the model has, but not so. What it does not have at all is passed over in silence: devices know
    /// more than their drivers.
    private static func faults(_ diagnostics: [Diagnostic]) -> [String] {
        let words = diagnostics.filter { $0.severity == .error }.map { fault in
            (fault.summary + (fault.path.map { " at \($0)" } ?? "")).withoutControlCharacters
        }
        let isLong = words.count > faultLimit
        return words.prefix(faultLimit) + (isLong ? ["and \(words.count - faultLimit) more"] : [])
    }
}
