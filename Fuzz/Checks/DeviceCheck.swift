import CLIGrammar
import ConfigTree
import Foundation
import Netsim

/// The command line of a simulated device under whatever a client types.
///
/// - What it took is on disk: started again, the device holds the same.
/// - What it holds comes back from how it shows it.
/// - Nothing that it says is without bound.
enum DeviceCheck {
    private static let outputLimit = 8 << 20

    static func fault(on bytes: [UInt8]) -> String? {
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
            .prefix(200).map(String.init)
        for grammar in CLICheck.grammars.prefix(1) {
            do {
                if let fault = try fault(lines, grammar) { return "\(grammar.dialect.style): \(fault)" }
            } catch {
                return "\(grammar.dialect.style): \(error)"
            }
        }
        return nil
    }

    private static func fault(_ lines: [String], _ grammar: CLIGrammar) throws -> String? {
        let directory = NSTemporaryDirectory() + "/openned-fuzz-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let device = try LoneDevice(grammar.model, grammar, directory: directory)
        var output = device.session(["configure terminal"] + lines, isInteractive: false).utf8.count
        output += device.session(lines, isInteractive: true).utf8.count
        if output > outputLimit { return "it says \(output) bytes" }
        let held = device.running
        try device.restart()
        if !device.running.diff(to: held).isEmpty { return "what it took is not on disk" }
        let shown = try grammar.parse(Array(grammar.render(held).utf8))
        let difference = held.diff(to: shown.tree)
        return difference.isEmpty ? nil : "comes back different: \(ChangeSet(difference).json)"
    }

    static let seeds =
        CLICheck.seeds + [
            "end\nshow running-config\nwrite memory\nshow startup-config | include hostname\nreload\n\n",
            "interface ?\nint e0\ndo show clock\nend\nterminal length 0\nshow run interface e0\ncopy run start\n\nexit\n",
        ]

    static let words =
        CLICheck.words + [
            "show ", "running-config", "startup-config", " | include ", " | begin ", "write", "copy ", "reload", "do ",
            "configure terminal\n", "enable\n", "disable\n", "terminal length ", "?", "erase ",
        ]
}
