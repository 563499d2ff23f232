import Basics
import Yams

/// A network as a YAML file describes it: devices with packages, names, places and start configurations, and faults.
/// Paths are relative to the file. See docs/NETSIM.md.
struct Topology {
    private(set) var clauses: [NetsimCommand.Clause] = []
    let scenario: Scenario

    private static let keys: Set = ["package", "name", "prefix", "count", "address", "ports", "config"]

    /// Throws `usage` naming file and line.
    init(path: String) throws(NetsimError) {
        let reader = try TopologyReader(path: path)
        try reader.requireKeys(reader.root, ["seed", "devices", "faults"])
        let directory = DurableFiles.parent(of: path)
        let nodes = try reader.list(reader.root["devices"], "devices")
        guard !nodes.isEmpty else {
            throw NetsimError(.usage, path, "it names no devices", remedy: "add the key devices: see docs/NETSIM.md")
        }
        for node in nodes { clauses.append(try Self.clause(node, reader, directory)) }
        scenario = try Scenario(reader)
    }

    private static func clause(
        _ node: Node, _ reader: TopologyReader, _ directory: String
    ) throws(NetsimError) -> NetsimCommand.Clause {
        let item = try reader.mapping(node, "an entry of devices")
        try reader.requireKeys(item, keys)
        guard let package = item["package"]?.string else { throw reader.fault(node, "the key package is missing") }
        let word = package.contains("/") ? PlainFiles.absolute(package, in: directory) : package
        var clause = NetsimCommand.Clause(
            makesNetwork: true, package: word, devices: [], place: reader.place(node))
        var request = NetsimCommand.Request(name: "", folder: "")
        if let address = item["address"] {
            guard let text = address.string, text.hasPrefix("127."), text.split(separator: ".").count == 4 else {
                throw reader.fault(address, "an address is one of 127.0.0.0/8")
            }
            request.place.address = text
        }
        request.place.ports = try ports(item["ports"], reader)
        if let files = item["config"] {
            request.configuration = try reader.list(files, "config").map { file throws(NetsimError) in
                guard let name = file.string else { throw reader.fault(file, "a path was expected") }
                let path = PlainFiles.absolute(name, in: directory)
                guard name.hasSuffix(".xml"), DurableFiles.exists(path) else {
                    throw reader.fault(file, "\(path) is no XML file", remedy: "give the configuration as XML")
                }
                return path
            }
        }
        clause.devices = try names(item, node, reader).map { name, folder in
            var device = request
            device.name = name
            device.folder = folder
            return device
        }
        return clause
    }

    private static func names(
        _ item: Node.Mapping, _ node: Node, _ reader: TopologyReader
    ) throws(NetsimError) -> [(String, String)] {
        if let name = item["name"]?.string {
            guard item["prefix"] == nil, item["count"] == nil else {
                throw reader.fault(node, "name stands alone: prefix and count are for several devices")
            }
            return [(name, name)]
        }
        guard let prefix = item["prefix"]?.string, let text = item["count"]?.scalar?.string, let count = Int(text),
            (1...100_000).contains(count)
        else { throw reader.fault(node, "a device has the key name, or several have prefix and count") }
        guard count == 1 || item["ports"] == nil else {
            throw reader.fault(node, "several devices cannot have the same ports", remedy: "leave ports out")
        }
        return (0..<count).map { ("\(prefix)\($0)", prefix) }
    }

    private static func ports(_ node: Node?, _ reader: TopologyReader) throws(NetsimError) -> [String: UInt16] {
        guard let node else { return [:] }
        var ports: [String: UInt16] = [:]
        for (key, value) in try reader.mapping(node, "ports") {
            guard let name = key.string, PlaceChoice.portNames.contains(name) else {
                throw reader.fault(
                    key, "there is no such port", remedy: "use " + PlaceChoice.portNames.joined(separator: ", "))
            }
            guard let number = value.scalar.flatMap({ UInt16($0.string) }), number > 0 else {
                throw reader.fault(value, "a port is a number from 1 to 65535")
            }
            ports[name] = number
        }
        return ports
    }
}
