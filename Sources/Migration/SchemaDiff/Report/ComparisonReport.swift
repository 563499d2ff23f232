import Basics
package import YANG

/// A comparison in the forms in which it is read: the incumbent's shapes as text, XML and JSON, the IETF draft's JSON,
/// and a page.
package struct ComparisonReport {
    package enum Format: String, CaseIterable, Sendable {
        case text, xml, json
        case ietfJSON = "ietf-json"
        case html
    }

    static let namespace = "urn:openned:schema-changes"

    let comparison: SchemaComparison
    let old: Schema
    let new: Schema
    /// What the two models are called: files, packages.
    let names: (old: String, new: String)
    /// How many instances of a changed node are at stake, where there is data; nil without.
    let instances: (SchemaChange) -> Int?

    package init(
        _ comparison: SchemaComparison, from old: Schema, to new: Schema, names: (old: String, new: String),
        instances: @escaping (SchemaChange) -> Int? = { _ in nil }
    ) {
        self.comparison = comparison
        (self.old, self.new, self.names) = (old, new, names)
        self.instances = instances
    }

    package func written(as format: Format) -> String {
        switch format {
        case .text: text
        case .xml:
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" + value.xml("schema-changes", namespace: Self.namespace)
        case .json: value.json() + "\n"
        case .ietfJSON: IETFReport(comparison, old, new).value.json() + "\n"
        case .html: HTMLReport(self).page
        }
    }

    /// The changes of each path, in the order in which paths come first.
    var paths: [(path: String, changes: [SchemaChange])] {
        var order: [String] = []
        var changes: [String: [SchemaChange]] = [:]
        for change in comparison.all {
            if changes[change.path] == nil { order.append(change.path) }
            changes[change.path, default: []].append(change)
        }
        return order.map { ($0, changes[$0] ?? []) }
    }

    func count(_ verdict: Compatibility) -> Int { comparison.all.count { $0.compatibility == verdict } }

    var summary: String {
        "\(comparison.all.count) changes: \(count(.incompatible)) incompatible, \(count(.unknown)) undecided, "
            + "\(count(.compatible)) compatible (rules \(comparison.rules.rawValue))"
    }

    // MARK: The incumbent's shapes

    private var value: ReportValue {
        .members([
            "old": .text(names.old), "new": .text(names.new), "rules": .text(comparison.rules.rawValue),
            "backward-compatible": .text(comparison.compatibility.rawValue),
            "summary": .members([
                "changes": .number(comparison.all.count), "incompatible": .number(count(.incompatible)),
                "undecided": .number(count(.unknown)), "compatible": .number(count(.compatible)),
            ]),
            "modified-path": .list(
                paths.map { path, changes in
                    .members([
                        "path": .text(path), "modification": .list(changes.map { .object(modification($0)) }),
                        "instances": changes.compactMap(instances).max().map { .number($0) },
                    ])
                }),
        ])
    }

    private func modification(_ change: SchemaChange) -> [(name: String, value: ReportValue)] {
        let members: [(String, ReportValue?)] = [
            ("info", .text(change.info)), ("backward-compatible", .text(change.compatibility.rawValue)),
            ("class", .text(change.changeClass.rawValue)), ("statement", .text(change.statement)),
            ("rule", .text(comparison.rules.rawValue)),
            ("old", change.before.map { .text($0) }), ("new", change.after.map { .text($0) }),
            ("old-place", change.oldPlace.map { .text("\($0.file):\($0.line)") }),
            ("new-place", change.newPlace.map { .text("\($0.file):\($0.line)") }),
            ("lost-value", change.witness.map { .text($0) }),
            ("possible-successor", change.successor.map { .text($0.prefixedPath) }),
        ]
        return members.compactMap { name, value in value.map { (name, $0) } }
    }

    private var text: String {
        var lines: [String] = []
        for (path, changes) in paths {
            lines += ["modified-path {", "    path \(path)"]
            for change in changes {
                lines.append("    modification {")
                for (name, value) in modification(change) where name != "rule" {
                    if case .text(let text) = value { lines.append("        \(name) \(Self.word(text))") }
                }
                lines.append("    }")
            }
            if let count = changes.compactMap(instances).max() { lines.append("    instances \(count)") }
            lines.append("}")
        }
        return (lines + [summary]).joined(separator: "\n") + "\n"
    }

    /// On one line.
    private static func word(_ text: String) -> String {
        if text.isEmpty { return "\"\"" }
        return text.split(whereSeparator: \.isNewline).map(String.init).joined(separator: " ")
    }
}
