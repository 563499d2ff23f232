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
    /// By what another reading shows that it would come to the same; nil if nothing can show that.
    package var mark: ReadingMark?
    /// It came to the same as the one that was known: `tree` is that one's.
    package var isKnown = false
}

/// All that the outcome of a reading depends on: the same mark, the same configuration, transaction id and lines skipped.
package struct ReadingMark: Sendable {
    /// Of the text as it is parsed: without echo and messages, volatile lines empty.
    fileprivate let digest: SHA256Digest
    fileprivate let driver: Driver
    fileprivate let parseMode: ParseMode
    fileprivate let transactionID: String
    /// What was taken back of what the text shows.
    var rewrites = DeviceRewrites()

    fileprivate func fits(_ digest: SHA256Digest, _ session: CLIDeviceSession) -> Bool {
        digest == self.digest && driver === session.driver && parseMode == session.target.parseMode
            && rewrites == session.rewrites
    }
}

/// An earlier reading that nothing has been done to since.
package struct KnownReading: Sendable {
    package let mark: ReadingMark
    /// What the host made of it.
    package let tree: DataTree

    package init(mark: ReadingMark, tree: DataTree) {
        self.mark = mark
        self.tree = tree
    }
}

extension CLIDeviceSession {
    /// Reads and parses the whole configuration.
    package func show() throws(NEDError) -> DeviceReading { try show(tracedAs: "SHOW") }

    package func show(knowing known: KnownReading?) throws(NEDError) -> DeviceReading {
        try show(tracedAs: "SHOW", knowing: known)
    }

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

    private func show(
        tracedAs name: String, knowing known: KnownReading? = nil
    ) throws(NEDError) -> DeviceReading {
        try phase(name) { () throws(NEDError) in
            trace.hold()
            var shown: DataTree?
            defer { trace.release(shown) }
            var answer = try readConfiguration()
            // A volatile line leaves an empty one, so that lines keep their numbers.
            let isVolatile = answer.fitting(description.volatileLines)
            let fingerprint = isRepeatable ? Self.hash { answer.forEachPiece(blank: isVolatile, $0) } : nil
            if let known, let fingerprint, known.mark.fits(fingerprint, self) {
                return DeviceReading(
                    tree: known.tree, transactionID: known.mark.transactionID, skipped: [], mark: known.mark,
                    isKnown: true)
            }
            let textID = description.identity == .configuration ? Self.digest(answer, dropping: isVolatile) : ""
            let parsed = try parse(answer.takeText(blank: isVolatile))
            shown = parsed.tree
            let id: String =
                switch description.identity {
                case .configuration: textID
                case .model: modelDigest(parsed.tree)
                case .command(let command): try digest(of: command)
                }
            let mark = fingerprint.map {
                ReadingMark(digest: $0, driver: driver, parseMode: target.parseMode, transactionID: id)
            }
            return DeviceReading(tree: parsed.tree, transactionID: id, skipped: parsed.skipped, mark: mark)
        }
    }

    /// Whether the text alone says what a reading comes to. A trace needs what is read to know the secrets in it.
    private var isRepeatable: Bool {
        if case .command = description.identity { return false }
        return driver.receivedHook == nil && trace is NoTrace
    }

    /// What the device answers to the command that shows its configuration, to its last line.
    private func readConfiguration() throws(NEDError) -> AnswerLines {
        let answer = try dialogue.read(description.showCommand, ending: description.usualEnding)
        guard let ending = description.ending, !ending.matches(answer.lastWords ?? "") else { return answer }
        // Taken for the whole, it would delete the rest of what the controller holds. The line may hold a secret.
        throw NEDError(
            .driver, device: target.name,
            "the answer to '\(description.showCommand)' breaks off after \(answer.count) lines, without the last one that "
                + "`ending` in driver.yaml names; nothing was taken from it; read again")
    }

    private func parse(_ text: [UInt8]) throws(NEDError) -> ParsedConfiguration {
        var text = text
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
            var answer = try readConfiguration()
            let isVolatile = answer.fitting(description.volatileLines)
            guard description.identity == .model else { return Self.digest(answer, dropping: isVolatile) }
            return modelDigest(try parse(answer.takeText(blank: isVolatile)).tree)
        }
    }

    private func digest(of command: String) throws(NEDError) -> String {
        let answer = try dialogue.read(command)
        return Self.digest(answer, dropping: answer.fitting(description.volatileLines))
    }

    private func modelDigest(_ tree: DataTree) -> String {
        var shown = AnswerLines(Array(grammar.render(tree).utf8))
        shown.removeAll { $0.isEmpty || description.volatileLines.contains(matchOf: $0) }
        return Self.digest(shown, dropping: [])
    }

    private static func hash(_ give: ((UnsafeRawBufferPointer) -> Void) -> Void) -> SHA256Digest {
        var hash = SHA256()
        give { hash.update(bufferPointer: $0) }
        return hash.finalize()
    }

    /// Of all lines, also those that the model does not know; empty lines at the end do not count.
    private static func digest(_ answer: AnswerLines, dropping dropped: [Bool]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        let hash = Self.hash { answer.forEachPiece(dropping: dropped, $0) }.prefix(16)
        return String(decoding: hash.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
