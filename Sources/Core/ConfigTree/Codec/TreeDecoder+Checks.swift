import Basics
import YANG

/// Names, values and faults.
extension TreeDecoder {
    // MARK: Names

    func child(_ name: Name, of frame: Frame) -> NodeInfo? {
        let key = ChildKey(token: name.token, parent: frame.node.id, model: ObjectIdentifier(frame.model))
        if let known = childCache[key] { return known }
        let found = findChild(name, of: frame).map { NodeInfo($0, model: frame.model, content: options.content) }
        childCache[key] = .some(found)
        return found
    }

    private func findChild(_ name: Name, of frame: Frame) -> SchemaNode? {
        let schema = frame.model.schema
        let isTop = frame.node.kind == .root
        let isLax = options.policy == .lax
        guard let qualifier = name.qualifier, !qualifier.isEmpty else {
            if isLax { return frame.node.dataChild(matching: name.local) }
            return isJSON && !isTop ? frame.node.dataChild(named: name.local, module: frame.node.module.name) : nil
        }
        let module = isJSON ? schema.module(named: qualifier) : schema.module(namespace: qualifier)
        return module.flatMap { frame.node.dataChild(named: name.local, module: $0.name) }
    }

    // MARK: Values

    /// The canonical value of a leaf or leaf-list entry that ends; nil if it has none, which is reported.
    func canonical(_ frame: Frame) -> String? {
        if let type = frame.info?.type, isJSON, options.policy == .strict { checkForm(frame, type) }
        if let info = frame.info, info.takesAnyText, let text = frame.text, ResolvedType.isLegalText(text) {
            return text
        }
        return canonical(frame.text ?? "", frame.info?.type, frame.node, frame)
    }

    func canonical(_ text: String, _ type: ResolvedType?, _ node: SchemaNode, _ frame: Frame) -> String? {
        guard let type else { return text }
        do {
            return try type.canonical(text, in: context(type, frame))
        } catch {
            report(error, node, frame)
            return nil
        }
    }

    private func report(_ error: ValueError, _ node: SchemaNode, _ frame: Frame) {
        add(
            .error(
                "\(node.name): \(error.message)", remedy: error.detail, place: frame.place, path: path.keypath,
                appTag: error.appTag))
    }

    private func context(_ type: ResolvedType, _ frame: Frame) -> ValueContext {
        switch type.base {
        case .identityref, .instanceIdentifier, .union, .leafref: break
        default: return TreeDecoder.plainContext
        }
        let schema = frame.model.schema
        let module = frame.node.module.name
        let key = ContextKey(model: ObjectIdentifier(frame.model), module: module)
        var context: ValueContext
        if let known = contexts[key] {
            context = known
        } else {
            context = ValueContext(schema: schema, defaultModule: module)
            contexts[key] = context
        }
        if let prefixes = frame.prefixes {
            context.moduleForPrefix = { prefix in prefixes[prefix].flatMap { schema.module(namespace: $0)?.name } }
            if type.base == .identityref, let outer = prefixes[""], let module = schema.module(namespace: outer) {
                context.defaultModule = module.name
            }
        }
        return context
    }

    private static let plainContext = ValueContext()

    /// RFC 7951 section 6: which JSON values stand for which types.
    private func checkForm(_ frame: Frame, _ type: ResolvedType) {
        let expected: Form? =
            switch type.base {
            case .int8, .int16, .int32, .uint8, .uint16, .uint32: .number
            case .boolean: .bool
            case .empty: .null
            case .union, .leafref: nil
            default: .text
            }
        guard let expected, expected != frame.form else { return }
        let shown = ["number": "a number", "bool": "true or false", "null": "[null]"]["\(expected)"] ?? "a string"
        fault("\(frame.node.name) must be \(shown) in JSON (type \(type.base.rawValue))", at: frame.place)
    }

    // MARK: Faults

    /// Adds a fault at the current node; a tolerable one is a warning under the lax policy.
    func fault(_ summary: String, _ remedy: String = "", at place: SourcePlace? = nil, isTolerable: Bool = false) {
        let severity: Diagnostic.Severity = isTolerable && options.policy == .lax ? .warning : .error
        add(Diagnostic(severity, summary, remedy: remedy, place: place ?? lastPlace, path: path.keypath))
    }

    func add(_ diagnostic: Diagnostic) {
        if diagnostic.severity == .error { errorCount += 1 }
        count += 1
        // An error is never lost behind warnings.
        let isFirstError = errorCount == 1 && diagnostic.severity == .error
        if diagnostics.count < options.faultLimit || isFirstError { diagnostics.append(diagnostic) }
    }

    func finishedDiagnostics() -> [Diagnostic] {
        guard count > diagnostics.count else { return diagnostics }
        return diagnostics + [Diagnostic(.note, "There are \(count - diagnostics.count) more faults")]
    }

    func reportDuplicate(_ what: String, at place: SourcePlace? = nil) {
        fault("\(what) stands twice", "remove one of them", at: place, isTolerable: true)
    }

    func reportMissingKeys(_ frame: Frame) {
        let missing = zip(frame.keyNodes, frame.keys).filter { $0.1 == nil }.map(\.0.name)
        fault(
            "An entry of list \(frame.node.name) has no key \(missing.joined(separator: " and no key "))",
            "each entry needs \(frame.keyNodes.map(\.name).joined(separator: ", "))", at: frame.place)
    }

    /// Reports content of another case of a choice of `node` (RFC 7950 section 7.9).
    func reportRivals(of info: NodeInfo, in parent: Frame) {
        guard let draft = parent.draft else { return }
        for slot in info.rivals where draft.hasContent(in: slot) {
            let rival = parent.node.dataChild(at: slot)
            return fault(
                "\(info.node.name) and \(rival.name) are of different cases of a choice", "remove one of them")
        }
    }

    func reportUnknown(_ name: Name, in frame: Frame) {
        let whole = frame.node.kind == .root ? "the top level" : frame.node.name
        let alike = frame.node.dataChildren.filter { $0.name == name.local }
        if let other = alike.first {
            let wanted = isJSON ? "\(other.module.name):\(name.local)" : "xmlns=\"\(other.module.namespace)\""
            let given = name.qualifier.map { $0.isEmpty ? "has no namespace" : "has the namespace \($0)" }
            let summary = isJSON ? "names another module, or none" : given ?? "has no namespace"
            return fault("\(name.local) under \(whole) \(summary)", "write \(wanted)", isTolerable: true)
        }
        let schema = frame.model.schema
        if let qualifier = name.qualifier, !qualifier.isEmpty,
            (isJSON ? schema.module(named: qualifier) : schema.module(namespace: qualifier)) == nil
        {
            let kind = isJSON ? "module \(qualifier)" : "module with the namespace \(qualifier)"
            return fault(
                "\(name.local) under \(whole): no \(kind) is loaded", "load it, or remove this", isTolerable: true)
        }
        fault("\(whole) has no child \(name.local)", suggestion(name.local, frame.node), isTolerable: true)
    }

    private func suggestion(_ name: String, _ parent: SchemaNode) -> String {
        let names = Array(Set(parent.dataChildren.prefix(2000).map(\.name))).sorted()
        let nearest = names.map { ($0, EditDistance.between(name, $0)) }.min { $0.1 < $1.1 }
        if let nearest, nearest.1 <= max(2, name.utf8.count / 3) { return "is it \(nearest.0)?" }
        guard !names.isEmpty else { return "nothing can stand there" }
        return "known are \(names.prefix(12).joined(separator: ", "))" + (names.count > 12 ? ", ..." : "")
    }
}

extension SchemaNode {
    /// The child of that name in whichever module, this node's own first.
    func dataChild(matching name: String) -> SchemaNode? {
        kind == .root ? dataChildren.first { $0.name == name } : dataChild(named: name)
    }
}

/// How many letters must be changed, added or dropped to make one word of another.
enum EditDistance {
    /// Words over 64 bytes are as far apart as they are long.
    static func between(_ a: String, _ b: String) -> Int {
        let left = Array(a.utf8)
        let right = Array(b.utf8)
        guard left.count <= 64, right.count <= 64 else { return max(left.count, right.count) }
        var row = Array(0...right.count)
        for (i, letter) in left.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, other) in right.enumerated() {
                let changed = diagonal + (letter == other ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(changed, row[j] + 1, row[j + 1] + 1)
            }
        }
        return row[right.count]
    }
}
