/// Capabilities of NETCONF, as URIs (RFC 6241 section 8).
package struct Capabilities: Hashable, Sendable {
    package private(set) var uris: [String]

    package init(_ uris: [String] = []) { self.uris = uris }

    package static let base10 = "urn:ietf:params:netconf:base:1.0"
    package static let base11 = "urn:ietf:params:netconf:base:1.1"
    private static let prefix = "urn:ietf:params:netconf:capability:"

    /// The URI of a capability of the RFCs: `candidate:1.0`.
    package static func standard(_ name: String) -> String { prefix + name }

    package mutating func add(_ uri: String) { uris.append(uri) }

    /// Whether `name` (`candidate:1.0`) or the exact URI is among them, whatever parameters it has.
    package func has(_ name: String) -> Bool { uri(name) != nil }

    private func uri(_ name: String) -> String? {
        let wanted = name.hasPrefix("urn:") || name.contains("://") ? name : Self.prefix + name
        return uris.first { $0 == wanted || $0.hasPrefix(wanted + "?") }
    }

    /// A parameter of a capability: `parameter("basic-mode", of: "with-defaults:1.0")`.
    package func parameter(_ key: String, of name: String) -> String? { uri(name).flatMap { Self.parameters($0)[key] } }

    /// The framing that both ends agree on with the greeting.
    package func framing(with other: Capabilities) -> MessageFraming? {
        if has(Self.base11), other.has(Self.base11) { return .chunked }
        return has(Self.base10) && other.has(Self.base10) ? .endOfMessage : nil
    }

    /// A module that the peer announces (RFC 6020 section 5.6.4).
    package struct Module: Hashable, Sendable {
        package var name: String
        package var namespace: String
        package var revision: String?
        package var features: [String] = []
        package var deviations: [String] = []

        package init(name: String, namespace: String, revision: String?) {
            self.name = name
            self.namespace = namespace
            self.revision = revision
        }

        package var uri: String {
            "\(namespace)?module=\(name)" + (revision.map { "&revision=\($0)" } ?? "")
                + (features.isEmpty ? "" : "&features=" + features.joined(separator: ","))
                + (deviations.isEmpty ? "" : "&deviations=" + deviations.joined(separator: ","))
        }
    }

    package var modules: [Module] {
        uris.compactMap { uri in
            let parameters = Self.parameters(uri)
            guard let name = parameters["module"] else { return nil }
            let namespace = String(uri.prefix { $0 != "?" })
            var module = Module(name: name, namespace: namespace, revision: parameters["revision"])
            module.features = parameters["features"]?.split(separator: ",").map(String.init) ?? []
            module.deviations = parameters["deviations"]?.split(separator: ",").map(String.init) ?? []
            return module
        }
    }

    private static func parameters(_ uri: String) -> [String: String] {
        guard let mark = uri.firstIndex(of: "?") else { return [:] }
        var result: [String: String] = [:]
        for pair in uri[uri.index(after: mark)...].replacing("&amp;", with: "&").split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1)
            if parts.count == 2 { result[String(parts[0])] = String(parts[1]) }
        }
        return result
    }
}

/// Namespaces of the protocol's own modules.
package enum ProtocolNamespace {
    package static let base = "urn:ietf:params:xml:ns:netconf:base:1.0"
    package static let monitoring = "urn:ietf:params:xml:ns:yang:ietf-netconf-monitoring"
    package static let withDefaults = "urn:ietf:params:xml:ns:yang:ietf-netconf-with-defaults"
    package static let yangLibrary = "urn:ietf:params:xml:ns:yang:ietf-yang-library"
    package static let notification = "urn:ietf:params:xml:ns:netconf:notification:1.0"
    /// Events of RFC 6470, and the list of streams of RFC 5277.
    package static let events = "urn:ietf:params:xml:ns:yang:ietf-netconf-notifications"
    package static let streams = "urn:ietf:params:xml:ns:netmod:notification"
    package static let datastores = "urn:ietf:params:xml:ns:yang:ietf-datastores"
    package static let nmda = "urn:ietf:params:xml:ns:yang:ietf-netconf-nmda"
    package static let yang = "urn:ietf:params:xml:ns:yang:1"
}
