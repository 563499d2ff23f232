import Basics
import CLIGrammar
import ConfigTree
import Crypto
import Foundation
import NETCONF
import YANG

extension NETCONFDeviceSession {
    /// Reads the part of the running configuration that the driver's model knows.
    package func show() throws(NEDError) -> DeviceReading {
        try phase("SHOW") { () throws(NEDError) in
            trace.hold()
            var shown: DataTree?
            defer { trace.release(shown) }
            let reading = try readRunning()
            shown = reading.tree
            return reading
        }
    }

    package func transactionID() throws(NEDError) -> String {
        try phase("GET_TRANS_ID") { () throws(NEDError) in
            if let id = try deviceTransactionID() { return id }
            trace.hold()
            var shown: DataTree?
            defer { trace.release(shown) }
            let reading = try readRunning()
            shown = reading.tree
            return Self.digest(reading.tree)
        }
    }

    private func readRunning() throws(NEDError) -> DeviceReading {
        let model = driver.model
        var options = DecodeOptions(.lax, content: .configOnly)
        options.dropsDefaults = reportsDefaults
        var decoded = Decoded(DataTree(model), [])
        // Asked for before: a change between the two makes the device look out of sync, never in sync.
        let deviceID = try deviceTransactionID()
        try dialogue.call("get-config") { writer in
            try writer.start("get-config")
            try writer.start("source")
            try writer.leaf("running", text: "")
            try writer.end()
            try Self.writeFilter(model.schema, to: &writer)
            try writer.end()
        } data: { reader in
            decoded = try XMLDataDecoder.tree(inside: &reader, model: model, options: options)
        }
        let faults = decoded.diagnostics.filter { $0.severity == .error }
        guard faults.isEmpty else {
            let words = faults.prefix(5).map { $0.summary + ($0.path.map { " at \($0)" } ?? "") }.joined(
                separator: "; ")
            throw NEDError(
                .driver, device: target.name,
                "the device's configuration cannot be read: \(words)".withoutControlCharacters)
        }
        let skipped = decoded.diagnostics.filter { $0.severity == .warning }.map {
            SkippedLine(number: $0.place?.line ?? 0, text: $0.summary.withoutControlCharacters, reason: $0.remedy)
        }
        return DeviceReading(
            tree: decoded.content, transactionID: deviceID ?? Self.digest(decoded.content), skipped: skipped)
    }

    /// Carries out requests the last of which is a look, whose secrets the trace does not tell.
    func call(_ requests: [PlannedRequest], andLook read: RunningRead) throws(NEDError) {
        trace.hold()
        // What was refused holds nothing of the configuration.
        defer { trace.release(read.tree ?? (dialogue.isBroken ? nil : DataTree(driver.model))) }
        try dialogue.callAll(requests + [read.request])
    }

    /// Names all nodes at the top of the model, so that the device sends nothing else.
    private static func writeFilter(_ schema: Schema, to writer: inout XMLWriter) throws {
        try writer.start("filter", attributes: [("type", "subtree")])
        for node in schema.root.dataChildren where node.isConfig {
            try writer.leaf(node.name, namespace: node.namespace, text: "")
        }
        try writer.end()
    }

    /// Of the data, not of its text: the same configuration has the same transaction id however it is written.
    private static func digest(_ tree: DataTree) -> String {
        let digest = RunningDigest()
        // Piece by piece: the text of a large configuration is a multiple of its tree.
        var encoder = JSONDataEncoder(EncodeOptions(pretty: false)) { digest.hash.update(bufferPointer: $0) }
        // Nothing throws but the sink, which does not.
        try? encoder.encode(tree)
        return digest.hash.finalize().prefix(16).map { String(format: "%02x", $0) }.joined()
    }

    private final class RunningDigest {
        var hash = SHA256()
    }
}
