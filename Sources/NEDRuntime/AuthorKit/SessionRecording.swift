package import Basics

/// What passed between a driver and a device, secrets masked: enough to play the device without it.
///
/// The file is JSON: `{"recording": 1, "driver": NAME, "exchanges": [{"send": TEXT, "answer": TEXT}, …]}`. The first
/// exchange has the greeting and nothing that was sent; each further one what was written at once and all that came
/// until the next. What was masked is sent as `*****`.
package struct SessionRecording: Hashable, Sendable {
    package struct Exchange: Hashable, Sendable {
        /// As it was sent, its line feed included; keys without one.
        package var send: String
        package var answer: String

        package init(send: String, answer: String) {
            self.send = send
            self.answer = answer
        }
    }

    static let masked = "*****"

    package var driver: String
    package var exchanges: [Exchange]

    package init(driver: String, exchanges: [Exchange]) {
        self.driver = driver
        self.exchanges = exchanges
    }

    // MARK: File

    package init(_ bytes: [UInt8], file: String) throws(DiagnosticsError) {
        func fault(_ summary: String) -> DiagnosticsError {
            DiagnosticsError(
                .error(summary, remedy: "record the session anew with ncs-ned record", place: SourcePlace(file: file)))
        }
        let value: JSONValue
        do { value = try JSONValue.parse(bytes, file: file) } catch { throw fault("no recording: \(error)") }
        guard value["recording"]?.int == 1, let items = value["exchanges"]?.array, !items.isEmpty else {
            throw fault("no recording: an object with recording 1 and a list exchanges was expected")
        }
        driver = value["driver"]?.string ?? ""
        exchanges = []
        for (index, item) in items.enumerated() {
            guard let send = item["send"]?.string, let answer = item["answer"]?.string else {
                throw fault("exchange \(index + 1) of the recording lacks send or answer")
            }
            exchanges.append(Exchange(send: send, answer: answer))
        }
    }

    package var bytes: [UInt8] {
        let items: [JSONValue] = exchanges.map { ["send": .string($0.send), "answer": .string($0.answer)] }
        let value: JSONValue = ["recording": .number("1"), "driver": .string(driver), "exchanges": .array(items)]
        return Array((value.print(pretty: true) + "\n").utf8)
    }

    // MARK: Masking

    /// Without the given secrets, and without the words behind `password`, `secret`, `key` and their like.
    package func masking(_ secrets: [String]) -> SessionRecording {
        var result = self
        let known = secrets.filter { $0.count >= 4 }.sorted { $0.count > $1.count }
        func mask(_ text: String) -> String {
            known.reduce(Self.maskingWords(text)) { $0.replacing($1, with: Self.masked) }
        }
        result.exchanges = exchanges.map { exchange in
            let isSecret = known.contains { exchange.send == $0 + "\n" }
            return Exchange(
                send: isSecret ? Self.masked + "\n" : mask(exchange.send), answer: mask(exchange.answer))
        }
        return result
    }

    private static let words: Set<Substring> = [
        "password", "secret", "key", "key-string", "community", "authentication-key", "pre-shared-key",
    ]

    /// `password 7 0822455D0A16` becomes `password 7 *****`, whatever follows stays.
    private static func maskingWords(_ text: String) -> String {
        // By bytes: CR LF is one character.
        text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false).map { bytes in
            let line = String(decoding: bytes, as: UTF8.self)
            var parts = line.split(separator: " ", omittingEmptySubsequences: false)
            for index in parts.indices where words.contains(parts[index]) {
                var place = index + 1
                if place + 1 < parts.count, parts[place].count == 1, parts[place].allSatisfy(\.isNumber) { place += 1 }
                guard place < parts.count, !parts[place].isEmpty else { continue }
                let hasReturn = parts[place].utf8.last == 0x0D
                parts[place] = hasReturn ? masked + "\r" : Substring(masked)
            }
            return parts.joined(separator: " ")
        }.joined(separator: "\n")
    }
}
