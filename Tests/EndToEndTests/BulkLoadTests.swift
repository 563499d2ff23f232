import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// `ncs_load` with its options.
    @Suite struct BulkLoadTests {
        private static let count = 2_000

        private static func devices(_ interfaces: String) -> String {
            SmallModels.device.replacing("</config>", with: interfaces + "</config>")
        }

        @Test func documentsOfEachFormatComeBackAsTheyWent() throws {
            try Lab.use("bulk-load") { lab in
                try lab.makeDriver("mini", "1.0", model: SmallModels.first)
                try lab.shell("ncs-setup --dest . && cp -R build/mini-cli-1.0 packages/")
                try lab.startDaemon()
                let interfaces = (0..<Self.count).map {
                    "<interface xmlns=\"urn:test:mini\"><name>e\($0)</name><mtu>\(1_000 + $0)</mtu></interface>"
                }
                try lab.directory.write("run/all.xml", Self.devices(interfaces.joined(separator: "\n")))
                try lab.shell("ncs_load -l -m -n all.xml")
                try roundTrips(lab)
                try deletions(lab)
                try faults(lab)
            }
        }

        private func roundTrips(_ lab: Lab) throws {
            let reference = try lab.shell("ncs_load -F p")
            #expect(reference.contains("<name>e\(Self.count - 1)</name>"))
            for format in ["x", "p", "o", "c", "i", "j"] {
                try lab.shell("ncs_load -F \(format) saved.\(format)")
                try lab.shell("ncs_load -l -n -F \(format) saved.\(format)")
                #expect(try lab.shell("ncs_load -F p") == reference, "-F \(format)")
                try lab.shell("ncs_load -l -D -m -n -F \(format) < saved.\(format)")
                #expect(try lab.shell("ncs_load -F p") == reference, "-D -m -F \(format)")
            }
            let part = try lab.shell("ncs_load -F c -p '/devices/device{x0}/config/mini:interface{e7}'")
            try require(part, contains: "interface e7")
            #expect(!part.contains("e8"))
            let selected = try lab.shell("ncs_load -F p -P '/devices/device/config/mini:interface[mtu > 2998]'")
            try require(selected, contains: "<name>e1999</name>")
            #expect(!selected.contains("e1997"))
            try require(try lab.shell("ncs_load -t -F o"), contains: "elapsed time:")
        }

        private func deletions(_ lab: Lab) throws {
            let before = try lab.shell("ncs_load -F c")
            try lab.shell(
                "ncs_load -l -m -n",
                input: Self.devices(
                    """
                    <interface xmlns="urn:test:mini" operation="delete"><name>e3</name></interface>
                    <interface xmlns="urn:test:mini"><name>e4</name><mtu>77</mtu></interface>
                    """))
            let after = try lab.shell("ncs_load -F c")
            #expect(!after.contains("interface e3\n") && after.contains("interface e5\n"))
            try lab.shell(
                "ncs_load -l -m -n -a -F c", input: "devices device x0\n config\n  no interface e5\n  hostname h\n")
            #expect(try !lab.shell("ncs_load -F c").contains("interface e5\n"))
            try lab.shell("ncs_load -l -r -n", input: SmallModels.device)
            let replaced = try lab.shell("ncs_load -F c")
            #expect(replaced.contains("interface eth0") && !replaced.contains("interface e7\n"))
            #expect(before.contains("interface e3\n"))
        }

        private func faults(_ lab: Lab) throws {
            let before = try lab.shell("ncs_load -F p")
            func refuse(_ arguments: [String], _ input: String, _ expected: String...) throws {
                let outcome = try lab.attempt("ncs_load", arguments, input: input)
                #expect(outcome.status == 1, "\(arguments)")
                for text in expected { try require(outcome.text, contains: text) }
                #expect(try lab.shell("ncs_load -F p") == before, "\(arguments)")
            }
            try refuse(
                ["-l", "-m"],
                Self.devices("\n<interface xmlns=\"urn:test:mini\"><name>z</name><mtu>x</mtu></interface>"),
                "standard input:15", "interface{z}/mtu")
            try refuse(["-l", "-m"], "<devices xmlns=\"http://tail-f.com/ns/ncs\">\n<device>", "standard input:2")
            try refuse(["-l", "-m", "-F", "o"], "{ \"tailf-ncs:devices\": [ }", "standard input:1")
            try refuse(["-l", "-m", "-F", "c"], "devices device x0\n nothing here\n", "standard input:2")
            try refuse(["-l", "-m", "-F", "j"], "devices {\n device x0 {\n port a;\n", "standard input:3")
            try refuse(["-l", "-m", "absent.xml"], "", "absent.xml")
            try refuse(["-F", "q"], "", "the formats are")
            try refuse(["-l", "-W"], "", "only for printing")
            try refuse(["-l", "-O"], "<config/>", "-O")
            try refuse(["-i"], "", "phase 0")
            try lab.shell(
                "ncs_load -l -m -n -e",
                input: Self.devices(
                    """
                    <interface xmlns="urn:test:mini"><name>bad</name><mtu>x</mtu></interface>
                    <interface xmlns="urn:test:mini"><name>good</name></interface>
                    """))
            try require(try lab.shell("ncs_load -F c"), contains: "interface good")
        }
    }
}
