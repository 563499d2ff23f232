import Foundation
import Testing

@testable import Wire

/// Programs of others against our server.
@Suite(.serialized) struct OpenSSHTests {
    private static let hasClient = isInstalled("ssh", "sshpass")

    private func ssh(_ test: TestServer, password: String = "secret", _ more: [String]) -> [String] {
        [
            "sshpass", "-p", password, "ssh", "-F", "/dev/null", "-p", "\(test.address.port)", "-o",
            "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR",
            "-o", "PubkeyAuthentication=no", "admin@127.0.0.1",
        ] + more
    }

    @Test(.enabled(if: hasClient)) func execGivesOutputAndStatus() throws {
        let test = try TestServer()
        let ok = try run(ssh(test, ["echo", "hello"]))
        #expect(ok.output == "hello\r\n")
        #expect(ok.status == 0)
        #expect(try run(ssh(test, ["fail"])).status == 3)
    }

    @Test(.enabled(if: hasClient)) func shellWithATerminalEchoesAndEndsLinesWithCRLF() throws {
        let test = try TestServer()
        let command = ssh(test, ["-tt"]).map { "'\($0)'" }.joined(separator: " ")
        let ran = try run(["sh", "-c", "printf 'echo one\\rsize\\rexit 5\\r' | \(command)"])
        #expect(ran.output.contains("router# echo one\r\none\r\n"))
        #expect(ran.status == 5)
    }

    @Test(.enabled(if: hasClient)) func shellWithoutATerminalTakesPipedInput() throws {
        let test = try TestServer()
        let ran = try run(ssh(test, ["-T"]), input: "echo one\necho two\n")
        #expect(ran.output.contains("one\r\n"))
        #expect(ran.output.contains("two\r\n"))
        #expect(ran.status == 0)
    }

    @Test(.enabled(if: hasClient)) func brokenConnectionStillDeliversWhatWasSentBefore() throws {
        let test = try TestServer()
        let ran = try run(ssh(test, ["-T"]), input: "drop\necho too late\n")
        #expect(ran.output.hasSuffix("last words\r\n"))
        #expect(ran.status == 255)
    }

    @Test(.enabled(if: hasClient)) func wrongPasswordIsRefused() throws {
        let test = try TestServer()
        let ran = try run(ssh(test, password: "wrong", ["echo", "hello"]))
        #expect(ran.status != 0)
        #expect(ran.output.isEmpty)
    }

    @Test(.enabled(if: hasClient)) func keyboardInteractiveWorks() throws {
        let test = try TestServer()
        let ran = try run(ssh(test, ["-o", "PreferredAuthentications=keyboard-interactive", "echo", "hello"]))
        #expect(ran.output == "hello\r\n")
    }

    @Test(.enabled(if: hasClient)) func largeOutputIsWholeAndSlowReadersGetAllOfIt() throws {
        let test = try TestServer()
        let fast = try run(ssh(test, ["big", "16777216"]))
        #expect(fast.output.utf8.count == 16_777_218)
        let command = ssh(test, ["big", "8388608"]).map { "'\($0)'" }.joined(separator: " ")
        let slow = try run(["sh", "-c", "\(command) | (sleep 2; wc -c)"])
        #expect(slow.output.trimmingCharacters(in: .whitespacesAndNewlines) == "8388610")
    }

    @Test(.enabled(if: isInstalled("ssh-keyscan"))) func keyScanShowsTheHostKey() throws {
        let test = try TestServer()
        let ran = try run(["ssh-keyscan", "-t", "ed25519", "-p", "\(test.address.port)", "127.0.0.1"])
        #expect(ran.output.contains("\(test.hostKey.publicKey)"))
    }

    @Test(.enabled(if: isInstalled("python3"))) func netmikoFindsPromptAndRunsCommands() throws {
        guard try run(["python3", "-c", "import netmiko"]).status == 0 else { return }
        let test = try TestServer()
        let script = """
            from netmiko import ConnectHandler
            c = ConnectHandler(device_type='cisco_ios', host='127.0.0.1', port=\(test.address.port),
                username='admin', password='secret', conn_timeout=120)
            print('PROMPT', c.find_prompt())
            print('ANSWER', c.send_command('echo from netmiko'))
            print('SIZE', c.send_command('size'))
            c.disconnect()
            """
        let ran = try run(["python3", "-c", script])
        #expect(ran.output.contains("PROMPT router#"), "\(ran.errors)")
        #expect(ran.output.contains("ANSWER from netmiko"))
        #expect(ran.output.contains("SIZE vt100 511x1000"))
    }
}
