import Foundation
import TerminalSession

/// The state of a terminal session: the line being typed, the screen being paged, the input that waits.
struct DeviceTerminal {
    private var shell: any CommandShell
    private var decoder = KeyDecoder()
    private var keys: ArraySlice<Input> = []
    private var raw: [UInt8] = []
    private var buffer = LineBuffer()
    private var history: [String] = []
    private var place = 0
    /// Lines that wait for the reader to turn the page.
    private var page: ArraySlice<Substring> = []
    private var isHung = false
    /// An answer that comes later, and whether somebody has been told to let it come.
    private var late: DeviceShell.Answer?
    private var isLateTold = false
    private var isInputOver = false

    private enum Input {
        case key(Key)
        /// Control-Z.
        case leave
    }

    private static let historyLimit = 20
    /// More output than this pending: input waits until it has left.
    private static let outputLimit = 1 << 20
    private static let lineLimit = 1 << 16

    init(shell: any CommandShell, rows: Int) {
        self.shell = shell
        if shell.isInteractive { self.shell.pageLength = min(max(rows, 0), 512) }
    }

    mutating func end() { shell.end() }

    mutating func begin(_ channel: any TerminalConnection, isSilent: Bool) {
        isHung = isSilent
        guard shell.isInteractive, !isHung else { return }
        channel.send("\r\n" + shell.prompt)
    }

    /// Takes input.
    ///
    /// - Parameter bufferSize: how much can wait; what comes beyond is lost. Nil is no limit.
    mutating func receive(_ bytes: [UInt8], _ channel: any TerminalConnection, bufferSize: Int?) {
        guard !isHung else { return }
        var bytes = bytes
        if let bufferSize { bytes = Array(bytes.prefix(max(0, bufferSize - keys.count - raw.count))) }
        guard shell.isInteractive else { return receiveLines(bytes, channel) }
        for (index, part) in bytes.split(separator: 0x1A, omittingEmptySubsequences: false).enumerated() {
            if index > 0 { keys.append(.leave) }
            keys += decoder.keys(Array(part)).map(Input.key)
        }
        pump(channel)
    }

    /// Works on input as long as there is room for output and the session goes on.
    mutating func pump(_ channel: any TerminalConnection) {
        if !shell.isInteractive { return pumpLines(channel) }
        while !keys.isEmpty, !channel.isClosed, !isHung, late == nil, channel.pendingBytes < Self.outputLimit {
            switch keys.removeFirst() {
            case .leave: leave(channel)
            case .key(let key) where !page.isEmpty: turn(single(key), channel)
            case .key(let key) where shell.awaitsKey: answer(single(key), channel)
            case .key(let key): type(key, channel)
            }
        }
    }

    /// The first of keys that came together, where one is asked for; the others are input again.
    private mutating func single(_ key: Key) -> Key {
        guard case .text(let text) = key, text.count > 1 else { return key }
        keys = [.key(.text(String(text.dropFirst())))] + keys
        return .text(String(text.prefix(1)))
    }

    // MARK: Without a terminal

    private mutating func receiveLines(_ bytes: [UInt8], _ channel: any TerminalConnection) {
        raw += bytes
        pumpLines(channel)
    }

    private mutating func pumpLines(_ channel: any TerminalConnection) {
        while !channel.isClosed, !isHung, late == nil, channel.pendingBytes < Self.outputLimit {
            guard let end = raw.firstIndex(where: { $0 == 0x0A || $0 == 0x1A }) else {
                if raw.count > Self.lineLimit { channel.drop() }
                return
            }
            let line = raw[..<end]
            let isLeave = raw[end] == 0x1A
            raw.removeSubrange(...end)
            if isLeave { shell.leaveConfiguration() } else { run(Self.text(line), channel) }
        }
    }

    /// The client sends no more. The last line of a script may lack its line end.
    mutating func endOfInput(_ channel: any TerminalConnection) {
        isInputOver = true
        finish(channel)
    }

    private mutating func finish(_ channel: any TerminalConnection) {
        guard isInputOver, late == nil else { return }
        if !shell.isInteractive, !raw.isEmpty, !channel.isClosed, !isHung {
            let line = raw
            raw = []
            run(Self.text(line[...]), channel)
        }
        if late == nil { channel.close() }
    }

    // MARK: Late answers

    /// In how many milliseconds `resume` is to be called; nil if nobody needs to.
    mutating func takeDelay() -> Int? {
        guard let late, !isLateTold else { return nil }
        isLateTold = true
        return late.delay
    }

    /// Lets the late answer come, and goes on with what has come in meanwhile.
    mutating func resume(_ channel: any TerminalConnection) {
        guard let answer = late else { return }
        late = nil
        isLateTold = false
        deliver(answer, channel)
        pump(channel)
        finish(channel)
    }

    private static func text(_ bytes: ArraySlice<UInt8>) -> String {
        String(decoding: bytes.last == 0x0D ? bytes.dropLast() : bytes, as: UTF8.self)
    }

    // MARK: Keys

    private mutating func type(_ key: Key, _ channel: any TerminalConnection) {
        switch key {
        case .enter:
            channel.send("\r\n")
            let line = buffer.text
            buffer = LineBuffer()
            run(line, channel)
        case .interrupt:
            buffer = LineBuffer()
            channel.send("\r\n" + shell.prompt)
        case .endOfInput where buffer.characters.isEmpty: channel.close()
        case .up, .down: recall(key, channel)
        case .help where buffer.textBeforeCursor.count(where: { $0 == "\"" }) % 2 == 0: help(channel)
        case .help: insert("?", channel)
        case .tab: complete(channel)
        case .text(let text): insert(text, channel)
        case .backspace where buffer.cursor == buffer.characters.count:
            if !buffer.characters.isEmpty { channel.send("\u{8} \u{8}") }
            _ = buffer.apply(.backspace)
        case .clearScreen: redraw(channel)
        default: if buffer.apply(key) { redraw(channel) }
        }
    }

    private mutating func insert(_ text: String, _ channel: any TerminalConnection) {
        let isAtEnd = buffer.cursor == buffer.characters.count
        let before = buffer.characters.count
        buffer.insert(text)
        if buffer.characters.count == before { return }
        if isAtEnd { channel.send(text) } else { redraw(channel) }
    }

    private func redraw(_ channel: any TerminalConnection) {
        let back = buffer.characters.count - buffer.cursor
        channel.send("\r\u{1B}[K" + shell.prompt + buffer.text + (back > 0 ? "\u{1B}[\(back)D" : ""))
    }

    private mutating func recall(_ key: Key, _ channel: any TerminalConnection) {
        place = max(0, min(history.count, place + (key == .up ? -1 : 1)))
        buffer.replace(with: place < history.count ? history[place] : "")
        redraw(channel)
    }

    private func help(_ channel: any TerminalConnection) {
        let listing = shell.help(buffer.textBeforeCursor).listing
        channel.send("?\r\n" + listing.replacing("\n", with: "\r\n") + "\r\n" + shell.prompt + buffer.text)
    }

    private mutating func complete(_ channel: any TerminalConnection) {
        let insertion = shell.help(buffer.textBeforeCursor).insertion
        if insertion.isEmpty { channel.send("\u{7}") } else { insert(insertion, channel) }
    }

    private mutating func leave(_ channel: any TerminalConnection) {
        buffer = LineBuffer()
        shell.leaveConfiguration()
        channel.send("^Z\r\n" + shell.prompt)
    }

    private mutating func answer(_ key: Key, _ channel: any TerminalConnection) {
        var text = ""
        if case .text(let typed) = key { text = typed } else if key != .enter { text = "n" }
        channel.send(text + "\r\n")
        run(text, channel)
    }

    // MARK: Commands

    private mutating func run(_ line: String, _ channel: any TerminalConnection) {
        if history.last != line, !line.isEmpty { history.append(line) }
        if history.count > Self.historyLimit { history.removeFirst() }
        place = history.count
        let answer = shell.execute(line)
        if answer.delay > 0 { late = answer } else { deliver(answer, channel) }
    }

    private mutating func deliver(_ answer: DeviceShell.Answer, _ channel: any TerminalConnection) {
        switch answer.ending {
        case .breaks:
            isHung = true
            channel.drop()
        case .hangs: isHung = true
        case .closes:
            show(answer.text, channel)
            channel.close()
        case .goesOn where answer.garbage != nil:
            channel.send(answer.garbage ?? [])
            if shell.isInteractive { channel.send("\r\n" + shell.prompt) }
        case .goesOn:
            guard shell.isInteractive else {
                channel.send(answer.text)
                return
            }
            if shell.pageLength == 0 {
                show(answer.text, channel)
                channel.send(shell.prompt)
            } else {
                page = answer.text.split(separator: "\n", omittingEmptySubsequences: false)[...]
                turnPage(lines: shell.pageLength, channel)
            }
        }
    }

    private func show(_ text: String, _ channel: any TerminalConnection) {
        guard shell.isInteractive else { return _ = channel.send(text) }
        var text = text
        let bytes = text.withUTF8 { text in
            var bytes: [UInt8] = []
            bytes.reserveCapacity(text.count + text.count / 16)
            var start = 0
            while let end = text[start...].firstIndex(of: 0x0A) {
                bytes.append(contentsOf: text[start..<end])
                if bytes.last != 0x0D { bytes.append(0x0D) }
                bytes.append(0x0A)
                start = end + 1
            }
            bytes.append(contentsOf: text[start...])
            return bytes
        }
        channel.send(bytes)
    }

    /// Shows so many lines more, then the question for the next page, or the prompt.
    private mutating func turnPage(lines: Int, _ channel: any TerminalConnection) {
        let isWhole = lines == 0 || page.count <= lines
        let shown = isWhole ? page : page.prefix(max(1, lines - 1))
        page = page.dropFirst(shown.count)
        // The last piece is what follows the last line end: nothing.
        channel.send(shown.joined(separator: "\r\n") + (isWhole ? "" : "\r\n"))
        channel.send(isWhole ? shell.prompt : shell.pagePrompt)
    }

    private mutating func turn(_ key: Key, _ channel: any TerminalConnection) {
        let erase = "\r" + String(repeating: " ", count: shell.pagePrompt.count) + "\r"
        switch key {
        case .enter, .down:
            channel.send(erase)
            turnPage(lines: 2, channel)
        case .text(let text) where text.hasPrefix(" "):
            channel.send(erase)
            turnPage(lines: shell.pageLength, channel)
        case .text, .interrupt, .endOfInput:
            page = []
            channel.send(erase + shell.prompt)
        default: break
        }
    }
}
