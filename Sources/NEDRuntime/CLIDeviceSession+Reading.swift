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

    package func perform(_ command: String) throws(NEDError) -> String {
        guard !command.utf8.contains(where: { $0 < 0x20 }) else {
            throw NEDError(.driver, device: target.name, "a command is one line, without control characters")
        }
        if !command.hasPrefix("show ") { try driver.requireWritable(target.name) }
        return try phase("COMMAND", command) { () throws(NEDError) in
            let answer = try dialogue.run(command, settling: true).joined(separator: "\n").withoutControlCharacters
            // The device stays where the next operation expects it.
            try dialogue.leaveConfiguration()
            return answer
        }
    }

    private func show(tracedAs name: String) throws(NEDError) -> DeviceReading {
        try phase(name) { () throws(NEDError) in
            trace.hold()
            var shown: DataTree?
            defer { trace.release(shown) }
            let answer = try dialogue.read(description.showCommand)
            let isVolatile = answer.fitting(description.volatileLines)
            let parsed = try parse(answer, isVolatile)
            shown = parsed.tree
            let id: String =
                switch description.identity {
                case .configuration: Self.digest(answer.text(dropping: isVolatile))
                case .model: modelDigest(parsed.tree)
                case .command(let command): try digest(of: command)
                }
            return DeviceReading(tree: parsed.tree, transactionID: id, skipped: parsed.skipped)
        }
    }

    private func parse(_ answer: AnswerLines, _ isVolatile: [Bool]) throws(NEDError) -> ParsedConfiguration {
        // A volatile line leaves an empty one, so that lines keep their numbers.
        var text = answer.text(blank: isVolatile)
        if let hook = driver.receivedHook {
            do throws(ProgramError) {
                let shown = String(decoding: text, as: UTF8.self)
                text = Array(try hook.transform(shown, at: .received, device: target.name).utf8)
            } catch {
                throw NEDError(.driver, device: target.name, error.description)
            }
        }
        let parsed: ParsedConfiguration
        do throws(CLIFault) {
            parsed = try grammar.parse(text, options: ParseOptions(target.parseMode))
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
            if case .command(let command) = description.identity { return try digest(of: command) }
            let answer = try dialogue.read(description.showCommand)
            let isVolatile = answer.fitting(description.volatileLines)
            guard description.identity == .model else { return Self.digest(answer.text(dropping: isVolatile)) }
            return modelDigest(try parse(answer, isVolatile).tree)
        }
    }

    private func digest(of command: String) throws(NEDError) -> String {
        let answer = try dialogue.read(command)
        return Self.digest(answer.text(dropping: answer.fitting(description.volatileLines)))
    }

    private func modelDigest(_ tree: DataTree) -> String {
        var shown = AnswerLines(Array(grammar.render(tree).utf8))
        shown.removeAll { $0.isEmpty || description.volatileLines.contains(matchOf: $0) }
        return Self.digest(shown.text())
    }

    /// Of all lines, also those that the model does not know; empty lines at the end do not count.
    private static func digest(_ text: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        let hash = SHA256.hash(data: text).prefix(16)
        return String(decoding: hash.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
