internal import Foundation

/// `/ncs-config/encrypted-strings/external-keys`: a command of the operator's that prints the keys.
///
/// It gets the configured argument in `NCS_EXTERNAL_KEYS_ARGUMENT` and prints lines `NAME=VALUE`: keys in hexadecimal,
/// `ERROR=message`, or first of all `EXTERNAL_KEY_FORMAT=2`, after which names have a generation in brackets.
package struct ExternalKeyCommand: Hashable, Sendable {
    package var command: String
    package var argument: String?

    package init(command: String, argument: String? = nil) {
        self.command = command
        self.argument = argument
    }

    private static let sizeLimit = 1 << 16
    private static let secondsLimit = 30
    private static let names: Set<String> = [
        "DES3CBC_KEY1", "DES3CBC_KEY2", "DES3CBC_KEY3", "DES3CBC_IV", "AESCFB128_KEY", "AESCFB128_IV",
        "AES256CFB128_KEY",
    ]

    /// Runs the command. What it prints is in no message.
    package func keys() throws(SecretError) -> [KeyGeneration] {
        let (output, status) = try run()
        let text = String(decoding: output, as: UTF8.self)
        if let line = text.split(separator: "\n").first(where: { $0.hasPrefix("ERROR=") }) {
            throw failure("it says: \(line.dropFirst(6))")
        }
        guard status == 0 else { throw failure("it ended with status \(status)") }
        return try generations(text)
    }

    private func failure(_ reason: String) -> SecretError {
        SecretError(.externalKeys, "\(command): the external keys cannot be had: \(reason); mend the command")
    }

    func generations(_ text: String) throws(SecretError) -> [KeyGeneration] {
        var hasGenerations = false
        var found: [Int: KeyGeneration] = [:]
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let line = line.trimmingCharacters(in: .whitespaces)
            if line.isEmpty { continue }
            guard let equals = line.firstIndex(of: "=") else { throw failure("line \(index + 1) is not NAME=VALUE") }
            let value = String(line[line.index(after: equals)...])
            var name = String(line[..<equals])
            if index == 0, name == "EXTERNAL_KEY_FORMAT" {
                guard value == "2" else { throw failure("the format \(value.prefix(8)) is not known; 2 was expected") }
                hasGenerations = true
                continue
            }
            var number = -1
            if hasGenerations {
                guard name.hasSuffix("]"), let bracket = name.firstIndex(of: "["),
                    let given = Int(name[name.index(after: bracket)...].dropLast()), given >= -1
                else { throw failure("line \(index + 1) has no generation; write NAME[GENERATION]=VALUE") }
                number = given
                name = String(name[..<bracket])
            }
            guard Self.names.contains(name) else { throw failure("line \(index + 1) names nothing that is known") }
            do {
                try found[number, default: KeyGeneration(number: number)].set(name, value)
            } catch {
                throw failure(error.description)
            }
        }
        let generations = found.values.filter(\.isUsable).sorted { $0.number < $1.number }
        guard !generations.isEmpty else { throw failure("it printed no key") }
        return generations
    }

    private func run() throws(SecretError) -> (output: Data, status: Int32) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: command)
        var environment = ProcessInfo.processInfo.environment
        environment["NCS_EXTERNAL_KEYS_ARGUMENT"] = argument
        process.environment = environment
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardInput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        do { try process.run() } catch { throw failure("it cannot be started") }
        let reading = KeyReading(pipe.fileHandleForReading, limit: Self.sizeLimit)
        guard let output = reading.wait(seconds: Self.secondsLimit) else {
            process.terminate()
            throw failure("it did not end within \(Self.secondsLimit) seconds, or printed too much")
        }
        process.waitUntilExit()
        return (output, process.terminationStatus)
    }
}

/// Reads a pipe to its end on a thread of its own, so that a command that hangs does not hang its caller.
private final class KeyReading: @unchecked Sendable {
    private let done = DispatchSemaphore(value: 0)
    /// Written before `done` is signalled, read after.
    private var output: Data?

    init(_ handle: FileHandle, limit: Int) {
        let thread = Thread { [self] in
            var data = Data()
            while data.count <= limit, let piece = try? handle.read(upToCount: 4096), !piece.isEmpty { data += piece }
            output = data.count <= limit ? data : nil
            done.signal()
        }
        thread.start()
    }

    func wait(seconds: Int) -> Data? { done.wait(timeout: .now() + .seconds(seconds)) == .success ? output : nil }
}
