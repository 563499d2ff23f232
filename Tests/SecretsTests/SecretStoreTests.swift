import Foundation
import Testing
import YANG

@testable import Secrets

private let encrypted: [SecretKind] = [.aesCFB128, .aes256CFB128]
private let hashed: [SecretKind] = [.md5Digest, .sha256Digest, .sha512Digest, .cryptHash]

/// A key file in a directory of its own.
private final class Scratch {
    let path = NSTemporaryDirectory() + "secrets-\(UUID().uuidString)"
    var keyFile: String { path + "/ncs.crypto_keys" }

    init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func store(mayCreate: Bool = true) throws -> SecretStore {
        try SecretStore(keyFile: keyFile, mayCreate: mayCreate)
    }
}

@Test func anEncryptedValueShowsNothingAndOpensAgain() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    for kind in encrypted {
        let stored = try store.canonical("$0$planted-Secret", kind: kind)
        #expect(stored.hasPrefix(kind == .aesCFB128 ? "$8$1$" : "$9$1$"))
        #expect(!stored.contains("planted"))
        #expect(try scratch.store(mayCreate: false).open(stored).withPlainText { $0 } == "planted-Secret")
        #expect(try store.canonical("planted-Secret", kind: kind) != stored, "equal secrets must not look equal")
    }
}

@Test func settingTheSamePlainTextMakesNoDifference() throws {
    let store = try Scratch().store()
    for kind in encrypted + hashed {
        let stored = try store.canonical("$0$cisco", kind: kind)
        #expect(try store.canonical("$0$cisco", kind: kind, current: stored) == stored)
        #expect(try store.canonical("cisco", kind: kind, current: stored) == stored)
        #expect(try store.canonical(stored, kind: kind, current: nil) == stored)
        #expect(try store.canonical("other", kind: kind, current: stored) != stored)
    }
}

@Test func anEncryptedValueOfTheOtherKindIsTakenOver() throws {
    let store = try Scratch().store()
    let stored = try store.canonical("$0$cisco", kind: .aesCFB128)
    let taken = try store.canonical(stored, kind: .aes256CFB128)
    #expect(taken.hasPrefix("$9$"))
    #expect(try store.open(taken).withPlainText { $0 } == "cisco")
    #expect(throws: SecretError.self) { try store.open("$9$" + stored.dropFirst(3)) }
}

@Test func aChangedValueIsRefused() throws {
    let store = try Scratch().store()
    let stored = try store.canonical("$0$cisco", kind: .aes256CFB128)
    for index in stored.indices where stored[index] != "=" {
        var changed = stored
        changed.replaceSubrange(index...index, with: stored[index] == "A" ? "B" : "A")
        #expect((try? store.open(changed).withPlainText { $0 }) != "cisco", "\(changed)")
    }
    let foreign = #expect(throws: SecretError.self) {
        try store.canonical("$8$Qxxsn8BVzxphCdflqRwZm6noKKmt0QoSWnRnhcXqocg=", kind: .aesCFB128)
    }
    #expect(foreign?.code == .badForm)
    let unknown = #expect(throws: SecretError.self) { try store.open("$9$7" + stored.dropFirst(4)) }
    #expect(unknown?.code == .unknownKey)
}

@Test func hashesAreThoseOfCrypt() throws {
    let store = try Scratch().store()
    let known =
        "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1"
    #expect(store.matches(MaskedSecret("Hello world!"), known, kind: .cryptHash))
    #expect(!store.matches(MaskedSecret("Hello world"), known, kind: .cryptHash))
    #expect(try store.canonical("$0$admin", kind: .md5Digest).hasPrefix("$1$"))
    #expect(try store.canonical("$0$admin", kind: .sha256Digest).hasPrefix("$5$"))
    #expect(try store.canonical("$0$admin", kind: .sha512Digest).hasPrefix("$6$"))
    #expect(try store.canonical("$0$admin", kind: .cryptHash).hasPrefix("$6$"))
    #expect(try store.canonical("$1$fB$ndk2z/PIS0S1SvzWLqTJb.", kind: .cryptHash) == "$1$fB$ndk2z/PIS0S1SvzWLqTJb.")
    for wrong in ["$1$", "$6$salt", "$5$rounds=x$a$b", "$6$a$b$c$d", "$1$toolongsalt$x", "$5$sa lt$x"] {
        let error = #expect(throws: SecretError.self, "\(wrong)") { try store.canonical(wrong, kind: .cryptHash) }
        #expect(error?.code == .badForm)
    }
    #expect(throws: SecretError.self) { try store.canonical("$1$fB$ndk2z/PIS0S1SvzWLqTJb.", kind: .sha512Digest) }
    #expect(throws: SecretError.self) { try store.canonical("a\u{0}b", kind: .cryptHash) }
}

@Test func opensslAgreesOnOurHashes() throws {
    let store = try Scratch().store()
    for (kind, option) in [(SecretKind.md5Digest, "-1"), (.sha256Digest, "-5"), (.sha512Digest, "-6")] {
        let stored = try store.canonical("$0$pass word", kind: kind)
        let salt = String(stored.split(separator: "$")[1])
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        process.arguments = ["passwd", option, "-salt", salt, "pass word"]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(output == stored + "\n")
    }
}

@Test func oldValuesStayReadableAfterRotation() throws {
    let scratch = try Scratch()
    let store = try scratch.store()
    let old = try store.canonical("$0$cisco", kind: .aes256CFB128)
    try store.activate(try store.prepare(nil))
    let new = try #require(try store.resealed(old, kind: .aes256CFB128))
    #expect(new.hasPrefix("$9$2$"))
    #expect(try store.resealed(new, kind: .aes256CFB128) == nil)
    #expect(try store.canonical("$0$cisco", kind: .aes256CFB128, current: old) == old)
    let again = try scratch.store(mayCreate: false)
    for value in [old, new] { #expect(try again.open(value).withPlainText { $0 } == "cisco") }
}

@Test func theKeyFileIsGuarded() throws {
    let scratch = try Scratch()
    func code() -> SecretError.Code? {
        do throws(SecretError) {
            _ = try SecretStore(keyFile: scratch.keyFile, mayCreate: false)
            return nil
        } catch { return error.code }
    }
    #expect(code() == .keyFileMissing)
    _ = try scratch.store()
    #expect(code() == nil)
    #expect(
        try FileManager.default.attributesOfItem(atPath: scratch.keyFile)[.posixPermissions] as? Int == 0o600)
    chmod(scratch.keyFile, 0o640)
    #expect(code() == .keyFileRights)
    chmod(scratch.keyFile, 0o600)
    let good = try Data(contentsOf: URL(fileURLWithPath: scratch.keyFile))
    for offset in stride(from: 0, to: good.count, by: 3) {
        var bad = good
        bad[offset] ^= 1
        try bad.write(to: URL(fileURLWithPath: scratch.keyFile))
        chmod(scratch.keyFile, 0o600)
        #expect(code() == .keyFileDamaged, "byte \(offset)")
    }
    try Data("DES3CBC_KEY1=0123456789abcdef\n".utf8).write(to: URL(fileURLWithPath: scratch.keyFile))
    #expect(code() == .keyFileDamaged)
}
