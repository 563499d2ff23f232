package import ConfigTree

/// One line for a device, or of `show configuration`.
package struct CLICommand: Hashable, Sendable {
    package var text: String
    /// Submodes around it.
    package var depth: Int
    /// What the line is there for: the edit, the annotation, the reference.
    package var cause: String
}

extension CLIGrammar {
    /// The commands that turn `from` into `to`, in an order that a device accepts.
    package func commands(from: DataTree, to: DataTree) -> [CLICommand] { [] }

    /// The difference as a tree with braces, ` `, `-` or `+` in the first column of each line.
    package func curlyDiff(from: DataTree, to: DataTree) -> String { "" }

    /// A tree with braces, as `display curly-braces` shows it.
    package func curlyBraces(_ tree: DataTree, options: RenderOptions = RenderOptions()) -> String { "" }
}

extension [CLICommand] {
    /// As text, each line indented by its depth.
    package func text(indentation: Int = 1) -> String {
        map { String(repeating: " ", count: $0.depth * indentation) + $0.text + "\n" }.joined()
    }
}
