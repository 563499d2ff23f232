import Foundation
import TestSupport
import Testing
import YANG

@testable import Secrets

/// Keys from `ncs.conf` and from an external command.
@Suite struct KeySourceTests {
    private static let key = "3c687d564e250ad987198d179537af563341357493ed2242ef3b16a881dd6080"

    private final class Scratch {
        let path = NSTemporaryDirectory() + "keys-\(UUID().uuidString)"
        var keyFile: String { path + "/ncs.crypto_keys" }

        init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }

        deinit { try? FileManager.default.removeItem(atPath: path) }

        func command(_ script: String) throws -> ExternalKeyCommand {
            let file = path + "/keys.sh"
            try Data("#!/bin/sh\n\(script)\n".utf8).write(to: URL(fileURLWithPath: file))
            try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: file)
            return ExternalKeyCommand(command: file, argument: "planted-argument")
        }
    }

    private func generations(_ numbers: Int...) throws -> KeySource {
        .configured(
            try numbers.map { number in
                var generation = KeyGeneration(number: number)
                try generation.set(
                    "AES256CFB128_KEY", String(Self.key.dropLast(2)) + (number < 0 ? "ff" : "0\(number)"))
                return generation
            })
    }

    @Test func rotationGoesToTheGenerationsThatAreGiven() throws {
        let scratch = try Scratch()
        let store = try SecretStore(keyFile: scratch.keyFile, mayCreate: true, source: generations(-1))
        #expect(store.active == .given(-1))
        let first = try store.canonical("$0$cisco", kind: .des3CBC)
        #expect(first.hasPrefix("$9$g-1$"))
        #expect(throws: SecretError.self) { try store.prepare(0) }
        try store.reload(generations(-1, 0, 1))
        let next = try store.prepare(0)
        try store.activate(next)
        let second = try #require(try store.resealed(first, kind: .des3CBC))
        #expect(second.hasPrefix("$9$g0$"))
        #expect(try store.canonical("cisco", kind: .des3CBC, current: second) == second)
        #expect(try store.canonical(first, kind: .des3CBC, current: second) == second, "an old form is no change")
        #expect(try store.canonical(first, kind: .des3CBC).hasPrefix("$9$g0$"))
        #expect(throws: SecretError.self) { try store.reload(generations(1)) }
        #expect(!FileManager.default.fileExists(atPath: scratch.keyFile), "no key is made that nobody needs")
        let again = try SecretStore(
            keyFile: scratch.keyFile, mayCreate: false, source: generations(-1, 0, 1), active: .given(0))
        #expect(try again.open(second).withPlainText { $0 } == "cisco")
        #expect(throws: SecretError.self) {
            try SecretStore(keyFile: scratch.keyFile, mayCreate: false, source: generations(1), active: .given(0))
        }
    }

    @Test func ownKeysStayWithTheirValuesWhenOthersAreGiven() throws {
        let scratch = try Scratch()
        let own = try SecretStore(keyFile: scratch.keyFile, mayCreate: true)
        let value = try own.canonical("cisco", kind: .aesCFB128)
        let store = try SecretStore(keyFile: scratch.keyFile, mayCreate: false, source: generations(0))
        #expect(store.active == .own(1))
        try store.activate(try store.prepare(nil))
        #expect(store.active == .given(0))
        let text = "a {\n  secret \(value);\n  other $9$x;\n}\n"
        let resealed = try #require(store.resealed(text: text))
        #expect(
            resealed.hasPrefix("a {\n  secret $8$g0$") && resealed.hasSuffix(";\n  other $9$x;\n}\n"), "\(resealed)")
        #expect(store.resealed(text: resealed) == nil)
    }

    @Test func aKeyThatIsNoneIsRefusedWithoutBeingShown() throws {
        var generation = KeyGeneration(number: 0)
        for text in ["0123456789abcdef0123456789abcdeg", "00", ""] {
            let error = #expect(throws: SecretError.self) { try generation.set("AESCFB128_KEY", text) }
            #expect(text.isEmpty || error?.description.contains(text + " ") == false)
        }
        try generation.set("AES256CFB128_KEY", Self.key)
        #expect(!"\(generation)".contains("3c68"))
        var dumped = ""
        dump(generation, to: &dumped)
        #expect(!dumped.contains("3c68") && !dumped.contains("60"))
    }

    @Test func externalCommandSpeaksItsProtocol() throws {
        let scratch = try Scratch()
        let plain = try scratch.command(
            "[ \"$NCS_EXTERNAL_KEYS_ARGUMENT\" = planted-argument ] || exit 3\n"
                + "echo DES3CBC_KEY1=12785c357764a327\necho AES256CFB128_KEY=\(Self.key)")
        #expect(try plain.keys().map(\.number) == [-1])
        let second = try scratch.command(
            "echo EXTERNAL_KEY_FORMAT=2\necho 'AES256CFB128_KEY[0]=\(Self.key)'\necho 'AES256CFB128_KEY[4]=\(Self.key)'"
        )
        #expect(try second.keys().map(\.number) == [0, 4])
        let store = try SecretStore(keyFile: scratch.keyFile, mayCreate: true, source: .external(second))
        #expect(store.active == .given(4))
    }

    @Test(arguments: [
        ("echo ERROR=vault is sealed", "vault is sealed"), ("exit 7", "status 7"), ("true", "no key"),
        ("echo nonsense", "line 1"), ("echo UNKNOWN=12", "line 1"), ("echo AES256CFB128_KEY=zz", "hexadecimal"),
        ("echo EXTERNAL_KEY_FORMAT=2; echo AESCFB128_KEY=00", "line 2"), ("yes X=1", "too much"),
    ])
    func faultsOfTheExternalCommandAreNamed(script: String, word: String) throws {
        let scratch = try Scratch()
        let command = try scratch.command(script)
        let error = #expect(throws: SecretError.self) { try command.keys() }
        #expect(error?.description.contains(word) == true, "\(error?.description ?? "")")
        #expect(throws: SecretError.self) {
            try ExternalKeyCommand(command: scratch.path + "/absent").keys()
        }
    }
    /// Whatever it has started: neither a process of it nor a zombie stays in the daemon.
    @Test(arguments: ["exec sleep 600", "trap '' TERM; sleep 600 & wait", "sleep 600 > /dev/null & exec >&-; wait"])
    func aCommandThatHangsIsEndedAndReaped(script: String) throws {
        let scratch = try Scratch()
        let note = scratch.path + "/processes"
        var command = try scratch.command("echo $$ > \(note)\n\(script)")
        // On a busy machine it may be ended before it has said who it is.
        for seconds in 1...60 where !FileManager.default.fileExists(atPath: note) {
            command.secondsLimit = seconds
            let error = #expect(throws: SecretError.self) { try command.keys() }
            #expect(error?.description.contains("did not end within") == true)
        }
        let process = try #require(
            Int32(
                String(decoding: Data(contentsOf: URL(fileURLWithPath: note)), as: UTF8.self)
                    .trimmingCharacters(in: .newlines)))
        #expect(kill(process, 0) != 0 && errno == ESRCH, "process \(process) is reaped")
        // What was killed ends when it is scheduled.
        #expect(eventually { kill(-process, 0) != 0 || Self.areZombies(process) }, "nothing of its group runs")
    }

    /// Whether what is left of a process group has ended, and waits for the machine's first process to notice.
    private static func areZombies(_ group: Int32) -> Bool {
        let ids = ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).compactMap { Int32($0) }
        return ids.allSatisfy { id in
            guard let text = try? String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8),
                let words = text.split(separator: ")").last?.split(separator: " "), words.count > 2,
                Int32(words[2]) == group
            else { return true }
            return words[0] == "Z"
        }
    }
}
