import Basics
import ConfigTree
import NETCONF
package import YANG

/// What a session asks of the server itself: its modules, its sessions, its transaction ids (RFC 6022, 7895, 8525).
extension NETCONFDeviceSession {
    private static let transactionID = "http://tail-f.com/ns/netconf/transaction-id/1.0"

    // MARK: Modules

    /// A greeting need not name modules of YANG 1.1; the YANG library does (RFC 7950 section 5.6.4).
    func announcedModules() throws(NEDError) -> [AnnouncedModule] {
        var found = dialogue.capabilities.modules.prefix(Self.moduleLimit).map {
            AnnouncedModule(
                name: $0.name, revision: $0.revision ?? "", features: $0.features, deviations: $0.deviations)
        }
        let names = Set(found.map(\.name))
        let isWhole = driver.model.schema.modules.allSatisfy { names.contains($0.name) || !$0.isImplemented }
        guard !isWhole || target.netconf.readsModuleLibrary, let root = libraryRoot else { return found }
        let library = try get("yang-library", filter: XMLElement(root, namespace: ProtocolNamespace.yangLibrary))
        for module in Self.modules(in: library) where !names.contains(module.name) && found.count < Self.moduleLimit {
            found.append(module)
        }
        return found
    }

    private static let moduleLimit = 10_000

    package var capabilities: [String] { dialogue.capabilities.uris }

    /// The namespaces of the modules that the greeting names.
    package var namespaces: [String: String] {
        Dictionary(
            dialogue.capabilities.modules.map { ($0.name, $0.namespace) }, uniquingKeysWith: { first, _ in first })
    }

    /// The element under which the device lists its modules, if it does.
    private var libraryRoot: String? {
        if dialogue.capabilities.has("yang-library:1.1") { return "yang-library" }
        return dialogue.capabilities.has("yang-library:1.0") ? "modules-state" : nil
    }

    private static func modules(in library: [XMLElement]) -> [AnnouncedModule] {
        let sets = library.flatMap { $0.children("module-set") } + library.filter { $0.name == "modules-state" }
        let modules = sets.flatMap { $0.children("module") }.filter { module in
            (module.child("conformance-type")?.trimmedText ?? "implement") == "implement"
        }
        return modules.compactMap { module in
            guard let name = module.child("name")?.trimmedText, !name.isEmpty else { return nil }
            let deviations = module.children("deviation").map { $0.child("name")?.trimmedText ?? $0.trimmedText }
            return AnnouncedModule(
                name: name, revision: module.child("revision")?.trimmedText ?? "",
                features: module.children("feature").map(\.trimmedText), deviations: deviations)
        }
    }

    // MARK: Transaction ids

    /// Whether the device tells one id for all that it holds, so that nothing else need be read to see a change.
    var tellsTransactionID: Bool {
        target.netconf.usesTransactionID && dialogue.capabilities.has(Self.transactionID)
    }

    /// The id of the running configuration, if the device tells one.
    func deviceTransactionID() throws(NEDError) -> String? {
        guard tellsTransactionID else { return nil }
        func leaf(_ name: String, _ text: String = "") -> XMLElement {
            XMLElement(name, namespace: ProtocolNamespace.monitoring, text: text)
        }
        func node(_ name: String, _ children: [XMLElement]) -> XMLElement {
            XMLElement(name, namespace: ProtocolNamespace.monitoring, children: children)
        }
        let store = node("datastore", [leaf("name", "running")])
        let state = try get("transaction-id", filter: node("netconf-state", [node("datastores", [store])]))
        let stores = state.flatMap { $0.children("datastores") }.flatMap { $0.children("datastore") }
        let running = stores.first { $0.child("name")?.trimmedText == "running" }
        guard let id = running?.children.first(where: { $0.name == "transaction-id" })?.trimmedText, !id.isEmpty else {
            return nil
        }
        return String(id.prefix(200)).withoutControlCharacters
    }

    // MARK: Sessions

    /// Who another session is, as far as the device tells: `session 7 (user admin, from 192.0.2.1)`.
    func words(for session: String) -> String {
        let plain = "session \(session)"
        guard let number = UInt32(session),
            dialogue.capabilities.modules.contains(where: {
                $0.namespace == ProtocolNamespace.monitoring
            })
        else { return plain }
        func node(_ name: String, _ children: [XMLElement]) -> XMLElement {
            XMLElement(name, namespace: ProtocolNamespace.monitoring, children: children)
        }
        let id = XMLElement("session-id", namespace: ProtocolNamespace.monitoring, text: "\(number)")
        let filter = node("netconf-state", [node("sessions", [node("session", [id])])])
        let state = (try? get("netconf-state", filter: filter)) ?? []
        let sessions = state.flatMap { $0.children("sessions") }.flatMap { $0.children("session") }
        guard let holder = sessions.first(where: { $0.child("session-id")?.trimmedText == "\(number)" }) else {
            return plain
        }
        let details = [("user", "username"), ("from", "source-host"), ("since", "login-time")].compactMap {
            (word, name) in
            holder.child(name).map { "\(word) \($0.trimmedText.prefix(80))" }
        }
        return plain + (details.isEmpty ? "" : " (\(details.joined(separator: ", ")))")
    }

    // MARK: Asking

    /// The elements in the data that `<get>` with a subtree filter gives.
    func get(_ what: String, filter: XMLElement) throws(NEDError) -> [XMLElement] {
        var found: [XMLElement] = []
        try dialogue.call("get") { writer in
            try writer.start("get")
            try writer.start("filter", attributes: [("type", "subtree")])
            try filter.write(to: &writer)
            try writer.end()
            try writer.end()
        } data: { reader in
            found = try BoundedElement.read(&reader).children
        }
        return found
    }

    /// The text of a module (RFC 6022 section 3.1).
    package func schemaText(_ module: String, revision: String) throws(NEDError) -> String {
        var text = ""
        try dialogue.call("get-schema") { writer in
            try writer.start("get-schema", namespace: ProtocolNamespace.monitoring)
            try writer.leaf("identifier", text: module)
            if !revision.isEmpty { try writer.leaf("version", text: revision) }
            try writer.leaf("format", text: "yang")
            try writer.end()
        } data: { reader in
            text = try ClientExchange.text(&reader)
        }
        return text
    }

    /// The modules whose texts the device hands out: name, revision and format of each (RFC 6022 section 2.1.3).
    package func schemas() throws(NEDError) -> [AnnouncedModule] {
        let filter = XMLElement(
            "netconf-state", namespace: ProtocolNamespace.monitoring,
            children: [XMLElement("schemas", namespace: ProtocolNamespace.monitoring)])
        let state = try get("schemas", filter: filter)
        let schemas = state.flatMap { $0.children("schemas") }.flatMap { $0.children("schema") }
        return schemas.prefix(Self.moduleLimit).compactMap { schema in
            let format = schema.child("format")?.trimmedText.split(separator: ":").last ?? "yang"
            guard format == "yang", let name = schema.child("identifier")?.trimmedText else { return nil }
            return AnnouncedModule(name: name, revision: schema.child("version")?.trimmedText ?? "")
        }
    }
}
