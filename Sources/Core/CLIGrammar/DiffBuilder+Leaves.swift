import ConfigTree
import YANG

extension DiffBuilder {
    /// A leaf set, changed or deleted on a line of its own.
    mutating func leaf(_ diff: DiffNode, _ node: CLINode, _ outer: DiffContext) {
        let context = outer.inside(node)
        if diff.change == .deleted { return unset(node, diff.oldValue ?? "", context) }
        guard let value = diff.newValue else { return }
        if diff.change == .inside {
            let tags = TagText.comment(MetadataChange.tags(diff.metadata, \.new) ?? [])
            let line = context.prefix + context.composer.leafWords(node, value)
            return add(line, [], context, cause: "tags of \(context.path.words)", comment: tags)
        }
        if diff.change == .modified, node.has(.removeBeforeChange), let old = diff.oldValue {
            unset(node, old, context, cause: "removed before it changes: \(context.path.words)")
        }
        set(node, value, context, old: diff.oldValue)
    }

    mutating func set(_ node: CLINode, _ value: String, _ context: DiffContext, old: String? = nil) {
        let touches = [touch(old == nil ? .created : .modified, context, old: old, new: value)]
        let cause = "\(old == nil ? "set" : "changed") \(context.path.words)"
        if node.has(.booleanNo), (value == "true") == node.has(.reversed) {
            let line = Self.negated(context.prefix, node.word, embedded: node.has(.embedNo))
            // A rival of the same name that goes has said so already.
            if let said = units.lastIndex(where: { $0.modes == context.modes && $0.line == line }) {
                return units[said].touches += touches
            }
            return add(line, touches, context, cause: cause)
        }
        if context.grammar.dialect.hasBanners, context.prefix.elementsEqual(Banner.prefix) {
            let line = context.prefix + node.word + [CLIText.space] + Banner.text(value)
            return add(line, touches, context, cause: cause)
        }
        var removal: [UInt8]?
        if let old, !node.has([.suppressNo, .booleanNo]) {
            removal = Self.negated(
                context.prefix, deletionWords(node, old, context), embedded: node.has(.embedNo))
        }
        add(
            context.prefix + context.composer.leafWords(node, value), touches, context, cause: cause, removal: removal)
    }

    mutating func unset(_ node: CLINode, _ value: String, _ context: DiffContext, cause: String? = nil) {
        let touches = [touch(.deleted, context, old: value)]
        let cause = cause ?? "deleted \(context.path.words)"
        if node.has(.booleanNo) {
            // A boolean is never absent on such a device: it goes back to its default.
            let fallback = node.schema.defaults.first ?? (node.has(.reversed) ? "true" : "false")
            let isNegative = (fallback == "true") == node.has(.reversed)
            let line = isNegative ? Self.negated(context.prefix, node.word) : context.prefix + node.word
            return add(line, touches, context, cause: cause, isDeletion: true)
        }
        let words = deletionWords(node, value, context)
        add(
            Self.negated(context.prefix, words, embedded: node.has(.embedNo)), touches, context, cause: cause,
            isDeletion: true)
    }

    func deletionWords(_ node: CLINode, _ value: String, _ context: DiffContext) -> [UInt8] {
        if node.has(.noNameOnDelete) { return context.composer.valueText(node, value) }
        let isBanner = context.grammar.dialect.hasBanners && value.contains("\n")
        if node.has(.noValueOnDelete) || isBanner { return node.has(.dropNodeName) ? [] : node.word }
        return context.composer.leafWords(node, value)
    }

    /// A leaf-list: what is new, what is gone, or all of it where the order or the annotations ask for it.
    mutating func leafList(_ node: CLINode, _ old: [String]?, _ new: [String]?, _ context: DiffContext) {
        let before = old ?? []
        let after = new ?? []
        guard before != after else { return }
        let kept = Set(before).intersection(after)
        let added = after.filter { !kept.contains($0) }
        let gone = before.filter { !kept.contains($0) }
        let staying = before.filter(kept.contains)
        let isReordered = node.schema.isUserOrdered && after != staying + added
        if node.has(.replaceAll), !after.isEmpty { return putValues(node, after, old: before, context) }
        if isReordered || (node.has(.removeBeforeChange) && !before.isEmpty && !after.isEmpty) {
            dropValues(node, before, context)
            return putValues(node, after, old: [], context)
        }
        if !gone.isEmpty { dropValues(node, gone, context) }
        if !added.isEmpty { putValues(node, added, old: [], context) }
    }

    private mutating func putValues(_ node: CLINode, _ values: [String], old: [String], _ context: DiffContext) {
        for (index, words) in context.composer.leafListLines(node, values).enumerated() {
            let here = node.has(.listSyntax) ? [values[index]] : values
            let touches = here.map { value in
                DiffTouch(kind: .created, path: context.path, newValue: value, scope: context.scope)
            }
            let gone = old.filter { !values.contains($0) }.map { value in
                DiffTouch(kind: .deleted, path: context.path, oldValue: value, scope: context.scope)
            }
            add(context.prefix + words, touches + gone, context, cause: "set \(context.path.words)")
        }
    }

    private mutating func dropValues(_ node: CLINode, _ values: [String], _ context: DiffContext) {
        let lines = node.has(.noValueOnDelete) ? [node.word] : context.composer.leafListLines(node, values)
        for (index, words) in lines.enumerated() {
            let here = node.has(.listSyntax) ? [values[index]] : values
            let touches = here.map { value in
                DiffTouch(kind: .deleted, path: context.path, oldValue: value, scope: context.scope)
            }
            add(
                Self.negated(context.prefix, words, embedded: node.has(.embedNo)), touches, context,
                cause: "deleted \(context.path.words)", isDeletion: true)
        }
    }
}
