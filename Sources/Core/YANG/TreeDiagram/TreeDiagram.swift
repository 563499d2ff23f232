/// The tree of modules as text (RFC 8340), in the layout that `pyang -f tree` has made common.
///
/// It is drawn from the draft of a compiler run, after uses, augments and deviations, because a schema no longer knows
/// how a type or a feature was written.
struct TreeDiagram {
    /// How deep to go; deeper nodes become `...`.
    var depth = Int.max
    /// Names of the nodes to follow from the top; others are left out. Empty: all.
    var path: [String] = []
    /// Where lines are broken if they can be.
    var lineLength = Int.max
    var showsGroupings = false
    /// Whether structures (RFC 8791) are shown.
    var showsStructures = false
    /// Whether `yang-data` (RFC 8040) is shown.
    var showsYANGData = false

    private let draft: ModuleDraft
    private let modules: [LoadedModule]
    private var lines: [String] = []

    init(_ draft: ModuleDraft, modules: [LoadedModule]) {
        self.draft = draft
        self.modules = modules
    }

    /// The trees of the modules, a blank line behind each that has nodes and is not the last of all.
    func text() -> String {
        var text = ""
        for module in modules {
            var diagram = self
            diagram.draw(module)
            for line in diagram.lines { text += line + "\n" }
            if !diagram.lines.isEmpty, module !== modules.last { text += "\n" }
        }
        return text
    }

    // MARK: Sections

    private mutating func draw(_ module: LoadedModule) {
        let top = Self.ordered(draft.root.children.filter { $0.module === module }, of: module)
        let data = top.filter { $0.kind != .rpc && $0.kind != .notification }
        begin(data, nil, of: module)
        children(data, of: module, "  ", .data, 1)
        var hasAugment = false
        for augment in draft.augments where augment.module === module && !isShown(augment.target.module) {
            let added = augment.children.filter { $0.parent != nil }
            guard !added.isEmpty, path.isEmpty else { continue }
            if !hasAugment { begin(added, "", of: module) }
            hasAugment = true
            lines += broken(path: augment.statement.text.trimmed, after: "  augment ")
            children(added, of: module, "    ", Mode(around: augment.target), 1)
        }
        for (heading, kind) in [("rpcs", NodeKind.rpc), ("notifications", .notification)] {
            let nodes = top.filter { $0.kind == kind }
            begin(nodes, "  \(heading):", of: module)
            children(nodes, of: module, "    ", kind == .notification ? .notification : .data, 1)
        }
        if showsGroupings { drawGroupings(of: module) }
        if showsYANGData { drawStructures("yang-data", of: module) }
        if showsStructures { drawStructures("structure", of: module) }
    }

    private mutating func drawGroupings(of module: LoadedModule) {
        let groupings = module.texts.flatMap { $0.statement.all(.grouping) }
        for (index, grouping) in groupings.enumerated() {
            let nodes = draft.builder.expandAside(grouping, scope: module.scope, module: module, isOnlyShown: true)
            drawSection("grouping \(grouping.text)", nodes.children, of: module, isFirst: index == 0)
        }
    }

    private mutating func drawStructures(_ keyword: String, of module: LoadedModule) {
        let nodes = draft.builder.structures.filter { $0.module === module && $0.statement.name == keyword }
        for node in nodes {
            drawSection("\(keyword) \(node.name)", node.children, of: module, isFirst: node === nodes.first)
        }
    }

    private mutating func drawSection(
        _ heading: String, _ nodes: [DraftNode], of module: LoadedModule, isFirst: Bool
    ) {
        if lines.isEmpty { lines.append("module: \(module.name)") }
        if isFirst { lines.append("") }
        lines.append("  \(heading):")
        children(nodes, of: module, "    ", .apart, 1)
    }

    /// The title of the module before its first section, a blank line and the heading before each other one.
    private mutating func begin(_ nodes: [DraftNode], _ heading: String?, of module: LoadedModule) {
        guard !selected(nodes).isEmpty else { return }
        if lines.isEmpty { lines.append("module: \(module.name)") }
        guard let heading else { return }
        lines += heading.isEmpty ? [""] : ["", heading]
    }

    private func isShown(_ module: LoadedModule) -> Bool { modules.contains { $0 === module } }

    /// Nodes of submodules come first.
    private static func ordered(_ nodes: [DraftNode], of module: LoadedModule) -> [DraftNode] {
        let main = module.main.statement.source
        let isMain = { (node: DraftNode) in (node.home ?? node.statement.source) === main }
        return nodes.filter { !isMain($0) } + nodes.filter(isMain)
    }

    private func selected(_ nodes: [DraftNode], level: Int = 1) -> [DraftNode] {
        guard level <= path.count else { return nodes }
        return nodes.filter { $0.name == path[level - 1] }
    }

    // MARK: Nodes

    private mutating func children(
        _ nodes: [DraftNode], of module: LoadedModule, _ indent: String, _ mode: Mode, _ level: Int, width: Int? = nil
    ) {
        let nodes = selected(nodes, level: level).filter { !Self.isEmptyPart($0) }
        guard !nodes.isEmpty else { return }
        guard level <= depth else {
            lines.append(indent + "   ...")
            return
        }
        let width = width ?? Self.width(nodes, in: module)
        for node in nodes {
            let isLast = node === nodes.last
            let inner = indent + (isLast ? "   " : "|  ")
            draw(node, of: module, indent, mode, width, rest: inner)
            var innerMode = mode
            switch node.kind {
            case .input: innerMode = .input
            case .output: innerMode = .output
            case .notification where mode != .notification: innerMode = .unspecified
            default: break
            }
            let isTransparent = node.kind == .choice || node.kind == .case
            children(
                node.children, of: module, inner, innerMode, level + 1, width: isTransparent ? width - 3 : nil)
        }
    }

    /// `input` and `output` without content are not drawn.
    private static func isEmptyPart(_ node: DraftNode) -> Bool {
        (node.kind == .input || node.kind == .output) && node.children.isEmpty
    }

    /// How long the names are; those in choices count with what they are indented.
    private static func width(_ nodes: [DraftNode], in module: LoadedModule) -> Int {
        nodes.reduce(0) { longest, node in
            let isTransparent = node.kind == .choice || node.kind == .case
            return max(longest, isTransparent ? 3 + width(node.children, in: module) : name(node, in: module).count)
        }
    }

    private static func name(_ node: DraftNode, in module: LoadedModule) -> String {
        node.module === module ? node.name : "\(node.module.prefix):\(node.name)"
    }

    /// The line of a node; what does not fit goes below its name, indented by `rest` and some more.
    private mutating func draw(
        _ node: DraftNode, of module: LoadedModule, _ indent: String, _ mode: Mode, _ width: Int, rest: String
    ) {
        var line = indent + Self.mark(node) + "--"
        let name = Self.name(node, in: module)
        let margin = rest + String(repeating: " ", count: node.kind == .case ? 5 : 4)
        func add(_ text: String) {
            if line.count + text.count > lineLength {
                lines.append(line)
                line = margin
            }
            line += text
        }
        line += node.kind == .case ? ":(\(name))" : Self.flags(node, mode) + " "
        let type = Self.type(of: node)
        if type.isEmpty {
            line += Self.label(node, name)
        } else {
            // The name has a column of its own, two wider than the longest that needs a mark behind it.
            let label = Self.label(node, name)
            let column = label + String(repeating: " ", count: max(0, width + 1 - label.count)) + "   "
            let isReference = type.hasPrefix("-> ")
            let room = lineLength - (line.count - 1) - (width + 1) - 4
            let short = isReference && margin.count + type.count > lineLength ? "leafref" : type
            if type.count <= room {
                line += column + type
            } else if short != type && short.count <= room {
                line += column + short
            } else {
                lines.append(line + label)
                line = margin + " " + short
            }
        }
        if node.kind == .list {
            add(" [\(Self.keys(of: node).joined(separator: " "))]")
        }
        let features = Self.features(node)
        if !features.isEmpty { add(" {\(features.joined(separator: ","))}?") }
        lines.append(line)
    }

    /// A path in lines, each as long as may be.
    private func broken(path: String, after start: String) -> [String] {
        let whole = start + path + ":"
        guard whole.count > lineLength else { return [whole] }
        var lines: [String] = []
        var line = start
        var isEmpty = true
        let steps = path.split(separator: "/")
        for (index, step) in steps.enumerated() {
            let end = index == steps.count - 1 ? 1 : 0
            if !isEmpty, line.count + 1 + step.count + end > lineLength {
                lines.append(line)
                line = String(repeating: " ", count: start.count + 2)
            }
            line += "/" + step
            isEmpty = false
        }
        return lines + [line + ":"]
    }
}
