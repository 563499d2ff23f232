import ConfigTree

/// Prints a tree without models, a line a value: `/tailf-ncs:devices/device{ce0}/address "127.0.0.1"`.
struct OutlinePrinter {
    private let options: DatabaseDump.Options
    private let output: (String) -> Void

    init(_ options: DatabaseDump.Options, _ output: @escaping (String) -> Void) {
        self.options = options
        self.output = output
    }

    func show(_ root: OutlineRow) { show(root, "", "") }

    private func isWanted(_ path: String) -> Bool {
        options.subtrees.isEmpty
            || options.subtrees.contains { path == $0 || path.hasPrefix($0 + "/") || path.hasPrefix($0 + "{") }
    }

    /// Whether something below may be wanted.
    private func mayLead(_ path: String) -> Bool {
        isWanted(path) || options.subtrees.contains { $0.hasPrefix(path) }
    }

    private func line(_ path: String, _ value: String?) {
        guard isWanted(path) else { return }
        if options.onlyInvalidText, !path.unicodeScalars.contains("\u{FFFD}"),
            value?.unicodeScalars.contains("\u{FFFD}") != true
        {
            return
        }
        output(value.map { "\(path) \(Self.quoted($0))\n" } ?? "\(path)\n")
    }

    private func show(_ row: OutlineRow, _ path: String, _ module: String) {
        for name in row.leafNames { line(path + Self.step(name, module), row.leaves[name] ?? "") }
        for item in row.metadata {
            let bearer = path + (item.leaf.map { Self.step($0, module) } ?? "")
            line("\(bearer)@\(item.name)", item.value)
        }
        for name in row.kidNames {
            let inner = path + Self.step(name, module)
            guard let kid = row.kids[name], mayLead(inner) else { continue }
            switch kid {
            case .inner(let row):
                if row.isPresence { line(inner, nil) }
                show(row, inner, name.module)
            case .list(let entries):
                for entry in entries.entries {
                    let path = inner + "{" + entry.keys.map(Self.key).joined(separator: " ") + "}"
                    guard mayLead(path) else { continue }
                    line(path, nil)
                    if !entries.isLeafList { show(entry.row, path, name.module) }
                }
            }
        }
    }

    /// How many instances there are of each node.
    static func count(_ row: OutlineRow, _ path: String, _ module: String, _ counts: inout [String: Int]) {
        for name in row.leafNames { counts[path + step(name, module), default: 0] += 1 }
        for (name, kid) in row.kids {
            let inner = path + step(name, module)
            switch kid {
            case .inner(let row):
                counts[inner, default: 0] += 1
                count(row, inner, name.module, &counts)
            case .list(let entries):
                counts[inner, default: 0] += entries.count
                if !entries.isLeafList {
                    for entry in entries.entries { count(entry.row, inner, name.module, &counts) }
                }
            }
        }
    }

    private static func step(_ name: OutlineName, _ module: String) -> String {
        name.module == module ? "/\(name.name)" : "/\(name.module):\(name.name)"
    }

    private static func key(_ key: String) -> String {
        let isPlain = !key.isEmpty && key.utf8.allSatisfy { $0 > 0x20 && $0 != 0x22 && $0 != 0x7D && $0 != 0x7F }
        return isPlain ? key : quoted(key)
    }

    /// With escapes, so that it is one line and harmless on a terminal.
    static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": result += "\\\(scalar)"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case _ where scalar.properties.generalCategory == .control || scalar.properties.generalCategory == .format:
                result += "\\u{\(String(scalar.value, radix: 16))}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}

/// Writes a tree without models as XML. Where a namespace is not known, it is `unknown:` and the module's name.
enum OutlineXML {
    static func text(_ tree: OutlineTree) -> String {
        var text = "<config xmlns=\"http://tail-f.com/ns/config/1.0\">\n"
        write(tree.root, "", 1, tree.namespaces, &text)
        return text + "</config>\n"
    }

    static func text(_ operational: [String: [UInt8]]) -> String {
        var text = "<operational xmlns=\"urn:openned:operational\">\n"
        for (key, value) in operational.sorted(by: { $0.key < $1.key }) {
            let content = escaped(String(decoding: value, as: UTF8.self))
            text += "  <value>\n    <key>\(escaped(key))</key>\n    <content>\(content)</content>\n  </value>\n"
        }
        return text + "</operational>\n"
    }

    private static func write(
        _ row: OutlineRow, _ module: String, _ depth: Int, _ namespaces: [String: String], _ text: inout String
    ) {
        let indent = String(repeating: "  ", count: depth)
        func start(_ name: OutlineName) -> String {
            if name.module == module { return "\(indent)<\(name.name)" }
            let namespace = namespaces[name.module] ?? "unknown:\(name.module)"
            return "\(indent)<\(name.name) xmlns=\"\(escaped(namespace))\""
        }
        for name in row.leafNames { text += "\(start(name))>\(escaped(row.leaves[name] ?? ""))</\(name.name)>\n" }
        for name in row.kidNames {
            switch row.kids[name] {
            case .inner(let inner)?:
                text += start(name) + ">\n"
                write(inner, name.module, depth + 1, namespaces, &text)
                text += "\(indent)</\(name.name)>\n"
            case .list(let entries)?:
                for entry in entries.entries {
                    if entries.isLeafList {
                        text += "\(start(name))>\(escaped(entry.row.value ?? ""))</\(name.name)>\n"
                    } else {
                        text += start(name) + ">\n"
                        write(entry.row, name.module, depth + 1, namespaces, &text)
                        text += "\(indent)</\(name.name)>\n"
                    }
                }
            case nil: break
            }
        }
    }

    private static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "\t", "\n", "\r": result += "&#\(scalar.value);"
            case _ where scalar.value < 0x20: result += "\u{FFFD}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
