import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// Programs of packages under the real daemon.
    @Suite struct PackageProgramTests {
        private static let migrate =
            "devices migrate old-ned-id mini-cli-1.0 new-ned-id mini-cli-2.0 no-networking suppress-positive-result"

        /// Hangs, and has a child that fled to a session of its own.
        private static let hanging = """
            #!/bin/sh
            setsid sh -c 'echo "process $$." >&2; exec sleep 1000' &
            echo "process $$." >&2
            echo 'openned-program 1 migration'
            exec sleep 1000

            """

        @Test func noProgramOutlivesAKilledDaemonForLongAndTheDeviceIsAsItWas() throws {
            try Lab.use("package-programs") { lab in
                try lab.makeDriver("mini", "1.0", model: SmallModels.first)
                try lab.makeDriver("mini", "2.0", model: SmallModels.second)
                let migration = "run/build/mini-cli-2.0/migration"
                try lab.directory.write(
                    migration + "/m.map", "migration m { from mini-cli-1.0; program migration/hang; }\n")
                try lab.directory.write(migration + "/hang", Self.hanging)
                try lab.shell("chmod +x build/mini-cli-2.0/migration/hang")
                try lab.shell("ncs-setup --dest . && cp -R build/mini-cli-1.0 build/mini-cli-2.0 packages/")
                try lab.startDaemon()
                try lab.shell("ncs_load -l -m -n", input: SmallModels.device)
                let client = try lab.start("ncs_cli", ["-C", "-u", "admin"], input: Self.migrate + "\n")
                try lab.wait(for: "two processes", seconds: 300) { processes(lab).count == 2 }
                let started = processes(lab)
                try lab.killDaemon()
                _ = client.wait(seconds: 300)
                try lab.startDaemon()
                try lab.wait(for: "the end of \(started)", seconds: 300) { started.allSatisfy { !isAlive($0) } }
                let shown = try lab.operate("show running-config devices device x0")
                try require(shown, contains: "mini-cli-1.0")
                #expect(shown.contains(#/ contact +noc\b/#), "\(shown)")
                try copyTemplate(lab)
            }
        }

        /// The compiler checks maps where a package is built by its Makefile.
        @Test func aMakefileChecksTheMapsOfItsPackage() throws {
            try Lab.use("checked-maps") { lab in
                try lab.makeDriver("mini", "1.0", model: SmallModels.first)
                try lab.makeDriver("mini", "2.0", model: SmallModels.second)
                let place = "run/build/mini-cli-2.0"
                try lab.directory.write(
                    place + "/src/Makefile",
                    """
                    all: fxs
                    include $(NCS_DIR)/src/ncs/build/include.ncs.mk
                    include $(NCS_DIR)/src/ncs/build/include-netsim-ned.mk

                    """)
                for (rule, isGood) in [("rename /mini:contact { to location; }", true), ("program x;", false)] {
                    try lab.directory.write(
                        place + "/migration/m.map", "migration m { from mini-cli-1.0; \(rule) }\n")
                    try lab.shell("rm -rf build/mini-cli-2.0/src/ncsc-out")
                    let outcome = try lab.attempt("make", ["-C", "build/mini-cli-2.0/src"])
                    #expect((outcome.status == 0) == isGood, "\(outcome)")
                    if !isGood { try require(outcome.text, contains: "m.map:1:", "x is not there") }
                }
            }
        }

        /// From configuration mode, as operators are used to.
        private func copyTemplate(_ lab: Lab) throws {
            let said = try lab.operate(
                """
                config
                devices template t ned-id mini-cli-1.0
                config
                hostname edge
                exit
                exit
                exit
                commit
                devices template t ned-id mini-cli-1.0 copy ned-id mini-cli-2.0
                show full-configuration devices template t
                """)
            #expect(said.contains(" ned-id mini-cli-2.0\n  config\n   hostname edge"), "\(said)")
            try require(said, contains: "result true")
        }

        /// What the program has said of itself.
        private func processes(_ lab: Lab) -> [Int32] {
            let log = (try? lab.directory.text("run/logs/ncs-program-mini-cli-2.0.log")) ?? ""
            return log.matches(of: #/process ([0-9]+)\./#).compactMap { Int32($0.output.1) }
        }

        private func isAlive(_ process: Int32) -> Bool {
            guard let status = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8) else {
                return false
            }
            return status.firstMatch(of: #/\) (.)/#)?.output.1 != "Z"
        }
    }
}
