package import ConfigTree
import YANG

/// Where a session stands in the configuration.
package struct CLIMode: Hashable, Sendable {
    /// The instances that a line is about: several after a range, such as `devices device ce0..2`. Never empty.
    package var paths: [InstancePath]
    /// The part of the prompt in parentheses: `config`, `config-device-ce0`, `config-if`.
    package var prompt: String

    package init(paths: [InstancePath], prompt: String) {
        self.paths = paths
        self.prompt = prompt
    }

    package static let top = CLIMode(paths: [InstancePath()], prompt: "config")
}

extension CLIGrammar {
    /// The mode at those instances, which are of one schema node: the nearest submode at or above each.
    package func mode(at paths: [InstancePath]) -> CLIMode {
        var seen: Set<InstancePath> = []
        let modes = paths.map(enclosingMode).filter { seen.insert($0).inserted }
        guard let first = modes.first else { return .top }
        return CLIMode(paths: modes, prompt: prompt(modes, first))
    }

    /// The mode around `mode`; nil at the top.
    package func outer(_ mode: CLIMode) -> CLIMode? {
        guard mode.paths.contains(where: { !$0.steps.isEmpty }) else { return nil }
        return self.mode(at: mode.paths.map(\.parent))
    }

    /// The path of the nearest submode at or above `path`.
    func enclosingMode(_ path: InstancePath) -> InstancePath {
        var path = path
        while let last = path.last, last.node.kind == .leaf || !node(at: path).node.isMode { path = path.parent }
        return path
    }

    private func prompt(_ modes: [InstancePath], _ first: InstancePath) -> String {
        guard let step = first.last else { return CLIMode.top.prompt }
        let node = node(at: first).node
        if let name = node.modeName {
            var text = name
            for (key, value) in zip(step.node.keys, step.keys) { text = text.replacing("$(\(key.name))", with: value) }
            return text
        }
        guard node.kind == .list else { return "config-\(node.name)" }
        let keys = modes.count == 1 ? step.keys.joined(separator: "-") : "*"
        return "config-\(node.name)-\(keys)"
    }
}
