import Basics
import YANG

/// What happens as a node begins or ends.
extension TreeDecoder {
    /// Opens a node whose parent is ready for it; `inner` is the model below a mount point.
    func enter(_ info: NodeInfo, _ inner: DataModel?, _ attributes: Attributes, _ place: SourcePlace) {
        let parent = top
        let node = info.node
        if !info.rivals.isEmpty { reportRivals(of: info, in: parent) }
        let frame: Frame
        switch info.kind {
        case .leaf, .leafList: frame = Frame(.terminal, node, parent.model, place, step: node)
        case .anydata, .anyxml:
            frame = Frame(.opaque, node, parent.model, place, step: node)
            opaque = XMLWriter(pretty: false, namespace: node.module.namespace)
        case .list:
            frame = Frame(.entry, node, parent.model, place, step: node)
            frame.keyNodes = info.keys
            frame.keys = [String?](repeating: nil, count: frame.keyNodes.count)
            if frame.keys.isEmpty { frame.draft = parent.draft?.appendEntry(of: node) }
        case .mountPoint:
            guard let inner else {
                fault(
                    "What is mounted in \(node.name) is not known", "load the driver that the entry names (ned-id)",
                    isTolerable: true)
                return skip(place)
            }
            frame = Frame(.container, inner.schema.root, inner, place, step: node)
            frame.draft = parent.draft?.mount(node, model: inner)
        default:
            if options.policy == .strict, parent.draft?.existingContainer(node) != nil {
                reportDuplicate("The container \(node.name)")
            }
            frame = Frame(.container, node, parent.model, place, step: node)
            frame.draft = parent.draft?.container(node)
        }
        frame.info = info
        frame.attributes = attributes
        frame.operation = operation(attributes, in: parent)
        frame.isDiscarded = frame.operation == .delete || frame.operation == .remove
        frames.append(frame)
        if frame.role == .container || (frame.role == .entry && frame.keys.isEmpty) { announce(frame) }
    }

    /// An entry's keys are known: makes it.
    func enterEntry(_ frame: Frame) {
        let keys = frame.keys.map { $0 ?? "" }
        let parent = frames[frames.count - 2]
        if parent.draft?.existingEntry(of: frame.node, keys: keys) != nil {
            reportDuplicate("The entry {\(keys.joined(separator: " "))} of list \(frame.node.name)", at: frame.place)
        }
        frame.draft = frame.isDiscarded ? RowDraft(frame.node) : parent.draft?.entry(of: frame.node, keys: keys)
        announce(frame)
    }

    func closeTerminal(_ frame: Frame) {
        let node = frame.node
        let parent = frames[frames.count - 2]
        if node.kind == .leaf, frame.isDiscarded {
            appendEdit(.delete, path, frame)
            return
        }
        guard let value = canonical(frame) else {
            // The key counts as given: what it should be was said.
            if frame.info?.isKey == true, parent.role == .entry { setKey(frame.text ?? "", frame, parent) }
            return
        }
        if frame.info?.isKey == true, parent.role == .entry { return setKey(value, frame, parent) }
        if node.kind == .leafList { return closeLeafList(value, frame, parent) }
        if parent.draft?.value(of: node) != nil { reportDuplicate("The leaf \(node.name)", at: frame.place) }
        parent.draft?.set(value, for: node)
        appendEdit(.set(value), path, frame)
    }

    private func setKey(_ value: String, _ frame: Frame, _ parent: Frame) {
        guard let index = parent.keyNodes.firstIndex(of: frame.node) else { return }
        if parent.keys[index] != nil { return reportDuplicate("The key \(frame.node.name)", at: frame.place) }
        parent.keys[index] = value
    }

    private func closeLeafList(_ value: String, _ frame: Frame, _ parent: Frame) {
        let node = frame.node
        let isNew = frame.isDiscarded || parent.draft?.add(value, to: node) ?? true
        if !isNew, node.isConfig {
            return reportDuplicate("The value \"\(value)\" of leaf-list \(node.name)", at: frame.place)
        }
        guard collectsEdits else { return }
        var path = path
        path.steps[path.steps.count - 1].keys = [value]
        if frame.isDiscarded {
            appendEdit(.delete, path, frame)
        } else if let place = place(frame) {
            appendEdit(.place(place), path, frame)
        } else {
            appendEdit(.create, path, frame)
        }
    }

    func closeOpaque(_ frame: Frame) {
        try? opaque?.finish()
        let text = opaque.map { String(decoding: $0.output.bytes, as: UTF8.self) } ?? ""
        opaque = nil
        if frame.isDiscarded { return appendEdit(.delete, path, frame) }
        frames[frames.count - 2].draft?.set(text, for: frame.node)
        appendEdit(.set(text), path, frame)
    }

    // MARK: Edits

    private func operation(_ attributes: Attributes, in parent: Frame) -> EditOperation {
        guard let wanted = attributes.operation else {
            return parent.operation == .none ? .none : .merge
        }
        if !collectsEdits, wanted == .delete || wanted == .remove {
            fault("Operation \(wanted.rawValue) has no meaning here", "this document is read as data, not as edits")
        }
        return wanted
    }

    /// Adds the edits that the begin of a container or entry asks for.
    private func announce(_ frame: Frame) {
        guard collectsEdits, frame.step?.kind != .mountPoint || frame.attributes.operation != nil else { return }
        let node = frame.node
        let path = path
        switch frame.operation {
        case .delete, .remove: appendEdit(.delete, path, frame)
        case .none: break
        case .replace:
            edits.append(DecodedEdit(.delete, path, place: frame.place))
            if frame.role == .entry || node.isPresence {
                appendEdit(place(frame).map(Edit.place) ?? .create, path, frame)
            }
        case .merge, .create:
            if let place = place(frame) {
                appendEdit(.place(place), path, frame)
            } else if frame.role == .entry || node.isPresence {
                appendEdit(.create, path, frame)
            }
        }
    }

    private func appendEdit(_ edit: Edit, _ path: @autoclosure () -> InstancePath, _ frame: Frame) {
        guard collectsEdits else { return }
        if frame.operation == .none { return }
        let requirement: DecodedEdit.Requirement =
            switch frame.operation {
            case .create: .absent
            case .delete: .present
            default: .nothing
            }
        guard frame.step?.kind != .mountPoint || edit == .delete else { return }
        edits.append(DecodedEdit(edit, path(), requirement: requirement, place: frame.place))
    }

    /// What `insert`, `key` and `value` say (RFC 7950 sections 7.7.9 and 7.8.6), with canonical keys.
    private func place(_ frame: Frame) -> Entries.Place? {
        guard let insert = frame.attributes.insert, frame.step?.isUserOrdered == true else { return nil }
        switch insert {
        case "first": return .first
        case "last": return .last
        case "before", "after":
            guard let neighbour = neighbour(frame) else { return nil }
            return insert == "before" ? .before(neighbour) : .after(neighbour)
        default:
            fault("insert=\"\(insert)\" is not known", "expected first, last, before or after", at: frame.place)
            return nil
        }
    }

    private func neighbour(_ frame: Frame) -> [String]? {
        let node = frame.node
        guard let text = frame.attributes.neighbour else {
            let wanted = node.kind == .leafList ? "value" : "key"
            fault("insert needs the attribute \(wanted)", "name the neighbour", at: frame.place)
            return nil
        }
        if node.kind == .leafList { return canonical(text, node.type, node, frame).map { [$0] } }
        let given = KeyPredicates.values(text)
        var keys: [String] = []
        for key in frame.keyNodes {
            guard let value = given[key.name] else {
                fault("key=\"\(text)\" does not say \(key.name)", "expected [\(key.name)='...']", at: frame.place)
                return nil
            }
            guard let canonical = canonical(value, key.type, key, frame) else { return nil }
            keys.append(canonical)
        }
        return keys
    }
}

/// The predicates of a `key` attribute: `[p:name='value'][other="value"]`.
enum KeyPredicates {
    static func values(_ text: String) -> [String: String] {
        var result: [String: String] = [:]
        var rest = text[...]
        while let start = rest.firstIndex(of: "["), let equals = rest[start...].firstIndex(of: "=") {
            let name = rest[rest.index(after: start)..<equals].split(separator: ":").last ?? ""
            let value = rest[rest.index(after: equals)...].drop { $0 == " " }
            guard let quote = value.first, quote == "'" || quote == "\"",
                let end = value.dropFirst().firstIndex(of: quote)
            else { break }
            result[name.filter { $0 != " " }] = String(value[value.index(after: value.startIndex)..<end])
            rest = value[value.index(after: end)...]
        }
        return result
    }
}
