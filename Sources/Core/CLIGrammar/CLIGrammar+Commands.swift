package import ConfigTree

/// One line for a device, or of `show configuration`.
package struct CLICommand: Hashable, Sendable {
    package var text: String
    /// Submodes around it.
    package var depth: Int
    /// What the line is there for: the change, the annotation, the reference.
    package var cause: String

    package init(text: String, depth: Int, cause: String) {
        self.text = text
        self.depth = depth
        self.cause = cause
    }
}

extension CLIGrammar {
    /// The commands that turn `from` into `to`, in an order that a device accepts: what is referred to is there before
    /// the reference and goes after it, `cli-diff-*` annotations hold, the rest is in the order of the schema with
    /// deletions of a level first. In J-style `set`, `delete`, `insert` and `activate` from the top. The reverse is `commands(from: to, to: from)`.
    ///
    /// - Parameter withTags: whether tags are shown in comments, for operators.
    package func commands(from: DataTree, to: DataTree, withTags: Bool = false) -> [CLICommand] {
        Self.lines(sortedUnits(from: from, to: to, withTags: withTags))
    }

    /// - Parameter opensCircles: whether things that go, and refer to each other, lose their references beforehand; so do
    ///   those that go and come again.
    private func sortedUnits(
        from: DataTree, to: DataTree, withTags: Bool, opensCircles: Bool = true
    ) -> [DiffUnit] {
        let units = units(from: from, to: to, withTags: withTags)
        let staying = hasStatements ? nil : StayingReferences(units, self, from: from, to: to)
        let takeovers = hasStatements ? [] : SharedNames(self).takeovers(units)
        var order = DiffOrder(units, pairs: (staying?.handovers ?? []) + takeovers)
        let sorted = order.sorted()
        let toBeOpened = order.circularReferences + (staying?.toBeOpened ?? [])
        guard opensCircles, !toBeOpened.isEmpty else { return sorted }
        var between = from
        for reference in toBeOpened {
            guard let without = try? between.applying(.delete, at: reference) else { return sorted }
            between = without
        }
        return sortedUnits(from: from, to: between, withTags: withTags, opensCircles: false)
            + sortedUnits(from: between, to: to, withTags: withTags, opensCircles: between.root !== from.root)
    }

    private func units(from: DataTree, to: DataTree, withTags: Bool) -> [DiffUnit] {
        if hasStatements { return statementCommands(from: from, to: to) }
        var builder = DiffBuilder(tagged: withTags ? to : nil)
        let context = DiffContext(grammar: self)
        builder.level(from.diff(to: to, includingMetadata: withTags), of: root, from.root, to.root, context)
        return builder.units
    }

    /// Enters and leaves submodes around the commands.
    private static func lines(_ units: [DiffUnit]) -> [CLICommand] {
        var lines: [CLICommand] = []
        var open: [ModeStep] = []
        func leave(_ depth: Int) {
            while open.count > depth {
                let step = open.removeLast()
                if let exit = step.exit {
                    lines.append(CLICommand(text: CLIText.string(exit), depth: open.count, cause: "leaves a submode"))
                }
            }
        }
        for unit in units {
            var shared = 0
            while shared < min(open.count, unit.modes.count), open[shared] == unit.modes[shared],
                open[shared].header == unit.modes[shared].header
            {
                shared += 1
            }
            if unit.line == nil, unit.comment != nil, shared == unit.modes.count { shared -= 1 }
            leave(shared)
            for step in unit.modes[shared...] {
                if unit.line == nil, let comment = unit.comment, open.count == unit.modes.count - 1 {
                    lines.append(CLICommand(text: CLIText.string(comment), depth: open.count, cause: unit.cause))
                }
                let isOwn = unit.line == nil && open.count == unit.modes.count - 1
                let cause = isOwn ? unit.cause : "enters a submode"
                lines.append(CLICommand(text: CLIText.string(step.header), depth: open.count, cause: cause))
                open.append(step)
            }
            guard let line = unit.line else { continue }
            if let comment = unit.comment {
                lines.append(CLICommand(text: CLIText.string(comment), depth: open.count, cause: unit.cause))
            }
            lines.append(CLICommand(text: CLIText.string(line), depth: open.count, cause: unit.cause))
        }
        leave(0)
        return lines
    }
}

extension [CLICommand] {
    /// As text, each line indented by its depth.
    package func text(indentation: Int = 1) -> String {
        map { String(repeating: " ", count: $0.depth * indentation) + $0.text + "\n" }.joined()
    }
}
