import Basics
import ConfigTree
import YANG

/// The modules of a server as RFC 8525, RFC 7895 and RFC 6022 list them. Computed once: they do not change.
struct ModuleLibrary: Sendable {
    /// Modules of the protocol itself that a server carries out.
    static let own: [Capabilities.Module] = [
        ("ietf-datastores", ProtocolNamespace.datastores, "2018-02-14"),
        ("ietf-netconf", ProtocolNamespace.base, "2011-06-01"),
        ("ietf-netconf-monitoring", ProtocolNamespace.monitoring, "2010-10-04"),
        ("ietf-netconf-nmda", ProtocolNamespace.nmda, "2019-01-07"),
        ("ietf-netconf-notifications", ProtocolNamespace.events, "2012-02-06"),
        ("ietf-netconf-with-defaults", ProtocolNamespace.withDefaults, "2011-06-01"),
        ("ietf-yang-library", ProtocolNamespace.yangLibrary, "2019-01-04"),
        ("nc-notifications", ProtocolNamespace.streams, "2008-07-14"),
        ("notifications", ProtocolNamespace.notification, "2008-07-14"),
    ].map { Capabilities.Module(name: $0.0, namespace: $0.1, revision: $0.2) }

    static func ownRevision(of module: String) -> String? { own.first { $0.name == module }?.revision }

    let contentID: String
    let announced: [Capabilities.Module]
    let modules: [SchemaModule]

    init(_ schema: Schema) {
        // A device whose model has them says so itself.
        let names = Set(Self.own.map(\.name))
        modules = schema.modules.filter { !names.contains($0.name) }.sorted { $0.name < $1.name }
        announced = modules.filter(\.isImplemented).map {
            var module = Capabilities.Module(name: $0.name, namespace: $0.namespace, revision: $0.revision)
            module.features = $0.features
            return module
        }
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in modules.map({ "\($0.name)@\($0.revision ?? "") \($0.digest)" }).joined(separator: "\n").utf8 {
            hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
        }
        contentID = String(hash, radix: 16)
    }
}

extension NETCONFServer {
    /// What the server says of itself: netconf-state, yang-library and modules-state.
    func stateData() -> [XMLElement] { [monitoring(), yangLibrary(), modulesState(), streams()] }

    private static func leaf(_ name: String, _ text: String) -> XMLElement {
        XMLElement(name, namespace: ProtocolNamespace.monitoring, text: text)
    }

    private static func node(_ name: String, _ children: [XMLElement]) -> XMLElement {
        XMLElement(name, namespace: ProtocolNamespace.monitoring, children: children)
    }

    /// RFC 6022.
    private func monitoring() -> XMLElement {
        let uris = capabilities.uris.map { Self.leaf("capability", $0) }
        let own = ModuleLibrary.own.map { ($0.name, $0.revision, $0.namespace) }
        let texts = library.modules.flatMap { module in
            [(module.name, module.revision, module.namespace)]
                + module.submodules.map { ($0.name, $0.revision, module.namespace) }
        }
        let schemas = (own + texts).map { module in
            Self.node(
                "schema",
                [
                    Self.leaf("identifier", module.0), Self.leaf("version", module.1 ?? ""),
                    Self.leaf("format", "yang"), Self.leaf("namespace", module.2), Self.leaf("location", "NETCONF"),
                ])
        }
        let (stores, sessions, statistics) = withState { state in
            (datastores(state), self.sessions(state), state.statistics)
        }
        let counters: [(String, String)] = [
            ("netconf-start-time", statistics.start), ("in-bad-hellos", "\(statistics.inBadHellos)"),
            ("in-sessions", "\(statistics.inSessions)"), ("dropped-sessions", "\(statistics.droppedSessions)"),
            ("in-rpcs", "\(statistics.inRPCs)"), ("in-bad-rpcs", "\(statistics.inBadRPCs)"),
            ("out-rpc-errors", "\(statistics.outRPCErrors)"), ("out-notifications", "\(statistics.outNotifications)"),
        ]
        return Self.node(
            "netconf-state",
            [
                Self.node("capabilities", uris), Self.node("datastores", stores), Self.node("schemas", schemas),
                Self.node("sessions", sessions), Self.node("statistics", counters.map { Self.leaf($0.0, $0.1) }),
            ])
    }

    private func datastores(_ state: State) -> [XMLElement] {
        let all: [(Store, Bool)] = [(.running, true), (.candidate, profile.candidate), (.startup, profile.startup)]
        return all.filter(\.1).map { store, _ in
            var parts = [Self.leaf("name", store.rawValue)]
            if profile.transactionID, store == .running {
                let text = "\(state.statistics.start)-\(state.changes)"
                parts.append(
                    XMLElement("transaction-id", namespace: "http://tail-f.com/yang/netconf-monitoring", text: text))
            }
            if let holder = state.locks[store] {
                let lock = [
                    Self.leaf("locked-by-session", "\(holder)"), Self.leaf("locked-time", state.lockTimes[store] ?? ""),
                ]
                parts.append(Self.node("locks", [Self.node("global-lock", lock)]))
            }
            return Self.node("datastore", parts)
        }
    }

    private func sessions(_ state: State) -> [XMLElement] {
        state.sessions.values.sorted { $0.info.id < $1.info.id }.map { one in
            let (info, counts) = (one.info, one.counts)
            return Self.node(
                "session",
                [
                    Self.leaf("session-id", "\(info.id)"), Self.leaf("transport", info.transport),
                    Self.leaf("username", info.user), Self.leaf("source-host", info.source),
                    Self.leaf("login-time", info.loginTime), Self.leaf("in-rpcs", "\(counts.inRPCs)"),
                    Self.leaf("in-bad-rpcs", "\(counts.inBadRPCs)"),
                    Self.leaf("out-rpc-errors", "\(counts.outRPCErrors)"),
                    Self.leaf("out-notifications", "\(counts.outNotifications)"),
                ])
        }
    }

    /// The features of the modules of the protocol that this server has.
    func ownFeatures(_ module: String) -> [String] {
        guard module == "ietf-netconf" else { return [] }
        let features: [(Bool, String)] = [
            (profile.writableRunning, "writable-running"), (profile.candidate, "candidate"),
            (profile.confirmedCommit && profile.candidate, "confirmed-commit"), (true, "rollback-on-error"),
            (profile.validate, "validate"), (profile.startup, "startup"), (true, "xpath"),
        ]
        return features.filter(\.0).map(\.1)
    }

    /// RFC 8525.
    private func yangLibrary() -> XMLElement {
        func leaf(_ name: String, _ text: String) -> XMLElement {
            XMLElement(name, namespace: ProtocolNamespace.yangLibrary, text: text)
        }
        func node(_ name: String, _ children: [XMLElement]) -> XMLElement {
            XMLElement(name, namespace: ProtocolNamespace.yangLibrary, children: children)
        }
        let own = ModuleLibrary.own.map { module in
            node(
                "module",
                [leaf("name", module.name), leaf("revision", module.revision ?? "")]
                    + [leaf("namespace", module.namespace)] + ownFeatures(module.name).map { leaf("feature", $0) })
        }
        let modules =
            own
            + library.modules.map { module in
                node(
                    module.isImplemented ? "module" : "import-only-module",
                    [leaf("name", module.name)]
                        + (module.revision.map { [leaf("revision", $0)] }
                            ?? (module.isImplemented ? [] : [leaf("revision", "")]))
                        + [leaf("namespace", module.namespace)]
                        + module.submodules.map { submodule in
                            let revision = submodule.revision.map { [leaf("revision", $0)] } ?? []
                            return node("submodule", [leaf("name", submodule.name)] + revision)
                        }
                        + (module.isImplemented ? module.features.map { leaf("feature", $0) } : []))
            }
        let ordered = modules.filter { $0.name == "module" } + modules.filter { $0.name != "module" }
        let set = node("module-set", [leaf("name", "all")] + ordered)
        let schema = node("schema", [leaf("name", "all"), leaf("module-set", "all")])
        let stores = [
            ("running", true), ("candidate", profile.candidate), ("startup", profile.startup), ("intended", true),
            ("operational", true),
        ]
        let datastores = stores.filter(\.1).map { name, _ in
            var identity = leaf("name", "ds:\(name)")
            identity.prefixes = ["ds": "urn:ietf:params:xml:ns:yang:ietf-datastores"]
            return node("datastore", [identity, leaf("schema", "all")])
        }
        return node("yang-library", [set, schema] + datastores + [leaf("content-id", library.contentID)])
    }

    /// RFC 7895.
    private func modulesState() -> XMLElement {
        func leaf(_ name: String, _ text: String) -> XMLElement {
            XMLElement(name, namespace: ProtocolNamespace.yangLibrary, text: text)
        }
        let own = ModuleLibrary.own.map { module in
            XMLElement(
                "module", namespace: ProtocolNamespace.yangLibrary,
                children: [leaf("name", module.name), leaf("revision", module.revision ?? "")]
                    + [leaf("namespace", module.namespace)] + ownFeatures(module.name).map { leaf("feature", $0) }
                    + [leaf("conformance-type", "implement")])
        }
        let modules =
            own
            + library.modules.map { module in
                XMLElement(
                    "module", namespace: ProtocolNamespace.yangLibrary,
                    children: [leaf("name", module.name), leaf("revision", module.revision ?? "")]
                        + [leaf("namespace", module.namespace)] + module.features.map { leaf("feature", $0) }
                        + [leaf("conformance-type", module.isImplemented ? "implement" : "import")]
                        + module.submodules.map { submodule in
                            XMLElement(
                                "submodule", namespace: ProtocolNamespace.yangLibrary,
                                children: [leaf("name", submodule.name), leaf("revision", submodule.revision ?? "")])
                        })
            }
        return XMLElement(
            "modules-state", namespace: ProtocolNamespace.yangLibrary,
            children: [leaf("module-set-id", library.contentID)] + modules)
    }
}
