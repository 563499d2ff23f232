package import Synchronization
package import Wire

/// A router that is played at the other end of Telnet: negotiates options, asks for name and password, and knows the
/// commands of one configuration.
package final class TelnetRouter: Sendable {
    package let received = Mutex<[String]>([])
    /// What the client answered to options, each as the bytes after IAC.
    package let answers = Mutex<[[UInt8]]>([])
    private let configuration: Mutex<[String]>

    package init(config: [String]) { configuration = Mutex(config) }

    package var lines: [String] { received.withLock { $0 } }

    /// Serves one client until it hangs up.
    package func serve(_ stream: TCPStream) {
        var conversation = Conversation(router: self, stream: stream)
        try? conversation.run()
    }

    package var text: [String] { configuration.withLock { $0 } }

    fileprivate func configure(_ line: String) {
        configuration.withLock { lines in
            let words = line.split(separator: " ").map(String.init)
            let name = words.first == "no" ? words.dropFirst().first : words.first
            lines.removeAll { $0.split(separator: " ").first.map(String.init) == name }
            if words.first != "no" { lines.append(line) }
        }
    }
}

private struct Conversation {
    let router: TelnetRouter
    let stream: TCPStream
    var pending: [UInt8] = []
    var isConfiguring = false

    init(router: TelnetRouter, stream: TCPStream) {
        self.router = router
        self.stream = stream
    }

    mutating func run() throws {
        // DO terminal-type, DO window size, WILL echo, WILL go-ahead, DO linemode, and a request for the type.
        try send([255, 253, 24, 255, 253, 31, 255, 251, 1, 255, 251, 3, 255, 253, 34, 255, 250, 24, 1, 255, 240])
        try say("\nUser Access Verification\n\nUsername: ")
        let user = try line()
        try say("\nPassword: ")
        let password = try line()
        guard user == "admin", password == "Pa55word-1" else { return try say("\n% Login invalid\n") }
        // A byte 255 of the text is sent twice.
        try send(Array("\r\nWelcome ".utf8) + [255, 255] + Array("\r\n".utf8))
        while true {
            try say("\nr1" + (isConfiguring ? "(config)#" : "#"))
            let command = try line()
            // The server echoes, as it said it would.
            try say(command + "\n")
            router.received.withLock { $0.append(command) }
            switch command {
            case "exit": return
            case "configure terminal": isConfiguring = true
            case "end": isConfiguring = false
            case "show running-config": try say(router.text.map { $0 + "\n" }.joined() + "end\n")
            default: if isConfiguring { router.configure(command) }
            }
        }
    }

    private func say(_ text: String) throws { try send(Array(text.replacing("\n", with: "\r\n").utf8)) }

    private func send(_ bytes: [UInt8]) throws { try stream.write(bytes, deadline: .after(.seconds(60))) }

    private struct HungUp: Error {}

    private mutating func byte() throws -> UInt8 {
        while pending.isEmpty {
            guard let bytes = try stream.read(deadline: .after(.seconds(60))) else { throw HungUp() }
            pending = bytes
        }
        return pending.removeFirst()
    }

    /// A line ends with CR LF.
    private mutating func line() throws -> String {
        var text: [UInt8] = []
        while true {
            let next = try byte()
            switch next {
            case 255: try option()
            case 13: continue
            case 10: return String(decoding: text, as: UTF8.self)
            default: text.append(next)
            }
        }
    }

    private mutating func option() throws {
        var answer = [try byte(), try byte()]
        if answer[0] == 250 {
            while !answer.suffix(2).elementsEqual([255, 240]) { answer.append(try byte()) }
        }
        router.answers.withLock { $0.append(answer) }
    }
}
