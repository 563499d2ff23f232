import Basics
import ConfigTree
import YANG

/// Operations that read.
extension ServerSession {
    private enum DefaultsMode: String {
        case explicit, trim
        case reportAll = "report-all"
        case reportAllTagged = "report-all-tagged"

        var encoding: EncodeOptions.Defaults {
            switch self {
            case .explicit: .explicit
            case .trim: .trim
            case .reportAll: .all
            case .reportAllTagged: .allTagged
            }
        }
    }

    func getConfig(_ parameters: Parameters) throws -> Reply.Body {
        let store = try store(try parameters.required("source"))
        let options = try options(parameters)
        let tree = try selected(try content(store), parameters["filter"])
        return .tree(Reply.TreeContent(tree: tree, options: options))
    }

    func get(_ parameters: Parameters) throws -> Reply.Body {
        var options = try options(parameters)
        options.content = .all
        let whole = server.datastore.operational
        guard let filter = parameters["filter"] else {
            return .tree(Reply.TreeContent(tree: whole, options: options, elements: server.stateData()))
        }
        let (tree, state) = (try selected(whole, filter), try selectedState(filter))
        return .tree(Reply.TreeContent(tree: tree, options: options, elements: state))
    }

    /// The part of what the server says of itself that a filter selects. Configuration and state are selected apart: an
    /// expression that compares one with the other sees only one of them.
    private func selectedState(_ filter: XMLElement) throws -> [XMLElement] {
        let state = server.stateData()
        guard Self.type(of: filter) == "xpath" else {
            return state.compactMap { ElementFilter.select(filter.children, $0) }
        }
        let text = filter.attribute("select") ?? filter.attribute("select", namespace: ProtocolNamespace.base) ?? ""
        return try ElementDocument.select(text, filter.prefixes, of: state)
    }

    func options(_ parameters: Parameters) throws -> EncodeOptions {
        let mode = try parameters.choice("with-defaults", standard: DefaultsMode.explicit)
        return EncodeOptions(content: .config, defaults: mode.encoding, pretty: false, wrapped: false)
    }

    static func type(of filter: XMLElement) -> String {
        filter.attribute("type") ?? filter.attribute("type", namespace: ProtocolNamespace.base) ?? "subtree"
    }

    private func selected(_ tree: DataTree, _ filter: XMLElement?) throws -> DataTree {
        guard let filter else { return tree }
        switch Self.type(of: filter) {
        case "subtree": return SubtreeFilter.select(filter.children, of: tree)
        case "xpath":
            let text = filter.attribute("select") ?? filter.attribute("select", namespace: ProtocolNamespace.base)
            guard let text else {
                throw RPCError(
                    .protocol, .missingAttribute, "a filter of type xpath needs select",
                    info: [.init("bad-attribute", "select"), .init("bad-element", "filter")])
            }
            return try XPathSelection.select(text, filter.prefixes, of: tree)
        case let other:
            throw RPCError(
                .protocol, .badAttribute, "\"\(other.prefix(40))\" is no type of filter",
                info: [.init("bad-attribute", "type"), .init("bad-element", "filter")])
        }
    }

    func getSchema(_ operation: XMLElement) throws -> Reply.Body {
        func text(_ name: String) -> String? { operation.child(name)?.trimmedText }
        guard let name = text("identifier") else { throw RPCError.missingElement("identifier") }
        let format = text("format")?.split(separator: ":").last.map(String.init) ?? "yang"
        // Of the protocol's own modules the one that was announced, whatever else is there.
        let version = text("version").flatMap { $0.isEmpty ? nil : $0 } ?? ModuleLibrary.ownRevision(of: name)
        guard format == "yang", let bytes = server.datastore.moduleText(name, revision: version) else {
            throw RPCError.invalidValue(
                format == "yang" ? "identifier" : "format",
                "there is no schema \(name)\(version.map { " of revision \($0)" } ?? "") in the format \(format)")
        }
        let source = String(decoding: bytes, as: UTF8.self)
        return .element { writer in
            try writer.leaf("data", namespace: ProtocolNamespace.monitoring, text: source)
        }
    }
}
