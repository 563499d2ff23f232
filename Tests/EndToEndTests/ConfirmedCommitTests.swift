import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// Commits that routers lose again unless they are confirmed; what of a router no commit may overwrite; the id that
    /// all logs name a commit by.
    @Suite struct ConfirmedCommitTests {
        private static let routers = ["r0", "r1", "r2"]

        @Test func routersGetBackWhatNobodyConfirmed() throws {
            try Lab.use("confirmed") { lab in
                try lab.bringUp(routers: 3)
                // It persists over a kill, keeps others out, and is taken back by its id.
                let said = try lab.operate("config\n\(changes("second"))\ncommit confirmed timeout 5 persist ticket")
                try require(said, contains: "reverted in 5 minutes unless it is confirmed")
                try lab.killDaemon()
                try lab.startDaemon()
                try awaitRouters(lab, having: "second")
                let refused = try lab.refuse("config\n\(changes("third"))\ncommit")
                try require(refused, contains: "Aborted: confirmed commit in progress, by admin from cli")
                try require(try lab.refuse("config exclusive"), contains: "confirmed commit in progress")
                try lab.operate("commit abort persist-id ticket")
                try awaitRouters(lab, having: nil, not: "second")
                // A kill ends the session that alone could have confirmed: the routers are told when it starts again.
                try lab.stopDaemon()
                try lab.startDaemon(more: ["OPENNED_CRASH_AT": "commit.outcomes-recorded:1"])
                _ = try lab.attempt(
                    "ncs_cli", ["-C", "-u", "admin"], input: "config\n\(changes("fifth"))\ncommit confirmed\n")
                try lab.waitForDaemonToEnd()
                #expect(try Self.routers.allSatisfy { try lab.onRouter($0).contains("description fifth") })
                try lab.startDaemon()
                try awaitRouters(lab, having: nil, not: "fifth")
                try lab.commit(changes("sixth"))
                try traceOne(lab)
            }
        }

        private func changes(_ word: String) -> String {
            "devices device r0..2 config interface GigabitEthernet 0/1 description \(word)"
        }

        private func awaitRouters(_ lab: Lab, having word: String?, not other: String = "nothing") throws {
            try lab.wait(for: "\(word ?? "the old configuration") at all routers") {
                try Self.routers.allSatisfy { name in
                    let text = try lab.onRouter(name)
                    let isRight = word.map { text.contains("description \($0)") } ?? true
                    return isRight && !text.contains("description \(other)")
                }
            }
            try lab.wait(for: "agreement") { try lab.outOfSync(Self.routers).isEmpty }
            try lab.requireAgreement(Self.routers)
        }

        @Test func onlyWhatIsTouchedMustBeAsItWas() throws {
            try Lab.use("no-overwrite") { lab in
                try lab.bringUp(routers: 1)
                try lab.onRouterConfigure("r0", "hostname elsewhere")
                let change = "devices device r0 config interface GigabitEthernet 0/1 description"
                try require(try lab.refuse("config\n\(change) mine\ncommit"), contains: "out of sync")
                try lab.operate("config\n\(change) mine\ncommit no-overwrite")
                try require(try lab.onRouter("r0"), contains: "description mine", "hostname elsewhere")
                #expect(try !lab.outOfSync(["r0"]).isEmpty, "the rest is as it was")
                try lab.onRouterConfigure("r0", "interface GigabitEthernet0/1\n description theirs")
                let refused = try lab.refuse("config\n\(change) again\ncommit no-overwrite")
                try require(refused, contains: "Aborted: ", "r0", "description", "no-overwrite")
                try require(try lab.onRouter("r0"), contains: "description theirs")
                try lab.operate("config\n\(change) again\ncommit no-out-of-sync-check")
                try require(try lab.onRouter("r0"), contains: "description again", "hostname elsewhere")
            }
        }

        /// A trace id leads from the command to the device.
        private func traceOne(_ lab: Lab) throws {
            try lab.operate("config\ndevices global-settings trace pretty\ncommit")
            let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
            let said = try lab.operate(
                "config\ndevices device r0..1 config hostname traced\ncommit trace-id \(trace) | details very-verbose")
            try require(
                said, contains: "applying transaction for running datastore usid=", "trace-id=\(trace)",
                "entering validate phase", "run validation over the changeset... ok (", "entering prepare phase",
                "device r1: push configuration", "entering commit phase", " cdb: commit", "leaving commit phase (",
                "Commit complete.")
            try require(try lab.directory.text("run/logs/audit.log"), contains: "trace-id=\(trace)")
            let file = try #require(lab.directory.names(in: "run/logs").first { $0.hasSuffix("-r1.trace") })
            try require(try lab.directory.text("run/logs/\(file)"), contains: "trace-id=\(trace) PREPARE")
            try require(try lab.operate("show history devices device r1 config hostname"), contains: trace)
        }
    }
}
