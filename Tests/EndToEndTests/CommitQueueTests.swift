import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// Commits that wait for their routers, over stops, restarts and kills of the daemon.
    @Suite struct CommitQueueTests {
        private static let routers = ["r0", "r1"]

        @Test func aCommitReachesARouterThatWasDownOverAKillOfTheDaemon() throws {
            try Lab.use("queue") { lab in
                try lab.bringUp(routers: 2)
                try lab.shell("ncs-netsim stop r0")
                let said = try lab.operate("config\n\(Self.change("first"))\ncommit commit-queue async tag night")
                let id = try #require(said.firstMatch(of: #/commit-queue \{\n    id (\d+)\n    status async\n\}\n/#)?.1)
                try require(said, contains: "Commit complete.")
                try lab.operate("config\ndevices device r0 config hostname second\ncommit commit-queue async")
                try lab.wait(for: "the error of r0") {
                    try lab.operate("show devices commit-queue | notab").contains("transient r0")
                }
                #expect(try shape(of: lab.operate("show devices commit-queue | notab")) == Self.queue)
                let alarm = try lab.operate("show alarms alarm-list alarm r0 commit-through-queue-blocked")
                #expect(shape(of: alarm) == Self.alarm)
                try require(lab.operate("show devices device r0 commit-queue queue-length"), contains: "queue-length 2")

                try lab.killDaemon()
                try lab.startDaemon()
                let kept = try lab.operate("show devices commit-queue queue-item \(id) | notab")
                try require(kept, contains: "tag       night")
                try lab.shell("ncs-netsim start r0")
                try lab.operate("devices commit-queue queue-item \(id) retry")
                try require(lab.operate("devices commit-queue wait-until-empty timeout 60"), contains: "result empty")
                try lab.requireAgreement(Self.routers)
                try require(lab.onRouter("r0"), contains: "hostname second")
                try require(lab.onRouter("r1"), contains: "hostname first")
                #expect(try lab.outOfSync(Self.routers).isEmpty)
                let completed = try lab.operate("show devices commit-queue completed | notab")
                #expect(completed.occurrences(of: "succeeded true") == 2)
                try require(lab.operate("show devices commit-queue"), contains: "% No entries found.")
            }
        }

        @Test func aKillWhileAnItemIsCarriedOutLeavesItDoneOnce() throws {
            try Lab.use("queue-crash") { lab in
                try lab.bringUp(routers: 2)
                let points = try points(lab)
                #expect(points.count > 20, "the commands to two routers are among the points: \(points.count)")
                for (index, point) in Soak.sample(points, 4, seed: 3).enumerated() { try crash(lab, point, index) }
            }
        }

        private static func change(_ word: String) -> String {
            """
            devices device r0..1 config interface GigabitEthernet 0/1 description \(word)
            devices device r0..1 config hostname \(word)
            """
        }

        /// The numbers of the points that a fresh daemon passes while it makes a queued commit and carries it out.
        private func points(_ lab: Lab) throws -> [Int] {
            try lab.stopDaemon()
            let trace = lab.directory.path("trace")
            func count() -> Int {
                ((try? String(contentsOfFile: trace, encoding: .utf8)) ?? "").split(separator: "\n").count
            }
            try lab.startDaemon(more: ["OPENNED_CRASH_TRACE": trace])
            try lab.operate("show devices list")
            let first = count()
            let said = try lab.operate("config\n\(Self.change("traced"))\ncommit commit-queue sync")
            try require(said, contains: "status completed")
            let last = count()
            try lab.stopDaemon()
            return Array(first + 1...last)
        }

        /// Kills a daemon at a point while a commit goes through the queue: after a restart either nobody has it, or
        /// everybody.
        private func crash(_ lab: Lab, _ point: Int, _ index: Int) throws {
            let (word, what) = ("step\(point)-\(index)", "killed at point \(point)")
            try lab.startDaemon(more: ["OPENNED_CRASH_AT": "\(point)"])
            _ = try lab.attempt("ncs_cli", ["-C", "-u", "admin"], input: "show devices list\n")
            _ = try lab.attempt(
                "ncs_cli", ["-C", "-u", "admin"], input: "config\n\(Self.change(word))\ncommit commit-queue sync\n")
            if let id = lab.daemon { kill(id, SIGKILL) }
            try lab.waitForDaemonToEnd()
            try lab.startDaemon()
            try require(
                lab.operate("devices commit-queue wait-until-empty timeout 60"), contains: "result empty")
            try lab.wait(for: "\(what): agreement of the routers") { try lab.outOfSync(Self.routers).isEmpty }
            try lab.requireAgreement(Self.routers, what)
            let isWanted = try lab.operate("show running-config devices device r1 config hostname").contains(word)
            for name in Self.routers {
                #expect(try lab.onRouter(name).contains("hostname \(word)") == isWanted, "\(what): \(name)")
            }
            try lab.killDaemon()
        }

        /// The output with what is never the same replaced.
        private func shape(of output: String) -> String {
            output.replacing(#/\d{13}/#, with: "ID").replacing(#/\d{4}-\d\d-\d\dT[0-9:.]+\+00:00/#, with: "TIME")
                .replacing(#/(age +)\d+/#) { "\($0.1)N" }
        }

        private static let queue = """
            devices commit-queue queue-item ID
             tag       night
             age       N
             status    executing
             devices   [ r0 r1 ]
             transient r0
              reason "Failed to connect to device r0: connection refused: Connection refused"
             is-atomic true
            devices commit-queue queue-item ID
             age         N
             status      blocked
             devices     [ r0 ]
             waiting-for [ r0 ]
             is-atomic   true

            """

        private static let alarm = """
            alarms alarm-list alarm r0 commit-through-queue-blocked /devices/device[name='r0'] ID
             is-cleared              false
             last-status-change      TIME
             last-perceived-severity warning
             last-alarm-text         "Commit queue item ID is blocked because item ID cannot connect to r0"
             status-change TIME
              received-time      TIME
              perceived-severity warning
              alarm-text         "Commit queue item ID is blocked because item ID cannot connect to r0"

            """
    }
}
