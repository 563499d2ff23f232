import Foundation
import Testing

@testable import Wire

@Suite struct SSHPrivateKeyTests {
    @Test(arguments: [SSHPrivateKey.Kind.ed25519, .ecdsaP256, .rsa3072])
    func savedKeyIsPrivateAndTheSameWhenLoaded(_ kind: SSHPrivateKey.Kind) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("wire-\(UUID())").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = "\(folder)/host_key"
        let key = try SSHPrivateKey.loadOrGenerate(path: path, kind: kind)
        #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o600)
        #expect(try SSHPrivateKey.loadOrGenerate(path: path, kind: kind).publicKey == key.publicKey)
        guard isInstalled("ssh-keygen") else { return }
        let shown = try run(["ssh-keygen", "-y", "-f", path])
        #expect(SSHPublicKey(line: shown.output) == key.publicKey)
        let listed = try run(["ssh-keygen", "-l", "-f", path])
        #expect(listed.output.contains(key.publicKey.fingerprint!))
    }

    @Test func openSSHKeysLoadWithTheirPassphraseOnly() throws {
        guard isInstalled("ssh-keygen") else { return }
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("wire-\(UUID())").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        _ = try run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "opensesame", "-f", "\(folder)/key"])
        #expect(wireError { _ = try SSHPrivateKey(path: "\(folder)/key") }?.code == .invalidArgument)
        let key = try SSHPrivateKey(path: "\(folder)/key", passphrase: "opensesame")
        let line = try String(contentsOfFile: "\(folder)/key.pub", encoding: .utf8)
        #expect(SSHPublicKey(line: line) == key.publicKey)
        #expect(wireError { _ = try SSHPrivateKey(path: "\(folder)/absent") }?.code == .invalidArgument)
        #expect(wireError { _ = try SSHPrivateKey(text: "not a key") }?.code == .invalidArgument)
    }

    @Test func publicKeyLineMustNameTheKeysAlgorithm() throws {
        let key = try SSHPrivateKey.generate().publicKey
        #expect(SSHPublicKey(line: "\(key) somebody@somewhere") == key)
        #expect(SSHPublicKey(line: "ssh-rsa \(key.base64)") == nil)
        #expect(SSHPublicKey(line: "ssh-ed25519 AAAA") == nil)
        #expect(SSHPublicKey(line: "") == nil)
        #expect(SSHPublicKey(algorithm: "ssh-ed25519", base64: "AAAA").fingerprint == nil)
    }
}
