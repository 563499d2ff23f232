import Basics
import ConfigTree
import YANG

/// Which operation does what, and the parameters that all have alike.
extension ServerSession {
    func carryOut(_ request: RequestReader.Head, _ message: MessageBytes, _ reply: inout Reply) throws {
        switch (request.namespace, request.name) {
        case (ProtocolNamespace.base, let name): try carryOutBase(name, message, &reply)
        case (ProtocolNamespace.monitoring, "get-schema"):
            reply.body = try getSchema(try RequestReader.parameters(message))
        case (ProtocolNamespace.notification, "create-subscription"): try createSubscription(message)
        case (ProtocolNamespace.nmda, "get-data"): reply.body = try getData(message)
        case (ProtocolNamespace.nmda, "edit-data"): try editData(message)
        case (ProtocolNamespace.yang, "action"): reply.body = try action(message)
        case (ProtocolNamespace.notification, _), (ProtocolNamespace.nmda, _), (ProtocolNamespace.yang, _),
            (ProtocolNamespace.monitoring, _):
            throw RPCError.unknownElement(request.name)
        default: reply.body = try call(request, message)
        }
    }

    private func carryOutBase(_ name: String, _ message: MessageBytes, _ reply: inout Reply) throws {
        switch name {
        case "get": reply.body = try get(try Parameters(message, ["filter", "with-defaults"]))
        case "get-config": reply.body = try getConfig(try Parameters(message, ["source", "filter", "with-defaults"]))
        case "edit-config": try editConfig(message)
        case "copy-config": try copyConfig(message)
        case "delete-config": try deleteConfig(try Parameters(message, ["target"]))
        case "lock": try lock(try Parameters(message, ["target"]))
        case "unlock": try unlock(try Parameters(message, ["target"]))
        case "validate": try validate(message)
        case "commit":
            try commit(try Parameters(message, ["confirmed", "confirm-timeout", "persist", "persist-id"]))
        case "cancel-commit": try cancelCommit(try Parameters(message, ["persist-id"]))
        case "discard-changes": try discardChanges(try Parameters(message, []))
        case "close-session":
            _ = try Parameters(message, [])
            closesAfterReply = true
        case "kill-session": try killSession(try Parameters(message, ["session-id"]))
        default:
            throw RPCError(
                .protocol, .operationNotSupported, "<\(name)> is not an operation of this server",
                info: [.init("bad-element", name)])
        }
    }

    // MARK: Parameters

    /// The parameters of an operation, checked against those that it has.
    struct Parameters {
        let operation: XMLElement

        init(
            _ message: MessageBytes, _ known: Set<String>, streamed: Set<String> = [],
            namespace: String = ProtocolNamespace.base
        ) throws {
            operation = try RequestReader.parameters(message, streamed: streamed)
            for child in operation.children {
                let isDefaults = child.name == "with-defaults" && child.namespace == ProtocolNamespace.withDefaults
                guard child.namespace == namespace || isDefaults else {
                    throw RPCError(
                        .protocol, .unknownNamespace, "<\(child.name)> is of another namespace than the operation",
                        info: [.init("bad-element", child.name), .init("bad-namespace", child.namespace)])
                }
                guard known.contains(child.name) else { throw RPCError.unknownElement(child.name) }
            }
        }

        subscript(_ name: String) -> XMLElement? { operation.children.first { $0.name == name } }

        func required(_ name: String) throws -> XMLElement {
            guard let element = self[name] else { throw RPCError.missingElement(name) }
            return element
        }

        func choice<Value: RawRepresentable>(
            _ name: String, standard: Value
        ) throws -> Value where Value.RawValue == String {
            guard let element = self[name] else { return standard }
            guard let value = Value(rawValue: element.trimmedText) else {
                throw RPCError.invalidValue(name, "\"\(element.trimmedText.prefix(80))\" is no \(name)")
            }
            return value
        }
    }

    /// The datastore that `<source>` or `<target>` names.
    func store(_ element: XMLElement) throws -> NETCONFServer.Store {
        guard let child = element.children.first, element.children.count == 1 else {
            throw RPCError.badElement(element.name, "<\(element.name)> names one datastore")
        }
        if child.name == "datastore", child.namespace == ProtocolNamespace.nmda { return try lockableStore(child) }
        guard child.namespace == ProtocolNamespace.base else { throw RPCError.unknownElement(child.name) }
        if child.name == "url" { throw RPCError.notSupported("the capability url is not offered", "url") }
        guard let store = NETCONFServer.Store(rawValue: child.name) else { throw RPCError.unknownElement(child.name) }
        let isThere =
            switch store {
            case .running: true
            case .candidate: server.profile.candidate
            case .startup: server.profile.startup
            }
        guard isThere else {
            throw RPCError(
                .protocol, .operationNotSupported, "this server has no \(child.name) datastore",
                info: [.init("bad-element", child.name)])
        }
        return store
    }

    /// A datastore that the operation changes.
    func changeable(_ element: XMLElement) throws -> NETCONFServer.Store {
        let store = try store(element)
        try requireChangeable(store)
        return store
    }

    func requireChangeable(_ store: NETCONFServer.Store) throws {
        guard store != .running || server.profile.writableRunning else {
            throw RPCError(
                .protocol, .operationNotSupported, "the running configuration changes by commit only",
                info: [.init("bad-element", "running")])
        }
        try requireUnlocked(store)
    }

    /// Throws `in-use` if another session holds the datastore.
    func requireUnlocked(_ store: NETCONFServer.Store) throws {
        let mine = info.id
        guard let holder = server.withState({ $0.locks[store] }), holder != mine else {
            guard let shared = sharedCandidate, store != .startup else { return }
            do throws(CandidateHeld) { return try shared.requireFree(for: info) } catch { throw error.error(.inUse) }
        }
        throw RPCError(
            .protocol, .inUse, "session \(holder) holds the lock of the \(store.rawValue) configuration",
            info: [.init("session-id", "\(holder)")])
    }

    func content(_ store: NETCONFServer.Store) throws -> DataTree {
        let datastore = server.datastore
        return switch store {
        case .running: datastore.running
        case .candidate: candidate ?? datastore.running
        case .startup: try datastore.startup() ?? DataTree(datastore.model)
        }
    }

    func faults(_ diagnostics: [Diagnostic]) -> [RPCError] {
        let found = diagnostics.filter { $0.severity == .error }.prefix(100)
        return found.map { RPCError($0, model: server.datastore.model) }
    }
}
