import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// Other keys for what is stored, while secrets go on to be nowhere to be read.
    @Suite struct KeyRotationTests {
        private static let password = "PlantedPassword-7742"

        @Test func rotationEncryptsEverythingAnewAndSurvivesAKillAtEachStep() throws {
            try Lab.use("key-rotation") { lab in
                try prepare(lab)
                let saved = lab.directory.path("saved")
                try lab.attemptOutside("cp -a \(lab.run) \(saved)")
                let (steps, recorded) = try points(lab)
                for point in Soak.sample(Array(steps), 1, seed: 5) + [recorded] {
                    try lab.attemptOutside("rm -rf \(lab.run) && cp -a \(saved) \(lab.run)")
                    try crash(lab, at: point)
                }
            }
        }

        /// What was stored before a rotation stays under the old keys for as long as it is in the history, no longer.
        @Test func nothingIsLeftUnderOldKeysOnceTheHistoryIsCompactedAway() throws {
            try Lab.use("old-keys") { lab in
                try lab.shell("ncs-setup --dest .")
                try lab.configure(
                    rollback: "<rollback><enabled>true</enabled><directory>./logs</directory>"
                        + "<history-size>2</history-size></rollback>")
                try lab.startDaemon()
                try lab.commit("devices authgroups group g default-map remote-name a remote-password \(Self.password)")
                try lab.operate("cdb compact")
                let old = "$9$1$"
                #expect(try !Search.files(in: lab.run + "/ncs-cdb", for: old).isEmpty)
                try rotate(lab)
                try lab.operate("cdb compact")
                #expect(try !Search.files(in: lab.run + "/ncs-cdb", for: old).isEmpty, "the history has it")
                for number in 0..<2 { try lab.commit("devices authgroups group g default-map remote-name b\(number)") }
                try lab.operate("cdb compact\ncdb compact")
                try lab.stopDaemon()
                try lab.shell("ncs --cdb-compact ncs-cdb")
                #expect(try Search.files(in: lab.run + "/ncs-cdb", for: old) == [])
                #expect(try !Search.files(in: lab.run + "/ncs-cdb", for: "$9$2$").isEmpty)
                try lab.startDaemon()
                let same = "config\ndevices authgroups group g default-map remote-password \(Self.password)\ncommit"
                try require(try lab.operate(same), contains: "No modifications")
                try lab.stopDaemon()
            }
        }

        /// A password, changed once, so that there is something in the history.
        private func prepare(_ lab: Lab) throws {
            try lab.shell("ncs-setup --dest .")
            try lab.startDaemon()
            for word in ["Old", ""] {
                try lab.commit(
                    "devices authgroups group g default-map remote-name a remote-password \(word)\(Self.password)")
            }
            try require(try lab.operate("key-rotation get-active-generation"), contains: "active-generation 1")
            try lab.stopDaemon()
        }

        /// The durable steps of a rotation.
        private func points(_ lab: Lab) throws -> (steps: ClosedRange<Int>, recorded: Int) {
            let trace = lab.directory.path("trace")
            try lab.startDaemon(more: ["OPENNED_CRASH_TRACE": trace])
            _ = try lab.operate("show running-config devices authgroups group g")
            let first = try lab.directory.text("trace").split(separator: "\n").count
            try rotate(lab)
            try look(lab, generation: 2)
            try lab.stopDaemon()
            let names = try lab.directory.text("trace").split(separator: "\n").map(String.init)
            let recorded = try #require(names[first...].firstIndex(of: "key-rotation.recorded"), "\(names)")
            return (first + 1...names.count, recorded + 1)
        }

        private func rotate(_ lab: Lab) throws {
            let said = try lab.operate("key-rotation apply-new-keys")
            try require(said, contains: "result true")
            try require(said, contains: "new-active-key-generation 2")
        }

        private func crash(_ lab: Lab, at point: Int) throws {
            try lab.startDaemon(more: ["OPENNED_CRASH_AT": "\(point)"])
            _ = try lab.attempt("ncs_cli", ["-C", "-u", "admin"], input: "key-rotation apply-new-keys\n")
            // It may end at a step that comes later, by itself.
            _ = try lab.attempt("ncs", ["--stop"])
            try lab.waitForDaemonToEnd()
            try lab.startDaemon()
            let said = try lab.operate("key-rotation get-active-generation")
            let generation = said.contains("active-generation 2") ? 2 : 1
            try look(lab, generation: generation)
            try lab.stopDaemon()
        }

        /// The values are under the keys in use, a plain text that is the same is no change, and what was before can
        /// be had again.
        private func look(_ lab: Lab, generation: Int) throws {
            let shown = try lab.operate("show running-config devices authgroups group g | nomore")
            try require(shown, contains: "$9$\(generation)$")
            #expect(try Search.files(in: lab.run, for: Self.password).isEmpty)
            let same = try lab.operate(
                "config\ndevices authgroups group g default-map remote-password \(Self.password)\ncommit")
            try require(same, contains: "No modifications to commit.")
            try lab.wait(for: "rollback files under the keys in use") {
                let texts = lab.directory.names(in: "run/logs").filter { $0.hasPrefix("rollback1") }
                    .compactMap { try? lab.directory.text("run/logs/\($0)") }
                return !texts.isEmpty && !texts.contains { $0.contains("$9$\(3 - generation)$") }
            }
            let before = generation == 2 ? 1 : 0
            try lab.operate("config\nrollback-files apply-rollback-file id \(before)\nshow configuration | nomore")
            #expect(try Search.files(in: lab.run, for: "Old" + Self.password).isEmpty)
        }
    }
}
