package import Basics
package import ConfigTree
import YANG

/// An error in a reply (RFC 6241 section 4.3 and appendix A).
package struct RPCError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Kind: String, Sendable { case transport, rpc, `protocol`, application }

    package enum Tag: String, Sendable, CaseIterable {
        case inUse = "in-use"
        case invalidValue = "invalid-value"
        case tooBig = "too-big"
        case missingAttribute = "missing-attribute"
        case badAttribute = "bad-attribute"
        case unknownAttribute = "unknown-attribute"
        case missingElement = "missing-element"
        case badElement = "bad-element"
        case unknownElement = "unknown-element"
        case unknownNamespace = "unknown-namespace"
        case accessDenied = "access-denied"
        case lockDenied = "lock-denied"
        case resourceDenied = "resource-denied"
        case rollbackFailed = "rollback-failed"
        case dataExists = "data-exists"
        case dataMissing = "data-missing"
        case operationNotSupported = "operation-not-supported"
        case operationFailed = "operation-failed"
        case partialOperation = "partial-operation"
        /// For peers with base 1.1 only.
        case malformedMessage = "malformed-message"
    }

    package struct Info: Hashable, Sendable {
        package var name: String
        package var value: String

        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    package struct Prefix: Hashable, Sendable {
        package var prefix: String
        package var uri: String
    }

    package var kind: Kind
    package var tag: Tag
    package var isWarning = false
    package var appTag: String?
    /// An instance path whose prefixes are `prefixes`.
    package var path: String?
    package var prefixes: [Prefix] = []
    package var message: String
    package var info: [Info]

    package init(_ kind: Kind, _ tag: Tag, _ message: String, info: [Info] = []) {
        self.kind = kind
        self.tag = tag
        self.message = message
        self.info = info
    }

    // MARK: Frequent ones

    package static func unknownElement(_ name: String, _ message: String? = nil, kind: Kind = .protocol) -> RPCError {
        RPCError(kind, .unknownElement, message ?? "<\(name)> is not known here", info: [Info("bad-element", name)])
    }

    package static func missingElement(_ name: String) -> RPCError {
        RPCError(.protocol, .missingElement, "<\(name)> is missing", info: [Info("bad-element", name)])
    }

    package static func badElement(_ name: String, _ message: String) -> RPCError {
        RPCError(.protocol, .badElement, message, info: [Info("bad-element", name)])
    }

    package static func invalidValue(_ name: String, _ message: String) -> RPCError {
        RPCError(.protocol, .invalidValue, message, info: [Info("bad-element", name)])
    }

    package static func notSupported(_ message: String, _ name: String? = nil) -> RPCError {
        RPCError(.protocol, .operationNotSupported, message, info: name.map { [Info("bad-element", $0)] } ?? [])
    }

    /// `tag`, path and message, as an operator should see them.
    package var description: String {
        let details = info.map { "\($0.name) \($0.value)" }.joined(separator: ", ")
        return tag.rawValue + (path.map { " at \($0)" } ?? "") + (message.isEmpty ? "" : ": \(message)")
            + (details.isEmpty ? "" : " (\(details))")
    }

    // MARK: Writing

    package func write(to writer: inout XMLWriter) throws {
        try writer.start("rpc-error")
        try writer.leaf("error-type", text: kind.rawValue)
        try writer.leaf("error-tag", text: tag.rawValue)
        try writer.leaf("error-severity", text: isWarning ? "warning" : "error")
        if let appTag { try writer.leaf("error-app-tag", text: appTag) }
        if let path {
            try writer.leaf("error-path", prefixes: prefixes.map { ($0.prefix, $0.uri) }, text: path)
        }
        try writer.leaf("error-message", attributes: [("xml:lang", "en")], text: message)
        if !info.isEmpty {
            try writer.start("error-info")
            for item in info { try writer.leaf(item.name, text: item.value) }
            try writer.end()
        }
        try writer.end()
    }

    // MARK: Reading

    /// Reads `<rpc-error>`. What a server says beside the RFC's words is taken as far as it goes.
    package init(_ element: XMLElement) {
        func text(_ name: String) -> String? { element.children.first { $0.name == name }?.trimmedText }
        kind = text("error-type").flatMap(Kind.init) ?? .application
        tag = text("error-tag").flatMap(Tag.init) ?? .operationFailed
        isWarning = text("error-severity") == "warning"
        appTag = text("error-app-tag")
        path = text("error-path")
        message = text("error-message") ?? ""
        info =
            element.children.first { $0.name == "error-info" }?.children.prefix(20).map { child in
                Info(child.name, child.trimmedText)
            } ?? []
        if tag == .operationFailed, let given = text("error-tag"), given != tag.rawValue {
            message = message.isEmpty ? given : "\(given): \(message)"
        }
    }
}

/// One or more errors, thrown by an operation that did nothing, or what it could.
package struct RPCFailure: Error, Sendable, CustomStringConvertible {
    package var errors: [RPCError]

    package init(_ errors: [RPCError]) { self.errors = errors }
    package init(_ error: RPCError) { errors = [error] }

    package var description: String { errors.map(\.description).joined(separator: "; ") }
}

extension RPCError {
    /// A finding about data that a client sent, or about the configuration that it would make.
    package init(_ diagnostic: Diagnostic, model: DataModel) {
        let tag: Tag
        var appTag: String?
        switch (diagnostic.code, diagnostic.appTag) {
        case ("unknown-element", _): tag = .unknownElement
        case ("unknown-namespace", _): tag = .unknownNamespace
        case ("missing-element", _): tag = .missingElement
        case ("bad-attribute", _): tag = .badAttribute
        case (_, "data-exists"): tag = .dataExists
        case (_, "data-missing"): tag = .dataMissing
        case (_, "instance-required"):
            tag = .dataMissing
            appTag = "instance-required"
        case (_, "missing-choice"):
            tag = .dataMissing
            appTag = "missing-choice"
        case (_, let known?):
            tag =
                known == "must-violation" || known.hasPrefix("too-") || known == "data-not-unique"
                ? .operationFailed : .invalidValue
            appTag = known
        default: tag = diagnostic.summary.hasSuffix("is not configured") ? .dataMissing : .invalidValue
        }
        let remedy = diagnostic.remedy.isEmpty ? "" : "; \(diagnostic.remedy)"
        self.init(.application, tag, diagnostic.summary + remedy)
        self.appTag = appTag
        if let name = diagnostic.subject {
            switch tag {
            case .badAttribute: info = [Info("bad-attribute", name.name), Info("bad-element", name.parent)]
            case .unknownNamespace:
                info = [Info("bad-element", name.name), Info("bad-namespace", name.namespace)]
            default: info = [Info("bad-element", name.name)]
            }
        }
        if let text = diagnostic.path { setPath(text, model) }
    }

    /// Paths of findings have several forms; in a reply it is that of an instance-identifier.
    private mutating func setPath(_ text: String, _ model: DataModel) {
        guard let found = try? DataTree(model).path(text), !found.steps.isEmpty else { return }
        path = found.description
        var seen: Set<String> = []
        for step in found.steps where seen.insert(step.node.moduleName).inserted {
            prefixes.append(Prefix(prefix: step.node.moduleName, uri: step.node.namespace))
        }
    }
}
