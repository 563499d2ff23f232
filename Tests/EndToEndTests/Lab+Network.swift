import Foundation
import TestSupport
import Testing

extension Lab {
    static let driver = "openned-ios-cli-1.0"
    static let newDriver = "openned-ios-cli-2.0"

    /// Makes a network of routers `r0`, `r1` … and a run directory for it, with the driver linked into the load path;
    /// starts the network and the daemon, and reads what the routers hold.
    func bringUp(routers: Int, driver: String = Lab.driver) throws {
        try shell("ncs-netsim create-network \(driver) \(routers) r")
        try shell("ncs-setup --dest . --netsim-dir netsim")
        try shell("ncs-netsim start")
        try startDaemon()
        try synchronise(routers)
    }

    /// Learns the host keys of all devices and reads what they hold.
    func synchronise(_ count: Int) throws {
        let keys = try operate("devices fetch-ssh-host-keys")
        guard keys.occurrences(of: "result updated") + keys.occurrences(of: "result unchanged") == count else {
            throw ProcessFault("not all host keys:\n\(keys)")
        }
        let said = try operate("devices sync-from")
        guard said.occurrences(of: "result true") == count else { throw ProcessFault("not all synchronised:\n\(said)") }
    }

    /// Runs a command on a router's own command line, over OpenSSH.
    func onRouter(_ name: String, _ command: String = "show running-config") throws -> String {
        let port = try shell("ncs-netsim get-port \(name) cli").filter(\.isNumber)
        let outcome = try attempt(
            "sshpass", ["-p", "admin", "ssh"] + Self.sshOptions + ["-p", port, "admin@127.0.0.1", command])
        guard outcome.status == 0 else { throw ProcessFault("\(outcome)") }
        return outcome.output.withoutReturns
    }

    /// Changes a router on its own command line, behind the controller's back.
    func onRouterConfigure(_ name: String, _ commands: String) throws {
        let port = try shell("ncs-netsim get-port \(name) cli").filter(\.isNumber)
        _ = try attempt(
            "sshpass", ["-p", "admin", "ssh", "-tt"] + Self.sshOptions + ["-p", port, "admin@127.0.0.1"],
            input: "configure terminal\n\(commands)\nend\nexit\n", seconds: 120)
    }

    static let sshOptions = [
        "-q", "-F", "none", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o",
        "ConnectTimeout=120",
    ]

    func cliPort(_ name: String) throws -> Int {
        try #require(Int(try shell("ncs-netsim get-port \(name) cli").filter(\.isNumber)))
    }

    /// The devices that answer `check-sync` otherwise than in-sync, with what they answer.
    func outOfSync(_ names: [String]) throws -> [String: String] {
        var result: [String: String] = [:]
        for name in names {
            let said = try operate("devices device \(name) check-sync")
            if !said.contains("result in-sync") { result[name] = said }
        }
        return result
    }

    /// Every device of the list agrees with what the controller holds of it, line by line.
    func requireAgreement(_ names: [String], _ circumstances: String = "") throws {
        for name in names {
            let said = try operate("devices device \(name) compare-config")
            guard said.trimmingCharacters(in: .whitespacesAndNewlines).isEmpty else {
                throw ProcessFault("\(circumstances): \(name) holds something else:\n\(said)")
            }
        }
    }

    /// Alarms that are not cleared, as `show alarms alarm-list` prints them.
    func alarms() throws -> String { try operate("show alarms alarm-list") }
}

extension String {
    /// Terminals end lines with CR LF, which is one character.
    var withoutReturns: String { replacing("\r\n", with: "\n").replacing("\r", with: "") }

    func occurrences(of text: String) -> Int { components(separatedBy: text).count - 1 }

    /// The block of an IOS-like configuration that begins with `head`: its line and the indented ones after it.
    func block(_ head: String) -> String {
        var lines: [Substring] = []
        for line in split(separator: "\n", omittingEmptySubsequences: false) {
            if line == head[...] {
                lines = [line]
            } else if !lines.isEmpty {
                guard line.hasPrefix(" ") else { break }
                lines.append(line)
            }
        }
        return lines.joined(separator: "\n")
    }
}
