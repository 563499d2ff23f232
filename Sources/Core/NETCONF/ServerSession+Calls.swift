import Basics
import ConfigTree
import YANG

/// RPCs of a server's own modules, and actions (RFC 7950 sections 7.14 and 7.15): found in the schema, checked against
/// it, and carried out by whoever holds the data.
extension ServerSession {
    func call(_ request: RequestReader.Head, _ message: MessageBytes) throws -> Reply.Body {
        let schema = server.datastore.model.schema
        let operation = try RequestReader.parameters(message)
        guard let module = schema.module(namespace: request.namespace) else {
            throw Self.unknownNamespace(operation)
        }
        let rpc = schema.root.children.first {
            $0.kind == .rpc && $0.name == request.name && $0.moduleName == module.name
        }
        guard let rpc else { throw RPCError.unknownElement(request.name) }
        return try carryOut(rpc, operation, path: nil)
    }

    func action(_ message: MessageBytes) throws -> Reply.Body {
        let operation = try RequestReader.parameters(message)
        guard let top = operation.children.first, operation.children.count == 1 else {
            throw RPCError.badElement("action", "<action> holds the way to one action")
        }
        var node = server.datastore.model.schema.root
        var path = InstancePath()
        var element = top
        while true {
            let found = node.dataChildren.first { $0.name == element.name && $0.namespace == element.namespace }
            guard let found else {
                if server.datastore.model.schema.module(namespace: element.namespace) == nil {
                    throw Self.unknownNamespace(element)
                }
                throw RPCError.unknownElement(element.name)
            }
            if found.kind == .action { return try carryOut(found, element, path: path) }
            guard found.kind == .container || found.kind == .list else {
                throw RPCError.badElement(element.name, "<\(element.name)> does not lead to an action")
            }
            var keys: [String] = []
            for key in found.keys {
                guard let value = element.child(key.name) else { throw RPCError.missingElement(key.name) }
                keys.append(value.trimmedText)
            }
            path = path.appending(found, keys: keys)
            let names = Set(found.keys.map(\.name))
            let inner = element.children.filter { !names.contains($0.name) }
            guard inner.count == 1 else {
                throw RPCError.badElement(element.name, "<\(element.name)> leads to one action")
            }
            (node, element) = (found, inner[0])
        }
    }

    private static func unknownNamespace(_ element: XMLElement) -> RPCError {
        RPCError(
            .protocol, .unknownNamespace, "no module of this server has the namespace of <\(element.name)>",
            info: [.init("bad-element", element.name), .init("bad-namespace", element.namespace)])
    }

    private func carryOut(_ node: SchemaNode, _ element: XMLElement, path: InstancePath?) throws -> Reply.Body {
        let datastore = server.datastore
        if let path, let last = path.steps.last(where: { !$0.keys.isEmpty || $0.node.isPresence }) {
            let steps = path.steps[...(path.steps.lastIndex(of: last) ?? 0)]
            guard datastore.running.instance(InstancePath(Array(steps))) != nil else {
                throw RPCError(.application, .dataMissing, "\(InstancePath(Array(steps)).keypath) does not exist")
            }
        }
        if let input = node.children.first(where: { $0.kind == .input }) {
            var reader = XMLReader(try element.print(pretty: false), file: "message")
            _ = try reader.next()
            let decoded = try XMLDataDecoder.content(inside: &reader, of: input, model: datastore.model)
            if decoded.hasErrors { throw RPCFailure(faults(decoded.diagnostics)) }
        } else if let child = element.children.first {
            throw RPCError.unknownElement(child.name)
        }
        let call = OperationCall(node: node, path: path, input: element)
        switch try datastore.outcome(of: call, session: info) {
        case .done: return .ok
        case .output(let elements):
            return .element { writer in for element in elements { try element.write(to: &writer) } }
        case .notCarriedOut(let reason):
            throw RPCError(
                .protocol, .operationNotSupported, reason, info: [.init("bad-element", node.name)])
        }
    }
}
