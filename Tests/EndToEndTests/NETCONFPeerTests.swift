import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// Foreign NETCONF clients, program by program, on a simulated device: the table in docs/NETCONF.md.
    @Suite struct NETCONFPeerTests {
        private static let source = SharedData.path("nso-examples/router-nc-1.0")

        /// Where the environment of the tests finds a program.
        private static func path(_ program: String) -> String? {
            let found = (try? ChildProcess.run("which", [program]))?.output.trimmingCharacters(in: .newlines)
            return found?.hasPrefix("/") == true ? found : nil
        }

        private static let console = path("netconf-console2")
        private static let yangcli = path("yangcli")

        /// A network of one router; its NETCONF port.
        private func router(_ lab: Lab) throws -> String {
            let source = try #require(Self.source)
            try lab.shell("cp -R \(source) package && chmod -R u+w package && mkdir -p package/load-dir")
            try lab.shell("ncs-netsim create-network package 1 r && ncs-netsim start")
            return try lab.shell("ncs-netsim get-port r0 netconf").filter(\.isNumber)
        }

        // MARK: netconf-console2

        private struct Console {
            let lab: Lab
            let program: String
            let login: [String]

            func run(_ arguments: [String]) throws -> String { try lab.attempt(program, login + arguments).output }
        }

        private func useConsole(_ name: String, _ work: (Lab, Console) throws -> Void) throws {
            let program = try #require(Self.console)
            try Lab.use(name) { lab in
                let login = ["--host", "127.0.0.1", "--port", try router(lab), "-u", "admin", "-p", "admin"]
                try work(lab, Console(lab: lab, program: program, login: login))
            }
        }

        @Test(.enabled(if: console != nil && source != nil, "netconf-console2 is not installed, or no shared data"))
        func netconfConsoleDrivesADevice() throws {
            try useConsole("netconf-console2") { lab, console in
                func run(_ arguments: [String]) throws -> String { try console.run(arguments) }
                try require(try run(["--hello"]), contains: "candidate:1.0", "notification:1.0", "module=router")
                try require(try run(["--get-schema", "router"]), contains: "module router {")
                try require(
                    try run(["--get", "-x", "/netconf-state/sessions"]), contains: "<username>admin</username>")
                try require(try run(["--get-config", "-x", "/sys/dns"]), contains: "10.2.3.4")
                try lab.directory.write("run/server.xml", server("192.0.2.1"))
                let names = ["--ns", "r=http://example.com/router"]
                try require(try run(["--db", "candidate", "--edit-config", "server.xml"]), contains: "<ok ")
                try require(try run(["--validate", "candidate"]), contains: "<ok ")
                #expect(!(try run(["--get-config"]).contains("192.0.2.1")))
                try require(try run(["--commit"]), contains: "<ok ")
                try require(try run(["--get-config"]), contains: "192.0.2.1")
                let path = "/r:sys/r:dns/r:server[r:address='192.0.2.1']"
                try require(try run(names + ["--db", "candidate", "--delete", path]), contains: "<ok ")
                try require(try run(["--discard-changes"]), contains: "<ok ")
                try require(try run(names + ["--db", "running", "--delete", path]), contains: "<ok ")
                #expect(!(try run(["--get-config"]).contains("192.0.2.1")))
                let whole = try run(["--get-config"])
                let config = try #require(whole.range(of: "<sys")).lowerBound
                let end = try #require(whole.range(of: "</data>")).lowerBound
                try lab.directory.write("run/whole.xml", String(whole[config..<end]))
                try require(try run(["--db", "candidate", "--copy-config", "whole.xml"]), contains: "<ok ")
                try require(try run(["--discard-changes"]), contains: "<ok ")
                try require(try run(["--kill-session", "99"]), contains: "invalid-value")
                try lab.directory.write("run/rpc.xml", Self.getData)
                try require(try run(["--rpc", "rpc.xml"]), contains: "10.2.3.4")
            }
        }

        /// The rest of RFC 6241, several operations in one session; what the program has no option for goes as XML.
        @Test(.enabled(if: console != nil && source != nil, "netconf-console2 is not installed, or no shared data"))
        func netconfConsoleLocksConfirmsAndKills() throws {
            try useConsole("netconf-console2-sessions") { lab, console in
                func run(_ arguments: [String]) throws -> String { try console.run(arguments) }
                func servers() throws -> [String] {
                    try run(["--get-config", "-x", "/sys/dns"]).matches(of: /<address>(.*?)</).map { String($0.1) }
                }
                for operation in ["create", "replace", "delete", "remove"] {
                    try lab.directory.write("run/\(operation).xml", server("192.0.2.2", operation: operation))
                }
                let operations: [(file: String, content: String)] = [
                    ("persist", "<commit %><confirmed/><persist>p</persist></commit>"),
                    ("confirm", "<commit %><persist-id>p</persist-id></commit>"),
                    ("cancel", "<cancel-commit %><persist-id>p</persist-id></cancel-commit>"),
                    ("delete-config", "<delete-config %><target><running/></target></delete-config>"),
                    (
                        "none",
                        "<edit-config %><target><candidate/></target><default-operation>none</default-operation>"
                            + "<error-option>rollback-on-error</error-option><config>"
                            + "<sys xmlns=\"http://example.com/router\"><dns/></sys></config></edit-config>"
                    ),
                ]
                for (file, content) in operations {
                    let xmlns = "xmlns=\"urn:ietf:params:xml:ns:netconf:base:1.0\""
                    try lab.directory.write("run/\(file)-rpc.xml", content.replacing("%", with: xmlns))
                }
                func expectOK(
                    _ count: Int, _ arguments: [String], sourceLocation: SourceLocation = #_sourceLocation
                ) throws {
                    let said = try run(arguments)
                    #expect(said.matches(of: /<ok[ \/]/).count == count, "\(said)", sourceLocation: sourceLocation)
                }
                let candidate = ["--db", "candidate"]

                try require(try run(["-v", "1.0", "--get", "--filter", "/sys/dns"]), contains: "10.2.3.4")
                let tagged = ["--get-config", "-x", "/sys", "--with-defaults", "report-all-tagged"]
                try require(try run(tagged), contains: "10.2.3.4")
                let edits = ["create", "replace", "delete", "remove"].flatMap { ["--edit-config", $0 + ".xml"] }
                try expectOK(4, candidate + edits)
                try expectOK(1, ["--rpc", "none-rpc.xml"])
                try expectOK(1, ["--discard-changes"])
                try expectOK(1, ["-t", "test-only", "--db", "running", "--edit-config", "create.xml"])
                #expect(try servers() == ["10.2.3.4"])
                try require(try run(["--db", "running", "--edit-config", "delete.xml"]), contains: "data-missing")
                try require(try run(["--rpc", "delete-config-rpc.xml"]), contains: "operation-not-supported")

                let confirming = ["--edit-config", "create.xml", "--commit", "confirmed", "--commit"]
                try expectOK(5, candidate + ["--lock"] + confirming + ["--unlock"])
                #expect(try servers() == ["10.2.3.4", "192.0.2.2"])
                try expectOK(2, candidate + ["--edit-config", "delete.xml", "--rpc", "persist-rpc.xml"])
                #expect(try servers() == ["10.2.3.4"])
                try expectOK(1, ["--rpc", "cancel-rpc.xml"])
                #expect(try servers() == ["10.2.3.4", "192.0.2.2"])
                try expectOK(2, candidate + ["--edit-config", "delete.xml", "--rpc", "persist-rpc.xml"])
                try expectOK(1, ["--rpc", "confirm-rpc.xml"])
                #expect(try servers() == ["10.2.3.4"])
                try require(try run(["--create-subscription", "--sleep", "0"]), contains: "<ok")

                let holder = try lab.start(console.program, console.login + candidate + ["--lock", "--sleep", "600"])
                defer { holder.end() }
                var number = ""
                try lab.wait(for: "the lock") {
                    let state = try run(["--get", "-x", "/netconf-state/datastores"])
                    number = state.firstMatch(of: /<locked-by-session>([0-9]+)</).map { String($0.1) } ?? ""
                    return !number.isEmpty
                }
                try require(try run(candidate + ["--lock"]), contains: "lock-denied", "<session-id>\(number)<")
                try expectOK(1, ["--kill-session", number])
                try expectOK(2, candidate + ["--lock", "--unlock"])
            }
        }

        private func server(_ address: String, operation: String? = nil) -> String {
            let netconf = "xmlns:nc=\"urn:ietf:params:xml:ns:netconf:base:1.0\""
            let attribute = operation.map { " \(netconf) nc:operation=\"\($0)\"" } ?? ""
            return "<sys xmlns=\"http://example.com/router\"><dns><server\(attribute)><address>\(address)</address>"
                + "</server></dns></sys>"
        }

        private static let getData = """
            <get-data xmlns="urn:ietf:params:xml:ns:yang:ietf-netconf-nmda"
                      xmlns:ds="urn:ietf:params:xml:ns:yang:ietf-datastores"><datastore>ds:operational</datastore>
              <subtree-filter><sys xmlns="http://example.com/router"><dns/></sys></subtree-filter></get-data>
            """

        // MARK: yangcli

        @Test(.enabled(if: yangcli != nil && source != nil, "yangcli is not installed, or no shared data"))
        func yangcliDrivesADevice() throws {
            let program = try #require(Self.yangcli)
            try Lab.use("yangcli") { lab in
                let port = try router(lab)
                // The device hands out the rest.
                let modules = "\(lab.run)/package/src/yang:/usr/share/yuma/modules"
                func run(_ arguments: [String]) throws -> String {
                    let login = ["--server=127.0.0.1", "--ncport=\(port)", "--user=admin", "--password=admin"]
                    return try lab.attempt(program, login + ["--batch-mode", "--modpath=\(modules)"] + arguments).output
                }
                try lab.directory.write("run/operations", Self.operations)
                try lab.directory.write("run/dns.xml", server("192.0.2.9"))
                let said = try run(["--run-script=operations"])
                #expect(!said.contains("canceled") && !said.contains("RPC Error Reply"), "\(said)")
                #expect(said.occurrences(of: "RPC OK Reply") >= 20, "\(said)")
                try require(said, contains: "'module router {", "address 192.0.2.3")
                let running = try run(["--run-command=get-config source=running"])
                try require(running, contains: "192.0.2.1", "192.0.2.3")
                #expect(!running.contains("192.0.2.2") && !running.contains("192.0.2.4"))
                #expect(!said.contains("get-schema> for module"), "a module that was announced cannot be fetched")
                let refused: [(command: String, tag: String)] = [
                    ("kill-session session-id=999", "invalid-value"), ("unlock target=running", "operation-failed"),
                    ("commit persist-id=q", "invalid-value"),
                ]
                for (command, tag) in refused {
                    try require(try run(["--run-command=\(command)"]), contains: "error-tag \(tag)")
                }
                let log = try lab.shell("ncs-netsim log r0")
                try require(log, contains: "<cancel-commit>", "<copy-config>", "<create-subscription>", "<get-schema>")
                #expect(!running.contains("192.0.2.9"))
            }
        }

        private static let operations = """
            discard-changes
            lock target=running
            lock target=candidate
            create /sys/dns/server[address='192.0.2.1']
            merge /sys/dns/server[address='192.0.2.2']
            replace /sys/dns/server[address='192.0.2.2']
            delete /sys/dns/server[address='192.0.2.2']
            validate source=candidate
            commit
            xget-config source=running select=/sys/dns
            sget-config source=running /sys/dns
            unlock target=candidate
            unlock target=running
            copy-config target=candidate source=running
            discard-changes
            get-schema identifier=router format=yang
            get-config source=running with-defaults=report-all
            get with-defaults=trim
            sget /sys/dns
            edit-config target=candidate default-operation=merge error-option=rollback-on-error config=@dns.xml
            discard-changes
            create /sys/dns/server[address='192.0.2.4']
            commit confirmed confirm-timeout=60
            cancel-commit
            create /sys/dns/server[address='192.0.2.3']
            commit confirmed persist=p
            commit persist-id=p
            xget select=/netconf-state/sessions
            create-subscription
            get-config source=running
            close-session

            """
    }
}
