import Basics
import YANG

/// Names, values and faults.
extension TreeDecoder {
    // MARK: Names

    func findChild(_ name: Name, in scope: NodeInfo) -> NodeInfo? {
        schemaChild(name, of: scope.node, in: scope.model.schema).map {
            NodeInfo($0, model: scope.model, content: options.content)
        }
    }

    private func schemaChild(_ name: Name, of parent: SchemaNode, in schema: Schema) -> SchemaNode? {
        let isTop = parent.kind == .root
        let isLax = options.policy == .lax
        guard let qualifier = name.qualifier, !qualifier.isEmpty else {
            if isLax { return parent.dataChild(matching: name.local) }
            return isJSON && !isTop ? parent.dataChild(named: name.local, module: parent.module.name) : nil
        }
        let module = isJSON ? schema.module(named: qualifier) : schema.module(namespace: qualifier)
        return module.flatMap { parent.dataChild(named: name.local, module: $0.name) }
    }

    // MARK: Values

    /// Whether the bytes of a leaf that ends are a canonical value, by a look at them.
    @inline(__always)
    func isCanonical(_ frame: DecoderFrame) -> Bool {
        guard let check = frame.info.check, isFormAllowed(frame) else { return false }
        return frame.text.withUnsafeBytes { check.verdict($0) } == .canonical
    }

    /// The canonical value of a leaf or leaf-list entry that ends; nil if it has none, which is reported.
    func canonical(_ frame: DecoderFrame) -> String? {
        let text = String(decoding: frame.text, as: UTF8.self)
        if isCanonical(frame) { return text }
        if !isFormAllowed(frame) { reportForm(frame) }
        return canonical(text, frame.info.type, frame.node, frame)
    }

    func canonical(_ text: String, _ type: ResolvedType?, _ node: SchemaNode, _ frame: DecoderFrame) -> String? {
        guard let type else { return text }
        do {
            return try type.canonical(text, in: context(type, frame))
        } catch {
            add(
                .error(
                    "\(node.name): \(error.message)", remedy: error.detail, place: frame.position.place(in: file),
                    path: path.keypath, appTag: error.appTag))
            return nil
        }
    }

    private func context(_ type: ResolvedType, _ frame: DecoderFrame) -> ValueContext {
        switch type.base {
        case .identityref, .instanceIdentifier, .union, .leafref: break
        case .string where type.isExpression: break
        default: return TreeDecoder.plainContext
        }
        let schema = frame.info.model.schema
        let module = frame.node.module.name
        let key = ContextKey(model: ObjectIdentifier(schema), module: module)
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
        if isJSON, options.policy == .strict, frame.info.forms.count > 1 { context.form = frame.form }
        return context
    }

    private static let plainContext = ValueContext()

    /// RFC 7951 section 6: which JSON values stand for which types. Where a union's members differ in it, only those
    /// are asked that the value can be of.
    private func isFormAllowed(_ frame: DecoderFrame) -> Bool {
        guard isJSON, options.policy == .strict, frame.info.type != nil else { return true }
        return frame.info.forms.count == 1 && frame.info.forms.contains(frame.form)
    }

    private func reportForm(_ frame: DecoderFrame) {
        let forms = frame.info.forms
        guard !forms.contains(frame.form), !forms.isEmpty, let type = frame.info.type else { return }
        let shown = [ValueForm.text: "a string", .number: "a number", .bool: "true or false", .null: "[null]"]
        let wanted = [ValueForm.number, .bool, .null, .text].filter(forms.contains).compactMap { shown[$0] }
        fault(
            "\(frame.node.name) must be \(wanted.joined(separator: " or ")) in JSON (type \(type.base.rawValue))",
            at: frame.position)
    }

    /// Strictly, lists and leaf-lists are arrays and nothing else is, but for `[null]` (RFC 7951 section 5).
    func checkShape(_ shape: Shape, _ info: NodeInfo) {
        guard options.policy == .strict, shape != .nullInArray, info.kind != .anydata, info.kind != .anyxml else {
            return
        }
        let needsArray = info.kind == .list || info.kind == .leafList
        guard needsArray != (shape == .inArray) else { return }
        fault("The \(info.kind.word) \(info.node.name) must \(needsArray ? "" : "not ")be an array")
    }

    // MARK: Faults

    /// Adds a fault at the current node; a tolerable one is a warning under the lax policy.
    /// `code` and `subject` are the `error-tag` of RFC 6241 and the `bad-element` that go with it.
    func fault(
        _ summary: String, _ remedy: String = "", at position: TextPosition? = nil, isTolerable: Bool = false,
        code: String? = nil, subject: Diagnostic.Subject? = nil
    ) {
        let severity: Diagnostic.Severity = isTolerable && options.policy == .lax ? .warning : .error
        // Beyond the limit a fault is only counted: a document full of them should not cost a path each.
        guard isReported(severity) else { return count += 1 }
        let place = (position ?? lastPosition).place(in: file)
        var finding = Diagnostic(severity, summary, remedy: remedy, place: place, path: path.keypath)
        finding.code = code
        finding.subject = subject
        add(finding)
    }

    /// An error is never lost behind warnings.
    private func isReported(_ severity: Diagnostic.Severity) -> Bool {
        diagnostics.count < options.faultLimit || errorCount == 0 && severity == .error
    }

    func add(_ diagnostic: Diagnostic) {
        if isReported(diagnostic.severity) { diagnostics.append(diagnostic) }
        if diagnostic.severity == .error { errorCount += 1 }
        count += 1
    }

    func finishedDiagnostics() -> [Diagnostic] {
        guard count > diagnostics.count else { return diagnostics }
        return diagnostics + [Diagnostic(.note, "There are \(count - diagnostics.count) more faults")]
    }

    func reportDuplicate(_ what: String, at position: TextPosition? = nil) {
        fault("\(what) stands twice", "remove one of them", at: position, isTolerable: true)
    }

    func reportMissingKeys(_ frame: DecoderFrame) {
        let keys = frame.info.keys
        let missing = keys.indices.filter { !frame.hasKey($0) }.map { keys[$0].name }
        fault(
            "An entry of list \(frame.node.name) has no key \(missing.joined(separator: " and no key "))",
            "each entry needs \(keys.map(\.name).joined(separator: ", "))", at: frame.position, code: "missing-element",
            subject: Diagnostic.Subject(name: missing.first ?? ""))
    }

    /// Reports content of another case of a choice of `node` (RFC 7950 section 7.9).
    func reportRivals(of info: NodeInfo, in parent: DecoderFrame) {
        guard let draft = parent.draft else { return }
        for slot in info.rivals where draft.hasContent(in: slot) {
            let rival = parent.scope.node.dataChild(at: slot)
            return fault(
                "\(info.node.name) and \(rival.name) are of different cases of a choice", "remove one of them")
        }
    }

    func reportUnknown(_ name: Name, in frame: DecoderFrame) {
        guard isReported(options.policy == .lax ? .warning : .error) else {
            if options.policy == .strict { errorCount += 1 }
            return count += 1
        }
        let parent = frame.scope.node
        let whole = parent.kind == .root && !frame.hasStep ? "the top level" : frame.node.name
        let subject = Diagnostic.Subject(name: name.local, namespace: name.qualifier ?? "")
        let alike = parent.dataChildren.filter { $0.name == name.local }
        if let other = alike.first {
            let wanted = isJSON ? "\(other.module.name):\(name.local)" : "xmlns=\"\(other.module.namespace)\""
            let given = name.qualifier.map { $0.isEmpty ? "has no namespace" : "has the namespace \($0)" }
            let summary = isJSON ? "names another module, or none" : given ?? "has no namespace"
            return fault(
                "\(name.local) under \(whole) \(summary)", "write \(wanted)", isTolerable: true,
                code: "unknown-namespace", subject: subject)
        }
        let schema = frame.scope.model.schema
        if let qualifier = name.qualifier, !qualifier.isEmpty,
            (isJSON ? schema.module(named: qualifier) : schema.module(namespace: qualifier)) == nil
        {
            let kind = isJSON ? "module \(qualifier)" : "module with the namespace \(qualifier)"
            return fault(
                "\(name.local) under \(whole): no \(kind) is loaded", "load it, or remove this", isTolerable: true,
                code: "unknown-namespace", subject: subject)
        }
        fault(
            "\(whole) has no child \(name.local)", suggestion(name.local, parent), isTolerable: true,
            code: "unknown-element", subject: subject)
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
