import Basics
import YANG

/// What stands under the XML and the JSON decoder: takes elements, values and ends as they are read, checks them
/// against the schema, and builds a tree or a list of edits.
///
/// A list entry whose keys do not come first, and a mount point whose entry does not yet say which model is mounted,
/// put what follows on a tape that is played when the keys are known, or at the end of the entry. So keys may stand
/// anywhere (RFC 7951 section 5.4) and the memory needed is that of one entry.
///
/// Frames and drafts are used again, and a value stays bytes as long as its type lets it: reading a node of a large
/// document allocates nothing but the rows that remain.
final class TreeDecoder {
    /// The name of an element as its document has it.
    struct Name {
        var local: String
        /// A namespace URI or a module's name; nil is that of the parent.
        var qualifier: String?
        /// Stands for `local` and `qualifier` within the document.
        var token: UInt64
    }

    /// How a JSON document wrote a member.
    enum Shape { case any, single, inArray, nullInArray }

    struct Attributes {
        var operation: EditOperation?
        /// The keys of the neighbour, as written, of `insert="before"` or `"after"`.
        var insert: String?
        var neighbour: String?
        /// `wd:default="true"` (RFC 6243 section 6).
        var isTaggedDefault = false
        var metadata: [RawMetadata] = []
    }

    enum Push {
        case open(Name, Shape, Attributes?, TextPosition)
        case value(String, ValueForm, [String: String]?)
        case metadata(Name?, [RawMetadata])
        case close
    }

    let model: DataModel
    let options: DecodeOptions
    let collectsEdits: Bool
    /// Besides the tree, the edits that a merge of it does not do: deletions, requirements, places. So that a large
    /// document without such attributes needs no edits at all.
    let collectsOperations: Bool
    /// Whether qualifiers are module names (JSON) or namespaces (XML).
    let isJSON: Bool
    let file: String
    var frames: [DecoderFrame] = []
    var top: DecoderFrame
    private var spareFrames: [DecoderFrame] = []
    private var spareDrafts: [RowDraft] = []
    var edits: [DecodedEdit] = []
    /// With `collectsOperations`, what is to be done after the merge.
    var placements: [DecodedEdit] = []
    var diagnostics: [Diagnostic] = []
    var errorCount = 0
    var count = 0
    private var roots: [ObjectIdentifier: NodeInfo] = [:]
    private let start: NodeInfo
    var contexts: [ContextKey: ValueContext] = [:]
    /// Content of the anydata being read.
    var opaque: OpaqueWriter?
    var lastPosition = TextPosition()

    struct ContextKey: Hashable {
        var model: ObjectIdentifier
        var module: String
    }

    /// Reads the content of `node`: of the root, unless it is that of an operation, a notification or a structure.
    init(
        model: DataModel, options: DecodeOptions, collectsEdits: Bool, isJSON: Bool, file: String,
        defaultOperation: EditOperation = .merge, node: SchemaNode? = nil, collectsOperations: Bool = false
    ) {
        self.model = model
        self.options = options
        self.collectsEdits = collectsEdits
        self.collectsOperations = collectsOperations
        self.isJSON = isJSON
        self.file = file
        let info = NodeInfo(node ?? model.schema.root, model: model, content: options.content)
        start = info
        top = DecoderFrame()
        top.begin(.container, info, info, TextPosition())
        top.hasStep = node != nil && node?.kind != .root
        top.draft = RowDraft(info.node)
        top.operation = defaultOperation
        frames.append(top)
        if info.kind == .root { roots[ObjectIdentifier(model)] = info }
    }

    func finishedTree() -> Decoded<DataTree> {
        let row = finishedRow()
        return Decoded(DataTree(model: model, root: row.content), row.diagnostics)
    }

    func finishedRow() -> Decoded<Row> {
        if frames.count == 1 { finishContent(frames[0]) }
        let draft = frames[0].draft ?? RowDraft(model.schema.root)
        return Decoded(draft.freeze(in: model), finishedDiagnostics())
    }

    func finishedMerge() -> Decoded<DecodedMerge> {
        let tree = finishedTree()
        return Decoded(DecodedMerge(before: edits, tree: tree.content, after: placements), tree.diagnostics)
    }

    func finishedEdits() -> Decoded<[DecodedEdit]> { Decoded(edits, finishedDiagnostics()) }

    // MARK: Frames

    func push(
        _ role: DecoderFrame.Role, _ info: NodeInfo, _ scope: NodeInfo, _ position: TextPosition
    ) -> DecoderFrame {
        let frame = spareFrames.popLast() ?? DecoderFrame()
        frame.begin(role, info, scope, position)
        frames.append(frame)
        top = frame
        return frame
    }

    private func pop() {
        let frame = frames.removeLast()
        top = frames[frames.count - 1]
        frame.end()
        spareFrames.append(frame)
    }

    func takeDraft(_ node: SchemaNode) -> RowDraft {
        guard let draft = spareDrafts.popLast() else { return RowDraft(node) }
        draft.reset(node)
        return draft
    }

    func giveBack(_ draft: RowDraft) { spareDrafts.append(draft) }

    /// What may stand at the root of a model.
    func rootInfo(_ model: DataModel) -> NodeInfo {
        if let known = roots[ObjectIdentifier(model)] { return known }
        let info = NodeInfo(model.schema.root, model: model, content: options.content)
        roots[ObjectIdentifier(model)] = info
        return info
    }

    // MARK: What the document says

    func open(
        _ token: UInt64, at position: TextPosition, shape: Shape = .any, attributes: Attributes? = nil,
        name: () -> Name
    ) {
        lastPosition = position
        let parent = top
        if parent.role == .opaque || parent.role == .skipped || parent.isTaping {
            return openInside(parent, name(), shape, attributes, position)
        }
        if parent.isDiscarded, parent.role != .entry || parent.draft != nil { return skip() }
        guard parent.role != .terminal else {
            let (found, node) = (name().local, parent.info.node)
            fault("\(found) stands inside the \(node.kind.word) \(node.name)", "expected a value")
            return skip()
        }
        let found = parent.scope.child(token, guess: &parent.guess) { findChild(name(), in: parent.scope) }
        guard let info = found else {
            reportUnknown(name(), in: parent)
            return skip()
        }
        guard !info.isUnwanted else {
            if options.content == .configOnly { return skip() }
            fault("\(name().local) is state data", "remove it: only configuration can be loaded", isTolerable: true)
            return skip()
        }
        var inner: DataModel?
        var waits = parent.role == .entry && parent.draft == nil && !info.isKey
        if !waits, info.kind == .mountPoint {
            inner = mountedModel(info.node, in: parent)
            waits = inner == nil
        }
        if waits, !parent.isEnding {
            parent.depth = 1
            parent.tape.append(.open(name(), shape, attributes, position))
        } else {
            if shape != .any { checkShape(shape, info) }
            enter(info, inner, attributes, position)
        }
    }

    func value(_ bytes: UnsafeRawBufferPointer, form: ValueForm = .text, prefixes: () -> [String: String]? = { nil }) {
        let frame = top
        if frame.role == .terminal {
            frame.text.append(contentsOf: bytes)
            frame.form = form
            if !isJSON, frame.info.readsPrefixes, bytes.contains(UInt8(ascii: ":")) { frame.prefixes = prefixes() }
            return
        }
        valueElsewhere(String(decoding: bytes, as: UTF8.self), form, prefixes, frame)
    }

    private func valueElsewhere(
        _ text: String, _ form: ValueForm, _ prefixes: () -> [String: String]?, _ frame: DecoderFrame
    ) {
        if frame.isTaping {
            let hasColon = !isJSON && text.utf8.contains(UInt8(ascii: ":"))
            frame.tape.append(.value(text, form, hasColon ? prefixes() : nil))
            return
        }
        switch frame.role {
        case .opaque: opaque?.value(text)
        case .container, .entry:
            // An element with nothing in it may have its end on another line.
            let isBlank = !isJSON && text.utf8.allSatisfy { $0 == 0x20 || (0x09...0x0D).contains($0) }
            guard !frame.isDiscarded, !isBlank else { return }
            let node = frame.info.node
            fault(
                "The \(node.kind.word) \(node.name) cannot have the value \"\(text.prefix(80))\"",
                "expected nodes in it")
        case .terminal, .skipped: break
        }
    }

    func close() {
        let frame = top
        if frame.isTaping {
            frame.tape.append(.close)
            frame.depth -= 1
            return
        }
        switch frame.role {
        case .terminal: closeTerminal(frame)
        case .opaque where (opaque?.depth ?? 0) > 0:
            opaque?.end()
            return
        case .skipped where frame.depth > 0:
            frame.depth -= 1
            return
        case .opaque: closeOpaque(frame)
        case .skipped: break
        case .entry, .container:
            finishContent(frame)
            attach(frame)
        }
        let wasKey = frame.role == .terminal && frame.info.isKey
        pop()
        let outer = top
        if wasKey, outer.role == .entry, outer.draft == nil, outer.hasAllKeys {
            enterEntry(outer)
            playTape(of: outer)
        }
    }

    private func openInside(
        _ frame: DecoderFrame, _ name: Name, _ shape: Shape, _ attributes: Attributes?, _ position: TextPosition
    ) {
        if frame.role == .opaque {
            let isElement = OpaqueWriter.canNameElement(name.local)
            if !isElement {
                fault("\"\(name.local.prefix(80))\" is no name of a node", "expected letters, digits, “-”, “_” and “.”")
            }
            opaque?.start(
                isElement ? name.local : "_", name.qualifier, schema: frame.info.model.schema, isJSON: isJSON)
            return
        }
        if frame.isTaping { frame.tape.append(.open(name, shape, attributes, position)) }
        frame.depth += 1
    }

    /// Content up to the matching end is passed over.
    func skip() { _ = push(.skipped, top.info, top.scope, lastPosition) }

    // MARK: Waiting

    /// Plays what had to wait, while `frame` is the innermost.
    private func playTape(of frame: DecoderFrame) {
        guard !frame.tape.isEmpty else { return }
        let tape = frame.tape
        frame.tape = []
        for push in tape {
            switch push {
            case .open(let name, let shape, let attributes, let position):
                open(name.token, at: position, shape: shape, attributes: attributes) { name }
            case .value(var text, let form, let prefixes):
                text.withUTF8 { value(UnsafeRawBufferPointer($0), form: form) { prefixes } }
            case .metadata(let name, let items): metadata(items, of: name)
            case .close: close()
            }
        }
    }

    private func finishContent(_ frame: DecoderFrame) {
        frame.isEnding = true
        if frame.role == .entry, frame.draft == nil {
            reportMissingKeys(frame)
            frame.tape = []
            return
        }
        playTape(of: frame)
        if !frame.memberMetadata.isEmpty { placeMemberMetadata(frame) }
    }

    /// The model below a mount point of the entry in `frame`, as the document or the data before it tells.
    private func mountedModel(_ point: SchemaNode, in frame: DecoderFrame) -> DataModel? {
        guard let draft = frame.draft else { return nil }
        let model = frame.scope.model
        if let inner = model.mounted(draft.freeze(in: model), point) { return inner }
        guard let base = options.base, let row = base.rootInstance.descendant(path.steps[...])?.row else { return nil }
        return row.mounted(in: point.slot)?.model ?? model.mounted(row, point)
    }

    /// Where the document stands: the steps of all open elements.
    var path: InstancePath {
        var path = InstancePath()
        for frame in frames where frame.hasStep && frame.role != .skipped {
            path.steps.append(InstancePath.Step(frame.info.node, keys: frame.hasAllKeys ? frame.keys : []))
        }
        return path
    }
}

/// An element that is open.
final class DecoderFrame {
    enum Role { case container, entry, terminal, opaque, skipped }

    private(set) var role = Role.skipped
    // Not counted: the decoder holds every info as long as it lives, and this is where the time would go.
    private unowned(unsafe) var infoStore: NodeInfo?
    private unowned(unsafe) var scopeStore: NodeInfo?
    private(set) var position = TextPosition()
    /// Whether it is a step of paths; the root of the document is none.
    var hasStep = true
    var attributes: TreeDecoder.Attributes?
    /// The draft of a container, or of an entry whose keys are known.
    var draft: RowDraft?
    /// Whether `draft` is to become a finished row of the parent when the element ends.
    var isDetached = false
    /// Values of the keys of an entry, in their order; empty until the first comes.
    private(set) var keys: [String] = []
    private var knownKeys: [Bool] = []
    private var missingKeyCount = 0
    var operation = EditOperation.merge
    /// Under a node that is deleted, content means nothing.
    var isDiscarded = false
    /// The value of a leaf or leaf-list entry.
    var text = ContiguousArray<UInt8>()
    var form = ValueForm.text
    var prefixes: [String: String]?
    var tape: [TreeDecoder.Push] = []
    /// Metadata members of JSON, which may stand before what they speak of.
    var memberMetadata: [(node: NodeInfo, items: [RawMetadata])] = []
    /// Elements open on the tape, or inside a skipped element.
    var depth = 0
    /// Whether nothing more will come for which to wait.
    var isEnding = false
    /// Which child is likely to come next.
    var guess = 0

    /// The node itself, as in paths.
    var info: NodeInfo { infoStore.unsafelyUnwrapped }
    /// The node whose children may stand inside: below a mount point the root of the mounted schema.
    var scope: NodeInfo { scopeStore.unsafelyUnwrapped }
    var node: SchemaNode { info.node }
    var isTaping: Bool { depth > 0 && role != .skipped }
    var hasAllKeys: Bool { missingKeyCount == 0 }

    /// Everything else is as `end` left it.
    func begin(_ role: Role, _ info: NodeInfo, _ scope: NodeInfo, _ position: TextPosition) {
        self.role = role
        infoStore = info
        scopeStore = scope
        self.position = position
        guard role == .entry else { return }
        missingKeyCount = info.keys.count
        for _ in info.keys {
            keys.append("")
            knownKeys.append(false)
        }
    }

    func end() {
        switch role {
        case .terminal:
            text.removeAll(keepingCapacity: text.capacity < 1 << 16)
            form = .text
            if prefixes != nil { prefixes = nil }
        case .container, .entry:
            draft = nil
            isDetached = false
            guess = 0
            if !tape.isEmpty { tape = [] }
            if !memberMetadata.isEmpty { memberMetadata = [] }
            if !knownKeys.isEmpty {
                keys.removeAll(keepingCapacity: true)
                knownKeys.removeAll(keepingCapacity: true)
                missingKeyCount = 0
            }
        case .opaque, .skipped: break
        }
        if attributes != nil { attributes = nil }
        operation = .merge
        isDiscarded = false
        depth = 0
        isEnding = false
        hasStep = true
    }

    func hasKey(_ index: Int) -> Bool { knownKeys[index] }

    func setKey(_ value: String, at index: Int) {
        if !knownKeys[index] { missingKeyCount -= 1 }
        keys[index] = value
        knownKeys[index] = true
    }
}

extension NodeKind {
    /// The keyword of the YANG statement.
    var word: String {
        switch self {
        case .leafList: "leaf-list"
        case .mountPoint: "container"
        default: "\(self)"
        }
    }
}
