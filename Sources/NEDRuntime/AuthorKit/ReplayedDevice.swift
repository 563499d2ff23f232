import Synchronization
package import Wire

/// Plays the device of a recording behind SSH: anybody may log in, and each session begins at the beginning.
package final class ReplayedDevice: SSHServerHandler {
    private let recording: SessionRecording

    package init(_ recording: SessionRecording) { self.recording = recording }

    package func allows(_ login: SSHLogin, password: String) -> Bool { true }

    package func handler(for channel: SSHServerChannel) -> (any SSHChannelHandler)? {
        channel.kind == .shell ? Player(recording) : nil
    }
}

/// One session. What is sent in the order of the recording gets the recorded answers; what stands elsewhere in it makes
/// the recording go on there; anything else is refused, and the last prompt comes again.
private final class Player: SSHChannelHandler {
    private struct State {
        /// The exchange that is expected next.
        var next = 1
        var input: [UInt8] = []
        var prompt = ""
    }

    private let exchanges: [SessionRecording.Exchange]
    private let state = Mutex(State())
    /// Longer lines are not waited for.
    private static let lineLimit = 1 << 20

    init(_ recording: SessionRecording) { exchanges = recording.exchanges }

    func opened(_ channel: SSHServerChannel) {
        guard let greeting = exchanges.first?.answer else { return channel.close() }
        state.withLock { $0.prompt = Self.lastLine(greeting) }
        _ = channel.send(Array(greeting.utf8))
    }

    func received(_ bytes: [UInt8], on channel: SSHServerChannel) {
        let answer = state.withLock { state -> String? in
            state.input += bytes
            if state.input.count > Self.lineLimit { return nil }
            var answer = ""
            while let sent = take(&state) { answer += reply(to: sent, &state) }
            return answer
        }
        guard let answer else { return channel.close() }
        if !answer.isEmpty { _ = channel.send(Array(answer.utf8)) }
        if state.withLock({ $0.next }) >= exchanges.count, exchanges.last?.answer == "" { channel.close() }
    }

    /// What was sent at once: the expected keys or lines, or one line.
    private func take(_ state: inout State) -> String? {
        guard !state.input.isEmpty else { return nil }
        if state.next < exchanges.count {
            let expected = Array(exchanges[state.next].send.utf8)
            if state.input.starts(with: expected) {
                state.input.removeFirst(expected.count)
                return exchanges[state.next].send
            }
        }
        guard let end = state.input.firstIndex(of: 0x0A) else { return nil }
        defer { state.input.removeFirst(end + 1) }
        return String(decoding: state.input[...end], as: UTF8.self)
    }

    private func reply(to sent: String, _ state: inout State) -> String {
        let secret = SessionRecording.masked + "\n"
        let order = Array(state.next..<max(state.next, exchanges.count)) + Array(1..<max(1, state.next))
        let isSecret = state.next < exchanges.count && exchanges[state.next].send == secret
        guard let index = isSecret ? state.next : order.first(where: { exchanges[$0].send == sent }) else {
            let line = sent.split(separator: "\n").first ?? ""
            return "\(line)\r\n% Not in the recording: \(line)\r\n\(state.prompt)"
        }
        state.next = index + 1
        let answer = exchanges[index].answer
        let last = Self.lastLine(answer)
        if !last.isEmpty { state.prompt = last }
        return answer
    }

    private static func lastLine(_ text: String) -> String {
        let bytes = text.utf8.reversed().prefix { $0 != 0x0A && $0 != 0x0D }
        return String(decoding: bytes.reversed(), as: UTF8.self)
    }
}
