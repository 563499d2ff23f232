import NETCONF
import Testing

@Suite struct FramingTests {
    private func messages(_ text: String, _ framing: MessageFraming, limit: Int = 1 << 16, pieces: Int) throws
        -> [String]
    {
        var reader = FrameReader(limit: limit)
        reader.framing = framing
        var found: [String] = []
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: pieces) {
            reader.append(Array(bytes[start..<min(start + pieces, bytes.count)]))
            while let message = try reader.next() { found.append(String(decoding: message, as: UTF8.self)) }
        }
        return found
    }

    @Test(arguments: [1, 2, 3, 7, 1000])
    func messagesComeOutHoweverTheyAreCut(pieces: Int) throws {
        let ended = "<a>]]></a>]]>]]>\n<b/>]]>]]>]]>]]>"
        #expect(try messages(ended, .endOfMessage, pieces: pieces) == ["<a>]]></a>", "<b/>", ""])
        let chunked = "\n#4\n<rpc\n#18\n message-id=\"102\"\n\n##\n\n#1\n#\n#2\n\n#\n##\n"
        #expect(try messages(chunked, .chunked, pieces: pieces) == ["<rpc message-id=\"102\"\n", "#\n#"])
    }

    private func pieces(_ text: String, _ framing: MessageFraming, limit: Int = 1 << 16, size: Int) throws -> [String] {
        var reader = FrameReader(limit: 10, pieceLimit: limit)
        reader.framing = framing
        var found: [String] = []
        var message: [UInt8] = []
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: size) {
            reader.append(Array(bytes[start..<min(start + size, bytes.count)]))
            while let piece = try reader.nextPiece() {
                guard case .bytes(let bytes) = piece else {
                    found.append(String(decoding: message, as: UTF8.self))
                    message = []
                    continue
                }
                message += bytes
            }
        }
        #expect(message.isEmpty)
        return found
    }

    @Test(arguments: [1, 2, 3, 7, 1000])
    func messagesTakenInPiecesAreTheSame(size: Int) throws {
        let ended = "<a>]]></a>]]>]]>\n<b/>]]>]]>]]>]]>"
        #expect(try pieces(ended, .endOfMessage, size: size) == ["<a>]]></a>", "<b/>", ""])
        let chunked = "\n#4\n<rpc\n#18\n message-id=\"102\"\n\n##\n\n#1\n#\n#2\n\n#\n##\n"
        #expect(try pieces(chunked, .chunked, size: size) == ["<rpc message-id=\"102\"\n", "#\n#"])
        let long = String(repeating: "a", count: 101)
        #expect(throws: FramingError.self) { _ = try pieces("\n#101\n\(long)\n##\n", .chunked, limit: 100, size: size) }
        #expect(throws: FramingError.self) { _ = try pieces(long + "]]>]]>", .endOfMessage, limit: 90, size: size) }
        #expect(throws: FramingError.self) { _ = try pieces("\n##\n", .chunked, size: size) }
    }

    @Test func whatIsWrittenIsRead() throws {
        for framing in [MessageFraming.endOfMessage, .chunked] {
            let text = String(repeating: "<x>\n#5\n</x>", count: 300)
            let wire = String(decoding: framing.frame(Array(text.utf8)), as: UTF8.self)
            #expect(try messages(wire + wire, framing, pieces: 100) == [text, text])
        }
    }

    @Test(arguments: [
        "x", "\nx", "\n#0\n", "\n#01\n", "\n#-1\n", "\n#x\n", "\n#12345678901\n", "\n##\n", "\n#4294967296\n",
        "\n#4294967295\n", "\n#2\nab#", "\n#1\na\n##x", "\n#99999999999999999999999",
    ])
    func wrongChunksAreRefused(text: String) {
        #expect(throws: FramingError.self) { _ = try messages(text, .chunked, pieces: 1) }
        #expect(throws: FramingError.self) { _ = try messages(text, .chunked, pieces: 100) }
    }

    @Test func messagesAreBounded() {
        let text = String(repeating: "a", count: 101)
        #expect(throws: FramingError.self) { _ = try messages(text, .endOfMessage, limit: 100, pieces: 9) }
        #expect(throws: FramingError.self) {
            _ = try messages("\n#60\n\(text.prefix(60))\n#60\n", .chunked, limit: 100, pieces: 9)
        }
    }

    @Test func capabilitiesTellFramingAndModules() {
        let both = Capabilities([Capabilities.base10, Capabilities.base11])
        let old = Capabilities([Capabilities.base10])
        #expect(both.framing(with: both) == .chunked)
        #expect(both.framing(with: old) == .endOfMessage)
        #expect(old.framing(with: Capabilities([Capabilities.base11])) == nil)
        let server = Capabilities([
            Capabilities.standard("with-defaults:1.0?basic-mode=trim"), "urn:a?module=a&amp;revision=2020-01-01",
            "urn:b?module=b",
        ])
        #expect(server.parameter("basic-mode", of: "with-defaults:1.0") == "trim")
        #expect(server.has("with-defaults:1.0") && !server.has("candidate:1.0"))
        #expect(server.modules.map(\.name) == ["a", "b"])
        #expect(server.modules[0].revision == "2020-01-01")
    }
}
