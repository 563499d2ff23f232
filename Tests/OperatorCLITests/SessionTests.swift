import CLIGrammar
import ConfigTree
import ControlProtocol
import Synchronization
import TerminalSession
import Testing

@testable import OperatorCLI

/// How a session begins, ends and behaves towards scripts.
struct SessionTests {
    @Test func aScriptGetsOutputAlone() {
        let (output, status) = Lab().run("show running-config system\nconfig\nexit\n")
        #expect(output == "system contact nobody\nEntering configuration mode terminal\n")
        #expect(status == 0)
    }

    @Test func theFirstErrorStopsAScriptThatAsksForIt() {
        let lab = Lab()
        let (output, status) = lab.run("nonsense\nwho\n", .script(stops: true))
        #expect(output == "^\nsyntax error: unknown command\n")
        #expect(status == 8)
        #expect(lab.run("nonsense\nid\n").status == 0)
        #expect(lab.run("config\ndevices device x\ncommit\nexit\n", .script(stops: true)).status == 8)
        #expect(lab.run("devices device ce9 sync-from\nid\n", .script(stops: true)).status == 8)
        #expect(lab.run("show running-config system server\nconfig\ncommit\n", .script(stops: true)).status == 0)
    }

    @Test func interruptedAndClosedSessionsSaySoInTheirStatus() {
        let lab = Lab()
        #expect(lab.make(FakeTerminal(["id\n", ""]), .script()).run() == 6)
        let session = lab.make(FakeTerminal(["id\nid\n"]), .script())
        session.handle(.closing("The daemon stops."))
        #expect(session.run() == 7)
    }

    @Test func linesMayBeContinued() {
        #expect(Lab().run("show running-config \\\nsystem\n").output == "system contact nobody\n")
    }

    @Test func editsReachTheCommitWithTheirOptions() throws {
        let lab = Lab()
        _ = lab.run(
            """
            config
            devices device ce0..1 port 22
            commit no-networking no-out-of-sync-check label "a label" comment text
            exit
            """)
        let options = try #require(lab.session.state.withLock { $0.committed.first })
        #expect(options.noNetworking && options.noOutOfSyncCheck && !options.noOverwrite)
        #expect(options.label == "a label" && options.comment == "text" && options.dryRun == nil)
        #expect(
            lab.run("show running-config devices device * port | include 22 | count\n").output == "Count: 2 lines\n")
    }

    @Test func secretsAreSealedBeforeTheyAreKept() {
        let lab = Lab()
        let output = lab.run("config\ndevices device ce0 password verysecret\nshow configuration\ncommit dry-run\n")
            .output
        #expect(output.contains("$9$sealed"))
        #expect(!output.contains("verysecret"))
    }

    @Test func actionsGetTheirParameters() throws {
        let lab = Lab()
        _ = lab.run("devices device ce0 sync-from dry-run outformat xml\npackages package broken redeploy\n")
        let invoked = lab.session.state.withLock { $0.invoked }
        #expect(invoked.map(\.0) == ["devices device ce0 sync-from", "packages package broken redeploy"])
        #expect(invoked.first?.1 == ["dry-run": "", "outformat": "xml"])
    }

    @Test func anExclusiveSessionHoldsTheLockWhileItEdits() {
        let lab = Lab()
        _ = lab.run("config exclusive\nexit\n")
        #expect(lab.session.state.withLock { $0.lockOwner } == nil)
        _ = lab.run("config exclusive\n")
        #expect(lab.session.state.withLock { $0.lockOwner } == nil)
        lab.session.state.withLock { $0.lockOwner = 3 }
        let output = lab.run("config exclusive\nid\n").output
        #expect(output == "Error: the configuration database is locked by session 3 oper\nuser = admin, groups=wheel\n")
    }

    @Test func aReplacedModelDropsTheCandidateAndGoesOn() {
        let lab = Lab { session, name in if name == "reload" { session.replaceModel() } }
        let output = lab.run(
            """
            config
            devices device ce0
            port 23
            do packages reload max-wait-time 1
            show configuration
            devices device ce0 port 24
            commit
            do show running-config devices device ce0 port
            """
        ).output
        let expected = """
            The data model has been replaced: uncommitted changes are discarded.
            % No configuration changes found.
            Commit complete.
            devices device ce0
             port 24
            !

            """
        #expect(output.hasSuffix(expected), "\(output)")
    }

    @Test func whatOthersCommitIsSeenByASessionWithoutChanges() {
        let lab = Lab { session, _ in
            let other = FakeControlSession.tree(
                "<system xmlns='urn:test:lab'><contact>other</contact></system>", session.running.model)
            session.state.withLock { $0.running = $0.running.merging(other) }
        }
        let output = lab.run("config\ndo devices device ce0 check-sync\nshow full-configuration system\n").output
        #expect(output.hasSuffix("system contact other\n"))
    }

    @Test func messagesAreSent() {
        let lab = Lab()
        _ = lab.run("send oper \"going down\"\nsend all see  you\n")
        #expect(lab.session.state.withLock { $0.messages } == ["oper: going down", "all: see  you"])
    }

    @Test func broadcastsReachScriptsAndAlarmsDoNot() {
        let lab = Lab()
        let terminal = FakeTerminal(["id\n"])
        let session = lab.make(terminal, .script())
        session.handle(.broadcast(">>> System upgrade is starting."))
        session.handle(.broadcast(">>> System upgrade has completed successfully."))
        session.handle(.alarm(type: "connection-failure", text: "x"))
        #expect(terminal.text == "\n>>> System upgrade is starting.\n>>> System upgrade has completed successfully.\n")
        let interactive = FakeTerminal([], isInteractive: true)
        lab.make(interactive, .terminal).handle(.alarm(type: "connection-failure", text: "x"))
        #expect(interactive.text.contains("*** ALARM connection-failure: x\r\n"))
    }

    @Test func aFileThatCannotBeWrittenIsAnError() {
        struct ReadOnly: ClientFiles {
            struct Fault: Error, CustomStringConvertible { var description: String { "permission denied" } }
            func read(_ path: String) throws -> [UInt8] { throw Fault() }
            func write(_ path: String, _ bytes: [UInt8], append: Bool) throws { throw Fault() }
        }
        let terminal = FakeTerminal(["show running-config system | save x\n"])
        let session = OperatorSession(
            session: Lab().session, grammar: { CLIGrammar(model: $0, dialect: .c) }, terminal: terminal,
            description: .script(), files: ReadOnly())
        #expect(session.run() == 0)
        #expect(terminal.text == "Error: /home/admin/x: permission denied\n")
    }

    @Test func fileThatSourcesItselfEnds() {
        let lab = Lab(files: ["/home/admin/loop": "source loop\n"])
        #expect(lab.run("source loop\n").output == "Error: /home/admin/loop: source files are nested too deep\n")
    }
}
