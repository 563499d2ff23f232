import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// What a NETCONF device has besides its configuration: state, operations, events, and connections of its own making.
    @Suite struct NETCONFOperationsTests {
        private func use(_ name: String, _ work: (Lab) throws -> Void) throws {
            try Lab.use(name) { lab in
                try lab.shell(
                    """
                    cp -R \(Repository.path("Tests/Fixtures/acme-nc")) acme-nc
                    ncs-make-package --netconf-ned acme-nc/yang --vendor Acme --package-version 1.0 \
                      --no-fail-on-warnings --build acme
                    mkdir -p acme/netsim && cp -R acme-nc/replies acme/netsim/
                    ncs-netsim create-network acme 2 r && ncs-netsim start
                    ncs-setup --dest . --netsim-dir netsim
                    """)
                try work(lab)
            }
        }

        @Test func operatorsReadStateAndCarryOutOperations() throws {
            try use("netconf-operations") { lab in
                try lab.startDaemon()
                try lab.synchronise(2)
                try lab.commit("devices device r0 config box port 1 note x")
                let state = try lab.operate(
                    "show devices device r0 live-status netconf-state sessions session transport")
                try require(state, contains: "SESSION ID", "netconf-ssh")
                let whole = try lab.operate("show devices device r0..1 live-status netconf-state | display json")
                try require(
                    whole, contains: "\"ietf-netconf-monitoring:netconf-state\"", "\"in-rpcs\"", "\"name\": \"r1\"")
                #expect(!whole.contains("\"note\""))
                let log = try lab.shell("ncs-netsim log r0")
                try require(log, contains: "<get-data>")
                try require(
                    try lab.operate("devices device r0 rpc rpc-reboot reboot delay 5 why { text now }"),
                    contains: "message going down", "part {", "id fan")
                try lab.operate("devices device r0..1 rpc rpc-save save")
                try require(
                    try lab.operate("devices device r0 live-status box port 1 reset delay 5"), contains: "when now")
                try require(try lab.operate("devices device r0 config box port 1 reset delay 5"), contains: "when now")
                for (line, words) in [
                    ("devices device r0 rpc rpc-reboot reboot", "the parameter delay is missing"),
                    ("devices device r0 rpc rpc-reboot reboot delay fox", "\"fox\" is not a valid value"),
                    ("devices device r0 rpc rpc-fox fox", "unknown element"),
                    ("devices device r0 live-status box port 9 reset delay 5", "refuses reset: data-missing"),
                    ("show devices device r0 live-status fox", "element does not exist"),
                ] { try require(try lab.refuse(line), contains: words) }
                try lab.shell("ncs-netsim stop r1")
                try lab.operate("devices device r1 disconnect")
                try require(
                    try lab.refuse("show devices device r1 live-status netconf-state"), contains: "connection refused")
                try require(
                    try lab.operate("show devices device * live-status netconf-state statistics"),
                    contains: "device r1: Failed to connect", "in-sessions")
            }
        }

        @Test func eventsOfDevicesAreKept() throws {
            try use("netconf-notifications") { lab in
                try lab.startDaemon()
                try lab.synchronise(2)
                try lab.commit(
                    """
                    devices device r0 notifications subscription changes stream NETCONF
                    devices device r0 notifications subscription changes xpath-filter /ncn:netconf-config-change
                    devices device r0 notifications subscription changes reconnect-interval 1
                    devices device r0 notifications received-notifications max-size 3
                    devices device r1 notifications subscription wrong stream no-such-stream
                    """)
                func status(_ device: String) throws -> String {
                    try lab.operate("show devices device \(device) notifications subscription")
                }
                func received() throws -> String {
                    try lab.operate("show devices device r0 notifications received-notifications | notab")
                }
                func count() throws -> Int { try received().components(separatedBy: "received-time").count - 1 }
                try lab.wait(for: "a refusal") { try status("r1").contains("there is no stream") }
                try require(try status("r1"), contains: "status         failed")
                try lab.wait(for: "a subscription") { try status("r0").contains("status running") }
                try require(
                    try lab.operate("show devices device r0 notifications stream | notab"),
                    contains: "stream NETCONF", "replay-support           true")
                try lab.onRouterConfigure("r0", "box name changed-there")
                try lab.wait(for: "an event") { try count() == 1 }
                try require(
                    try received(), contains: "data netconf-config-change datastore running", "subscription  changes")
                // Kept over a restart; a replay does not bring twice what is there.
                try lab.stopDaemon()
                try lab.onRouterConfigure("r0", "box name changed-while-away")
                try lab.startDaemon()
                try lab.wait(for: "the event that was missed") { try count() == 2 }
                for number in 1...4 { try lab.onRouterConfigure("r0", "box name again-\(number)") }
                try lab.wait(for: "the latest event") { try count() == 3 }
                try lab.shell("ncs-netsim stop r0")
                try lab.wait(for: "a lost connection") { try status("r0").contains("connecting") }
                try lab.shell("ncs-netsim start r0")
                try lab.wait(for: "another connection") { try status("r0").contains("status running") }
                try lab.commit("no devices device r0 notifications subscription changes")
                try lab.wait(for: "the end of the subscription") { try !status("r0").contains("running") }
            }
        }

        @Test func devicesCallHome() throws {
            try use("call-home") { lab in
                let port = try FreePorts.block(1)
                let file = lab.run + "/ncs.conf"
                let text = try String(contentsOfFile: file, encoding: .utf8)
                try text.replacing(
                    "</ncs-config>",
                    with: """
                        <netconf-call-home><enabled>true</enabled><transport><tcp><ip>127.0.0.1</ip><port>\(port)</port>
                        </tcp></transport><idle-connection-timeout>PT1H</idle-connection-timeout></netconf-call-home>
                        </ncs-config>
                        """
                ).write(toFile: file, atomically: true, encoding: .utf8)
                try lab.startDaemon()
                try lab.synchronise(2)
                let ports = try ["r0", "r1"].map {
                    try UInt16(lab.shell("ncs-netsim get-port \($0) netconf").filter(\.isNumber)) ?? 0
                }
                try lab.commit(
                    """
                    no devices device r0 address
                    no devices device r0 port
                    devices device r0 state admin-state call-home
                    devices device r0 notifications subscription all stream NETCONF
                    """)
                try require(try lab.operate("devices device r0 connect"), contains: "the device has not called home")
                // A stranger is sent away, whoever it is.
                let stranger = try ReverseConnection(to: UInt16(port), from: ports[1])
                try lab.wait(for: "the stranger's end") { stranger.isOver }
                let call = try ReverseConnection(to: UInt16(port), from: ports[0])
                try lab.wait(for: "the call") {
                    try lab.operate("devices device r0 connect").contains("which called home")
                }
                try lab.commit("devices device r0 config box name called")
                try require(try lab.operate("devices device r0 check-sync"), contains: "in-sync")
                try require(try lab.onRouter("r0"), contains: "called")
                try lab.wait(for: "the subscription") {
                    try lab.operate("show devices device r0 notifications subscription").contains("running")
                }
                #expect(!call.isOver)
                try lab.operate("devices device r0 disconnect")
                try lab.wait(for: "the end of the call") { call.isOver }
                try require(try lab.operate("devices device r0 connect"), contains: "the device has not called home")
                let devel = try lab.directory.text("run/logs/devel.log")
                try require(devel, contains: "device r0 called home from", "has its host key ssh-ed25519")
            }
        }
    }
}
