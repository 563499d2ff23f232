import Basics
import ConfigTree
import YANG

/// Operations that change datastores.
extension ServerSession {
    private enum TestOption: String {
        case testThenSet = "test-then-set"
        case set
        case testOnly = "test-only"
    }

    private enum ErrorOption: String {
        case stop = "stop-on-error"
        case goOn = "continue-on-error"
        case rollBack = "rollback-on-error"
    }

    private enum DefaultOperation: String { case merge, replace, none }

    // MARK: edit-config

    func editConfig(_ message: MessageBytes) throws {
        let known: Set = ["target", "default-operation", "test-option", "error-option", "config", "url"]
        let parameters = try Parameters(message, known, streamed: ["config"])
        let target = try changeable(try parameters.required("target"))
        guard target != .startup else { throw RPCError.notSupported("the startup configuration is copied, not edited") }
        if parameters["url"] != nil { throw RPCError.notSupported("the capability url is not offered", "url") }
        _ = try parameters.required("config")
        try edit(message, parameters, target)
    }

    /// Carries out the edits in `<config>`.
    func edit(_ message: MessageBytes, _ parameters: Parameters, _ target: NETCONFServer.Store) throws {
        let operation = try parameters.choice("default-operation", standard: DefaultOperation.merge)
        let errorOption = try parameters.choice("error-option", standard: ErrorOption.stop)
        let test = try testOption(parameters, target)
        let old = try content(target)
        let base = operation == .replace ? DataTree(old.model) : old
        let outcome =
            operation == .none || errorOption == .goOn
            ? base.applying(try edits(message, operation, old)) : base.applying(try merge(message, old))
        let faults = faults(outcome.diagnostics)
        // All or nothing is also what stop-on-error may do.
        if !faults.isEmpty, errorOption != .goOn || test == .testOnly { throw RPCFailure(faults) }
        try install(outcome.content, in: target, from: old, test: test)
        if !faults.isEmpty { throw RPCFailure(faults) }
    }

    private func testOption(_ parameters: Parameters, _ target: NETCONFServer.Store) throws -> TestOption {
        // A candidate may be incomplete until it is committed; what runs may not.
        guard parameters["test-option"] != nil else { return target == .running ? .testThenSet : .set }
        guard server.profile.validate else {
            throw RPCError.unknownElement("test-option", "test-option goes with the capability validate")
        }
        return try parameters.choice("test-option", standard: TestOption.testThenSet)
    }

    /// The document as one tree to be laid over the datastore: a large one would be many edits.
    private func merge(_ message: MessageBytes, _ old: DataTree) throws -> DecodedMerge {
        let decoded = try RequestReader.open(message, at: ["config"]) { reader in
            try XMLDataDecoder.merge(
                inside: &reader, model: old.model, options: DecodeOptions(.strict, content: .config, base: old))
        }
        if decoded.hasErrors { throw RPCFailure(faults(decoded.diagnostics)) }
        return decoded.content
    }

    private func edits(
        _ message: MessageBytes, _ operation: DefaultOperation, _ old: DataTree
    ) throws -> [DecodedEdit] {
        let wanted: EditOperation = operation == .none ? .none : .merge
        let decoded = try RequestReader.open(message, at: ["config"]) { reader in
            try XMLDataDecoder.edits(
                inside: &reader, model: old.model, options: DecodeOptions(.strict, content: .config, base: old),
                defaultOperation: wanted)
        }
        if decoded.hasErrors { throw RPCFailure(faults(decoded.diagnostics)) }
        return decoded.content
    }

    /// Checks and stores the new content of a datastore.
    private func install(
        _ new: DataTree, in target: NETCONFServer.Store, from old: DataTree, test: TestOption = .testThenSet
    ) throws {
        if test != .set {
            let found = faults(server.datastore.faults(in: new, changedFrom: server.datastore.running))
            if !found.isEmpty { throw RPCFailure(found) }
        }
        if test == .testOnly { return }
        switch target {
        case .candidate: try setCandidate(new)
        case .running:
            if test == .set {
                let found = faults(server.datastore.faults(in: new, changedFrom: old))
                if !found.isEmpty { throw RPCFailure(found) }
            }
            try server.replaceRunning(old, with: new, by: .session(info))
        case .startup:
            try server.datastore.setStartup(new)
            server.publishChange(in: .startup, by: .session(info))
        }
    }

    // MARK: copy-config, delete-config, validate

    func copyConfig(_ message: MessageBytes) throws {
        let parameters = try Parameters(message, ["target", "source", "with-defaults"], streamed: ["source"])
        if let mode = parameters["with-defaults"], mode.trimmedText != "explicit" {
            throw RPCError.notSupported("configurations are copied as they are set", "with-defaults")
        }
        let target = try changeable(try parameters.required("target"))
        let source = try source(message, parameters)
        if case .store(target) = source {
            throw RPCError.invalidValue("source", "source and target are the same datastore")
        }
        let new = try tree(of: source)
        let old = try content(target)
        // Another configuration than the running one may be incomplete until it runs.
        try install(new, in: target, from: old, test: target == .running ? .testThenSet : .set)
    }

    private enum Source {
        case store(NETCONFServer.Store)
        case inline(DataTree)
    }

    private func tree(of source: Source) throws -> DataTree {
        switch source {
        case .store(let store): try content(store)
        case .inline(let tree): tree
        }
    }

    /// `<source>`: a datastore, or a whole configuration in the message.
    private func source(_ message: MessageBytes, _ parameters: Parameters) throws -> Source {
        _ = try parameters.required("source")
        return try RequestReader.open(message, at: ["source"]) { reader in
            let depth = reader.depth
            while try reader.next() != .startElement {
                if reader.depth == depth { throw RPCError.badElement("source", "<source> names one datastore") }
            }
            guard reader.name == "config", reader.namespace == ProtocolNamespace.base else {
                var element = XMLElement("source", namespace: ProtocolNamespace.base)
                element.children = [try BoundedElement.read(&reader)]
                return .store(try store(element))
            }
            let decoded = try XMLDataDecoder.tree(
                inside: &reader, model: server.datastore.model, options: DecodeOptions(.strict, content: .config))
            if decoded.hasErrors { throw RPCFailure(faults(decoded.diagnostics)) }
            return .inline(decoded.content)
        }
    }

    func deleteConfig(_ parameters: Parameters) throws {
        let target = try changeable(try parameters.required("target"))
        guard target == .startup else {
            throw RPCError(
                .protocol, .operationNotSupported, "the \(target.rawValue) configuration cannot be deleted",
                info: [.init("bad-element", target.rawValue)])
        }
        try server.datastore.setStartup(nil)
        server.publishChange(in: .startup, by: .session(info))
    }

    func validate(_ message: MessageBytes) throws {
        guard server.profile.validate else { throw RPCError.notSupported("the capability validate is not offered") }
        let parameters = try Parameters(message, ["source"], streamed: ["source"])
        let tree = try tree(of: try source(message, parameters))
        let found = faults(server.datastore.faults(in: tree, changedFrom: server.datastore.running))
        if !found.isEmpty { throw RPCFailure(found) }
    }
}
