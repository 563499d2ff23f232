package import CLIGrammar
package import ConfigTree

/// A simulated router in strict order mode, without terminal and disk: takes commands one by one as a device does, and
/// refuses those that come in a wrong order.
package struct StrictRouter {
    package private(set) var tree: DataTree
    private let grammar: CLIGrammar
    private var mode = CLIMode.top
    private var order: StrictOrder
    /// `# first` or `# after KEY`: says where the entry of the next command goes.
    private var placing: String?

    /// - Parameter tolerated: see `StrictOrder`.
    package init(
        _ grammar: CLIGrammar, rules: StrictRules, holding tree: DataTree, tolerating tolerated: Set<String> = []
    ) {
        self.grammar = grammar
        self.tree = tree
        order = StrictOrder(rules, tolerating: tolerated)
    }

    /// Takes commands until one is refused; gives that command and why. The first one of a session begins at the top.
    package mutating func enter(_ commands: [String]) -> String? {
        mode = .top
        for command in commands {
            if let refusal = enter(command) { return "\(command): \(refusal)" }
        }
        return nil
    }

    private mutating func enter(_ command: String) -> String? {
        let line = command.drop { $0 == " " }
        guard !line.isEmpty, !line.hasPrefix("!") else { return nil }
        if BannerText(String(line)) != nil { return enterBanner(String(line)) }
        if line.hasPrefix("# ") {
            placing = String(line)
            return nil
        }
        switch grammar.parseLine(command, mode: mode, tree: tree) {
        case .edits(let edits, let next):
            if let refusal = apply(placed(edits, command)) { return refusal }
            mode = next
        case .mode(let next): mode = next ?? .top
        case .action: return "an action"
        case .fault(let fault): return fault.message
        }
        return nil
    }

    /// The edits of a command, at the place announced before it.
    private mutating func placed(_ edits: [PathEdit], _ command: String) -> [PathEdit] {
        guard let comment = placing else { return edits }
        placing = nil
        let text = Array("\(comment)\n\(command)\n".utf8)
        return (try? grammar.edits(text, over: tree, at: mode.paths[0])) ?? edits
    }

    private mutating func enterBanner(_ text: String) -> String? {
        do throws(CLIFault) {
            return apply(try grammar.edits(Array((text + "\n").utf8), over: tree))
        } catch {
            return error.message
        }
    }

    private mutating func apply(_ edits: [PathEdit]) -> String? {
        var new = tree
        do throws(PathError) {
            for edit in edits { try new.apply(edit.edit, at: edit.path) }
        } catch {
            return error.description
        }
        if let refusal = order.refusal(from: tree, to: new) { return refusal }
        tree = new
        return nil
    }
}
