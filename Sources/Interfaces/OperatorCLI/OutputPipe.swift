import TerminalSession

/// What one command prints: whole lines through its pipes to the pager.
final class OutputPipe {
    private let stages: [any LineStage]
    private let pager: Pager
    private var partial = ""
    private var endsInLine = true

    init(stages: [any LineStage] = [], pager: Pager) {
        self.stages = stages
        self.pager = pager
    }

    /// Whether nobody wants more: whoever produces text may stop.
    var isFinished: Bool { pager.isFinished || stages.contains { $0.isSatisfied } }

    func write(_ text: String) throws {
        guard !text.isEmpty else { return }
        endsInLine = text.hasSuffix("\n")
        guard !stages.isEmpty else { return pager.write(text) }
        var rest = (partial + text)[...]
        while let end = rest.firstIndex(of: "\n") {
            try pass(String(rest[..<end]), from: 0)
            rest = rest[rest.index(after: end)...]
            if pager.isFinished { break }
        }
        partial = String(rest)
    }

    func line(_ text: String) throws { try write(text + "\n") }

    /// Text as bytes, in pieces that may end inside a line but not inside a character.
    func write(utf8 bytes: some Collection<UInt8>) throws { try write(String(decoding: bytes, as: UTF8.self)) }

    func finish() throws {
        if !partial.isEmpty { try pass(partial, from: 0) }
        // The next prompt begins a line whatever was shown.
        if stages.isEmpty, !endsInLine { pager.write("\n") }
        partial = ""
        for (index, stage) in stages.enumerated() {
            try stage.finish { try pass($0, from: index + 1) }
        }
        pager.finish()
    }

    private func pass(_ line: String, from index: Int) throws {
        guard index < stages.count else { return pager.write(line + "\n") }
        try stages[index].accept(line) { try pass($0, from: index + 1) }
    }
}
