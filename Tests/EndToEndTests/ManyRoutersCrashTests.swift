import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// `kill -9` when some of the routers have the change already: after k of n, for every k. Three routers and some of
    /// the kills, or a hundred in a long campaign.
    @Suite struct ManyRoutersCrashTests {
        private static let count = Soak.seeds == nil ? 3 : 100
        private static let names = (0..<count).map { "r\($0)" }

        @Test func afterAKillBeforeTheDecisionEveryRouterIsBackAndAfterItAllHaveTheChange() throws {
            try Lab.use("killed-in-between", ports: Self.count + 2) { lab in
                try bringUp(lab, limit: 1)
                for prepared in Soak.sample(Self.numbers, 1, seed: 4) {
                    let point = prepared == 0 ? "commit.intent-recorded:1" : "commit.prepared:\(prepared)"
                    let word = "before\(prepared)"
                    try crash(lab, at: point, word)
                    let having = try Self.names.filter { try held(lab, $0).contains(word) }
                    #expect(having.count == prepared, "killed after \(prepared) had it: \(having)")
                    try lab.startDaemon()
                    try awaitAgreement(lab, "killed after \(prepared) of \(Self.count)")
                    let left = try Self.names.filter { try held(lab, $0).contains(word) }
                    #expect(left == [], "killed after \(prepared) of \(Self.count)")
                    try lab.stopDaemon()
                }
                let ends = [1, Self.count / 2, Self.count].map { "commit.ended:\(max(1, $0))" }
                for (index, point) in Soak.sample(["commit.decided:1"] + ends, 1, seed: 5).enumerated() {
                    let word = "after\(index)"
                    try crash(lab, at: point, word)
                    try lab.startDaemon()
                    try awaitAgreement(lab, "killed at \(point)")
                    let lacking = try Self.names.filter { try !held(lab, $0).contains(word) }
                    #expect(lacking == [], "killed at \(point)")
                    try lab.stopDaemon()
                }
            }
        }

        /// How many routers have been prepared when the daemon dies: every number, of a hundred some.
        private static var numbers: [Int] {
            count <= 10 ? Array(1...count) : [0, 1, 2, 31, 32, 33, 50, 98, 99, 100]
        }

        private func bringUp(_ lab: Lab, limit: Int) throws {
            try lab.shell("ncs-netsim create-network \(Lab.driver) \(Self.count) r")
            try lab.shell("ncs-setup --dest . --netsim-dir netsim")
            let settings = try lab.directory.text("run/ncs.conf")
            try lab.directory.write(
                "run/ncs.conf",
                settings.replacing(
                    "</ncs-config>",
                    with: "<transactions><prepare-limit>\(limit)</prepare-limit></transactions></ncs-config>"))
            try lab.shell("ncs-netsim start")
            try lab.startDaemon()
            try lab.synchronise(Self.count)
            try lab.stopDaemon()
        }

        private func crash(_ lab: Lab, at point: String, _ word: String) throws {
            try lab.startDaemon(more: ["OPENNED_CRASH_AT": point])
            let change = "devices device r0..\(Self.count - 1) config interface GigabitEthernet 0/1 description \(word)"
            _ = try lab.attempt("ncs_cli", ["-C", "-u", "admin"], input: "config\n\(change)\ncommit\n")
            try lab.waitForDaemonToEnd()
        }

        private func awaitAgreement(_ lab: Lab, _ circumstances: String) throws {
            try lab.wait(for: "\(circumstances): agreement of all routers", seconds: 120) {
                try lab.operate("devices check-sync").occurrences(of: "result in-sync") == Self.count
            }
        }

        private func held(_ lab: Lab, _ name: String) throws -> String { try lab.onRouter(name) }
    }
}
