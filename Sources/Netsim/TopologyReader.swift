import Basics
import Yams

/// Reads a YAML file of a network; faults name file and line.
struct TopologyReader {
    let file: String
    let root: Node.Mapping

    private static let sizeLimit = 64 << 20

    /// Throws `usage` for what is no YAML mapping.
    init(path: String) throws(NetsimError) {
        file = path
        let bytes: [UInt8]
        do {
            bytes = try DurableFiles.read(path, limit: Self.sizeLimit)
        } catch {
            throw NetsimError(.usage, "", "\(error)", remedy: "give the path of a YAML file")
        }
        let node: Node?
        do {
            node = try Yams.compose(yaml: String(decoding: bytes, as: UTF8.self))
        } catch {
            throw Self.syntaxFault(error, path)
        }
        guard let mapping = node?.mapping else {
            throw NetsimError(.usage, "\(path):1", "a mapping of keys was expected", remedy: "see docs/NETSIM.md")
        }
        root = mapping
    }

    private static func syntaxFault(_ error: any Error, _ file: String) -> NetsimError {
        switch error as? YamlError {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            return NetsimError(.usage, "\(file):\(mark.line)", "no valid YAML: \(problem)", remedy: "mend the file")
        default: return NetsimError(.usage, file, "no valid YAML: \(error)", remedy: "mend the file")
        }
    }

    func place(_ node: Node) -> String { "\(file):\(node.mark?.line ?? 1)" }

    func fault(_ node: Node, _ summary: String, remedy: String = "see docs/NETSIM.md") -> NetsimError {
        NetsimError(.usage, place(node), summary, remedy: remedy)
    }

    func requireKeys(_ mapping: Node.Mapping, _ known: Set<String>) throws(NetsimError) {
        for (key, _) in mapping {
            guard let name = key.string, known.contains(name) else {
                let names = known.sorted().joined(separator: ", ")
                throw fault(key, "there is no key \(key.string ?? "of that kind")", remedy: "use \(names)")
            }
        }
    }

    func list(_ node: Node?, _ name: String) throws(NetsimError) -> [Node] {
        guard let node else { return [] }
        guard let sequence = node.sequence else { throw fault(node, "\(name) is a list") }
        return Array(sequence)
    }

    func mapping(_ node: Node, _ name: String) throws(NetsimError) -> Node.Mapping {
        guard let mapping = node.mapping else { throw fault(node, "\(name) is a mapping of keys") }
        return mapping
    }
}
