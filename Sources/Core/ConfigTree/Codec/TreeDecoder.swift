import Basics
import YANG

/// What stands under the XML and the JSON decoder: takes elements, values and ends as they are read, checks them
/// against the schema, and builds a tree or a list of edits.
///
/// A list entry whose keys do not come first, and a mount point whose entry does not yet say which model is mounted,
/// put what follows on a tape that is played when the keys are known, or at the end of the entry. So keys may stand
/// anywhere (RFC 7951 section 5.4) and the memory needed is that of one entry.
final class TreeDecoder {
    /// The name of an element as its document has it.
    struct Name {
        var local: String
        /// A namespace URI or a module's name; nil is that of the parent.
        var qualifier: String?
        /// Stands for `local` and `qualifier` within the document.
        var token: UInt64
    }

    struct Attributes {
        var operation: EditOperation?
        var place: Entries.Place?
        /// The keys of the neighbour, as written, of `insert="before"` or `"after"`.
        var insert: String?
        var neighbour: String?

        var isEmpty: Bool { operation == nil && insert == nil }
    }

    /// How a value was written, for the JSON encodings of the types.
    enum Form { case text, number, bool, null }

    enum Push {
        case open(Name, Attributes, SourcePlace)
        case value(String, Form, [String: String]?)
        case close
    }

    /// An element that is open.
    final class Frame {
        enum Role { case container, entry, terminal, opaque, skipped }

        let role: Role
        /// The node whose children may stand inside: below a mount point the root of the mounted schema.
        let node: SchemaNode
        let model: DataModel
        let place: SourcePlace
        /// The node in paths; nil at the root of the document.
        let step: SchemaNode?
        /// What is known of `step`.
        var info: NodeInfo?
        var attributes = Attributes()
        /// The draft of a container, or of an entry whose keys are known.
        var draft: RowDraft?
        var keyNodes: [SchemaNode] = []
        /// Values of the keys of an entry, as they come.
        var keys: [String?] = []
        /// The path to here, once it is known and was asked for.
        var path: InstancePath?
        var operation = EditOperation.merge
        /// Under a node that is deleted, content means nothing.
        var isDiscarded = false
        var text: String?
        var form = Form.text
        var prefixes: [String: String]?
        var tape: [Push] = []
        /// Elements open on the tape, or inside a skipped element.
        var depth = 0
        /// Whether nothing more will come for which to wait.
        var isEnding = false

        init(_ role: Role, _ node: SchemaNode, _ model: DataModel, _ place: SourcePlace, step: SchemaNode?) {
            self.role = role
            self.node = node
            self.model = model
            self.place = place
            self.step = step
        }

        var isTaping: Bool { depth > 0 && role != .skipped }
    }

    /// What is asked of a node at each of its instances, found once.
    final class NodeInfo {
        let node: SchemaNode
        let kind: NodeKind
        let isKey: Bool
        let isUnwanted: Bool
        /// Slots of the other cases of its choices.
        let rivals: [Int]
        /// Whether every text is a canonical value.
        let takesAnyText: Bool
        /// Whether prefixes in a text may matter.
        let readsPrefixes: Bool
        let keys: [SchemaNode]
        let type: ResolvedType?

        init(_ node: SchemaNode, model: DataModel, content: DecodeOptions.Content) {
            self.node = node
            kind = node.kind
            isKey = node.isKey
            isUnwanted = content == .config && (!node.isConfig || node.kind == .notification)
            rivals = model.rivals(of: node)
            keys = node.keys
            type = node.type
            readsPrefixes = [.identityref, .instanceIdentifier, .union, .leafref].contains(node.type?.base)
            takesAnyText =
                type.map { $0.base == .string && $0.lengths.isEmpty && $0.patterns.isEmpty && $0.typedefs.isEmpty }
                ?? true
        }
    }

    struct ChildKey: Hashable {
        var token: UInt64
        var parent: NodeID
        var model: ObjectIdentifier
    }

    let model: DataModel
    let options: DecodeOptions
    let collectsEdits: Bool
    /// Whether qualifiers are module names (JSON) or namespaces (XML).
    let isJSON: Bool
    var frames: [Frame] = []
    var edits: [DecodedEdit] = []
    var diagnostics: [Diagnostic] = []
    var errorCount = 0
    var count = 0
    var childCache: [ChildKey: NodeInfo?] = [:]
    var contexts: [ContextKey: ValueContext] = [:]
    /// Content of the anydata being read.
    var opaque: XMLWriter?
    var lastPlace: SourcePlace

    struct ContextKey: Hashable {
        var model: ObjectIdentifier
        var module: String
    }

    init(
        model: DataModel, options: DecodeOptions, collectsEdits: Bool, isJSON: Bool, file: String,
        defaultOperation: EditOperation = .merge
    ) {
        self.model = model
        self.options = options
        self.collectsEdits = collectsEdits
        self.isJSON = isJSON
        lastPlace = SourcePlace(file: file)
        let root = model.schema.root
        let frame = Frame(.container, root, model, lastPlace, step: nil)
        frame.draft = RowDraft(root)
        frame.operation = defaultOperation
        frames.append(frame)
    }

    func finishedTree() -> Decoded<DataTree> {
        let draft = frames[0].draft ?? RowDraft(model.schema.root)
        return Decoded(DataTree(draft, model: model), finishedDiagnostics())
    }

    func finishedEdits() -> Decoded<[DecodedEdit]> { Decoded(edits, finishedDiagnostics()) }

    var top: Frame { frames[frames.count - 1] }

    // MARK: What the document says

    func open(_ name: Name, _ attributes: Attributes, at place: SourcePlace) {
        lastPlace = place
        let parent = top
        if parent.role == .opaque || parent.role == .skipped || parent.isTaping {
            return openInside(parent, name, attributes, place)
        }
        if parent.isDiscarded, parent.role != .entry || parent.draft != nil { return skip(place) }
        guard parent.role != .terminal else {
            fault("\(name.local) stands inside the \(parent.node.kind.word) \(parent.node.name)", "expected a value")
            return skip(place)
        }
        guard let info = child(name, of: parent) else {
            reportUnknown(name, in: parent)
            return skip(place)
        }
        guard !info.isUnwanted else {
            fault("\(name.local) is state data", "remove it: only configuration can be loaded", isTolerable: true)
            return skip(place)
        }
        var inner: DataModel?
        var waits = parent.role == .entry && parent.draft == nil && !info.isKey
        if !waits, info.kind == .mountPoint {
            inner = mountedModel(info.node, in: parent)
            waits = inner == nil
        }
        if waits, !parent.isEnding {
            parent.depth = 1
            parent.tape.append(.open(name, attributes, place))
        } else {
            enter(info, inner, attributes, place)
        }
    }

    func value(_ text: String, form: Form = .text, prefixes: () -> [String: String]? = { nil }) {
        let frame = top
        let hasColon = !isJSON && text.utf8.contains(UInt8(ascii: ":"))
        if frame.isTaping {
            frame.tape.append(.value(text, form, hasColon ? prefixes() : nil))
            return
        }
        switch frame.role {
        case .terminal:
            frame.text = text
            frame.form = form
            if hasColon, frame.info?.readsPrefixes == true { frame.prefixes = prefixes() }
        case .opaque: opaque?.text(text)
        case .skipped: break
        case .container, .entry:
            guard !frame.isDiscarded else { return }
            let node = frame.step ?? frame.node
            fault(
                "The \(node.kind.word) \(node.name) cannot have the value \"\(text.prefix(80))\"",
                "expected nodes in it")
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
        case .opaque where (opaque?.depth ?? 0) > 0:
            try? opaque?.end()
            return
        case .skipped where frame.depth > 0:
            frame.depth -= 1
            return
        case .terminal: closeTerminal(frame)
        case .opaque: closeOpaque(frame)
        case .skipped: break
        case .entry, .container: finishContent(frame)
        }
        frames.removeLast()
        let outer = top
        if outer.role == .entry, outer.draft == nil, frame.info?.isKey == true, !outer.keys.contains(nil) {
            enterEntry(outer)
            playTape(of: outer)
        }
    }

    private func openInside(_ frame: Frame, _ name: Name, _ attributes: Attributes, _ place: SourcePlace) {
        if frame.role == .opaque {
            let module = isJSON ? name.qualifier.flatMap { frame.model.schema.module(named: $0) } : nil
            let isElement = Self.canNameElement(name.local)
            if !isElement {
                fault("\"\(name.local.prefix(80))\" is no name of a node", "expected letters, digits, “-”, “_” and “.”")
            }
            try? opaque?.start(isElement ? name.local : "_", namespace: isJSON ? module?.namespace : name.qualifier)
            return
        }
        if frame.isTaping { frame.tape.append(.open(name, attributes, place)) }
        frame.depth += 1
    }

    /// Whether a member of anydata can be kept as an element of that name: what JSON gives may be any text.
    private static func canNameElement(_ name: String) -> Bool {
        func isStart(_ byte: UInt8) -> Bool {
            (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A) || byte == UInt8(ascii: "_") || byte >= 0x80
        }
        guard let first = name.utf8.first, isStart(first) else { return false }
        return name.utf8.allSatisfy { isStart($0) || ($0 >= 0x30 && $0 <= 0x39) || $0 == 0x2D || $0 == 0x2E }
    }

    /// Content up to the matching end is passed over.
    func skip(_ place: SourcePlace) { frames.append(Frame(.skipped, top.node, top.model, place, step: nil)) }

    // MARK: Waiting

    /// Plays what had to wait, while `frame` is the innermost.
    private func playTape(of frame: Frame) {
        let tape = frame.tape
        frame.tape = []
        for push in tape {
            switch push {
            case .open(let name, let attributes, let place): open(name, attributes, at: place)
            case .value(let text, let form, let prefixes): value(text, form: form) { prefixes }
            case .close: close()
            }
        }
    }

    private func finishContent(_ frame: Frame) {
        frame.isEnding = true
        if frame.role == .entry, frame.draft == nil {
            reportMissingKeys(frame)
            frame.tape = []
            return
        }
        playTape(of: frame)
    }

    /// The model below a mount point of the entry in `frame`, as the document or the data before it tells.
    private func mountedModel(_ point: SchemaNode, in frame: Frame) -> DataModel? {
        guard let draft = frame.draft else { return nil }
        if let inner = frame.model.mounted(draft.freeze(in: frame.model), point) { return inner }
        guard let base = options.base, let row = base.rootInstance.descendant(path.steps[...])?.row else { return nil }
        return row.mounted(in: point.slot)?.model ?? frame.model.mounted(row, point)
    }

    /// Where the document stands: the steps of all open elements.
    var path: InstancePath {
        var path = InstancePath()
        for frame in frames {
            if let known = frame.path {
                path = known
                continue
            }
            guard let node = frame.step else { continue }
            let keys = frame.keys.compactMap { $0 }
            path.steps.append(InstancePath.Step(node, keys: keys.count == frame.keyNodes.count ? keys : []))
            if frame.role == .container || frame.role == .entry && frame.draft != nil { frame.path = path }
        }
        return path
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
