import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// What docs/DEVICES.md shows, typed line by line.
    @Suite struct DevicesDocumentTests {
        /// The commands of the document's examples, without their prompts.
        private static func commands() throws -> [String] {
            let text = try String(contentsOfFile: Repository.path("docs/DEVICES.md"), encoding: .utf8)
            return text.split(separator: "\n").compactMap { line in
                guard line.hasPrefix("admin@ncs"), let start = line.firstRange(of: "# ") else { return nil }
                return String(line[start.upperBound...])
            }
        }

        @Test func theExamplesOfTheDocumentWork() throws {
            try Lab.use("devices-document") { lab in
                try lab.bringUp(routers: 2)
                let commands = try Self.commands()
                #expect(commands.count > 15)
                let said = try lab.operate(commands.joined(separator: "\n"))
                try require(
                    said, contains: "apply-template-result {", "result ok", "   description r1 at north",
                    "   ! Tags: nocreate\n   hostname {$DEVICE}", "   ! Tags: replace\n   snmp-server community")
                #expect(said.occurrences(of: "result ok") == 2)
                for router in ["r0", "r1"] {
                    let shown = try lab.onRouter(router)
                    try require(
                        shown, contains: "snmp-server community lab RO", "interface Loopback7",
                        " description \(router) at north")
                }
                try lab.requireAgreement(["r0", "r1"])
                // Again, with the tags in force: the network is as it is to be.
                try lab.directory.write("run/by-hand.cfg", "interface Loopback7\n description by hand\n")
                let again = try lab.operate(
                    """
                    devices apply-template template-name base device-select "starts-with(name, 'r')" variable { name COMMUNITY value 'other' } variable { name N value 7 } variable { name SITE value 'south' }
                    config
                    devices device r0 load-native-config file by-hand.cfg
                    show configuration
                    """)
                try require(again, contains: "result ok", "result true", "   description by hand")
                try require(
                    try lab.onRouter("r1"), contains: "snmp-server community other RO", " description r1 at south")
            }
        }
    }
}
