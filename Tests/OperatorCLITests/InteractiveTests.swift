import ConfigTree
import ControlProtocol
import Synchronization
import TerminalSession
import Testing

@testable import OperatorCLI

/// What somebody at a keyboard gets.
struct InteractiveTests {
    private func type(_ keys: String, in lab: Lab = Lab(), rows: Int = 24) -> String {
        let terminal = FakeTerminal([keys], isInteractive: true, rows: rows)
        _ = lab.make(terminal, .terminal).run()
        return terminal.text
    }

    @Test func bannerAndPromptComeFirst() {
        let text = type("exit\r")
        #expect(text.contains("\r\nadmin connected from 127.0.0.1 using console on lab-host\r\n"))
        #expect(text.contains("admin@ncs# exit"))
    }

    @Test func questionMarkListsCommandsWithTheirHelp() {
        let text = type("?exit\r")
        #expect(text.contains("Possible completions:\r\n"))
        #expect(text.contains("  config                Manipulate software configuration information\r\n"))
        #expect(text.contains("  devices               The managed devices\r\n"))
    }

    @Test(arguments: [
        ("show run\tsys\tcontact\r", "system contact nobody"),
        ("show dev\tli\t\r", "NED ID"), ("devices device ce0 che\t\r", "result in-sync"),
        ("conf\t\rsys\tcon\tx\rshow conf\t\r", "system contact x"),
        ("config\rdo show run\tsys\t\r", "system contact nobody"), ("who | cou\t\r", "Count: 3 lines"),
    ])
    func tabCompletesWords(_ typed: String, _ expected: String) {
        #expect(type(typed).contains(expected))
    }

    @Test(arguments: [
        ("config\rdevices device ?", "ce1"), ("show packages package ?", "cisco-ios-cli-3.8"),
        ("devices device ce0 sync-from ?", "outformat"), ("devices device ce0 sync-from outformat ?", "xml"),
        ("config\rcommit ?", "no-networking"), ("config\rcommit dry-run outformat ?", "native"),
        ("show running-config devices device ?", "ce2"), ("who | ?", "Include lines that match"),
        ("config\rdevices device ce0 port ?", "<unsignedInt, 0 .. 65535>"), ("paginate ?", "true"),
        ("config\rtop ?", "validate"), ("show ?", "running-config"), ("send ?", "oper"),
        ("show running-config | display ?", "curly-braces"), ("config\rload ?", "override"),
    ])
    func questionMarkListsWhatCanFollow(_ typed: String, _ expected: String) {
        #expect(type(typed + "\u{15}").contains("  " + expected))
    }

    @Test func uncommittedChangesAreAskedAbout() {
        let question = "Uncommitted changes found, commit them? [yes/no/CANCEL] "
        let edit = "config\rsystem contact changed\r"
        for (answer, contact, stays) in [("yes", "changed", false), ("no", "nobody", false), ("", "nobody", true)] {
            let lab = Lab()
            let text = type(edit + "exit\r\(answer)\rshow history\r", in: lab)
            #expect(text.contains(question))
            #expect(lab.run("show running-config system contact\n").output == "system contact \(contact)\n")
            #expect(text.contains("admin@ncs(config)# show history") == stays)
        }
    }

    @Test func sessionThatLosesItsTerminalEnds() {
        let lab = Lab()
        let terminal = FakeTerminal(["config exclusive\rsystem contact lost\r"], isInteractive: true)
        #expect(lab.make(terminal, .terminal).run() == 0)
        #expect(lab.session.state.withLock { $0.lockOwner } == nil)
        #expect(lab.run("show running-config system contact\n").output == "system contact nobody\n")
    }

    @Test func longOutputIsPagedUnlessToldOtherwise() {
        #expect(type("show running-config\rq", rows: 6).contains("--More--"))
        #expect(!type("show running-config | nomore\r", rows: 6).contains("--More--"))
        #expect(!type("paginate false\rshow running-config\r", rows: 6).contains("--More--"))
        #expect(!type("show running-config\rq", rows: 6).contains("system contact"))
    }

    @Test func faultIsMarkedBelowTheLine() {
        #expect(type("show nonsense\r").contains("\r\n----------------^\r\nsyntax error: unknown argument\r\n"))
    }

    @Test func aValueLeftOutIsAskedForAndASecretNotShown() {
        let text = type(
            "config\rdevices device ce0 password\rvery\\\"secret\rsystem contact\rsome body\rshow configuration\r")
        #expect(text.contains("$9$sealed"))
        #expect(!text.contains("secret"))
        #expect(text.contains("system contact \"some body\""))
    }

    @Test func revertAsksFirst() {
        let edit = "config\rsystem contact changed\rrevert\r"
        #expect(type(edit + "no\rshow configuration\rexit\rno\r").contains("\r\nsystem contact changed\r\n"))
        #expect(type(edit + "yes\rshow configuration\r").contains("% No configuration changes found."))
    }
}
