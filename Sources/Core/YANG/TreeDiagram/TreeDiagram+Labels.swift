/// What stands in the line of a node.
extension TreeDiagram {
    /// What the flags of a node depend on.
    enum Mode {
        case data, input, output, notification, unspecified
        /// Outside the data tree: what a `config` statement says is all there is.
        case apart

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

    static func mark(_ node: DraftNode) -> String {
        // A case that is only implied is like its node.
        let isImplied = node.kind == .case && node.statement.substatements.isEmpty
        if isImplied, let only = node.children.first { return mark(only) }
        switch node.first(.status)?.argument {
        case "deprecated": return "x"
        case "obsolete": return "o"
        default: return "+"
        }
    }

    static func flags(_ node: DraftNode, _ mode: Mode) -> String {
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
        case .apart: return statedConfiguration(of: node).map { $0 ? "rw" : "ro" } ?? ""
        case .data: return node.isConfiguration ? "rw" : "ro"
        }
    }

    private static func statedConfiguration(of node: DraftNode) -> Bool? {
        var next: DraftNode? = node
        while let current = next {
            if let text = current.first(.config)?.argument { return text == "true" }
            next = current.parent
        }
        return nil
    }

    /// The name with what RFC 8340 puts behind it.
    static func label(_ node: DraftNode, _ name: String) -> String {
        switch node.kind {
        case .case: ""
        case .leaf, .anydata, .anyxml: name + (isOptional(node) ? "?" : "")
        case .leafList, .list: name + "*"
        case .choice: "(\(name))" + (node.first(.mandatory)?.argument == "true" ? "" : "?")
        case .container where node.first(.presence) != nil: name + "!"
        default: name
        }
    }

    static func isOptional(_ node: DraftNode) -> Bool {
        if node.first(.mandatory)?.argument == "true" { return false }
        guard let list = node.parent, list.kind == .list else { return true }
        return !keys(of: list).contains { Identifier.split(String($0)).name == node.name }
    }

    // MARK: Types and features

    static func type(of node: DraftNode) -> String {
        switch node.kind {
        case .anydata: return "<anydata>"
        case .anyxml: return "<anyxml>"
        default: break
        }
        guard node.kind == .leaf || node.kind == .leafList, let type = node.first(.type) else { return "" }
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

    static func features(_ node: DraftNode) -> [String] {
        var names = node.properties.filter { $0.keyword == .ifFeature }.map(\.text)
        for name in node.outerFeatures.map(\.text) where !names.contains(name) { names.append(name) }
        return names
    }

    static func keys(of list: DraftNode) -> [Substring] {
        (list.first(.key)?.text ?? "").split(whereSeparator: \.isWhitespace)
    }
}
