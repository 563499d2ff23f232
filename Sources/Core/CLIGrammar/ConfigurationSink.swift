import ConfigTree
import YANG

/// Where the lines of a configuration text end up: a draft of a new tree, or edits of one that is there.
protocol ConfigurationSink {
    /// What a mode stands for in the sink.
    associatedtype Place

    /// The place of a frame of a line that was read in `base`.
    mutating func place(_ frame: Int, of parser: borrowing LineParser, base: Place) -> Place
    /// Carries out the line; `order` is the position announced for the entry that it names.
    mutating func apply(_ parser: borrowing LineParser, base: Place, order: Entries.Place?)
    /// Says metadata of what an operation of the line, which was carried out, is about.
    mutating func annotate(
        _ target: LineOperation, of parser: borrowing LineParser, base: Place, _ name: String, _ value: String)
    /// The row at a place, for finding out what is mounted there.
    func row(_ frame: Int, of parser: borrowing LineParser, base: Place) -> Row?
}

/// Builds a tree from nothing.
///
/// Invariant: the drafts of open modes stay where they are. A line takes away only what is inside the mode it is read in.
struct DraftSink: ConfigurationSink {
    /// A draft, and the model of the tree that it belongs to: held by the drafts around it, and by the grammar that reads.
    struct Place {
        private let draftReference: Unmanaged<RowDraft>
        private let modelReference: Unmanaged<DataModel>

        init(draft: RowDraft, model: DataModel) {
            draftReference = .passUnretained(draft)
            modelReference = .passUnretained(model)
        }

        var draft: RowDraft { draftReference.takeUnretainedValue() }
        var model: DataModel { modelReference.takeUnretainedValue() }

        @inline(__always) func with<R>(_ body: (RowDraft) -> R) -> R { draftReference._withUnsafeGuaranteedRef(body) }

        fileprivate func inside(_ draft: RowDraft) -> Place {
            Place(draftReference: .passUnretained(draft), modelReference: modelReference)
        }

        private init(draftReference: Unmanaged<RowDraft>, modelReference: Unmanaged<DataModel>) {
            self.draftReference = draftReference
            self.modelReference = modelReference
        }
    }

    mutating func place(_ frame: Int, of parser: borrowing LineParser, base: Place) -> Place {
        Self.place(frame, of: parser, base: base)
    }

    private static func place(_ index: Int, of parser: borrowing LineParser, base: Place) -> Place {
        let frame = parser.frames[index]
        guard frame.parent >= 0 else { return base }
        return step(frame, of: parser, from: place(frame.parent, of: parser, base: base))
    }

    private static func step(_ frame: LineFrame, of parser: borrowing LineParser, from parent: Place) -> Place {
        let node = frame.node
        switch node.kind {
        case .list:
            return withUnsafeTemporaryAllocation(of: UnsafeRawBufferPointer.self, capacity: frame.keys.count) { keys in
                for index in keys.indices {
                    keys.initializeElement(at: index, to: parser.values[frame.keys.lowerBound + index].raw)
                }
                let all = UnsafeBufferPointer(keys)
                return parent.with { parent.inside($0.entry(in: node.slot, keys: all)) }
            }
        case .mountPoint:
            let model = frame.grammar.model
            return Place(draft: parent.draft.mount(node.schema, model: model), model: model)
        default: return parent.with { parent.inside($0.container(in: node.slot)) }
        }
    }

    /// Takes away what is of another case of a choice than what the line gives.
    private func dropRivals(_ parser: borrowing LineParser, _ base: Place) {
        for operation in parser.operations {
            let (holder, slot): (Int, Int)
            switch operation {
            case .node(let frame): (holder, slot) = (parser.frames[frame].parent, parser.frames[frame].node.slot)
            case .leaf(let frame, let node, _, _), .values(let frame, let node, _), .list(let frame, let node):
                (holder, slot) = (frame, node.slot)
            }
            guard holder >= 0 else { continue }
            let children = parser.frames[holder].content.children
            guard children.hasRivals, let rivals = children.rivals[slot] else { continue }
            let draft = Self.place(holder, of: parser, base: base).draft
            for rival in rivals { draft.remove(in: rival) }
        }
    }

    mutating func apply(_ parser: borrowing LineParser, base: Place, order: Entries.Place?) {
        if !parser.isNo || parser.setsByNo, parser.frames.contains(where: { $0.content.children.hasRivals }) {
            dropRivals(parser, base)
        }
        withUnsafeTemporaryAllocation(of: Place?.self, capacity: parser.frames.count) { places in
            places.initialize(repeating: nil)
            places[0] = base
            LineEffects.forEach(of: parser) { Self.carryOut($0, of: parser, places) }
        }
    }

    private static func carryOut(
        _ change: LineEffects.Change, of parser: borrowing LineParser, _ places: UnsafeMutableBufferPointer<Place?>
    ) {
        switch change {
        case .create(let frame): _ = place(frame, of: parser, places)
        case .set(let frame, let node, let value):
            place(frame, of: parser, places).with { $0.set(value.raw, in: node.slot) }
        case .add(let frame, let node, let values):
            let draft = place(frame, of: parser, places).draft
            for value in parser.values[values] { draft.add(CLIText.string(value), to: node.schema) }
        case .remove(let frame, let node, let value):
            existing(frame, of: parser, places)?.with { draft in
                if let value, draft.value(of: node.schema) != CLIText.string(value) { return }
                draft.remove(in: node.slot)
            }
        case .removeValues(let frame, let node, let values):
            guard let draft = existing(frame, of: parser, places)?.draft else { return }
            for value in parser.texts(values) { draft.removeEntry(of: node.schema, keys: [value]) }
        case .removeNode(let frame):
            let here = parser.frames[frame]
            guard here.parent >= 0, let draft = existing(here.parent, of: parser, places)?.draft else { return }
            if here.node.kind == .list {
                draft.removeEntry(of: here.node.schema, keys: parser.keys(of: here))
            } else {
                draft.remove(in: here.node.slot)
            }
        case .removeEntry(let frame, let route, let keys):
            var draft = existing(frame, of: parser, places)?.draft
            for node in route.via { draft = draft?.existingContainer(node.schema) }
            draft?.removeEntry(of: route.target.schema, keys: parser.texts(keys))
        case .vanish(let frame):
            let node = parser.frames[frame].node
            guard let here = existing(frame, of: parser, places), here.draft.freeze(in: here.model).isBare(node.schema)
            else { return }
            carryOut(.removeNode(frame: frame), of: parser, places)
            places[frame] = nil
        }
    }

    /// The place of a frame, made when it is first needed, and among the `places` of the line from then on.
    private static func place(
        _ index: Int, of parser: borrowing LineParser, _ places: UnsafeMutableBufferPointer<Place?>
    ) -> Place {
        if let known = places[index] { return known }
        let frame = parser.frames[index]
        let made = step(frame, of: parser, from: place(frame.parent, of: parser, places))
        places[index] = made
        return made
    }

    /// The place of a frame, if there is one: what is taken away makes nothing on the way.
    private static func existing(
        _ index: Int, of parser: borrowing LineParser, _ places: UnsafeMutableBufferPointer<Place?>
    ) -> Place? {
        if let known = places[index] { return known }
        let frame = parser.frames[index]
        guard let parent = existing(frame.parent, of: parser, places) else { return nil }
        switch frame.node.kind {
        case .list:
            return parent.draft.existingEntry(of: frame.node.schema, keys: parser.keys(of: frame)).map(parent.inside)
        case .mountPoint:
            return parent.draft.existingMount(frame.node.schema).map { Place(draft: $0.1, model: $0.0) }
        default: return parent.draft.existingContainer(frame.node.schema).map(parent.inside)
        }
    }

    mutating func annotate(
        _ target: LineOperation, of parser: borrowing LineParser, base: Place, _ name: String, _ value: String
    ) {
        let draft = Self.place(target.frame, of: parser, base: base).draft
        switch target {
        case .node: draft.note(RowMetadata.Item(name: name, value: value), of: nil)
        case .leaf(_, let node, _, _): draft.note(RowMetadata.Item(name: name, value: value), of: node.slot)
        case .values, .list: break
        }
    }

    func row(_ frame: Int, of parser: borrowing LineParser, base: Place) -> Row? {
        let place = Self.place(frame, of: parser, base: base)
        return place.draft.freeze(in: place.model)
    }
}

/// Edits a tree, keeping account of the edits.
struct EditSink: ConfigurationSink {
    private(set) var tree: DataTree
    private(set) var edits: [PathEdit] = []

    init(_ tree: DataTree) { self.tree = tree }

    mutating func place(_ frame: Int, of parser: borrowing LineParser, base: InstancePath) -> InstancePath {
        Self.path(frame, of: parser, base: base)
    }

    static func path(_ index: Int, of parser: borrowing LineParser, base: InstancePath) -> InstancePath {
        let frame = parser.frames[index]
        guard frame.parent >= 0 else { return base }
        return path(frame.parent, of: parser, base: base).appending(frame.node.schema, keys: parser.keys(of: frame))
    }

    mutating func apply(_ parser: borrowing LineParser, base: InstancePath, order: Entries.Place?) {
        // What may have become empty goes too (`cli-delete-when-empty`).
        let isDeletion = parser.isNo
        LineEffects.forEach(of: parser) { change in
            switch change {
            case .create(let frame):
                let path = Self.path(frame, of: parser, base: base)
                let isNamed = order != nil && frame == parser.lastEntry
                carryOut(isNamed ? .place(order ?? .last) : .create, path)
            case .set(let frame, let node, let value):
                carryOut(.set(CLIText.string(value)), Self.path(frame, of: parser, base: base).appending(node.schema))
            case .add(let frame, let node, let values):
                let path = Self.path(frame, of: parser, base: base)
                for value in parser.texts(values) { carryOut(.create, path.appending(node.schema, keys: [value])) }
            case .remove(let frame, let node, let value):
                let path = Self.path(frame, of: parser, base: base).appending(node.schema)
                remove(path, value: value.map(CLIText.string), isDeletion)
            case .removeValues(let frame, let node, let values):
                let path = Self.path(frame, of: parser, base: base)
                for value in parser.texts(values) {
                    remove(path.appending(node.schema, keys: [value]), value: nil, isDeletion)
                }
            case .removeNode(let frame):
                remove(Self.path(frame, of: parser, base: base), value: nil, isDeletion)
            case .removeEntry(let frame, let route, let keys):
                var path = Self.path(frame, of: parser, base: base)
                for node in route.via { path = path.appending(node.schema) }
                path = path.appending(route.target.schema, keys: parser.texts(keys))
                if tree.instance(path) != nil { remove(path, value: nil, isDeletion) }
            case .vanish(let frame):
                let path = Self.path(frame, of: parser, base: base)
                guard tree.instance(path)?.row?.isBare(parser.frames[frame].node.schema) == true else { return }
                remove(path, value: nil, isDeletion)
            }
        }
    }

    mutating func annotate(
        _ target: LineOperation, of parser: borrowing LineParser, base: InstancePath, _ name: String, _ value: String
    ) {
        carryOut(.annotate(name, value), Self.path(of: target, parser, base: base))
    }

    /// The path of what an operation is about.
    static func path(of target: LineOperation, _ parser: borrowing LineParser, base: InstancePath) -> InstancePath {
        let path = path(target.frame, of: parser, base: base)
        return switch target {
        case .node: path
        case .leaf(_, let node, _, _), .list(_, let node): path.appending(node.schema)
        case .values(_, let node, let values): path.appending(node.schema, keys: parser.texts(values.prefix(1)))
        }
    }

    mutating func carryOut(_ edit: Edit, _ path: InstancePath) {
        guard let changed = try? tree.applying(edit, at: path) else { return }
        if changed.root === tree.root { return }
        tree = changed
        edits.append(PathEdit(edit, path))
    }

    private mutating func remove(_ path: InstancePath, value: String?, _ isDeletion: Bool) {
        if let value, tree.instance(path.parent)?.row?.value(in: path.last?.node.slot ?? 0) != value { return }
        carryOut(.delete, path)
        guard isDeletion else { return }
        var path = path.parent
        while let step = path.last {
            // Without a word of its own, an empty presence container could not be written.
            let isWordless = step.node.isPresence && step.node.annotation("cli-drop-node-name") != nil
            guard isWordless || step.node.annotation("cli-delete-when-empty") != nil else {
                if step.node.isNonPresenceContainer {
                    path = path.parent
                    continue
                }
                return
            }
            guard let row = tree.instance(path)?.row, row.isBare(step.node) else { return }
            carryOut(.delete, path)
            path = path.parent
        }
    }

    func row(_ frame: Int, of parser: borrowing LineParser, base: InstancePath) -> Row? {
        let path = Self.path(frame, of: parser, base: base)
        if let row = tree.instance(path)?.row { return row }
        // An entry that the line itself makes: its keys may say what is mounted in it, as those of a template do.
        guard path.last?.node.kind == .list else { return nil }
        return (try? tree.applying(.create, at: path))?.instance(path)?.row
    }
}

extension LineParser {
    /// Whether the line is `no` and the name of a boolean, and gives that a value.
    fileprivate var setsByNo: Bool {
        isNo
            && operations.contains {
                if case .leaf(_, let node, .some, false) = $0 { node.has(.booleanNo) } else { false }
            }
    }

    func texts(_ range: Range<Int>) -> [String] { values[range].map(CLIText.string) }

    func keys(of frame: LineFrame) -> [String] { texts(frame.keys) }

    /// The list entry that the line is about: the last one named.
    var lastEntry: Int? {
        for operation in operations.reversed() {
            if case .node(let frame) = operation, frames[frame].node.kind == .list { return frame }
        }
        return nil
    }
}

extension Row {
    /// Whether nothing is stored but the words that name an entry.
    func isBare(_ node: SchemaNode) -> Bool {
        guard kids.isEmpty else { return false }
        return (0..<leafCount).allSatisfy {
            let leaf = node.dataChild(at: leafSlot(at: $0))
            return leaf.isKey || leaf.annotation("cli-prefix-key") != nil
        }
    }
}
