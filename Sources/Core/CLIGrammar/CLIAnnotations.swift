package import Basics
import ConfigTree
import YANG

/// What is done with each `tailf:cli-*` statement.
///
/// Every statement that the manual names is in one of the tables; `CLIGrammar.annotationFindings` tells an author of a
/// model which of his statements have no effect here.
enum CLIAnnotations {
    /// Statements, and statements inside them, that decide how configuration is read, written, deleted or ordered, or
    /// how it is typed.
    static let effective: Set<String> = Set(CLITraits.byStatement.keys).union(CLITraits.bySubstatement.keys).union([
        "cli-add-mode", "cli-suppress-mode", "cli-mode-name", "cli-exit-command", "cli-key-format",
        "cli-disallow-value", "cli-case-sensitive", "cli-show-order-tag", "cli-show-order-taglist",
        "cli-diff-after", "cli-diff-before", "cli-diff-create-after", "cli-diff-create-before",
        "cli-diff-delete-after", "cli-diff-delete-before", "cli-diff-modify-after", "cli-diff-modify-before",
        "cli-diff-set-after", "cli-diff-set-before", "cli-diff-dependency",
        "cli-before-key", "cli-max-words", "cli-multi-word", "cli-trigger-on-set", "cli-trigger-on-delete",
        "cli-trigger-on-all", "cli-when-target-set", "cli-when-target-create", "cli-when-target-modify",
        "cli-when-target-delete", "cli-configure-mode", "cli-instance-info-leafs", "cli-mount-point",
        "cli-suppress-table", "cli-suppress-warning",
    ])

    /// Statements of openned's own models, beside the public ones.
    static let own: Set<String> = ["cli-indent", "cli-table"]

    /// Statements without effect on configuration that are known and not acted on, and why.
    static let idle: [String: String] = {
        var reasons: [String: String] = [:]
        func note(_ reason: String, _ names: String...) { for name in names { reasons[name] = reason } }
        note(
            "it formats state for people", "cli-column-align", "cli-column-stats", "cli-column-width",
            "cli-min-column-width", "cli-compact-stats", "cli-display-empty-config", "cli-enforce-table",
            "cli-oper-info", "cli-preformatted", "cli-show-template", "cli-show-template-enter",
            "cli-show-template-footer", "cli-show-template-legend", "cli-table-footer", "cli-table-legend",
            "cli-auto-legend", "cli-wrap", "cli-width", "cli-delimiter", "cli-prettify", "cli-spacer",
            "cli-suppress-show-conf-path", "cli-suppress-show-match", "cli-suppress-show-path", "cli-full-show-path",
            "cli-incomplete-show-path", "cli-max-keys", "cli-min-keys", "cli-value-display-template")
        note(
            "templates of configuration are not followed: the text would not be sure to be read back",
            "cli-run-template", "cli-run-template-enter", "cli-run-template-footer", "cli-run-template-legend")
        note(
            "it is about typing, and this CLI does without", "cli-allow-wildcard", "cli-suppress-wildcard",
            "cli-autowizard", "cli-custom-error", "cli-disabled-info", "cli-multi-line-prompt",
            "cli-no-match-completion", "cli-only-in-autowizard", "cli-operational-mode", "cli-range-delimiters",
            "cli-custom-range", "cli-range-type", "cli-suppress-error-message-value", "cli-suppress-shortenabled",
            "cli-suppress-silent-no", "cli-suppress-validation-warning-prompt", "cli-delayed-auto-commit",
            "cli-suppress-key-abbreviation", "cli-allow-key-abbreviation", "cli-suppress-key-sort")
        note(
            "it names program code of the package, which is not run here", "cli-completion-actionpoint",
            "cli-completion-id", "cli-custom-range-actionpoint", "cli-custom-range-enumerator", "cli-allow-caching",
            "cli-mode-name-actionpoint")
        note("it is about an interface to programs that is not here", "cli-ignore-modified")
        note("it is about J-style commands, which this dialect has none of", "cli-no-keyword")
        return reasons
    }()
}

extension CLIGrammar {
    /// What the model's annotations ask for in vain: a note for each statement that is known and not acted on, a
    /// warning for each that is not known, and for each ordering annotation that leads nowhere.
    package func annotationFindings() -> [Diagnostic] {
        var found: [String: (count: Int, place: SourcePlace)] = [:]
        var lost: [Diagnostic] = []
        for index in 0..<Int32(model.schema.nodeCount) {
            let node = model.schema[NodeID(index)]
            for statement in node.extensions where statement.name.hasPrefix("cli-") {
                for name in [statement.name] + statement.substatements.map(\.name) where name.hasPrefix("cli-") {
                    let isIdle = CLIAnnotations.idle[name] != nil && !(name == "cli-no-keyword" && dialect.style == .j)
                    let isKnown = CLIAnnotations.effective.contains(name) || CLIAnnotations.own.contains(name)
                    guard isIdle || !isKnown else { continue }
                    found[name, default: (0, statement.place)].count += 1
                }
                guard statement.name.hasPrefix("cli-diff-"), let path = statement.argument,
                    TargetPath(path, from: node) == nil
                else { continue }
                lost.append(
                    .warning(
                        "\(statement.name) of \(node.path) names no node: \(path)",
                        remedy: "give a path from the node, or from the root", place: statement.place))
            }
        }
        return found.sorted { $0.key < $1.key }.map { name, use in Self.finding(name, use.count, use.place) } + lost
    }

    private static func finding(_ name: String, _ count: Int, _ place: SourcePlace) -> Diagnostic {
        let nodes = count == 1 ? "1 node" : "\(count) nodes"
        guard let reason = CLIAnnotations.idle[name] else {
            return .warning(
                "\(name) is not known (\(nodes))", remedy: "the statement is ignored; see docs/CLI-DRIVERS.md",
                place: place)
        }
        return Diagnostic(.note, "\(name) is not acted on (\(nodes)): \(reason)", place: place)
    }
}
