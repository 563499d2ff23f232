import Basics
package import ConfigTree
import YANG

/// What a server tells its subscribers: the events of RFC 6470, and who listens.
extension NETCONFServer {
    /// Who did what an event tells.
    package enum Cause: Sendable {
        case session(SessionInfo)
        /// The device itself, or a user at its command line.
        case server
    }

    enum Ending: String { case closed, killed, dropped, timeout, badHello = "bad-hello", other }

    enum ConfirmEvent: String { case start, cancel, timeout, extend, complete }

    private static func node(_ name: String, _ children: [XMLElement]) -> XMLElement {
        XMLElement(name, namespace: ProtocolNamespace.events, children: children)
    }

    private static func leaf(_ name: String, _ text: String) -> XMLElement {
        XMLElement(name, namespace: ProtocolNamespace.events, text: text)
    }

    private static func parameters(_ info: SessionInfo) -> [XMLElement] {
        [leaf("username", info.user), leaf("session-id", "\(info.id)"), leaf("source-host", info.source)]
    }

    /// Tells all subscribers, and keeps the event for replay.
    func publish(_ event: XMLElement) {
        let time = datastore.timestamp()
        let listeners = withState { state in
            state.events.append(event, time: time)
            return state.subscribers.values.map { $0 }
        }
        for wake in listeners { wake() }
    }

    func publishStart(_ info: SessionInfo) {
        publish(Self.node("netconf-session-start", Self.parameters(info)))
    }

    func publishEnd(_ info: SessionInfo, _ ending: Ending, killer: UInt32?) {
        let killedBy = killer.map { [Self.leaf("killed-by", "\($0)")] } ?? []
        let reason = [Self.leaf("termination-reason", ending.rawValue)]
        publish(Self.node("netconf-session-end", Self.parameters(info) + killedBy + reason))
    }

    func publishConfirm(_ event: ConfirmEvent, _ info: SessionInfo?, seconds: Int? = nil) {
        let time = seconds.map { [Self.leaf("timeout", "\($0)")] } ?? []
        publish(
            Self.node(
                "netconf-confirmed-commit",
                (info.map(Self.parameters) ?? []) + [Self.leaf("confirm-event", event.rawValue)] + time))
    }

    // MARK: Configuration

    /// Edits that one event names; of larger changes only the nodes at the top.
    private static let editLimit = 32

    /// Tells that the running configuration has changed. The cost follows the difference.
    package func publishChange(from old: DataTree, to new: DataTree, by cause: Cause) {
        let difference = old.diff(to: new)
        guard !difference.isEmpty else { return }
        withState { $0.changes += 1 }
        var edits: [XMLElement] = []
        for node in difference { Self.collect(node, InstancePath(), &edits) }
        if edits.count > Self.editLimit {
            edits = difference.map { Self.edit(InstancePath().appending($0.node, keys: $0.keys), $0.change) }
        }
        publishChange(in: .running, edits, by: cause)
    }

    func publishChange(in store: Store, _ edits: [XMLElement] = [], by cause: Cause) {
        let author =
            switch cause {
            case .session(let info): Self.parameters(info)
            case .server: [Self.leaf("server", "")]
            }
        publish(
            Self.node(
                "netconf-config-change",
                [Self.node("changed-by", author), Self.leaf("datastore", store.rawValue)] + edits))
    }

    private static func collect(_ node: DiffNode, _ parent: InstancePath, _ edits: inout [XMLElement]) {
        guard edits.count <= editLimit else { return }
        let path = parent.appending(node.node, keys: node.keys)
        if node.change != .inside { edits.append(edit(path, node.change)) }
        if node.change == .inside || node.change == .moved {
            for child in node.children { collect(child, path, &edits) }
        }
    }

    private static func edit(_ path: InstancePath, _ change: DiffNode.Change) -> XMLElement {
        let operation =
            switch change {
            case .inside, .moved: "merge"
            case .created: "create"
            case .deleted: "delete"
            case .modified: "replace"
            }
        var target = leaf("target", path.description)
        for step in path.steps { target.prefixes[step.node.moduleName] = step.node.namespace }
        return node("edit", [target, leaf("operation", operation)])
    }

    // MARK: Streams

    /// What `/netconf/streams` of RFC 5277 says.
    func streams() -> XMLElement {
        func leaf(_ name: String, _ text: String) -> XMLElement {
            XMLElement(name, namespace: ProtocolNamespace.streams, text: text)
        }
        func node(_ name: String, _ children: [XMLElement]) -> XMLElement {
            XMLElement(name, namespace: ProtocolNamespace.streams, children: children)
        }
        let log = withState(\.events)
        let stream = [
            leaf("name", "NETCONF"), leaf("description", "Events of the NETCONF server"), leaf("replaySupport", "true"),
            leaf("replayLogCreationTime", log.start),
        ]
        let aged = log.aged.map { [leaf("replayLogAgedTime", $0)] } ?? []
        return node("netconf", [node("streams", [node("stream", stream + aged)])])
    }
}
