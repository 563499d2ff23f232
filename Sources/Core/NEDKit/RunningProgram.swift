package import Basics
import Foundation
import Synchronization

/// A program of a package that runs: it is asked by `call`, one question at a time, and ended by `end`.
///
/// The program begins with the line `openned-program 1 ROLE...`, naming the version of the protocol and the roles that it
/// plays. From then on each line is a message of JSON-RPC 2.0. While it works on a request it may ask back.
///
/// Invariants: after a call that threw anything but `.refused` the program has ended and no process of it is left; so it
/// has when `end` returns or nobody holds this object any more.
package final class RunningProgram: Sendable {
    /// Of the protocol.
    package static let version = 1
    private static let greeting = "openned-program"

    /// Answers what a program asks while it works on a request. A thrown text becomes the answer's error.
    package typealias Service = (_ method: String, _ parameters: JSONValue) throws(ServiceFault) -> JSONValue

    package struct ServiceFault: Error {
        package var text: String

        package init(_ text: String) { self.text = text }
    }

    package let program: ProgramDescription
    private let state = ProgramState()
    private let thread: ProgramThread
    private let log: @Sendable (String) -> Void
    private let lastID = Mutex(0)

    /// Starts a program and waits for its line of the protocol.
    ///
    /// - Parameter log: takes each line of its standard error, and what it says of its work, control characters shown.
    package init(
        _ program: ProgramDescription, log: @escaping @Sendable (String) -> Void
    ) throws(ProgramError) {
        self.program = program
        let harmless: @Sendable (String) -> Void = { log(ProgramText.harmless($0, limit: 5_000)) }
        self.log = harmless
        do { thread = try ProgramThread(program, state, log: harmless) } catch {
            throw ProgramError(.cannotStart, program, "cannot be started: \(error)")
        }
        thread.start()
        try greet()
    }

    deinit {
        state.locked { $0.isInputClosed = true }
        thread.notify()
    }

    private func greet() throws(ProgramError) {
        let limit = program.limits.startSeconds
        let deadline = ContinuousClock.now + .milliseconds(Int(limit * 1_000))
        let line = state.wait(until: deadline) { values -> [UInt8]?? in
            if let greeting = values.greeting { return .some(greeting) }
            return values.end == nil ? .none : .some(nil)
        }
        guard let line else {
            try fail(.timeout, "did not say \(Self.greeting) \(Self.version) \(program.role) within \(limit) s")
        }
        guard let line else { throw ended() }
        let words = String(decoding: line, as: UTF8.self).split(separator: " ").map(String.init)
        let wanted = "'\(Self.greeting) \(Self.version) \(program.role)'"
        guard words.count > 2, words[0] == Self.greeting else {
            try fail(.handshake, "began with '\(ProgramMessage.sample(line))'; its first line must be \(wanted)")
        }
        guard words[1] == "\(Self.version)" else {
            try fail(
                .handshake,
                "speaks version \(ProgramMessage.sample(Array(words[1].utf8))) of the protocol; this is \(Self.version)"
            )
        }
        guard words.dropFirst(2).contains(program.role) else {
            let roles = ProgramText.harmless(words.dropFirst(2).joined(separator: " "), limit: 80)
            try fail(.handshake, "is for \(roles), not for \(program.role); its first line must be \(wanted)")
        }
    }

    // MARK: Calling

    /// Asks the program, and answers by `service` what it asks meanwhile. One caller at a time.
    ///
    /// - Throws: `.refused` with the program's own message; everything else ends the program.
    package func call(
        _ method: String, _ parameters: JSONValue,
        service: Service = { (method, _) throws(ServiceFault) in throw ServiceFault("there is no \(method)") }
    ) throws(ProgramError) -> JSONValue {
        let id = lastID.withLock { last in
            last += 1
            return JSONValue.number("\(last)")
        }
        let limit = program.limits.callSeconds
        let deadline = ContinuousClock.now + .milliseconds(Int(limit * 1_000))
        let early = state.locked { values in
            values.answered = 0
            return values.received.first
        }
        if let early { try fail(.garbage, "wrote without being asked: '\(ProgramMessage.sample(early))'") }
        send(.request(id: id, method: method, parameters: parameters))
        while true {
            switch try message(until: deadline, method) {
            case .result(let answered, let result):
                guard answered == id else { try fail(.garbage, "answered what it was not asked") }
                return result
            case .failure(let answered, let text):
                guard answered == id || answered == .null else { try fail(.garbage, "answered what it was not asked") }
                throw ProgramError(.refused, program, "refused: \(ProgramText.harmless(text))")
            case .request(nil, let method, let parameters):
                if method == "log", let text = parameters["text"]?.string { log(text) }
            case .request(let asked?, let method, let parameters):
                do throws(ServiceFault) {
                    send(.result(id: asked, try service(method, parameters)))
                } catch {
                    send(.failure(id: asked, message: error.text))
                }
            }
        }
    }

    private func send(_ message: ProgramMessage) {
        let line = message.line
        state.locked { $0.outgoing += line }
        thread.notify()
    }

    private func message(
        until deadline: ContinuousClock.Instant, _ method: String
    ) throws(ProgramError) -> ProgramMessage {
        let line = state.wait(until: deadline) { values -> [UInt8]?? in
            if !values.received.isEmpty { return .some(values.received.removeFirst()) }
            return values.end == nil ? .none : .some(nil)
        }
        guard let line else {
            try fail(.timeout, "did not answer '\(method)' within \(program.limits.callSeconds) s")
        }
        guard let line else { throw ended() }
        do throws(MessageFault) { return try ProgramMessage.read(line) } catch { try fail(.garbage, error.text) }
    }

    // MARK: Ending

    /// Lets it end, and ends it if it does not. Returns when no process of it is left.
    package func end() {
        state.locked { $0.isInputClosed = true }
        thread.notify()
        state.waitForever { $0.end == nil ? nil : () }
    }

    /// Whether it can be asked.
    package var isAlive: Bool { state.locked { $0.end == nil && $0.verdict == nil && !$0.isInputClosed } }

    private func fail(_ code: ProgramError.Code, _ text: String) throws(ProgramError) -> Never {
        state.locked { values in
            if values.verdict == nil { values.verdict = .init(code, text) }
        }
        thread.notify()
        var error = ended()
        (error.code, error.message) = (code, text)
        throw error
    }

    private func ended() -> ProgramError {
        let (end, lines) = state.waitForever { values in values.end.map { ($0, values.lastLines) } }
        return ProgramError(
            end.code, program, end.text, lastLines: lines.map { ProgramText.harmless($0, limit: 300) })
    }
}
