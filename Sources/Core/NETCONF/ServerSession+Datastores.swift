import Basics
import ConfigTree
import YANG

/// Operations on the datastores of NMDA (RFC 8526): the classic ones by their names, and `intended` and `operational`,
/// which here are the running configuration, the latter with its defaults and the state of the server.
///
/// The features origin, with-operational-defaults and max-depth counted from what a filter selects are not offered.
extension ServerSession {
    private enum NamedStore {
        case classic(NETCONFServer.Store)
        case intended, operational
    }

    /// The datastore that an identity of ietf-datastores names.
    private func namedStore(_ element: XMLElement) throws -> NamedStore {
        let parts = element.trimmedText.split(separator: ":", maxSplits: 1)
        let name = parts.last.map(String.init) ?? ""
        let namespace = parts.count == 2 ? element.prefixes[String(parts[0])] : ProtocolNamespace.datastores
        if namespace == ProtocolNamespace.datastores {
            switch name {
            case "intended": return .intended
            case "operational": return .operational
            case "running": return .classic(.running)
            case "candidate" where server.profile.candidate: return .classic(.candidate)
            case "startup" where server.profile.startup: return .classic(.startup)
            default: break
            }
        }
        throw RPCError.invalidValue("datastore", "this server has no datastore \"\(element.trimmedText.prefix(80))\"")
    }

    /// The datastore that `<nmda:datastore>` names where others have `<running/>`.
    func lockableStore(_ element: XMLElement) throws -> NETCONFServer.Store {
        guard case .classic(let store) = try namedStore(element) else {
            throw RPCError.invalidValue("datastore", "\"\(element.trimmedText.prefix(80))\" is never written")
        }
        return store
    }

    // MARK: get-data

    private static let readParameters: Set = [
        "datastore", "subtree-filter", "xpath-filter", "config-filter", "max-depth", "with-defaults",
    ]

    func getData(_ message: MessageBytes) throws -> Reply.Body {
        let parameters = try Parameters(message, Self.readParameters, namespace: ProtocolNamespace.nmda)
        let store = try namedStore(try parameters.required("datastore"))
        if let depth = parameters["max-depth"]?.trimmedText, depth != "unbounded" {
            throw RPCError.notSupported("answers have their full depth: leave max-depth away", "max-depth")
        }
        var options = try options(parameters)
        var isState = false
        let tree: DataTree
        switch store {
        case .classic(let store): tree = try content(store)
        case .intended: tree = try content(.running)
        case .operational:
            tree = try content(.running)
            isState = true
            options.content = .all
            // What is in use is there, whoever set it (RFC 8342 section 5.3).
            if parameters["with-defaults"] == nil { options.defaults = .all }
        }
        var showsConfig = true
        if let text = parameters["config-filter"]?.trimmedText {
            guard text == "true" || text == "false" else {
                throw RPCError.invalidValue("config-filter", "config-filter is true or false")
            }
            showsConfig = text == "true"
            isState = isState && !showsConfig
            if showsConfig { options.content = .config } else { options.defaults = .explicit }
        }
        let chosen = try filtered(showsConfig ? tree : DataTree(tree.model), parameters, isState: isState)
        return .tree(
            Reply.TreeContent(
                namespace: ProtocolNamespace.nmda, tree: chosen.tree, options: options, elements: chosen.state))
    }

    private func filtered(
        _ tree: DataTree, _ parameters: Parameters, isState: Bool
    ) throws -> (tree: DataTree, state: [XMLElement]) {
        let state = isState ? server.stateData() : []
        if let filter = parameters["subtree-filter"] {
            return (
                SubtreeFilter.select(filter.children, of: tree),
                state.compactMap { ElementFilter.select(filter.children, $0) }
            )
        }
        guard let filter = parameters["xpath-filter"] else { return (tree, state) }
        let text = filter.trimmedText
        let prefixes = filter.prefixes
        return (
            try XPathSelection.select(text, prefixes, of: tree),
            try ElementDocument.select(text, prefixes, of: state)
        )
    }

    // MARK: edit-data

    func editData(_ message: MessageBytes) throws {
        let parameters = try Parameters(
            message, ["datastore", "default-operation", "config", "url"], streamed: ["config"],
            namespace: ProtocolNamespace.nmda)
        guard case .classic(let target) = try namedStore(try parameters.required("datastore")), target != .startup
        else {
            throw RPCError.invalidValue("datastore", "this datastore is not edited")
        }
        try requireChangeable(target)
        if parameters["url"] != nil { throw RPCError.notSupported("the capability url is not offered", "url") }
        _ = try parameters.required("config")
        try edit(message, parameters, target)
    }
}
