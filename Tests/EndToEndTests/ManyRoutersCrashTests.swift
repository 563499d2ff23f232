import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// `kill -9` when some of the routers have the change already: after k of n, for every k, and after the decision. Of
    /// three routers; in a long campaign of ten, and after the decision of a hundred.
    @Suite struct ManyRoutersCrashTests {
        @Test func afterAKillBeforeTheDecisionEveryRouterIsBackAndAfterItAllHaveTheChange() throws {
            let (few, many) = Soak.seeds == nil ? (3, 3) : (10, 100)
            try Lab.use("killed-in-between", ports: few + 2) { lab in
                try bringUp(lab, few)
                for prepared in 0...few { try killBefore(lab, few, prepared) }
                if many == few { try killAfter(lab, few, ["commit.decided:1"]) }
            }
            guard many > few else { return }
            try Lab.use("killed-after-decision", ports: many + 2) { lab in
                try bringUp(lab, many)
                for prepared in [1, many / 2, many - 1] { try killBefore(lab, many, prepared) }
                let ends = [1, many / 2, many].map { "commit.ended:\($0)" }
                try killAfter(lab, many, ["commit.decided:1"] + ends)
            }
        }

        /// Kills the daemon when so many routers are prepared and nothing is decided: in the end none has the change.
        private func killBefore(_ lab: Lab, _ count: Int, _ prepared: Int) throws {
            let point = prepared == 0 ? "commit.intent-recorded:1" : "commit.prepared:\(prepared)"
            let word = "before\(prepared)"
            try crash(lab, count, at: point, word)
            let having = try Self.names(count).filter { try lab.onRouter($0).contains(word) }
            #expect(having.count == prepared, "killed after \(prepared) had it: \(having)")
            try lab.startDaemon()
            try awaitAgreement(lab, count, "killed after \(prepared) of \(count)")
            let left = try Self.names(count).filter { try lab.onRouter($0).contains(word) }
            #expect(left == [], "killed after \(prepared) of \(count)")
            try lab.stopDaemon()
            note("killed after \(prepared) of \(count) were prepared: \(left.count) still have the change")
        }

        private func killAfter(_ lab: Lab, _ count: Int, _ points: [String]) throws {
            for (index, point) in points.enumerated() {
                let word = "after\(index)"
                try crash(lab, count, at: point, word)
                try lab.startDaemon()
                try awaitAgreement(lab, count, "killed at \(point)")
                let lacking = try Self.names(count).filter { try !lab.onRouter($0).contains(word) }
                #expect(lacking == [], "killed at \(point)")
                try lab.stopDaemon()
                note("killed at \(point): \(lacking.count) of \(count) lack the change")
            }
        }

        private func note(_ text: String) { FileHandle.standardError.write(Data("\(text)\n".utf8)) }

        private static func names(_ count: Int) -> [String] { (0..<count).map { "r\($0)" } }

        private func bringUp(_ lab: Lab, _ count: Int) throws {
            try lab.shell("ncs-netsim create-network \(Lab.driver) \(count) r")
            try lab.shell("ncs-setup --dest . --netsim-dir netsim")
            let settings = try lab.directory.text("run/ncs.conf")
            try lab.directory.write(
                "run/ncs.conf",
                settings.replacing(
                    "</ncs-config>",
                    with: "<transactions><prepare-limit>1</prepare-limit></transactions></ncs-config>"))
            try lab.shell("ncs-netsim start")
            try lab.startDaemon()
            try lab.synchronise(count)
            try lab.stopDaemon()
        }

        private func crash(_ lab: Lab, _ count: Int, at point: String, _ word: String) throws {
            try lab.startDaemon(more: ["OPENNED_CRASH_AT": point])
            let change = "devices device r0..\(count - 1) config interface GigabitEthernet 0/1 description \(word)"
            _ = try lab.attempt("ncs_cli", ["-C", "-u", "admin"], input: "config\n\(change)\ncommit\n")
            try lab.waitForDaemonToEnd()
        }

        private func awaitAgreement(_ lab: Lab, _ count: Int, _ circumstances: String) throws {
            try lab.wait(for: "\(circumstances): agreement of all routers", seconds: 120) {
                try lab.operate("devices check-sync").occurrences(of: "result in-sync") == count
            }
        }
    }
}
