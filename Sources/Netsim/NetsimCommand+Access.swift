import Basics
import Foundation
import NETCONF
import Wire

extension NetsimCommand {
    // MARK: cmd

    /// Reads or changes single nodes of a running device.
    func command(_ words: [String]) throws(NetsimError) -> Int32 {
        guard let name = words.first, words.count > 1 else {
            throw NetsimError(.usage, "", "cmd needs a device and commands", remedy: "see ncs-netsim --help")
        }
        let selection = try device([name], count: 1)
        let script = try script(Array(words.dropFirst()))
        let reply = try client(selection.network).ask(.command(device: name, script: script))?[name]
        guard let reply, reply.state != .notRunning else {
            throw NetsimError(.notRunning, name, "the device is not running", remedy: "start it first")
        }
        if reply.state == .failed { throw NetsimError(.configurationUnusable, name, reply.text) }
        return reply.text.isEmpty ? 0 : say(reply.text)
    }

    /// `-c SCRIPT`, a file, or the words themselves; options that choose a database are passed over.
    private func script(_ words: [String]) throws(NetsimError) -> String {
        var plain: [String] = []
        var rest = words[...]
        while let word = rest.popFirst() {
            if word == "-c" {
                guard let text = rest.popFirst() else {
                    throw NetsimError(.usage, "", "-c needs commands", remedy: "give them as one word")
                }
                return text
            }
            if !word.hasPrefix("-") || !plain.isEmpty { plain.append(word) }
        }
        let path = plain.count == 1 ? PlainFiles.absolute(plain[0], in: workingDirectory) : ""
        guard !path.isEmpty, DurableFiles.exists(path) else { return plain.joined(separator: " ") }
        do {
            return String(decoding: try DurableFiles.read(path, limit: 1 << 24), as: UTF8.self)
        } catch {
            throw NetsimError(.system, "", "\(error)")
        }
    }

    // MARK: netconf-console

    /// Reads a device's configuration over NETCONF, as a client would, and shows the reply.
    func netconfConsole(_ words: [String]) throws(NetsimError) -> Int32 {
        let selection = try device(words, count: 2)
        let device = selection.devices[0]
        let filter = words.count > 1 ? words[1] : nil
        let package = try NetsimPackage(directory: device.packageDirectory)
        guard device.servesNETCONF(package.kind) else {
            throw NetsimError(
                .unsupported, device.name, "it has only the doors of its package: it serves no NETCONF",
                remedy: "use cli-i, or ssh to its cli port")
        }
        do {
            let reply = try Self.getConfig(device, filter)
            return say(reply.hasSuffix("\n") ? String(reply.dropLast()) : reply)
        } catch {
            throw NetsimError(.notRunning, device.name, "\(error)")
        }
    }

    private static func getConfig(_ device: NetworkDevice, _ filter: String?) throws -> String {
        let known = HostKey.publicKey(device.files)
        let session = try SSHSession(
            SSHSessionOptions(
                address: SocketAddress(host: device.address, port: device.ports.netconfSSH), user: "admin",
                hostKeyPolicy: known.map { .rejectUnknown([$0]) } ?? .acceptAny))
        defer { session.close() }
        try session.connect()
        try session.authenticate([.password("admin")])
        let channel = try session.openSubsystem("netconf")
        var frames = FrameReader(limit: 1 << 30)
        func receive() throws -> [UInt8] {
            while true {
                if let message = try frames.next() { return message }
                guard let bytes = try channel.read(deadline: .after(.seconds(600))) else {
                    throw NetsimError(.notRunning, "", "the device closed the connection")
                }
                frames.append(bytes)
            }
        }
        let mine = ClientExchange.greeting
        try channel.write(frames.framing.frame(mine.bytes), deadline: .after(.seconds(60)))
        let theirs = try Hello(message: try receive())
        frames.framing = mine.capabilities.framing(with: theirs.capabilities) ?? .endOfMessage
        let request = ClientExchange.request(1) { writer in
            try writer.start("get-config")
            try writer.start("source")
            try writer.start("running")
            try writer.end()
            try writer.end()
            if let filter {
                try writer.start("filter", attributes: [("type", "xpath"), ("select", filter)])
                try writer.end()
            }
            try writer.end()
        }
        try channel.write(frames.framing.frame(request), deadline: .after(.seconds(60)))
        let reply = try XMLElement.parse(try receive(), file: "reply")
        var writer = XMLWriter()
        try reply.write(to: &writer)
        try writer.finish()
        return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" + String(decoding: writer.output.bytes, as: UTF8.self)
    }

    // MARK: Windows

    /// Opens the command line in a window of its own, if there is a display; here otherwise.
    func openWindow(_ selection: Selection, _ flavor: String) throws(NetsimError) -> Int32 {
        let terminal = environment["XTERM"] ?? "xterm"
        let places = (environment["PATH"] ?? "").split(separator: ":")
        let program = places.map { "\($0)/\(terminal)" }.first { (path: String) in access(path, X_OK) == 0 }
        guard environment["DISPLAY"]?.isEmpty == false, let program else {
            errors("ncs-netsim: there is no display for a new window: the command line opens here")
            return try openTerminal(selection)
        }
        let device = selection.devices[0].name
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = [
            "-T", device, "-e", "ncs-netsim", "--dir", selection.network.directory, flavor, device,
        ]
        do {
            try process.run()
            return 0
        } catch {
            throw NetsimError(.system, program, "cannot be started: \(error)")
        }
    }
}
