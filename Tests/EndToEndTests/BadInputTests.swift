import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// Faulty input ends in a message that names the place, an exit status that is not 0, and nothing changed.
    @Suite struct BadInputTests {
        @Test func aSyntaxErrorInAModuleIsNamedByFileAndLine() throws {
            try Lab.use("yang-error") { lab in
                try lab.directory.write(
                    "run/x.yang", "module x {\n  namespace \"urn:x\";\n  prefix x;\n  leaf a { tpye string; }\n}\n")
                let outcome = try lab.attempt("ncsc", ["-c", "x.yang"])
                #expect(outcome.status == 1)
                try require(outcome.errors, contains: "x.yang:4:", "error: ", "tpye")
                #expect(!lab.directory.exists("run/x.fxs"))
                try lab.directory.write("run/y.yang", "module y {\n  namespace \"urn:y\";\n  prefix y;\n  leaf a {\n")
                let open = try lab.attempt("ncsc", ["-c", "y.yang"])
                #expect(open.status == 1)
                try require(open.errors, contains: "y.yang:", "error: ")
            }
        }

        @Test func aPackageWithoutMetaDataOrWithAnUnknownComponentIsRefused() throws {
            try Lab.use("meta-data") { lab in
                try lab.shell("mkdir -p bare/src/yang packages")
                let bare = try lab.attempt("ncs-package", ["build", "bare"])
                #expect(bare.status != 0)
                try require(bare.errors, contains: "bare", "package-meta-data.xml")
                try lab.makeDriver("mini", "1.0", model: SmallModels.first)
                try lab.shell("sed -i 's/<ned>/<nde>/; s/<.ned>/<\\/nde>/' build/mini-cli-1.0/package-meta-data.xml")
                try lab.shell("ncs-setup --dest . && cp -R build/mini-cli-1.0 packages/")
                try lab.startDaemon()
                let said = try lab.operate("packages reload")
                try require(said, contains: "package mini-cli-1.0", "result false", "package-meta-data.xml:", "nde")
                try require(
                    try lab.operate("show packages package mini-cli-1.0 oper-status"),
                    contains: "package-meta-data-error")
                try require(try lab.alarms(), contains: "package-load-failure")
            }
        }

        /// The model would have ten to the power of eight nodes, the program never answers.
        @Test func packagesThatExplodeOrHangAtLoadHarmNothingThatIsLoaded() throws {
            try Lab.use("exploding-package") { lab in
                try lab.makeDriver("mini", "1.0", model: SmallModels.first)
                try lab.shell("ncs-setup --dest . && cp -R build/mini-cli-1.0 packages/")
                try lab.startDaemon()
                try lab.shell("ncs_load -l -m -n", input: SmallModels.device)
                let groupings = (1...8).map { level in
                    let uses = (0..<10).map { "container c\($0) { uses g\(level - 1); }" }.joined(separator: " ")
                    return "grouping g\(level) { \(uses) }"
                }
                let bomb =
                    "module bomb { namespace \"urn:bomb\"; prefix b; grouping g0 { leaf l { type string; } } "
                    + groupings.joined(separator: "\n") + " uses g8; }"
                try lab.directory.write("run/packages/bomb/src/yang/bomb.yang", bomb)
                try lab.directory.write("run/packages/bomb/load-dir/bomb.fxs", "of another compiler")
                try lab.directory.write(
                    "run/packages/bomb/package-meta-data.xml",
                    """
                    <ncs-package xmlns="http://tail-f.com/ns/ncs-packages"><name>bomb</name>
                    <package-version>1.0</package-version></ncs-package>
                    """)
                let said = try lab.operate("packages reload")
                try require(
                    said, contains: "package bomb\n    result false\n", "package mini-cli-1.0\n    result true")
                try require(
                    try lab.operate("show packages package bomb oper-status"), contains: "file-load-error",
                    "bomb.yang")
                try require(try lab.operate("show running-config devices device x0"), contains: " edge", "mtu 1500")
                #expect(lab.directory.names(in: "run/state/packages-in-use").allSatisfy { Int($0) != nil })
                try lab.operate("config\ndevices device x0 description after\ncommit no-networking")
            }
        }

        @Test func aWrongPasswordAndAChangedHostKeyAreToldApart() throws {
            try Lab.use("device-access") { lab in
                try lab.bringUp(routers: 2)
                try lab.commit(
                    """
                    devices authgroups group wrong umap admin remote-name admin remote-password mistaken
                    devices device r0 authgroup wrong
                    """)
                let denied = try lab.operate("devices device r0 disconnect\ndevices device r0 sync-from")
                try require(denied, contains: "result false", "r0")
                #expect(denied.lowercased().contains("authentication"), "\(denied)")
                try lab.operate("devices device r1 disconnect")
                try lab.shell("ncs-netsim stop r1 && rm -f netsim/r/r1/ssh/* && ncs-netsim start r1")
                let changed = try lab.operate("devices device r1 sync-from")
                try require(changed, contains: "result false", "host key")
                try lab.wait(for: "an alarm") { try lab.alarms().contains("connection-failure") }
                try lab.operate("devices device r1 ssh fetch-host-keys")
                try require(try lab.operate("devices device r1 sync-from"), contains: "result true")
            }
        }

        @Test func aPortThatIsInUseIsNamedWhenADeviceStarts() throws {
            try Lab.use("port-in-use") { lab in
                try lab.shell("ncs-netsim create-network \(Lab.driver) 2 r")
                let port = try lab.cliPort("r0")
                let script = """
                    import socket, time
                    s = socket.socket()
                    s.bind(('127.0.0.1', \(port)))
                    s.listen()
                    time.sleep(600)
                    """
                let other = try lab.start("python3", ["-c", script])
                defer { other.end() }
                try lab.wait(for: "the port") {
                    try ChildProcess.run("/bin/sh", ["-c", "ss -ltn | grep -q :\(port)"]).status == 0
                }
                let outcome = try lab.attempt("ncs-netsim", ["start"])
                #expect(outcome.status != 0)
                try require(outcome.text, contains: "DEVICE r0 FAIL", "\(port)", "DEVICE r1 OK STARTED")
            }
        }

        @Test func aSecondDaemonInTheSameDirectoryIsRefused() throws {
            try Lab.use("second-daemon") { lab in
                try lab.shell("ncs-setup --dest .")
                try lab.startDaemon()
                let first = try #require(lab.daemon)
                let second = try lab.attempt("ncs", [], more: ["NCS_IPC_PATH": lab.directory.path("ipc/other.sock")])
                #expect(second.status == 20)
                try require(second.errors, contains: "\(first)", "state/ncs.pid")
                let socket = try lab.attempt(
                    "ncs", ["--cd", lab.directory.path("second"), "-c", lab.run + "/ncs.conf"])
                #expect(socket.status != 0)
                try require(try lab.shell("ncs --status"), contains: "status: started")
                #expect(lab.daemon == first)
            }
        }

        /// A script that waits until its pipe is closed, as programs do which start others.
        @Test func theDaemonKeepsNothingOpenThatItsCallerHad() throws {
            try Lab.use("inherited-files") { lab in
                try lab.shell("ncs-setup --dest .")
                let outcome = try lab.attempt("/bin/sh", ["-c", "ncs 7>&1 | cat"])
                #expect(outcome.status == 0 && !outcome.isLate, "\(outcome)")
                try require(try lab.shell("ncs --status"), contains: "status: started")
            }
        }

        @Test func aStaleSocketAndPidFileAreNoObstacle() throws {
            try Lab.use("stale-files") { lab in
                try lab.shell("ncs-setup --dest .")
                try lab.startDaemon()
                try lab.killDaemon()
                #expect(lab.directory.exists("ipc/ncs.sock") && lab.directory.exists("run/state/ncs.pid"))
                try lab.startDaemon()
                try lab.stopDaemon()
                let again = try lab.attempt("ncs", ["--stop"])
                #expect(again.status != 0)
                try require(again.errors, contains: "(stop)")
            }
        }

        @Test(.enabled(if: getuid() == 0, "needs root, to become another user"))
        func anotherLocalUserIsKeptOutOrActsAsHimselfAlone() throws {
            try Lab.use("other-user") { lab in
                try lab.shell("ncs-setup --dest .")
                try lab.startDaemon()
                let asNobody = ["--reuid=65534", "--regid=65534", "--clear-groups", "--"]
                func attempt() throws -> ProcessOutcome {
                    try lab.attempt(
                        "setpriv", asNobody + [lab.installation + "/bin/ncs_cli", "-C", "-u", "admin"],
                        input: "show devices list\n")
                }
                let kept = try attempt()
                #expect(kept.status == 4, "\(kept)")
                #expect(!kept.text.contains("NAME"))
                // Even if somebody opened the door, the daemon asks the system who is there.
                try lab.shell("chmod 755 ../ipc && chmod 666 ../ipc/ncs.sock")
                let refused = try attempt()
                #expect(refused.status == 1, "\(refused)")
                try require(refused.errors, contains: "may not act as admin")
            }
        }

        @Test func aFaultySettingsFileIsNamedByItsLine() throws {
            try Lab.use("ncs-conf") { lab in
                try lab.shell("ncs-setup --dest .")
                let good = try lab.directory.text("run/ncs.conf")
                let faults = [
                    (good.replacing("load-path>", with: "laod-path>"), "laod-path"),
                    (good.replacing("</load-path>", with: ""), "load-path"),
                    (good.replacing("${NCS_DIR}/etc/ncs", with: "${NO_SUCH_VARIABLE}/etc"), "NO_SUCH_VARIABLE"),
                ]
                for (text, word) in faults {
                    try lab.directory.write("run/ncs.conf", text)
                    let outcome = try lab.attempt("ncs", [])
                    #expect(outcome.status == 21, "\(outcome)")
                    try require(outcome.errors, contains: "ncs.conf:", word)
                }
                lab.directory.remove("run/ncs.conf")
                #expect(try lab.attempt("ncs", []).status == 21)
            }
        }

        @Test func aFaultyInitFileIsNamedByItsLine() throws {
            try Lab.use("init-file") { lab in
                try lab.shell("ncs-setup --dest .")
                try lab.directory.write(
                    "run/ncs-cdb/zz.xml",
                    "<devices xmlns=\"http://tail-f.com/ns/ncs\">\n  <device>\n    <name>x0</name>\n"
                        + "    <prot>22</prot>\n  </device>\n</devices>\n")
                let outcome = try lab.attempt("ncs", [])
                #expect(outcome.status == 10, "\(outcome)")
                try require(outcome.errors, contains: "zz.xml:4", "prot")
                lab.directory.remove("run/ncs-cdb/zz.xml")
                try lab.startDaemon()
            }
        }

        @Test func aFaultyCommandIsRefusedAndTheScriptStops() throws {
            try Lab.use("faulty-command") { lab in
                try lab.shell("ncs-setup --dest .")
                try lab.startDaemon()
                let said = try lab.refuse(
                    "config\ndevices global-settings trace purple\ndevices global-settings trace raw\ncommit")
                #expect(!said.contains("Commit complete."))
                let load = try lab.attempt(
                    "ncs_load", ["-l", "-m"], input: "<devices xmlns=\"http://tail-f.com/ns/ncs\">\n<x/>")
                #expect(load.status == 1)
                try require(load.errors, contains: "standard input:2")
                let shown = try lab.shell("ncs_load -F c")
                #expect(!shown.contains("trace"))
            }
        }
    }
}
