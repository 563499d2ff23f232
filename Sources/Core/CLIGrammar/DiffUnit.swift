import ConfigTree
import YANG

/// A submode as commands enter and leave it.
struct ModeStep: Hashable {
    /// The container, entry or mount point.
    var path: InstancePath
    var header: [UInt8]
    var exit: [UInt8]?

    static func == (a: ModeStep, b: ModeStep) -> Bool { a.path == b.path }
    func hash(into hasher: inout Hasher) { hasher.combine(path) }
}

/// What a command does to one node, as far as the order of commands may depend on it.
struct DiffTouch {
    enum Kind: Hashable { case created, modified, deleted }

    var kind: Kind
    var path: InstancePath
    /// Of a leaf, before and after.
    var oldValue: String?
    var newValue: String?
    /// The tree that the node is in: below another mount point, another number.
    var scope: Int

    var schema: SchemaNode? { path.last?.node }
}

/// A command to be put in order: one line in its submodes.
struct DiffUnit {
    var modes: [ModeStep]
    /// Nil only enters the mode.
    var line: [UInt8]?
    /// Comes right before the line (`# after KEY`).
    var comment: [UInt8]?
    var touches: [DiffTouch]
    var cause: String
    /// The unit that brings the submode into being.
    var opener: Int?
    var isDeletion = false
    /// What takes the old value away on a line of its own, for a unit that changes a value: it may be split there.
    var removal: [UInt8]?
}

/// Where commands are being made: the submodes around, the words since, the data path.
struct DiffContext {
    var grammar: CLIGrammar
    var modes: [ModeStep] = []
    /// Words since the mode began, each followed by a space.
    var prefix: [UInt8] = []
    var path = InstancePath()
    var scope = 0
    var opener: Int?

    /// The node of the submode around.
    var mode: CLINode {
        guard let node = modes.last?.path.last?.node, node.kind != .mountPoint else { return grammar.root }
        return grammar.node(node)
    }

    var composer: LineComposer { LineComposer(grammar: grammar) }

    func inside(_ node: CLINode, keys: [String] = []) -> DiffContext {
        var result = self
        result.path = path.appending(node.schema, keys: keys)
        return result
    }

    /// After a word (or words) that stand for a container or entry.
    func after(_ words: [UInt8]) -> DiffContext {
        var result = self
        if !words.isEmpty { result.prefix += words + [CLIText.space] }
        return result
    }

    /// In the submode of `node`, which the words `header` (after the prefix) enter.
    func entering(_ node: CLINode, header: [UInt8]) -> DiffContext {
        var result = self
        let dialect = grammar.dialect
        let exit: [UInt8]?
        if let command = node.exitCommand {
            exit = command
        } else if node.has(.explicitExit) || dialect.closesOutermostOnly {
            exit = Array("exit".utf8)
        } else {
            exit = node.closing(dialect, depth: modes.count)
        }
        result.modes.append(ModeStep(path: path, header: prefix + header, exit: exit))
        result.prefix = []
        return result
    }
}
