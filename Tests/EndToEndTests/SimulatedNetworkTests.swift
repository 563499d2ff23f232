import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// `ncs-netsim` as installed, where the system fails it.
    @Suite struct SimulatedNetworkTests {
        @Test func aFullDiskIsReportedAndLeavesNothingHalfDone() throws {
            try Lab.use("netsim-disk") { lab in
                let keeping = try TemporaryDirectory("netsim-disk")
                let control = try FileEffectsControl(in: keeping.path)
                let more = try control.environment(root: lab.directory.path, isJournalled: false)
                // The layer over file access leaves directories of the name netsim alone.
                func netsim(_ words: String...) throws -> ProcessOutcome {
                    try lab.attempt("ncs-netsim", ["--dir", "simulated"] + words, more: more)
                }
                control.fail(.write, ENOSPC, name: "openned-ios.xml.new")
                let made = try netsim("create-network", Lab.driver, "2", "r")
                #expect(made.status == 1)
                try require(made.text, contains: "No space left", "make room on the disk")
                #expect(!lab.directory.names(in: "run").contains("simulated"))
                control.mend()

                #expect(try netsim("create-network", Lab.driver, "1", "r").status == 0)
                let started = try netsim("start")
                #expect(started.status == 0, "\(started)")
                control.fail(.write, ENOSPC, name: "journal.json")
                let refused = try netsim("cmd", "r0", "set /hostname full")
                #expect(refused.status == 1)
                try require(refused.text, contains: "the change cannot be stored", "make room on the disk")
                #expect(try netsim("cmd", "r0", "get /hostname").text == "r0\n")
                control.mend()
                for words in [["cmd", "r0", "set /hostname room"], ["stop"], ["start"]] {
                    let outcome = try lab.attempt("ncs-netsim", ["--dir", "simulated"] + words, more: more)
                    #expect(outcome.status == 0, "\(outcome)")
                }
                #expect(try netsim("cmd", "r0", "get /hostname").text == "room\n")
            }
        }

        /// The package's script starts its device by the program that the installation brings, and a start that is
        /// killed half-way is taken up by the next one.
        @Test func scriptsStartDevicesAndAProcessWithoutItsParentIsFoundAgain() throws {
            try Lab.use("netsim-script") { lab in
                try lab.shell("cp -R $NCS_DIR/packages/neds/\(Lab.driver) package && chmod -R u+w package")
                try lab.directory.write(
                    "run/package/netsim/start.sh",
                    "${CONFD} -c confd.conf ${CONFD_FLAGS} --addloadpath ${CONFD_DIR}/etc/confd || exit $?\n"
                        + "echo \"$NAME $COUNTER $CLI_SSH_PORT\" >> started\n")
                try lab.shell("ncs-netsim create-network ./package 2 r")
                let port = try lab.cliPort("r1")
                try require(
                    try lab.shell("ncs-netsim start"), contains: "DEVICE r0 OK STARTED", "DEVICE r1 OK STARTED")
                #expect(try lab.directory.text("run/netsim/r/r1/started") == "r1 1 \(port)\n")
                try lab.shell("ncs-netsim stop r1")

                // The session of whoever starts the network ends: its process goes on.
                let line = "setsid sh -c 'ncs-netsim start > /dev/null; kill -9 0'; exit 0"
                _ = try lab.attempt("/bin/sh", ["-c", line])
                try require(try lab.shell("ncs-netsim is-alive"), contains: "DEVICE r0 OK", "DEVICE r1 OK")
                try require(try lab.shell("ncs-netsim start"), contains: "r0 already STARTED", "r1 already STARTED")
                try require(try lab.shell("ncs-netsim stop"), contains: "DEVICE r0 STOPPED", "DEVICE r1 STOPPED")
            }
        }

        @Test func devicesOfAnArchiveShareOnePackage() throws {
            try Lab.use("netsim-archive") { lab in
                try lab.shell("tar czf p.tar.gz -C $NCS_DIR/packages/neds \(Lab.driver)")
                try lab.shell("ncs-netsim create-network p.tar.gz 1 r && ncs-netsim add-device ./p.tar.gz s")
                #expect(try lab.shell("ls netsim/.netsim/packages/*").contains(Lab.driver))
                #expect(try lab.shell("ls netsim/.netsim/packages | wc -l").trimmingPrefix(" ") == "1\n")
                try require(try lab.shell("ncs-netsim start"), contains: "DEVICE r0 OK STARTED", "DEVICE s OK STARTED")
                try lab.shell("ncs-netsim stop; head -c 2000 p.tar.gz > cut.tar.gz")
                let refusal = try lab.attempt("ncs-netsim", ["add-device", "cut.tar.gz", "t"])
                #expect(refusal.status == 1 && refusal.errors.contains("cut.tar.gz"), "\(refusal)")
                #expect(try lab.shell("ls -a netsim/.netsim/packages | wc -l").trimmingPrefix(" ") == "3\n")
            }
        }
    }
}
