package import CLIGrammar
package import ConfigTree
import Crypto
import Foundation
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
    package func show() throws(NEDError) -> DeviceReading {
        try phase("SHOW") { () throws(NEDError) in
            trace.hold()
            var shown: DataTree?
            defer { trace.release(shown) }
            let lines = try dialogue.read(description.showCommand)
            // A volatile line leaves an empty one, so that lines keep their numbers.
            let text = lines.map { isVolatile($0) ? "" : $0 }.joined(separator: "\n") + "\n"
            do {
                let parsed = try grammar.parse(Array(text.utf8))
                shown = parsed.tree
                if let first = parsed.skipped.first, parsed.tree.isEmpty {
                    // Taken for an empty configuration, it would wipe out what the controller holds.
                    throw NEDError(
                        .driver, device: target.name,
                        "the answer to '\(description.showCommand)' is no configuration of this model: all its lines are "
                            + "unknown, the first is \(first.text.prefix(60))".withoutControlCharacters
                            + "; read again, and check the device's ned-id")
                }
                return DeviceReading(tree: parsed.tree, transactionID: digest(lines), skipped: parsed.skipped)
            } catch let error as NEDError {
                throw error
            } catch {
                throw NEDError(.driver, device: target.name, "the device's configuration cannot be read: \(error)")
            }
        }
    }

    /// The transaction id of what the device holds now.
    package func transactionID() throws(NEDError) -> String {
        try phase("GET_TRANS_ID") { () throws(NEDError) in
            trace.hold()
            defer { trace.release(nil) }
            return digest(try dialogue.read(description.showCommand))
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
