import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// `kill -9` between any two steps of a commit over three routers.
    @Suite struct CommitCrashTests {
        private static let routers = ["r0", "r1", "r2"]

        @Test func aKillAnywhereInACommitLeavesAllRoutersWithTheChangeOrNone() throws {
            try Lab.use("commit-crash") { lab in
                try lab.bringUp(routers: 3)
                let points = try points(lab)
                #expect(points.count > 30, "the commands to three routers are among the points: \(points.count)")
                var outcomes: Set<Bool> = []
                for (index, point) in Soak.sample(points, 6, seed: 1).enumerated() {
                    outcomes.insert(try crash(lab, at: point, index, isReachable: true))
                }
                #expect(outcomes == [true, false], "some kills come before the decision, some after it")
            }
        }

        @Test func aRouterThatCannotBeReachedAfterAKillIsReportedAndAgreesLater() throws {
            try Lab.use("commit-crash-unreachable") { lab in
                try lab.bringUp(routers: 3)
                let points = try points(lab)
                for (index, point) in Soak.sample(points, 3, seed: 2).enumerated() {
                    _ = try crash(lab, at: point, index, isReachable: false)
                }
            }
        }

        /// The numbers of the points that a fresh daemon passes while it commits.
        private func points(_ lab: Lab) throws -> [Int] {
            try lab.stopDaemon()
            let trace = lab.directory.path("trace")
            try lab.startDaemon(more: ["OPENNED_CRASH_TRACE": trace])
            try lab.operate("show devices list")
            let first = try count(trace)
            try lab.commit(changes("traced"))
            let last = try count(trace)
            try lab.stopDaemon()
            let names = try String(contentsOfFile: trace, encoding: .utf8).split(separator: "\n")[first..<last]
            try #require(names.contains("driver.command") && names.contains("commit.decided"), "\(names)")
            return Array(first + 1...last)
        }

        private func count(_ trace: String) throws -> Int {
            ((try? String(contentsOfFile: trace, encoding: .utf8)) ?? "").split(separator: "\n").count
        }

        private func changes(_ word: String) -> String {
            """
            devices device r0..2 config interface GigabitEthernet 0/1 description \(word)
            devices device r0..2 config interface GigabitEthernet 0/2 description \(word)
            devices device r0..2 config hostname \(word)
            """
        }

        /// Kills a daemon at a point while it commits, starts it again and looks; whether the change was made.
        private func crash(_ lab: Lab, at point: Int, _ index: Int, isReachable: Bool) throws -> Bool {
            let word = "step\(point)-\(index)"
            let what = "killed at point \(point)"
            try lab.startDaemon(more: ["OPENNED_CRASH_AT": "\(point)"])
            _ = try lab.attempt("ncs_cli", ["-C", "-u", "admin"], input: "show devices list\n")
            _ = try lab.attempt("ncs_cli", ["-C", "-u", "admin"], input: "config\n\(changes(word))\ncommit\n")
            // What daemons write beside the commit differs: a run may have fewer points. Then it is killed after the last.
            if (try? lab.wait(for: "the kill", seconds: 15) { lab.daemon == nil }) == nil { try lab.killDaemon() }
            // Every other time the recovery is killed as well.
            if index % 2 == 1 {
                _ = try lab.attempt("ncs", [], more: ["OPENNED_CRASH_AT": "driver.command:\(index + 2)"])
                usleep(700_000)
                if let id = lab.daemon { kill(id, SIGKILL) }
                try lab.waitForDaemonToEnd()
            }
            if !isReachable { try lab.shell("ncs-netsim stop r1") }
            try lab.startDaemon()
            if !isReachable {
                try requireReport(lab, word, what)
                try lab.shell("ncs-netsim start r1")
            }
            try lab.wait(for: "\(what): agreement of all routers") { try lab.outOfSync(Self.routers).isEmpty }
            try lab.requireAgreement(Self.routers, what)
            let having = try Self.routers.filter { try lab.onRouter($0).contains(" description \(word)") }
            try #require(having.isEmpty || having == Self.routers, "\(what): only \(having) have the change")
            for name in having { try require(try lab.onRouter(name), contains: "hostname \(word)") }
            try lab.killDaemon()
            return !having.isEmpty
        }

        /// While r1 is away: the others agree with the controller, and r1 is in doubt if it may hold something else.
        private func requireReport(_ lab: Lab, _ word: String, _ what: String) throws {
            try lab.wait(for: "\(what): agreement of the reachable routers") {
                try lab.outOfSync(["r0", "r2"]).isEmpty
            }
            try lab.requireAgreement(["r0", "r2"], what)
            let isWanted = try lab.operate("show running-config devices device r1 config interface").contains(word)
            let holds = try heldByStoppedRouter(lab, "r1").contains(word)
            guard isWanted != holds else { return }
            try lab.wait(for: "\(what): an alarm about r1") {
                try lab.alarms().contains("r1")
            }
        }

        /// What the stopped router has stored.
        private func heldByStoppedRouter(_ lab: Lab, _ name: String) throws -> String {
            var text = ""
            for file in lab.directory.names(in: "run/netsim/r/\(name)/cdb") {
                text += (try? lab.directory.text("run/netsim/r/\(name)/cdb/\(file)")) ?? ""
            }
            return text
        }
    }
}
