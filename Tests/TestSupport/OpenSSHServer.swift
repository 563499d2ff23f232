import Foundation

/// OpenSSH's server on a port of its own, restricted to given algorithms; its only command is a small router.
///
/// As root it needs a user `sshd` and the directory `/run/sshd`: where they are missing it runs in a mount namespace that
/// has them, so that the machine stays as it is.
package final class OpenSSHServer: Sendable {
    package let port: UInt16
    package let user = NSUserName()
    package var keyFile: String { directory.path("client") }
    /// What who logs in may write to.
    package let files: TemporaryDirectory
    private let process: RunningProcess
    private let directory: TemporaryDirectory

    package static let isAvailable: Bool = {
        guard program != nil, let server = try? OpenSSHServer() else { return false }
        defer { server.stop() }
        let options = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "BatchMode=yes"]
        let words = ["-F", "none", "-i", server.keyFile, "-p", "\(server.port)"] + options.flatMap { ["-o", $0] }
        let outcome = try? ChildProcess.run("ssh", words + ["\(server.user)@127.0.0.1"], input: "exit\n")
        return outcome?.status == 0
    }()

    private static var environment: [String: String] {
        var environment = ProcessInfo.processInfo.environment
        environment["PATH", default: ""] += ":/usr/sbin:/sbin"
        return environment
    }

    private static var program: String? { ChildProcess.find("sshd", environment) }

    private static var needsNamespace: Bool {
        geteuid() == 0 && (getpwnam("sshd") == nil || !FileManager.default.fileExists(atPath: "/run/sshd"))
    }

    /// - Parameters:
    ///   - kex: names of algorithms, of which the server takes no others.
    ///   - isRouter: its only command is the router; otherwise it is a host, which runs commands and has SFTP.
    ///   - forwards: whether it makes connections for its clients.
    package init(
        kex: String = "curve25519-sha256", cipher: String = "aes256-ctr", mac: String = "hmac-sha2-256",
        hostKey: String = "ssh-ed25519", isRouter: Bool = true, forwards: Bool = true
    ) throws {
        directory = try TemporaryDirectory("sshd")
        files = try TemporaryDirectory("sshd-files")
        port = UInt16(try FreePorts.block(1))
        let kind = hostKey == "ssh-ed25519" ? ["-t", "ed25519"] : ["-t", "rsa", "-b", "2048"]
        for (name, kind) in [("host", kind), ("client", ["-t", "ed25519"])] {
            let outcome = try ChildProcess.run("ssh-keygen", kind + ["-q", "-N", "", "-f", directory.path(name)])
            guard outcome.status == 0 else { throw ProcessFault("\(outcome)") }
        }
        try directory.write("router", Self.router)
        try directory.write("passwd", Self.passwords)
        try directory.write(
            "config",
            """
            Port \(port)
            ListenAddress 127.0.0.1
            HostKey \(directory.path("host"))
            HostKeyAlgorithms \(hostKey)
            KexAlgorithms \(kex)
            Ciphers \(cipher)
            MACs \(mac)
            AuthorizedKeysFile \(directory.path("client.pub"))
            \(isRouter ? "ForceCommand /bin/sh " + directory.path("router") : "Subsystem sftp internal-sftp")
            AllowTcpForwarding \(forwards ? "yes" : "no")
            PermitRootLogin yes
            PasswordAuthentication no
            StrictModes no
            UsePAM no
            UseDNS no
            PidFile none

            """)
        let words = [Self.program ?? "sshd", "-D", "-e", "-f", directory.path("config")]
        if Self.needsNamespace {
            let script = """
                mount --bind "$0" /etc/passwd && mount -t tmpfs tmpfs /run && mkdir -m 755 /run/sshd && exec "$@"
                """
            process = try RunningProcess(
                "unshare", ["-m", "/bin/sh", "-c", script, directory.path("passwd")] + words,
                environment: Self.environment)
        } else {
            process = try RunningProcess(words[0], Array(words.dropFirst()), environment: Self.environment)
        }
        do { try waitUntilItListens() } catch {
            stop()
            throw error
        }
    }

    package func stop() {
        process.end()
        _ = process.wait(seconds: 60)
    }

    private func waitUntilItListens() throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while !process.errors.contains("Server listening") {
            guard ContinuousClock.now < deadline, kill(process.id, 0) == 0 else {
                throw ProcessFault("sshd does not listen: \(process.errors)")
            }
            usleep(20_000)
        }
    }

    private static var passwords: String {
        let known = (try? String(contentsOfFile: "/etc/passwd", encoding: .utf8)) ?? ""
        return known + "sshd:x:65533:65534::/run/sshd:/usr/sbin/nologin\n"
    }

    private static let router = """
        printf '\\nold-box#'
        while IFS= read -r line; do
            case "$line" in
                "show running-config") printf 'hostname old-box\\nend\\n' ;;
                exit) exit 0 ;;
            esac
            printf 'old-box#'
        done

        """
}
