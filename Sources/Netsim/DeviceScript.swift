import ConfigTree
import YANG

/// Commands on single nodes of a device's configuration, as `ncs-netsim cmd` takes them: separated by `;` or line ends.
///
/// `get`, `exists`, `num_instances`, `set`, `create`, `delete`, also with the `m` in front that the field knows from
/// `confd_cmd`. All changes take effect together, after the last command, or none.
enum DeviceScript {
    struct Fault: Error, CustomStringConvertible {
        var description: String
    }

    /// What the commands print, a line each.
    static func run(_ script: String, on device: SimulatedDevice) throws(Fault) -> String {
        var tree = device.running
        var edits: [PathEdit] = []
        var output: [String] = []
        for line in script.split(whereSeparator: { $0 == "\n" || $0 == ";" }) {
            let words = line.split(separator: " ", maxSplits: 2).map(String.init)
            guard let verb = words.first, !verb.hasPrefix("#") else { continue }
            do {
                guard words.count > 1 else { throw Fault(description: "\(verb) needs a path") }
                let path = try checked(tree.path(words[1]), ValueContext(schema: device.model.data.schema))
                let value = words.count > 2 ? words[2] : nil
                if let edit = try edit(verb, path, value, device.model.data) {
                    tree = try tree.applying(edit, at: path)
                    edits.append(PathEdit(edit, path))
                } else {
                    output.append(try answer(verb, path, tree))
                }
            } catch {
                throw Fault(description: "\(line): \(error)")
            }
        }
        do throws(SimulatedDevice.Refusal) {
            try device.apply(edits)
        } catch {
            throw Fault(description: error.description)
        }
        return output.joined(separator: "\n")
    }

    /// The path with canonical keys.
    private static func checked(_ path: InstancePath, _ context: ValueContext) throws -> InstancePath {
        InstancePath(
            try path.steps.map { step in
                let types = step.node.kind == .leafList ? [step.node.type] : step.node.keys.map(\.type)
                let keys = try zip(types, step.keys).map { try $0?.canonical($1, in: context) ?? $1 }
                return InstancePath.Step(step.node, keys: keys)
            })
    }

    private static func edit(
        _ verb: String, _ path: InstancePath, _ value: String?, _ model: DataModel
    ) throws -> Edit? {
        switch verb {
        case "set", "mset":
            guard let value, let type = path.last?.node.type else {
                throw Fault(description: "a leaf and a value are needed")
            }
            return .set(try type.canonical(unquoted(value), in: ValueContext(schema: model.schema)))
        case "create", "mcreate": return .create
        case "del", "delete", "mdel", "mdelete": return .delete
        default: return nil
        }
    }

    private static func answer(_ verb: String, _ path: InstancePath, _ tree: DataTree) throws -> String {
        switch verb {
        case "get", "mget":
            guard let value = tree.value(path) else { throw Fault(description: "there is no such value") }
            return value
        case "exists", "mexists": return tree.instance(path) == nil ? "no" : "yes"
        case "num_instances", "mnum_instances":
            guard let list = path.last?.node, list.kind == .list || list.kind == .leafList else {
                throw Fault(description: "it is no list")
            }
            let parent = tree.instance(InstancePath(Array(path.steps.dropLast())))
            return "\(parent?.entries(list).underestimatedCount ?? 0)"
        default: throw Fault(description: "no such command: use get, exists, num_instances, set, create or delete")
        }
    }

    private static func unquoted(_ text: String) -> String {
        guard text.count >= 2, let quote = text.first, quote == "\"" || quote == "'", text.last == quote else {
            return text
        }
        return String(text.dropFirst().dropLast())
    }
}
