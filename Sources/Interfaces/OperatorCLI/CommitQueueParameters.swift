import CLIGrammar
import ControlProtocol

/// What was typed after `commit commit-queue`.
enum CommitQueueParameters {
    private static let modes: [Keyword] = [
        Keyword(name: "async", help: "Commit through commit queue and return immediately"),
        Keyword(name: "bypass", help: "Bypass commit-queue when queue is enabled by default"),
        Keyword(name: "sync", help: "Commit through commit queue and wait for reply"),
    ]

    private static let keywords: [Keyword] = [
        Keyword(name: "atomic", help: "Whether the devices succeed or fail together"),
        Keyword(name: "block-others", help: "Block others from entering the queue"),
        Keyword(name: "error-option", help: "What happens when a device fails"),
        Keyword(name: "lock", help: "Lock the queue item"),
        Keyword(name: "tag", help: "A name for the queue item"),
    ]

    private static let timeout = Keyword(name: "timeout", help: "Seconds to wait, or infinity")
    private static let errorOptions = ["continue-on-error", "rollback-on-error", "stop-on-error"]

    /// Takes as many words as belong to the queue.
    static func read(_ words: inout ArraySlice<TypedWord>, _ line: Invocation) throws -> CommitQueueOptions {
        guard let word = words.popFirst() else { throw line.incomplete }
        guard let mode = CommitQueueOptions.Mode(rawValue: try Keyword.find(word, among: modes)) else {
            throw line.incomplete
        }
        var options = CommitQueueOptions(mode)
        guard mode != .bypass else { return options }
        let known = keywords + (mode == .sync ? [timeout] : [])
        while let word = words.first, known.contains(where: { $0.name.hasPrefix(word.text) }) {
            words.removeFirst()
            let name = try Keyword.find(word, among: known)
            switch name {
            case "lock": options.isLocked = true
            case "block-others": options.blocksOthers = true
            default:
                guard let value = words.popFirst() else { throw line.incomplete }
                try set(name, value, in: &options)
            }
        }
        return options
    }

    private static func set(_ name: String, _ value: TypedWord, in options: inout CommitQueueOptions) throws {
        let fault = CommandFault.syntax("\"\(value.text)\" is not a valid value.", at: value.column)
        switch name {
        case "tag": options.tag = value.text
        case "atomic":
            guard let isAtomic = Bool(value.text) else { throw fault }
            options.isAtomic = isAtomic
        case "error-option":
            options.errorOption = try Keyword.find(value, among: errorOptions.map { Keyword(name: $0, help: "") })
        default:
            guard value.text != "infinity" else { return options.timeout = nil }
            guard let seconds = Int(value.text), seconds >= 0 else { throw fault }
            options.timeout = seconds
        }
    }

    /// What may stand next; nil if the words before are not about the queue.
    static func choices(_ before: [String]) -> [Choice]? {
        guard let start = before.lastIndex(of: "commit-queue") else { return nil }
        let words = before[(start + 1)...]
        switch words.last {
        case nil: return modes.choices
        case "atomic": return [Choice("false"), Choice("true")]
        case "error-option": return errorOptions.map { Choice($0) }
        case "tag": return [Choice("<string>", isValue: true)]
        case "timeout": return [Choice("<seconds>", isValue: true), Choice("infinity")]
        case "bypass": return nil
        default:
            let known = keywords + (words.contains("sync") ? [timeout] : [])
            return known.choices.filter { !words.contains($0.text) }
        }
    }

    /// What a commit through the queue answers.
    static func text(_ outcome: CommitQueueOutcome) -> String {
        var text = "commit-queue {\n    id \(outcome.id)\n    status \(outcome.status.rawValue)\n"
        for failure in outcome.failures {
            text += "    failed-device {\n        name \(failure.device)\n        reason \(failure.reason)\n    }\n"
        }
        return text + "}\n"
    }
}
