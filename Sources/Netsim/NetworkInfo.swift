import Basics
import Foundation

/// The devices of a network: the content of `.netsiminfo`.
///
/// The file is a list of assignments `key[i]=value`, grouped by device; people edit it with sed and expect to be
/// obeyed, so every command reads it anew and nothing else says which devices there are. Directories are written
/// relative to the network's, so that it can be moved.
package struct NetworkInfo: Hashable, Sendable {
    package private(set) var devices: [NetworkDevice] = []
    private var places: [String: Int] = [:]

    package init() {}

    package func device(_ name: String) -> NetworkDevice? { places[name].map { devices[$0] } }

    /// The device's number in the file.
    package func index(of name: String) -> Int? { places[name] }

    /// Adds a device of a new name.
    package mutating func append(_ device: NetworkDevice) {
        places[device.name] = devices.count
        devices.append(device)
    }

    package mutating func setPackage(_ directory: String, of name: String) {
        if let place = places[name] { devices[place].packageDirectory = directory }
    }

    // MARK: Writing

    /// The text of the file of a network in `directory`.
    package func text(in directory: String) -> String {
        var text = "\n"
        for (index, device) in devices.enumerated() {
            var pairs = [
                ("devices", device.name),
                ("packagedirs", PlainFiles.relative(device.packageDirectory, to: directory)),
                ("abspackagedirs", device.packageDirectory),
                ("devicedirs", "./" + PlainFiles.relative(device.directory, to: directory)),
                ("addresses", device.address),
                ("ipc_ports", "\(device.ports.ipc)"),
                ("netconf_ssh_ports", "\(device.ports.netconfSSH)"),
                ("netconf_tcp_ports", "\(device.ports.netconfTCP)"),
                ("snmp_ports", "\(device.ports.snmp)"),
                ("cli_ssh_ports", "\(device.ports.cli)"),
            ]
            if let telnet = device.ports.telnet { pairs.append(("telnet_ports", "\(telnet)")) }
            pairs += device.otherValues.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
            text += "## device \(device.name)\n"
            for (key, value) in pairs { text += "\(key)[\(index)]=\(Self.quoted(value))\n" }
            text += "#######\n\n"
        }
        return text
    }

    /// Quoted as a shell would need it.
    private static func quoted(_ value: String) -> String {
        let isPlain = value.unicodeScalars.allSatisfy {
            $0.properties.isAlphabetic || ("0"..."9").contains($0) || "/._-+:@%,".unicodeScalars.contains($0)
        }
        return isPlain ? value : "'" + value.replacing("'", with: "'\\''") + "'"
    }

    // MARK: Reading

    /// Reads the text of `file`, which lies in `directory`. Throws `damagedInfo` naming the line.
    package init(text: String, file: String, directory: String) throws(NetsimError) {
        var values: [Int: [String: String]] = [:]
        var lines: [Int: Int] = [:]
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let line = line.withoutOuterBlanks
            if line.isEmpty || line.hasPrefix("#") { continue }
            guard let (key, index, value) = Self.assignment(line) else {
                throw Self.fault(file, number + 1, "\"\(line.prefix(60))\" is no assignment of the form key[i]=value")
            }
            values[index, default: [:]][key] = value
            if lines[index] == nil { lines[index] = number + 1 }
        }
        for (index, pairs) in values.sorted(by: { $0.key < $1.key }) {
            let line = lines[index] ?? 0
            let device = try Self.device(pairs, index, file, line, directory)
            guard self.device(device.name) == nil else {
                throw Self.fault(file, line, "there are two devices of the name \(device.name)")
            }
            append(device)
        }
    }

    private static func fault(_ file: String, _ line: Int, _ summary: String) -> NetsimError {
        NetsimError(
            .damagedInfo, "\(file):\(line)", summary, remedy: "correct the line, or create the network again")
    }

    private static func assignment(_ line: String) -> (String, Int, String)? {
        guard let open = line.firstIndex(of: "["), let close = line[open...].firstIndex(of: "]"),
            let index = Int(line[line.index(after: open)..<close]), index >= 0, index < 1_000_000,
            line[close...].hasPrefix("]=")
        else { return nil }
        var value = String(line[line.index(close, offsetBy: 2)...])
        if value.count >= 2, let quote = value.first, quote == "'" || quote == "\"", value.last == quote {
            value = String(value.dropFirst().dropLast()).replacing("'\\''", with: "'")
        }
        return (String(line[..<open]), index, value)
    }

    private static func device(
        _ pairs: [String: String], _ index: Int, _ file: String, _ line: Int, _ directory: String
    ) throws(NetsimError) -> NetworkDevice {
        var rest = pairs
        func value(_ key: String) throws(NetsimError) -> String {
            guard let value = rest.removeValue(forKey: key), !value.isEmpty else {
                throw fault(file, line, "\(key)[\(index)] is missing")
            }
            return value
        }
        func port(_ key: String) throws(NetsimError) -> UInt16 {
            let text = try value(key)
            guard let port = UInt16(text), port > 0 else {
                throw fault(file, line, "\(key)[\(index)]=\(text) is no port number")
            }
            return port
        }
        let name = try value("devices")
        let ports = DevicePorts(
            ipc: try port("ipc_ports"), netconfSSH: try port("netconf_ssh_ports"),
            netconfTCP: try port("netconf_tcp_ports"), snmp: try port("snmp_ports"), cli: try port("cli_ssh_ports"),
            telnet: rest["telnet_ports"] == nil ? nil : try port("telnet_ports"))
        let absolute = rest.removeValue(forKey: "abspackagedirs")
        let relative = rest.removeValue(forKey: "packagedirs").map { PlainFiles.absolute($0, in: directory) }
        // A moved network finds its packages by the relative path; one whose packages stayed, by the absolute.
        let candidates = [relative, absolute].compactMap { $0 }
        guard let package = candidates.first(where: PlainFiles.isDirectory) ?? candidates.first else {
            throw fault(file, line, "abspackagedirs[\(index)] is missing")
        }
        let address = rest.removeValue(forKey: "addresses") ?? "127.0.0.1"
        return NetworkDevice(
            name: name, packageDirectory: package,
            directory: PlainFiles.absolute(try value("devicedirs"), in: directory),
            address: address, ports: ports, otherValues: rest)
    }
}
