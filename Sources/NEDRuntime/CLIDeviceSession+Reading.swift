package import CLIGrammar
package import ConfigTree
import Crypto
import Foundation
import NEDKit
import YANG

/// What a device holds, as its driver reads it.
package struct DeviceReading: Sendable {
    package var tree: DataTree
    /// Stands for the whole configuration, volatile lines left out: the transaction id.
    package var transactionID: String
    /// Lines that the model does not know.
    package var skipped: [SkippedLine]
}

extension CLIDeviceSession {
    /// Reads and parses the whole configuration.
    package func show() throws(NEDError) -> DeviceReading { try show(tracedAs: "SHOW") }

    package func learn(sent: DataTree) throws(NEDError) -> String {
        let reading = try show(tracedAs: "GET_TRANS_ID")
        rewrites = .learnt(sent: sent, shown: reading.tree)
        return reading.transactionID
    }

    private func show(tracedAs name: String) throws(NEDError) -> DeviceReading {
        try phase(name) { () throws(NEDError) in
            trace.hold()
            var shown: DataTree?
            defer { trace.release(shown) }
            let lines = try dialogue.read(description.showCommand)
            let parsed = try parse(lines)
            shown = parsed.tree
            let id = try identity(lines, parsed.tree)
            return DeviceReading(tree: parsed.tree, transactionID: id, skipped: parsed.skipped)
        }
    }

    private func parse(_ lines: [String]) throws(NEDError) -> ParsedConfiguration {
        // A volatile line leaves an empty one, so that lines keep their numbers.
        var text = lines.map { isVolatile($0) ? "" : $0 }.joined(separator: "\n") + "\n"
        if let hook = driver.receivedHook {
            do throws(ProgramError) { text = try hook.transform(text, at: .received, device: target.name) } catch {
                throw NEDError(.driver, device: target.name, error.description)
            }
        }
        let parsed: ParsedConfiguration
        do throws(CLIFault) {
            parsed = try grammar.parse(Array(text.utf8), options: ParseOptions(target.parseMode))
        } catch {
            throw NEDError(
                .driver, device: target.name,
                "line \(error.line) of the device's configuration cannot be read: \(error.message); with the "
                    + "ned-setting extended-parser robust such lines are left out")
        }
        if let first = parsed.skipped.first, parsed.tree.isEmpty {
            // Taken for an empty configuration, it would wipe out what the controller holds.
            throw NEDError(
                .driver, device: target.name,
                "the answer to '\(description.showCommand)' is no configuration of this model: all its lines are "
                    + "unknown, the first is \(first.text.prefix(60))".withoutControlCharacters
                    + "; read again, and check the device's ned-id")
        }
        return parsed
    }

    /// The transaction id of what the device holds now.
    package func transactionID() throws(NEDError) -> String {
        try phase("GET_TRANS_ID") { () throws(NEDError) in
            trace.hold()
            defer { trace.release(nil) }
            if case .command = description.identity { return try identity([], DataTree(driver.model)) }
            let lines = try dialogue.read(description.showCommand)
            guard description.identity == .model else { return digest(lines) }
            return try identity(lines, try parse(lines).tree)
        }
    }

    private func identity(_ lines: [String], _ tree: DataTree) throws(NEDError) -> String {
        switch description.identity {
        case .configuration: digest(lines)
        case .model: digest(grammar.render(tree).split(separator: "\n").map(String.init))
        case .command(let command): digest(try dialogue.read(command))
        }
    }

    /// Of all lines, also those that the model does not know; empty lines at the end do not count.
    private func digest(_ lines: [String]) -> String {
        var hash = SHA256()
        for line in lines.reversed().drop(while: \.isEmpty).reversed() where !isVolatile(line) {
            hash.update(data: Data((line + "\n").utf8))
        }
        return hash.finalize().prefix(16).map { String(format: "%02x", $0) }.joined()
    }

    private func isVolatile(_ line: String) -> Bool { description.volatileLines.contains { $0.matches(line) } }
}
