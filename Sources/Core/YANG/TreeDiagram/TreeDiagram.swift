/// The tree of modules as text (RFC 8340), in the layout that `pyang -f tree` has made common.
///
/// It is drawn from the draft of a compiler run, after uses, augments and deviations, because a schema no longer knows
/// how a type or a feature was written.
struct TreeDiagram {
    /// How deep to go; deeper nodes become `...`.
    var depth = Int.max
    /// Names of the nodes to follow from the top; others are left out. Empty: all.
    var path: [String] = []

    private let draft: ModuleDraft
    private let modules: [LoadedModule]
    private var lines: [String] = []

    init(_ draft: ModuleDraft, modules: [LoadedModule]) {
        self.draft = draft
        self.modules = modules
    }

    /// The trees of the modules, a blank line between them.
    func text() -> String {
        var texts: [String] = []
        for module in modules {
            var diagram = self
            diagram.draw(module)
            texts.append(diagram.lines.map { $0 + "\n" }.joined())
        }
        return texts.joined(separator: "\n")
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
            lines.append("  augment \(augment.statement.text.trimmed):")
            children(added, of: module, "    ", Mode(around: augment.target), 1)
        }
        for (heading, kind) in [("rpcs", NodeKind.rpc), ("notifications", .notification)] {
            let nodes = top.filter { $0.kind == kind }
            begin(nodes, "  \(heading):", of: module)
            children(nodes, of: module, "    ", kind == .notification ? .notification : .data, 1)
        }
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

    /// What the flags of a node depend on.
    private enum Mode {
        case data, input, output, notification, unspecified

        init(around node: DraftNode) {
            self = .data
            var next: DraftNode? = node
            while let current = next {
                switch current.kind {
                case .input: self = .input
                case .output: self = .output
                case .notification: self = current.parent?.kind == .root ? .notification : .unspecified
                default:
                    next = current.parent
                    continue
                }
                return
            }
        }
    }

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
            draw(node, of: module, indent, mode, level, width)
            let inner = indent + (isLast ? "   " : "|  ")
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

    private mutating func draw(
        _ node: DraftNode, of module: LoadedModule, _ indent: String, _ mode: Mode, _ level: Int, _ width: Int
    ) {
        var line = indent + Self.mark(node) + "--"
        let name = Self.name(node, in: module)
        if node.kind == .case {
            line += ":(\(name))"
        } else {
            line += Self.flags(node, mode) + " " + Self.label(node, name, width)
        }
        let features = Self.features(node)
        if !features.isEmpty { line += " {\(features.joined(separator: ","))}?" }
        lines.append(line)
    }

    private static func mark(_ node: DraftNode) -> String {
        // A case that is only implied is like its node.
        let isImplied = node.kind == .case && node.statement.substatements.isEmpty
        if isImplied, let only = node.children.first { return mark(only) }
        switch node.first(.status)?.argument {
        case "deprecated": return "x"
        case "obsolete": return "o"
        default: return "+"
        }
    }

    private static func flags(_ node: DraftNode, _ mode: Mode) -> String {
        switch node.kind {
        case .rpc, .action: return "-x"
        case .notification: return "-n"
        case .input: return "-w"
        case .output: return "ro"
        default: break
        }
        switch mode {
        case .input: return "-w"
        case .output, .notification: return "ro"
        case .unspecified: return ""
        case .data: return node.isConfiguration ? "rw" : "ro"
        }
    }

    private static func label(_ node: DraftNode, _ name: String, _ width: Int) -> String {
        switch node.kind {
        case .leaf, .anydata, .anyxml: padded(name + (isOptional(node) ? "?" : ""), width) + type(of: node)
        case .leafList: padded(name + "*", width) + type(of: node)
        case .list: "\(name)* [\((node.first(.key)?.text ?? "").words.joined(separator: " "))]"
        case .choice: "(\(name))" + (node.first(.mandatory)?.argument == "true" ? "" : "?")
        case .container where node.first(.presence) != nil: name + "!"
        default: name
        }
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width + 1 - text.count) + 3)
    }

    private static func isOptional(_ node: DraftNode) -> Bool {
        if node.first(.mandatory)?.argument == "true" { return false }
        guard let list = node.parent, list.kind == .list, let keys = list.first(.key)?.text.words else { return true }
        return !keys.contains { Identifier.split(String($0)).name == node.name }
    }

    // MARK: Types and features

    private static func type(of node: DraftNode) -> String {
        switch node.kind {
        case .anydata: return "<anydata>"
        case .anyxml: return "<anyxml>"
        default: break
        }
        guard let type = node.first(.type) else { return "" }
        guard type.text == "leafref", let path = type.first(.path) else { return type.text }
        return "-> " + compact(path.text, prefix: node.module.prefix)
    }

    /// A leafref's path with a prefix only where the module changes.
    private static func compact(_ path: String, prefix: String) -> String {
        var current = prefix
        return path.split(separator: "/", omittingEmptySubsequences: false).map { step in
            guard let colon = step.firstIndex(of: ":") else { return String(step) }
            let name = String(step[step.index(after: colon)...])
            if step[..<colon] == current { return name }
            current = String(step[..<colon])
            return String(step)
        }.joined(separator: "/")
    }

    private static func features(_ node: DraftNode) -> [String] {
        (node.properties.filter { $0.keyword == .ifFeature } + node.outerFeatures).map(\.text)
    }
}

extension String {
    fileprivate var words: [Substring] { split(whereSeparator: \.isWhitespace) }
}
