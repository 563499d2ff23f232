package import ConfigTree
package import YANG

/// A fault in a line of a configuration text.
package struct CLIFault: Error, Hashable, Sendable, CustomStringConvertible {
    /// Counted from 1; 0 for a line typed by itself.
    package var line: Int
    /// The byte in the line at which the fault begins, counted from 0.
    package var column: Int
    /// In the operator's words: `unknown element`, `"x" is not a valid value.`, `incomplete command`.
    package var message: String
    /// Words that could stand there.
    package var expected: [Completion]
    package var description: String { line == 0 ? message : "line \(line): \(message)" }
}

/// Where a session stands in the configuration.
package struct CLIMode: Hashable, Sendable {
    /// The instances that a line is about: several after a range, such as `devices device ce0..2`. Never empty.
    package var paths: [InstancePath]
    /// The part of the prompt in parentheses: `config`, `config-device-ce0`, `config-if`.
    package var prompt: String
    package static let top = CLIMode(paths: [InstancePath()], prompt: "config")
}

/// What a typed line does.
package enum LineOutcome: Sendable {
    /// Edits to be applied in order, and the mode afterwards.
    case edits([PathEdit], CLIMode)
    /// `exit`, `top`, an exit command: only the mode changes; nil leaves the configuration.
    case mode(CLIMode?)
    /// An action (or rpc) with its input, at one or more instances.
    case action([ActionCall])
    case fault(CLIFault)
}

/// An action typed with its parameters.
package struct ActionCall: Sendable {
    package var path: InstancePath
    package var action: SchemaNode
    /// The `input` of the action.
    package var input: Row
}

/// One line for a device, or of `show configuration`.
package struct CLICommand: Hashable, Sendable {
    package var text: String
    /// Submodes around it.
    package var depth: Int
    /// What the line is there for: the edit, the annotation, the reference.
    package var cause: String
}

extension CLIGrammar {
    /// What a line typed in `mode` does to `tree`.
    package func parseLine(_ line: String, mode: CLIMode, tree: DataTree) -> LineOutcome { .edits([], mode) }

    /// Actions of operational mode: the same paths, from the top.
    package func parseAction(_ line: String, mode: CLIMode, tree: DataTree) -> LineOutcome { .edits([], mode) }

    /// The words that can follow `line`, whose last word may be half typed.
    package func completions(_ line: String, mode: CLIMode, tree: DataTree) -> [Completion] { [] }

    /// The instances that a path typed after `show` means: list keys may be absent, ranges (`ce0..3`, `ce0..1,3`) or `*`.
    package func resolvePaths(
        _ words: [String], tree: DataTree, operational: Bool = false
    ) throws(CLIFault) -> [InstancePath] { [] }

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
