import Foundation

/// What goes through the three pipes of a program.
extension ProgramThread {
    func send() {
        let count = sending.bytes.withUnsafeBytes { bytes in
            write(input, bytes.baseAddress?.advanced(by: sending.count), min(bytes.count - sending.count, 1 << 20))
        }
        if count > 0 {
            sending.count += count
            if sending.count == sending.bytes.count { sending = ([], 0) }
        } else if errno != EAGAIN, errno != EINTR {
            // It no longer reads. Whether that is a fault shows in what it answers.
            sending = ([], 0)
            closeInput()
        }
    }

    /// - Returns: whether there may be more.
    @discardableResult
    func receive() -> Bool {
        guard let bytes = Self.read(from: output) else { return false }
        if bytes.isEmpty {
            close(output)
            output = -1
            // How it ends says more than that, so it is given the time.
            hasClosedOutput = true
            state.locked { $0.isInputClosed = true }
            return false
        }
        var rest = bytes[...]
        while let end = rest.firstIndex(of: 10) {
            line += rest[..<end]
            take(line)
            line = []
            rest = rest[(end + 1)...]
        }
        line += rest
        let limits = program.limits
        let isTooMuch = state.locked { values in
            values.answered += bytes.count
            return values.answered > limits.outputLength
        }
        if isTooMuch { convict(.tooMuch, "wrote more than \(limits.outputLength) bytes") }
        let most = state.locked { $0.greeting == nil } ? 4_096 : limits.messageLength
        if line.count > most {
            line = []
            convict(.tooMuch, "wrote a line of more than \(most) bytes")
        }
        return !isTooMuch
    }

    private func take(_ line: [UInt8]) {
        state.locked { values in
            guard values.verdict == nil else { return }
            if values.greeting == nil { values.greeting = line } else { values.received.append(line) }
        }
    }

    /// The first thing it did wrong decides, not what becomes of it then.
    private func convict(_ code: ProgramError.Code, _ text: String) {
        state.locked { values in
            if values.verdict == nil { values.verdict = .init(code, text) }
        }
    }

    /// - Returns: whether there may be more.
    @discardableResult
    func receiveErrors() -> Bool {
        guard let bytes = Self.read(from: errors) else { return false }
        if bytes.isEmpty {
            close(errors)
            errors = -1
            return false
        }
        for byte in bytes {
            if byte == 10 || errorLine.count >= 4_096 { noteErrorLine() }
            if byte != 10 { errorLine.append(byte) }
        }
        return errorCount <= 2 * program.limits.errorLength
    }

    func noteErrorLine() {
        guard !errorLine.isEmpty else { return }
        let line = String(decoding: errorLine, as: UTF8.self)
        let before = errorCount
        errorCount += errorLine.count + 1
        errorLine = []
        guard before <= program.limits.errorLength else { return }
        if errorCount > program.limits.errorLength {
            return log("(more than \(program.limits.errorLength) bytes; the rest is left out)")
        }
        log(line)
        state.locked { values in
            values.lastLines.append(String(line.prefix(300)))
            if values.lastLines.count > 3 { values.lastLines.removeFirst() }
        }
    }

    /// What is there; empty at the end, nil if nothing is there now.
    private static func read(from descriptor: Int32) -> [UInt8]? {
        guard descriptor >= 0 else { return nil }
        var count = -1
        let bytes = [UInt8](unsafeUninitializedCapacity: 65_536) { buffer, initialized in
            repeat {
                count = Foundation.read(descriptor, buffer.baseAddress, buffer.count)
            } while count < 0 && errno == EINTR
            initialized = max(count, 0)
        }
        return count < 0 ? nil : bytes
    }
}
