import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// The database of the real daemon, compacted while it runs, killed there, compacted without it, and looked into.
    @Suite struct CompactionCrashTests {
        private static let settings =
            "<rollback><enabled>true</enabled><directory>./logs</directory><history-size>3</history-size></rollback>"

        @Test func aKillAtAnyStepOfACompactionLosesNothing() throws {
            try Lab.use("compaction") { lab in
                try prepare(lab)
                let saved = lab.directory.path("saved")
                try lab.attemptOutside("cp -a \(lab.run) \(saved)")
                for point in Soak.sample(Array(try points(lab)), 1, seed: 9) {
                    try lab.attemptOutside("rm -rf \(lab.run) && cp -a \(saved) \(lab.run)")
                    try crash(lab, at: point)
                }
            }
        }

        private func change(_ lab: Lab, _ numbers: ClosedRange<Int>) throws {
            for number in numbers {
                try lab.commit("devices authgroups group g default-map remote-name n\(number) same-pass")
            }
        }

        /// A snapshot, and history behind it.
        private func prepare(_ lab: Lab) throws {
            try lab.shell("ncs-setup --dest .")
            try lab.configure(rollback: Self.settings)
            try lab.startDaemon()
            try change(lab, 1...2)
            try require(try lab.operate("cdb compact"), contains: "records-removed 0")
            try change(lab, 3...6)
            try lab.stopDaemon()
        }

        /// The durable steps of a compaction.
        private func points(_ lab: Lab) throws -> ClosedRange<Int> {
            let trace = lab.directory.path("trace")
            try lab.startDaemon(more: ["OPENNED_CRASH_TRACE": trace])
            _ = try lab.operate("show running-config devices authgroups group g")
            let first = try lab.directory.text("trace").split(separator: "\n").count
            _ = try lab.operate("cdb compact")
            let names = try lab.directory.text("trace").split(separator: "\n").map(String.init)
            #expect(names[first...].contains("cdb.snapshot-added"))
            #expect(names[first...].contains("cdb.anchored") && names[first...].contains("cdb.forgotten"))
            try look(lab)
            try lab.stopDaemon()
            return first + 1...names.count
        }

        private func crash(_ lab: Lab, at point: Int) throws {
            try lab.startDaemon(more: ["OPENNED_CRASH_AT": "\(point)"])
            _ = try lab.attempt("ncs_cli", ["-C", "-u", "admin"], input: "cdb compact\n")
            _ = try lab.attempt("ncs", ["--stop"])
            try lab.waitForDaemonToEnd()
            try lab.startDaemon()
            try look(lab)
            try change(lab, 7...7)
            try lab.stopDaemon()
            try require(try lab.shell("ncs --cdb-compact ncs-cdb"), contains: " records, ")
            let dump = try lab.shell("ncs --cdb-debug-dump ncs-cdb skip_oper /tailf-ncs:devices/authgroups")
            try require(dump, contains: "group{g}/default-map/remote-name \"n7\"")
            try lab.startDaemon()
            try require(
                try lab.operate("show running-config devices authgroups group g | nomore"), contains: "remote-name n7")
            try lab.stopDaemon()
        }

        private func look(_ lab: Lab) throws {
            try require(
                try lab.operate("show running-config devices authgroups group g | nomore"), contains: "remote-name n6")
            // The latest three changes can be taken back.
            try require(
                try lab.operate("config\nrollback-files apply-rollback-file id 2\nshow configuration | nomore"),
                contains: "remote-name n3")
        }
    }
}
