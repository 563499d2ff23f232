import Foundation
import Netsim
import TestSupport
import Testing

/// A device whose command line has a candidate has that one over NETCONF, too.
@Suite(.serialized, .enabled(if: TestNetwork.hasModules && NetworkTests.hasSSH)) struct SharedCandidateTests {
    private let network: TestNetwork

    init() throws {
        network = try TestNetwork(hasAllDoors: true)
        let package = TestNetwork.repository + "/packages/openned-junos-cli-1.0"
        try network.run("create-network", package, "1", "j").expectSuccess()
        try network.run("start").expectSuccess()
    }

    private func client() throws -> PlainNETCONF { try PlainNETCONF(port: network.basePort + 4) }

    /// What a session at the command line is told.
    private func type(_ lines: String...) throws -> String {
        try network.ssh(0, nil, input: lines.map { $0 + "\n" }.joined()).output
    }

    private func name(_ text: String) throws -> String {
        let namespace = try #require(
            try client().ask("<get-config><source><running/></source></get-config>").split(separator: "\"").first {
                $0.contains("junos")
            })
        return "<edit-config><target><candidate/></target><config><system xmlns=\"\(namespace)\">"
            + "<host-name>\(text)</host-name></system></config></edit-config>"
    }

    private func candidate(_ client: PlainNETCONF) throws -> String {
        try client.ask("<get-config><source><candidate/></source></get-config>")
    }

    @Test func whatOneDoorChangesTheOtherShowsAndCommits() throws {
        let client = try client()
        let edit = try name("over-netconf")
        #expect(try client.ask(edit).contains("<ok/>"))
        let shown = try type("configure", "show | compare")
        #expect(shown.contains("The configuration has been changed but not committed"))
        #expect(shown.contains("+   host-name over-netconf;"))
        #expect(try type("configure", "commit").contains("commit complete"))
        #expect(try client.ask("<get-config><source><running/></source></get-config>").contains("over-netconf"))
        // And the other way round.
        _ = try type("configure", "set system host-name typed")
        #expect(try candidate(client).contains("<host-name>typed<"))
        #expect(try client.ask("<commit/>").contains("<ok/>"))
        #expect(try type("show configuration system host-name").contains("host-name typed;"))
        // A commit over NETCONF is one that can be gone back to.
        #expect(try type("configure", "rollback 1", "commit").contains("commit complete"))
        #expect(try type("show configuration system host-name").contains("host-name over-netconf;"))
        _ = try type("configure", "set system host-name thrown-away")
        #expect(try client.ask("<discard-changes/>").contains("<ok/>"))
        #expect(!(try type("configure", "show | compare").contains("thrown-away")))
    }

    @Test func exclusiveAndLockExcludeEachOther() throws {
        let client = try client()
        let edit = try name("locked")
        #expect(try client.ask("<lock><target><candidate/></target></lock>").contains("<ok/>"))
        let refused = try type("configure exclusive")
        #expect(refused.contains("error: configuration database locked by:\n  admin netconf (127.0.0.1)"))
        let typed = try type("configure", "set system host-name typed", "commit")
        #expect(typed.components(separatedBy: "configuration database locked by").count == 3)
        #expect(try client.ask(edit).contains("<ok/>"))
        // What was not committed goes with the lock.
        #expect(try client.ask("<unlock><target><candidate/></target></unlock>").contains("<ok/>"))
        #expect(!(try candidate(client).contains("locked")))
        // A session that has typed something and lets go of it again.
        try exclusively { terminal in
            let denied = try client.ask("<lock><target><candidate/></target></lock>")
            #expect(denied.contains("<error-tag>lock-denied</error-tag>"))
            #expect(denied.contains("<session-id>0</session-id>") && denied.contains("admin terminal"))
            #expect(try client.ask(edit).contains("<error-tag>in-use</error-tag>"))
            #expect(try client.ask("<commit/>").contains("<error-tag>in-use</error-tag>"))
            #expect(try client.ask("<discard-changes/>").contains("<error-tag>in-use</error-tag>"))
        }
        let isFree = eventually { (try? client.ask(edit).contains("<ok/>")) == true }
        #expect(isFree)
        let modified = try client.ask("<lock><target><candidate/></target></lock>")
        #expect(modified.contains("lock-denied") && modified.contains("configuration database modified"))
    }

    /// Runs something while a terminal has the candidate for itself.
    private func exclusively(_ work: (Pipe) throws -> Void) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [
            "timeout", "300", "sshpass", "-p", "admin", "ssh", "-F", "/dev/null", "-q", "-o",
            "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-p", "\(network.basePort)",
            "admin@127.0.0.1",
        ]
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        defer {
            try? input.fileHandleForWriting.close()
            process.waitUntilExit()
        }
        input.fileHandleForWriting.write(Data("configure exclusive\nrun show version\n".utf8))
        var heard = ""
        while !heard.contains("Model"), let more = try output.fileHandleForReading.read(upToCount: 1), !more.isEmpty {
            heard += String(decoding: more, as: UTF8.self)
        }
        try work(input)
    }

    @Test func aLockOfWhatRunsKeepsTheCommandLineFromCommitting() throws {
        let client = try client()
        #expect(try client.ask("<lock><target><running/></target></lock>").contains("<ok/>"))
        let refused = try type("configure", "set system host-name typed", "commit")
        #expect(refused.contains("error: configuration database locked by:\n  admin netconf (127.0.0.1)"))
        #expect(try client.ask("<unlock><target><running/></target></unlock>").contains("<ok/>"))
        #expect(try type("configure", "commit").contains("commit complete"))
        // The device itself asks nobody.
        #expect(try client.ask("<lock><target><candidate/></target></lock>").contains("<ok/>"))
        try network.run("fault", "j0", "change", "set system host-name itself").expectSuccess()
        let running = "<get-config><source><running/></source></get-config>"
        #expect(try client.ask(running).contains("<host-name>itself<"))
    }

    @Test func aCommitAtOneDoorConfirmsThatOfTheOther() throws {
        let client = try client()
        #expect(try client.ask(try name("waiting")).contains("<ok/>"))
        #expect(try client.ask("<commit><confirmed/></commit>").contains("<ok/>"))
        #expect(try type("configure", "set system host-name confirmed", "commit").contains("commit complete"))
        let none = try client.ask("<cancel-commit/>")
        #expect(none.contains("no confirmed commit waits"))
        #expect(try type("configure", "set system host-name again", "commit confirmed 5").contains("rolled back in 5"))
        #expect(try client.ask("<commit/>").contains("<ok/>"))
        #expect(!(try type("show system commit").contains("requires confirmation")))
    }

    @Test func whatRunsChangesByCommitOnly() throws {
        let client = try client()
        let edit = try name("direct").replacing("<candidate/>", with: "<running/>")
        #expect(try client.ask(edit).contains("the running configuration changes by commit only"))
    }
}
