import Basics
import Foundation
import Wire

extension NetsimCommand {
    func list() throws(NetsimError) -> Int32 {
        let network = try network()
        output("ncs-netsim list for  \(network.directory)\n")
        for device in network.info.devices {
            let ports = device.ports
            let place = device.address == "127.0.0.1" ? "" : " address=\(device.address)"
            let telnet = ports.telnet.map { " telnet=\($0)" } ?? ""
            output(
                "name=\(device.name) netconf=\(ports.netconfSSH) snmp=\(ports.snmp) ipc=\(ports.ipc)"
                    + " cli=\(ports.cli)\(telnet)\(place) dir=\(device.directory)")
        }
        return 0
    }

    func listPackages() throws(NetsimError) -> Int32 {
        var seen: Set<String> = []
        for device in try network().info.devices where seen.insert(device.packageDirectory).inserted {
            output(device.packageDirectory)
        }
        return 0
    }

    func getPort(_ words: [String]) throws(NetsimError) -> Int32 {
        let device = try device(words, count: 2).devices[0]
        let name = words.count > 1 ? words[1] : "ipc"
        guard let port = device.ports.port(name) else {
            throw NetsimError(.usage, "", "\"\(name)\" is no port", remedy: "give ipc, netconf, cli or snmp")
        }
        return say("\(port)")
    }

    /// The data by which the controller learns of the devices.
    ///
    /// - Parameter remoteNode: the node of a cluster that has the devices in its own device tree.
    func xmlInit(_ selection: Selection, remoteNode: String? = nil) throws(NetsimError) -> Int32 {
        var packages: [String: NetsimPackage] = [:]
        var writer = XMLWriter()
        do {
            try writer.start("devices", namespace: "http://tail-f.com/ns/ncs")
            for device in selection.devices {
                if let remoteNode {
                    try writer.start("device")
                    try writer.leaf("name", text: device.name)
                    try writer.leaf("remote-node", text: remoteNode)
                    try writer.end()
                    continue
                }
                let known = packages[device.packageDirectory]
                let package = try known ?? NetsimPackage(directory: device.packageDirectory)
                packages[device.packageDirectory] = package
                try write(device, package, &writer)
            }
            try writer.finish()
        } catch let error as NetsimError {
            throw error
        } catch {
            throw NetsimError(.system, "", "\(error)")
        }
        var text = String(decoding: writer.output.bytes, as: UTF8.self)
        if text.hasSuffix("\n") { text.removeLast() }
        return say(text)
    }

    private func write(_ device: NetworkDevice, _ package: NetsimPackage, _ writer: inout XMLWriter) throws {
        try writer.start("device")
        try writer.leaf("name", text: device.name)
        try writer.leaf("address", text: device.address)
        let ports = device.ports
        let port = package.kind == .cli ? ports.cli : package.kind == .snmp ? ports.snmp : ports.netconfSSH
        try writer.leaf("port", text: "\(port)")
        if let key = HostKey.publicKey(device.files) {
            try writer.start("ssh")
            try writer.start("host-key")
            try writer.leaf("algorithm", text: key.algorithm)
            try writer.leaf("key-data", text: key.base64)
            try writer.end()
            try writer.end()
        }
        try writer.start("state")
        try writer.leaf("admin-state", text: "unlocked")
        try writer.end()
        try writer.leaf("authgroup", text: "default")
        try writer.start("device-type")
        try writer.start(package.kind.rawValue)
        if let identity = package.identity {
            let uri = "http://tail-f.com/ns/ned-id/\(identity.module)"
            try writer.leaf(
                "ned-id", prefixes: [(identity.module, uri)], text: "\(identity.module):\(identity.name)")
        }
        try writer.end()
        try writer.end()
        try writer.end()
    }

    // MARK: Devices

    /// Loads XML into a running device. The first file replaces the configuration, unless `-m` is given.
    func load(_ words: [String]) throws(NetsimError) -> Int32 {
        guard let name = words.first, words.contains(where: { !$0.hasPrefix("-") }) else {
            throw NetsimError(.usage, "", "load needs a device and files", remedy: "see ncs-netsim --help")
        }
        let selection = try device([name], count: 1)
        let files = words.dropFirst().filter { !$0.hasPrefix("-") }
        guard !files.isEmpty else {
            throw NetsimError(.usage, "", "load needs a file", remedy: "see ncs-netsim --help")
        }
        var isMerge = words.contains { $0.hasPrefix("-") && !$0.hasPrefix("--") && $0.contains("m") }
        for file in files {
            let path = PlainFiles.absolute(file, in: workingDirectory)
            let request = ControlRequest.load(device: name, file: path, isMerge: isMerge)
            let reply = try client(selection.network).ask(request)?[name]
            guard let reply, reply.state != .notRunning else {
                throw NetsimError(.notRunning, name, "the device is not running", remedy: "start it first")
            }
            guard reply.state == .loaded else { throw NetsimError(.configurationUnusable, "", reply.text) }
            isMerge = true
        }
        return 0
    }

    func showLog(_ selection: Selection) throws(NetsimError) -> Int32 {
        let path = selection.devices[0].files.commandLog
        guard DurableFiles.exists(path) else { return 0 }
        do {
            let text = String(decoding: try DurableFiles.read(path, limit: 1 << 26), as: UTF8.self)
            return say(text.hasSuffix("\n") ? String(text.dropLast()) : text)
        } catch {
            throw NetsimError(.system, "", "\(error)")
        }
    }
}
