import Basics
import YANG

/// The changes as a page to read: one file without links to others, usable without a mouse and, but for the filter,
/// without scripts.
struct HTMLReport {
    private let report: ComparisonReport

    init(_ report: ComparisonReport) { self.report = report }

    /// Changes by the steps of their paths.
    private final class Branch {
        var changes: [SchemaChange] = []
        var names: [String] = []
        var children: [String: Branch] = [:]

        func branch(_ name: String) -> Branch {
            if let known = children[name] { return known }
            let made = Branch()
            children[name] = made
            names.append(name)
            return made
        }

        var verdicts: [Compatibility: Int] {
            var counts: [Compatibility: Int] = [:]
            for change in changes { counts[change.compatibility, default: 0] += 1 }
            for child in children.values { counts.merge(child.verdicts, uniquingKeysWith: +) }
            return counts
        }
    }

    private static func tree(_ changes: [SchemaChange]) -> Branch {
        let root = Branch()
        for change in changes {
            var branch = root
            if change.path.hasPrefix("/") {
                for step in change.path.split(separator: "/") { branch = branch.branch(String(step)) }
            } else {
                branch = branch.branch(change.path)
            }
            branch.changes.append(change)
        }
        return root
    }

    var page: String {
        let title = "\(report.names.old) → \(report.names.new)"
        return """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>Schema changes: \(MarkupText.escaped(title))</title>
            <style>
            \(HTMLStyle.sheet)
            </style>
            </head>
            <body>
            <header>
            <h1>Schema changes</h1>
            <p class="models"><span>\(MarkupText.escaped(report.names.old))</span> <span aria-hidden="true">→</span>\
            <span class="hidden">to</span> <span>\(MarkupText.escaped(report.names.new))</span></p>
            \(counts)
            \(filter)
            </header>
            <main>
            \(section("Nodes", report.comparison.changes))
            \(section("Definitions", report.comparison.definitions))
            </main>
            <footer><p>Judged by the rules of \(Self.rulesText(report.comparison.rules)).</p></footer>
            <script>
            \(HTMLStyle.script)
            </script>
            </body>
            </html>

            """
    }

    private static func rulesText(_ rules: ComparisonRules) -> String {
        switch rules {
        case .rfc7950: "RFC 7950, section 11"
        case .ietfVersioning: "draft-ietf-netmod-yang-module-versioning, section 3.1.1"
        }
    }

    private static func word(_ verdict: Compatibility) -> String {
        switch verdict {
        case .compatible: "compatible"
        case .incompatible: "incompatible"
        case .unknown: "undecided"
        }
    }

    private static let verdicts: [Compatibility] = [.incompatible, .unknown, .compatible]

    private var counts: String {
        let items = Self.verdicts.map { verdict in
            "<div class=\"\(Self.word(verdict))\"><dt>\(Self.word(verdict))</dt>"
                + "<dd>\(report.count(verdict))</dd></div>"
        }
        let stakes = report.comparison.changes.compactMap(report.instances)
        let data = stakes.isEmpty ? "" : "<div><dt>instances at stake</dt><dd>\(stakes.reduce(0, +))</dd></div>"
        return "<dl class=\"counts\">\(items.joined())\(data)</dl>"
    }

    private var filter: String {
        func box(_ group: String, _ value: String) -> String {
            "<label><input type=\"checkbox\" checked data-group=\"\(group)\" value=\"\(value)\"> \(value)</label>"
        }
        let verdicts = Self.verdicts.map { box("verdict", Self.word($0)) }.joined(separator: "\n")
        let classes = ChangeClass.allCases.map { box("class", $0.rawValue) }.joined(separator: "\n")
        return """
            <form class="filter" aria-label="Which changes are shown">
            <fieldset><legend>Verdict</legend>
            \(verdicts)
            </fieldset>
            <fieldset><legend>Class</legend>
            \(classes)
            </fieldset>
            <p><label>Path contains <input type="search" id="path"></label>
            <output id="shown" aria-live="polite"></output></p>
            </form>
            """
    }

    // MARK: The tree

    private func section(_ title: String, _ changes: [SchemaChange]) -> String {
        let identifier = title.lowercased()
        let content =
            changes.isEmpty ? "<p>No changes.</p>" : list(Self.tree(changes), depth: 0)
        return "<section aria-labelledby=\"\(identifier)\"><h2 id=\"\(identifier)\">\(title)</h2>\n\(content)</section>"
    }

    private func list(_ branch: Branch, depth: Int) -> String {
        let items = branch.names.compactMap { name in branch.children[name].map { item(name, $0, depth: depth) } }
        return "<ul>\n\(items.joined())</ul>\n"
    }

    private func item(_ name: String, _ branch: Branch, depth: Int) -> String {
        let label = "<code>\(MarkupText.escaped(name))</code>"
        // A node with one change and nothing below it stands on one line with it.
        if branch.names.isEmpty, branch.changes.count == 1 {
            return "<li class=\"leaf\">\(change(branch.changes[0], label: label))</li>\n"
        }
        let changes = branch.changes.map { change($0) }.joined()
        guard !branch.names.isEmpty else { return "<li><span class=\"node\">\(label)</span>\(changes)</li>\n" }
        let counts = branch.verdicts
        let badges = Self.verdicts.compactMap { verdict in
            counts[verdict].map { "<span class=\"badge \(Self.word(verdict))\">\($0) \(Self.word(verdict))</span>" }
        }
        return "<li><details open><summary>\(label) \(badges.joined(separator: " "))</summary>\(changes)\n"
            + list(branch, depth: depth + 1) + "</details></li>\n"
    }

    /// What was and what is, where both are short enough to be read at a glance and not said already.
    private static func values(_ change: SchemaChange) -> String {
        guard let before = change.before, let after = change.after else { return "" }
        let isShort = [before, after].allSatisfy { !$0.isEmpty && $0.count <= 40 && !$0.contains("\n") }
        guard isShort, !(change.info.contains(before) && change.info.contains(after)) else { return "" }
        let (old, new) = (MarkupText.escaped(before), MarkupText.escaped(after))
        return " <span class=\"values\"><code>\(old)</code> → <code>\(new)</code></span>"
    }

    private func change(_ change: SchemaChange, label: String = "") -> String {
        let word = Self.word(change.compatibility)
        var details: [(String, String?)] = [
            ("Class", change.changeClass.rawValue), ("Statement", change.statement), ("Old", change.before),
            ("New", change.after), ("Old place", change.oldPlace.map { "\($0.file):\($0.line)" }),
            ("New place", change.newPlace.map { "\($0.file):\($0.line)" }),
            ("Value that is lost", change.witness),
            ("May be now (a guess)", change.successor?.prefixedPath),
            ("Instances at stake", report.instances(change).map { "\($0)" }),
        ]
        details.removeAll { $0.1 == nil }
        let rows = details.map { "<dt>\($0.0)</dt><dd>\(MarkupText.escaped($0.1 ?? ""))</dd>" }
        return """
            <details class="change" data-verdict="\(word)" data-class="\(change.changeClass.rawValue)" \
            data-path="\(MarkupText.escaped(change.path))">\
            <summary>\(label)\(label.isEmpty ? "" : " ")<span class="badge \(word)">\(word)</span> \
            \(MarkupText.escaped(change.info))\(Self.values(change))</summary>\
            <dl>\(rows.joined())</dl></details>
            """
    }
}
