internal import Foundation

/// `/ncs-config/encrypted-strings/external-keys`: a command of the operator's that prints the keys.
///
/// It gets the configured argument in `NCS_EXTERNAL_KEYS_ARGUMENT` and prints lines `NAME=VALUE`: keys in hexadecimal,
/// `ERROR=message`, or first of all `EXTERNAL_KEY_FORMAT=2`, after which names have a generation in brackets.
package struct ExternalKeyCommand: Hashable, Sendable {
    package var command: String
    package var argument: String?
    /// How long it may take.
    package var secondsLimit = 30

    package init(command: String, argument: String? = nil) {
        self.command = command
        self.argument = argument
    }

    private static let sizeLimit = 1 << 16
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

    /// Runs it in a process group of its own, so that nothing of one that hangs stays, whatever it has started.
    private func run() throws(SecretError) -> (output: [UInt8], status: Int32) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw failure("it cannot be started") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        defer { close(ends[0]) }
        let process = spawn(output: ends[1])
        close(ends[1])
        guard let process else { throw failure("it cannot be started") }
        let deadline = ContinuousClock.now + .seconds(secondsLimit)
        let output = read(ends[0], until: deadline)
        if let output, let status = wait(process, until: deadline) { return (output, status) }
        kill(-process, SIGKILL)
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
        throw failure("it did not end within \(secondsLimit) seconds, or printed too much")
    }

    private func spawn(output: Int32) -> pid_t? {
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        for descriptor in Self.openDescriptors where descriptor > 2 {
            posix_spawn_file_actions_addclose(&actions, descriptor)
        }
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
        posix_spawnattr_setpgroup(&attributes, 0)
        var environment = ProcessInfo.processInfo.environment
        environment["NCS_EXTERNAL_KEYS_ARGUMENT"] = argument
        var arguments: [UnsafeMutablePointer<CChar>?] = [strdup(command), nil]
        var variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for text in arguments + variables { free(text) } }
        var process: pid_t = 0
        return posix_spawn(&process, command, &actions, &attributes, &arguments, &variables) == 0 ? process : nil
    }

    private static var openDescriptors: [Int32] {
        ((try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []).compactMap { Int32($0) }
    }

    /// What it prints, to its end; nil if that is too much or does not come in time.
    private func read(_ descriptor: Int32, until deadline: ContinuousClock.Instant) -> [UInt8]? {
        var output: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while output.count <= Self.sizeLimit {
            let left = ContinuousClock.now.duration(to: deadline) / .milliseconds(1)
            guard left > 0 else { return nil }
            var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            guard poll(&waiting, 1, Int32(left.rounded(.up))) > 0 else { continue }
            let count = Foundation.read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return count == 0 ? output : nil }
            output += chunk[..<count]
        }
        return nil
    }

    /// The status that it ends with; nil if it does not end in time. It is reaped then.
    private func wait(_ process: pid_t, until deadline: ContinuousClock.Instant) -> Int32? {
        var status: Int32 = 0
        while ContinuousClock.now < deadline {
            let ended = waitpid(process, &status, WNOHANG)
            if ended == process { return status & 0x7F == 0 ? (status >> 8) & 0xFF : -(status & 0x7F) }
            if ended < 0, errno != EINTR { return nil }
            usleep(2_000)
        }
        return nil
    }
}
