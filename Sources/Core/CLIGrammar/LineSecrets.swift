import ConfigTree
package import YANG

/// Where in a typed line the values of secrets stand, by position: a word elsewhere that reads the same is none.
package struct LineSecrets: Hashable, Sendable {
    /// In UTF-8 bytes of the line, quotes included, in order and without overlaps.
    package private(set) var ranges: [Range<Int>] = []
    /// The line ends where the value of a secret is due.
    package private(set) var isDue = false
    /// Where the last word ends; a comment may follow.
    package private(set) var end = 0

    init(_ words: [Range<Int>], _ line: CLILine) {
        let start = line.bytes.startIndex
        end = (line.tokens.last?.range.upperBound ?? start) - start
        var found: [Range<Int>] = []
        for words in words {
            guard !words.isEmpty else {
                isDue = true
                continue
            }
            let first = line.tokens[words.lowerBound].range.lowerBound
            found.append(first - start..<line.tokens[words.upperBound - 1].range.upperBound - start)
        }
        for range in found.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = ranges.last, range.lowerBound <= last.upperBound {
                ranges[ranges.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
            } else {
                ranges.append(range)
            }
        }
    }
}

extension SchemaNode {
    /// Whether the value of the leaf must not be shown: its type says so, or `tailf:suppress-echo` does.
    package var isSecret: Bool { type?.hasSecret == true || annotation("suppress-echo")?.argument == "true" }
}

extension CLIGrammar {
    /// The words by which secrets are set: names of such leaves, or, where a name is not typed, that of what is around.
    /// Models that are mounted count as soon as a line or a text has come near them.
    package var secretNames: Set<String> {
        models.reduce(into: []) { names, model in names.formUnion(Self.secretNames(model.schema)) }
    }

    /// How many models `secretNames` speaks of.
    package var modelCount: Int { models.count }

    private static func secretNames(_ schema: Schema) -> Set<String> {
        var names: Set<String> = []
        for index in 0..<Int32(schema.nodeCount) {
            let node = schema[NodeID(index)]
            guard node.isTerminal, node.isSecret else { continue }
            let isNamed = node.annotation("cli-drop-node-name") == nil
            names.insert(isNamed ? node.name : node.dataParent?.name ?? node.name)
        }
        return names
    }
}
