import Basics
import YANG

/// What happens as a node begins or ends.
extension TreeDecoder {
    /// Opens a node whose parent is ready for it; `inner` is the model below a mount point.
    func enter(_ info: NodeInfo, _ inner: DataModel?, _ attributes: Attributes?, _ position: TextPosition) {
        let parent = top
        if !info.rivals.isEmpty { reportRivals(of: info, in: parent) }
        let frame: DecoderFrame
        switch info.kind {
        case .leaf, .leafList: frame = push(.terminal, info, info, position)
        case .anydata, .anyxml:
            frame = push(.opaque, info, info, position)
            opaque = OpaqueWriter(namespace: info.node.module.namespace)
        case .list:
            frame = push(.entry, info, info, position)
            if info.keys.isEmpty { beginDetached(frame) }
        case .mountPoint:
            guard let inner else {
                fault(
                    "What is mounted in \(info.node.name) is not known",
                    "load the driver that the entry names (ned-id)", isTolerable: true)
                return skip()
            }
            frame = push(.container, info, rootInfo(inner), position)
            frame.draft = parent.draft?.mount(info.node, model: inner)
        default:
            let known = parent.draft?.existingContainer(info.node)
            if options.policy == .strict, known != nil { reportDuplicate("The container \(info.node.name)") }
            frame = push(.container, info, info, position)
            if let known { frame.draft = known } else { beginDetached(frame) }
        }
        if attributes == nil, parent.operation != .none {
            // The usual case: an element that says nothing of itself.
        } else {
            frame.attributes = attributes
            frame.operation = operation(attributes, in: parent)
            frame.isDiscarded = frame.operation == .delete || frame.operation == .remove
        }
        if frame.role == .container || (frame.role == .entry && info.keys.isEmpty) { announce(frame) }
    }

    private func beginDetached(_ frame: DecoderFrame) {
        frame.draft = takeDraft(frame.info.node)
        frame.isDetached = true
    }

    /// An entry's keys are known: makes it.
    func enterEntry(_ frame: DecoderFrame) {
        let parent = frames[frames.count - 2]
        if let known = parent.draft?.existingEntry(of: frame.node, keys: frame.keys) {
            reportDuplicate(
                "The entry {\(frame.keys.joined(separator: " "))} of list \(frame.node.name)", at: frame.position)
            frame.draft = frame.isDiscarded ? RowDraft(frame.node) : known
        } else {
            beginDetached(frame)
            for (key, value) in zip(frame.info.keys, frame.keys) { frame.draft?.set(value, for: key) }
        }
        announce(frame)
    }

    /// A container or entry ends: what was filled apart becomes a row of its parent.
    func attach(_ frame: DecoderFrame) {
        guard let draft = frame.draft else { return }
        if let items = frame.attributes?.metadata, !items.isEmpty { annotate(items, frame) }
        guard frame.isDetached else { return }
        let parent = frames[frames.count - 2]
        if !frame.isDiscarded, let outer = parent.draft {
            if frame.role == .entry {
                outer.entries(of: frame.node).append(draft, in: frame.info.model)
            } else {
                outer.add(draft.freeze(in: frame.info.model), as: frame.node)
            }
        }
        giveBack(draft)
    }

    func closeTerminal(_ frame: DecoderFrame) {
        let info = frame.info
        let parent = frames[frames.count - 2]
        if !collectsEdits, info.kind == .leaf, !info.isKey, frame.attributes == nil, let draft = parent.draft,
            isCanonical(frame)
        {
            if draft.hasLeaf(in: info.slot) { return setAgain(frame, draft) }
            if options.dropsDefaults, info.node.defaults.first.map({ frame.text.elementsEqual($0.utf8) }) == true {
                return
            }
            frame.text.withUnsafeBytes { draft.append($0, in: info.slot) }
            return
        }
        closeTerminalSlowly(frame, info, parent)
    }

    private func setAgain(_ frame: DecoderFrame, _ draft: RowDraft) {
        reportDuplicate("The leaf \(frame.node.name)", at: frame.position)
        frame.text.withUnsafeBytes { draft.set($0, in: frame.info.slot) }
    }

    private func closeTerminalSlowly(_ frame: DecoderFrame, _ info: NodeInfo, _ parent: DecoderFrame) {
        let node = info.node
        if info.kind == .leaf, frame.isDiscarded { return appendEdit(.delete, path, frame) }
        let isKey = info.isKey && parent.role == .entry
        guard let value = canonical(frame) else {
            // The key counts as given: what it should be was said.
            if isKey { setKey(String(decoding: frame.text, as: UTF8.self), frame, parent) }
            return
        }
        if isKey { return setKey(value, frame, parent) }
        if info.kind == .leafList { return closeLeafList(value, frame, parent) }
        if parent.draft?.hasLeaf(in: info.slot) == true {
            reportDuplicate("The leaf \(node.name)", at: frame.position)
        }
        if isDefault(value, frame) {
            // As if it were not there: a value by default.
            return appendEdit(.delete, path, frame, as: .remove)
        }
        parent.draft?.set(value, for: node)
        appendEdit(.set(value), path, frame)
        if let items = frame.attributes?.metadata, !items.isEmpty { annotate(items, frame) }
    }

    /// Whether the leaf is to be left to its default.
    private func isDefault(_ value: String, _ frame: DecoderFrame) -> Bool {
        guard frame.attributes?.isTaggedDefault == true else {
            return options.dropsDefaults && frame.info.node.defaults.first == value
        }
        if frame.info.node.defaults.first == value { return true }
        fault(
            "\(frame.node.name) is marked as default, but \"\(value)\" is not its default value",
            frame.node.defaults.first.map { "the default is \"\($0)\"" } ?? "it has no default", at: frame.position)
        return false
    }

    private func setKey(_ value: String, _ frame: DecoderFrame, _ parent: DecoderFrame) {
        guard let index = parent.info.keys.firstIndex(of: frame.node) else { return }
        if parent.hasKey(index) { return reportDuplicate("The key \(frame.node.name)", at: frame.position) }
        parent.setKey(value, at: index)
        guard let items = frame.attributes?.metadata, !items.isEmpty else { return }
        parent.memberMetadata.append((frame.info, items))
    }

    private func closeLeafList(_ value: String, _ frame: DecoderFrame, _ parent: DecoderFrame) {
        let node = frame.node
        if !frame.isDiscarded, let entries = parent.draft?.entries(of: node) {
            if entries.addValue(value) {
                for item in metadata(frame.attributes?.metadata ?? [], node) {
                    entries.annotate(item.name, item.value, at: entries.addedCount - 1)
                }
            } else if node.isConfig {
                return reportDuplicate("The value \"\(value)\" of leaf-list \(node.name)", at: frame.position)
            }
        }
        guard collectsEdits || collectsOperations && frame.attributes != nil else { return }
        var path = path
        path.steps[path.steps.count - 1].keys = [value]
        if frame.isDiscarded {
            appendEdit(.delete, path, frame)
        } else if let place = place(frame) {
            appendEdit(.place(place), path, frame)
        } else {
            appendEdit(.create, path, frame)
        }
        for item in metadata(frame.attributes?.metadata ?? [], node) {
            appendEdit(.annotate(item.name, item.value), path, frame)
        }
    }

    func closeOpaque(_ frame: DecoderFrame) {
        let text = opaque?.finished() ?? ""
        opaque = nil
        if frame.isDiscarded { return appendEdit(.delete, path, frame) }
        frames[frames.count - 2].draft?.set(text, for: frame.node)
        appendEdit(.set(text), path, frame)
        if let items = frame.attributes?.metadata, !items.isEmpty { annotate(items, frame) }
    }

    // MARK: Edits

    private func operation(_ attributes: Attributes?, in parent: DecoderFrame) -> EditOperation {
        guard let wanted = attributes?.operation else {
            return parent.operation == .none ? .none : .merge
        }
        if !collectsEdits, !collectsOperations, wanted == .delete || wanted == .remove {
            fault("Operation \(wanted.rawValue) has no meaning here", "this document is read as data, not as edits")
        }
        return wanted
    }

    /// Adds the edits that the begin of a container or entry asks for.
    private func announce(_ frame: DecoderFrame) {
        guard collectsEdits || collectsOperations && frame.attributes != nil,
            frame.info.kind != .mountPoint || frame.attributes?.operation != nil
        else { return }
        let node = frame.node
        let path = path
        switch frame.operation {
        case .delete, .remove: appendEdit(.delete, path, frame)
        case .none: break
        case .replace:
            edits.append(DecodedEdit(.delete, path, place: frame.position.place(in: file)))
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

    func appendEdit(
        _ edit: Edit, _ path: @autoclosure () -> InstancePath, _ frame: DecoderFrame, as operation: EditOperation? = nil
    ) {
        guard collectsEdits || collectsOperations else { return }
        if frame.operation == .none { return }
        let requirement: DecodedEdit.Requirement =
            switch operation ?? frame.operation {
            case .create: .absent
            case .delete: .present
            default: .nothing
            }
        guard frame.info.kind != .mountPoint || edit == .delete else { return }
        if !collectsEdits, edit != .delete {
            // The merge does the rest.
            if requirement == .absent { appendEdit(plain(edit), path(), requirement, frame, to: &edits) }
            if case .place = edit { appendEdit(edit, path(), .nothing, frame, to: &placements) }
            return
        }
        appendEdit(edit, path(), requirement, frame, to: &edits)
    }

    private func appendEdit(
        _ edit: Edit, _ path: InstancePath, _ requirement: DecodedEdit.Requirement, _ frame: DecoderFrame,
        to list: inout [DecodedEdit]
    ) {
        list.append(DecodedEdit(edit, path, requirement: requirement, place: frame.position.place(in: file)))
    }

    /// The edit without the place, which may be told by what the merge brings.
    private func plain(_ edit: Edit) -> Edit {
        if case .place = edit { .create } else { edit }
    }

    /// What `insert`, `key` and `value` say (RFC 7950 sections 7.7.9 and 7.8.6), with canonical keys.
    private func place(_ frame: DecoderFrame) -> Entries.Place? {
        guard let insert = frame.attributes?.insert, frame.node.isUserOrdered else { return nil }
        switch insert {
        case "first": return .first
        case "last": return .last
        case "before", "after":
            guard let neighbour = neighbour(frame) else { return nil }
            return insert == "before" ? .before(neighbour) : .after(neighbour)
        default:
            fault("insert=\"\(insert)\" is not known", "expected first, last, before or after", at: frame.position)
            return nil
        }
    }

    private func neighbour(_ frame: DecoderFrame) -> [String]? {
        let node = frame.node
        guard let text = frame.attributes?.neighbour else {
            let wanted = node.kind == .leafList ? "value" : "key"
            fault("insert needs the attribute \(wanted)", "name the neighbour", at: frame.position)
            return nil
        }
        if node.kind == .leafList { return canonical(text, node.type, node, frame).map { [$0] } }
        let given = KeyPredicates.values(text)
        var keys: [String] = []
        for key in frame.info.keys {
            guard let value = given[key.name] else {
                fault("key=\"\(text)\" does not say \(key.name)", "expected [\(key.name)='...']", at: frame.position)
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
