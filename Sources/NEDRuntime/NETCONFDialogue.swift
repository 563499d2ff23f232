import Basics
import NETCONF
import Wire

/// Requests and replies with a NETCONF device over a stream of bytes.
///
/// Once `isBroken`, nobody knows which reply would come next: the session has to be dropped.
final class NETCONFDialogue {
    let target: DeviceTarget
    var trace: any DeviceTrace
    private let stream: any ByteStream
    private var frames: FrameReader
    private(set) var capabilities = Capabilities()
    private(set) var isBroken = false
    private var lastID = 0

    /// Bytes of a message that is kept as a whole.
    private static let messageLimit = 64 << 20
    /// Bytes of one reply: its text is not kept, so that what it says is what it costs.
    private static let streamLimit = 1 << 32

    init(_ stream: any ByteStream, _ target: DeviceTarget, _ trace: any DeviceTrace) {
        self.stream = stream
        self.target = target
        self.trace = trace
        frames = FrameReader(limit: min(target.replyLimit, Self.messageLimit), pieceLimit: Self.streamLimit)
    }

    // MARK: Greeting

    /// Exchanges greetings and agrees on the framing.
    func greet() throws(NEDError) {
        let mine = ClientExchange.greeting
        try write(MessageFraming.endOfMessage.frame(mine.bytes), "hello")
        let message = try receive("hello", within: target.connectTimeout)
        let hello: Hello
        do throws(FramingError) {
            hello = try Hello(message: message)
        } catch {
            throw broken(.driver, error.description, "hello")
        }
        guard let framing = mine.capabilities.framing(with: hello.capabilities) else {
            throw broken(.driver, "the device offers neither base 1.0 nor base 1.1", "hello")
        }
        guard hello.sessionID != nil else { throw broken(.driver, "the device gives no session-id", "hello") }
        capabilities = hello.capabilities
        frames.framing = framing
    }

    // MARK: Requests

    /// Carries out an operation. `data` gets the reader at the start tag of `<data>` and moves it to the end tag.
    /// Throws `.refused` with the device's errors; what `data` throws becomes a fault of the driver.
    func call(
        _ operation: String, _ content: (inout XMLWriter) throws -> Void,
        data: (inout XMLReader) throws -> Void = { try $0.skipElement() }
    ) throws(NEDError) {
        let errors = try attempt(operation, content, data: data)
        if !errors.isEmpty { throw refusal(operation, errors) }
    }

    /// What an operator reads of a device's errors.
    ///
    /// - Parameter holder: the session that holds a lock, as far as the device tells.
    func refusal(_ operation: String, _ errors: [RPCError], holder: String? = nil) -> NEDError {
        let words = errors.prefix(5).map(\.description).joined(separator: "; ")
        let more = errors.count > 5 ? "; and \(errors.count - 5) more errors" : ""
        let locked = errors.first { $0.tag == .lockDenied || $0.tag == .inUse }
        let advice = locked.map { Self.advice($0, holder) } ?? ""
        return NEDError(
            .refused, device: target.name,
            "the device refuses \(operation): \(words)\(more)\(advice)".withoutControlCharacters,
            command: operation)
    }

    private static func advice(_ error: RPCError, _ holder: String?) -> String {
        guard let id = error.info.first(where: { $0.name == "session-id" })?.value else { return "" }
        return id == "0"
            ? "; somebody at the device itself holds it, or the candidate has changes: clear them there"
            : "; \(holder ?? "session \(id)") holds it: end that session, or try again later"
    }

    /// The same, with the device's errors as the result.
    func attempt(
        _ operation: String, _ content: (inout XMLWriter) throws -> Void,
        data: (inout XMLReader) throws -> Void = { try $0.skipElement() }
    ) throws(NEDError) -> [RPCError] {
        let id = try send(operation, content)
        return try reply(id, operation, data)
    }

    /// Sends a request; gives its id.
    func send(_ operation: String, _ content: (inout XMLWriter) throws -> Void) throws(NEDError) -> Int {
        CrashPoint.reach("driver.command")
        lastID += 1
        try write(frames.framing.frame(ClientExchange.request(lastID, content)), operation)
        return lastID
    }

    /// Carries out an operation of the device's own modules, and reads what stands beside `<ok/>` and errors.
    func output(
        _ operation: String, _ content: (inout XMLWriter) throws -> Void, read: (inout XMLReader) throws -> Void
    ) throws(NEDError) {
        lastID += 1
        try write(frames.framing.frame(ClientExchange.request(lastID, content)), operation)
        let message = try receiveReply(operation)
        do {
            switch try ClientExchange.read(message, id: lastID) {
            case .ok:
                var reader = XMLReader(message, file: "reply")
                _ = try reader.next()
                try read(&reader)
            case .errors(let errors): throw refusal(operation, errors)
            }
        } catch let error as NEDError {
            throw error
        } catch {
            throw broken(.driver, Self.unreadable(operation, error), operation)
        }
    }

    private static func unreadable(_ operation: String, _ error: any Error) -> String {
        "the reply to \(operation) cannot be read: \(error)".withoutControlCharacters
    }

    /// Reads the reply to a request while it comes: to the oldest that is not answered.
    func reply(
        _ id: Int, _ operation: String, _ data: (inout XMLReader) throws -> Void
    ) throws(NEDError) -> [RPCError] {
        var limits = XMLLimits()
        limits.totalLength = .max
        do {
            while true {
                let text = IncomingMessage(self, operation)
                var reader = XMLReader(file: "reply", limits: limits) { try text.read(into: $0) }
                _ = try reader.next()
                let isReply = reader.name != "notification"
                let outcome = isReply ? try ClientExchange.read(&reader, id: id, data: data) : .ok
                try text.skip()
                guard isReply else { continue }
                if case .errors(let errors) = outcome { return errors }
                return []
            }
        } catch let error as NEDError {
            throw error
        } catch {
            throw broken(.driver, Self.unreadable(operation, error), operation)
        }
    }

    /// A whole message that is a reply: events of a subscription on the same session are passed over.
    private func receiveReply(_ operation: String) throws(NEDError) -> [UInt8] {
        while true {
            let message = try receive(operation, within: target.readTimeout)
            var reader = XMLReader(message, file: "message")
            let isEvent = (try? reader.next()) == .startElement && reader.name == "notification"
            if !isEvent { return message }
        }
    }

    /// The next message that the device sends of its own accord; nil if none comes within the time.
    func event(within time: Duration) throws(NEDError) -> [UInt8]? {
        do throws(NEDError) {
            return try receive(Self.eventOperation, within: time)
        } catch {
            guard error.code == .silent, frames.isBetweenMessages else { throw error }
            isBroken = false
            return nil
        }
    }

    private static let eventOperation = "notification"

    // MARK: Bytes

    private func write(_ bytes: [UInt8], _ operation: String) throws(NEDError) {
        guard !isBroken else { throw broken(.closed, "the session is over", operation) }
        trace.traffic(.toDriver, bytes)
        do throws(WireError) {
            try stream.write(bytes, deadline: .after(target.writeTimeout))
        } catch {
            let fault = NEDError(error, device: target.name, isConnecting: false)
            throw broken(fault.code, fault.message, operation)
        }
    }

    /// The next message; each piece of it has to come within the time.
    private func receive(_ operation: String, within time: Duration) throws(NEDError) -> [UInt8] {
        while true {
            do throws(FramingError) {
                if let message = try frames.next() { return message }
            } catch {
                throw broken(.driver, "what the device sent is no NETCONF message: \(error)", operation)
            }
            try receiveBytes(operation, within: time)
        }
    }

    /// The next piece of a message; nil at its end.
    fileprivate func receivePiece(_ operation: String) throws(NEDError) -> ArraySlice<UInt8>? {
        while true {
            do throws(FramingError) {
                switch try frames.nextPiece() {
                case .bytes(let bytes)?: return bytes
                case .end?: return nil
                case nil: break
                }
            } catch {
                throw broken(.driver, "what the device sent is no NETCONF message: \(error)", operation)
            }
            try receiveBytes(operation, within: target.readTimeout)
        }
    }

    private func receiveBytes(_ operation: String, within time: Duration) throws(NEDError) {
        let bytes: [UInt8]?
        do throws(WireError) {
            bytes = try stream.read(deadline: .after(time))
        } catch {
            let fault = NEDError(error, device: target.name, isConnecting: false)
            let isLate = error.code == .timeout
            throw broken(
                fault.code, isLate ? "no reply to \(operation) within \(time.inWords)" : fault.message, operation)
        }
        guard let bytes else { throw broken(.closed, "the device closed the connection", operation) }
        trace.traffic(.fromDriver, bytes)
        frames.append(bytes)
    }

    /// Whether the device is still there, with nothing sent.
    func isListening() -> Bool {
        guard !isBroken else { return false }
        do throws(WireError) {
            while let bytes = try stream.read(deadline: .after(.zero)) { frames.append(bytes) }
            isBroken = true
            return false
        } catch {
            return error.code == .timeout
        }
    }

    func close() { isBroken = true }

    private func broken(_ code: NEDError.Code, _ message: String, _ operation: String) -> NEDError {
        isBroken = true
        return NEDError(code, device: target.name, message, command: operation)
    }
}

/// One message as it comes, for a reader of XML: nothing of it is kept but the piece that came last.
private final class IncomingMessage {
    private let dialogue: NETCONFDialogue
    private let operation: String
    private var piece: ArraySlice<UInt8> = []
    private var isOver = false

    init(_ dialogue: NETCONFDialogue, _ operation: String) {
        self.dialogue = dialogue
        self.operation = operation
    }

    func read(into target: UnsafeMutableRawBufferPointer) throws -> Int {
        while piece.isEmpty, !isOver {
            if let next = try dialogue.receivePiece(operation) { piece = next } else { isOver = true }
        }
        let count = min(target.count, piece.count)
        target.copyBytes(from: piece.prefix(count))
        piece = piece.dropFirst(count)
        return count
    }

    /// Passes over what is left of the message.
    func skip() throws(NEDError) {
        while !isOver, try dialogue.receivePiece(operation) != nil {}
        isOver = true
    }
}
