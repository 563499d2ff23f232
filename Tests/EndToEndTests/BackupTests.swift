import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// `ncs-backup` and its `--restore`.
    @Suite struct BackupTests {
        private static let password = "PlantedPassword-6631"

        private func prepare(_ lab: Lab) throws {
            try lab.shell("ncs-setup --dest .")
            try lab.startDaemon()
            try change(lab, "before")
        }

        private func change(_ lab: Lab, _ name: String) throws {
            try lab.commit(
                "devices authgroups group g default-map remote-name \(name) remote-password \(Self.password)")
        }

        /// Makes a backup, and moves it out of the run directory.
        private func backUp(_ lab: Lab, _ options: String = "") throws -> String {
            let said = try lab.shell("ncs-backup \(options)")
            try require(said, contains: "created successfully")
            let names = lab.directory.names(in: "run/backups")
            let name = try #require(names.first, "\(names)")
            #expect(names.count == 1 && name.hasPrefix("ncs-6.7@") && name.contains("_local.backup"), "\(names)")
            let path = lab.directory.path("kept-\(names.count)-\(name)")
            try lab.attemptOutside("mv \(lab.run)/backups/\(name) '\(path)'")
            return path
        }

        private func restore(_ lab: Lab, _ path: String, more: [String: String] = [:]) throws -> ProcessOutcome {
            try lab.attempt(
                "ncs-backup", ["--restore", path, "--non-interactive", "--install-dir", lab.run], more: more)
        }

        private func remoteName(_ lab: Lab) throws -> String {
            try lab.operate("show running-config devices authgroups group g | nomore")
        }

        @Test func backupOfARunningSystemComesBackAndWhatWasThereIsKept() throws {
            try Lab.use("backup") { lab in
                try prepare(lab)
                let path = try backUp(lab)
                try searchContent(lab, path)
                try change(lab, "after")
                let refused = try restore(lab, path)
                #expect(refused.status == 1)
                try require(refused.text, contains: "stop it first")
                try lab.stopDaemon()
                let done = try restore(lab, path)
                #expect(done.status == 0, "\(done)")
                try require(done.text, contains: "run.old")
                #expect(lab.directory.names(in: "").contains("run.old"))
                try lab.startDaemon()
                try require(try remoteName(lab), contains: "before")
                let same = try lab.operate(
                    "config\ndevices authgroups group g default-map remote-password \(Self.password)\ncommit")
                try require(same, contains: "No modifications")
                try lab.stopDaemon()
                try lab.shell("ncs-backup && ncs-backup && ncs-backup")
                #expect(lab.directory.names(in: "run/backups").count == 3, "none takes the place of another")
                try lab.shell("rm -r backups")
                let second = try backUp(lab, "--no-compress --with-keys")
                try require(try lab.shell("tar -tf '\(second)'"), contains: "ncs.crypto_keys")
            }
        }

        /// Neither secrets nor keys are in a backup for which nobody asked for keys.
        private func searchContent(_ lab: Lab, _ path: String) throws {
            let content = lab.directory.path("content")
            try lab.attemptOutside("mkdir \(content) && tar -xf '\(path)' -C \(content)")
            #expect(try Search.files(in: content, for: Self.password).isEmpty)
            let keys = try lab.directory.text("run/ncs.crypto_keys").split(separator: "\n")
                .filter { $0.hasPrefix("key ") }.compactMap { $0.split(separator: " ").last }
            try #require(!keys.isEmpty)
            for key in keys { #expect(try Search.files(in: content, for: String(key)).isEmpty) }
            #expect(try !Search.files(in: content, for: "$9$1$").isEmpty, "the search finds what is there")
        }

        @Test func damagedAndForeignBackupsAreRefusedBeforeAnythingIsTouched() throws {
            try Lab.use("backup-damage") { lab in
                try prepare(lab)
                try lab.stopDaemon()
                let path = try backUp(lab)
                let good = try Data(contentsOf: URL(fileURLWithPath: path))
                let tried = lab.directory.path("tried.backup.gz")
                try lab.attemptOutside("touch \(lab.run)/untouched")
                for share in [0.01, 0.3, 0.6, 0.9, 0.999] {
                    let at = Int(Double(good.count) * share)
                    try good.prefix(at).write(to: URL(fileURLWithPath: tried))
                    try refuse(lab, tried, "cut off at \(at)")
                    var flipped = good
                    flipped[at] ^= 4
                    // A bit that carries nothing may be another: then it is the same backup.
                    try flipped.write(to: URL(fileURLWithPath: tried))
                    let outcome = try restore(lab, tried)
                    guard outcome.status == 0 else { continue }
                    try lab.attemptOutside("rm -rf \(lab.run) && mv \(lab.run).old \(lab.run)")
                    #expect(share > 0.99, "flipped at \(at): \(outcome)")
                }
                try refuseForeign(lab, path, tried)
            }
        }

        /// Archives that somebody made to do harm, with the content of a backup or without.
        private func refuseForeign(_ lab: Lab, _ path: String, _ tried: String) throws {
            let place = lab.directory.path("foreign")
            let prepared = "rm -rf \(place) && mkdir \(place) && cd \(place) && tar -xf '\(path)' && cd *_local"
            for (change, pack) in [
                ("rm backup.manifest", "tar -czf \(tried) *_local"),
                ("echo evil > state/more", "tar -czf \(tried) *_local"),
                ("echo x >> ncs.conf", "tar -czf \(tried) *_local"),
                ("ln -s /etc state/link", "tar -czf \(tried) *_local"),
                ("touch x", "tar -czPf \(tried) *_local ../foreign/*_local/x"),
                ("sed -i s/6.7/9.9/ backup.manifest", "tar -czf \(tried) *_local"),
                ("touch x", "head -c 100000 /dev/urandom > \(tried)"),
            ] {
                try lab.attemptOutside("\(prepared) && \(change) && cd .. && \(pack)")
                try refuse(lab, tried, "\(change); \(pack)")
            }
        }

        private func refuse(_ lab: Lab, _ path: String, _ what: String) throws {
            let outcome = try restore(lab, path)
            #expect(outcome.status == 1, "\(what): \(outcome)")
            try require(outcome.text, contains: "tried.backup.gz")
            #expect(lab.directory.names(in: "run").contains("untouched"), "\(what)")
            #expect(!lab.directory.names(in: "").contains { $0.hasPrefix("run.") }, "\(what)")
        }

        @Test func aKillAnywhereInARestoreLeavesTheOldOrTheNewWhole() throws {
            try Lab.use("backup-crash") { lab in
                try prepare(lab)
                let path = try backUp(lab)
                try change(lab, "after")
                try lab.stopDaemon()
                try lab.attemptOutside("cp -a \(lab.run) \(lab.directory.path("saved"))")
                let trace = lab.directory.path("trace")
                #expect(try restore(lab, path, more: ["OPENNED_CRASH_TRACE": trace]).status == 0)
                let names = try lab.directory.text("trace").split(separator: "\n").map(String.init)
                let counted = try #require(names.firstIndex(of: "restore.exchanged"), "\(names)")
                let points = Soak.sample(Array(1...counted), 2, seed: 9) + Array(counted + 1...names.count)
                var found: Set<String> = []
                for point in points {
                    try lab.attemptOutside(
                        "rm -rf \(lab.run) \(lab.run).* && cp -a \(lab.directory.path("saved")) \(lab.run)")
                    #expect(try restore(lab, path, more: ["OPENNED_CRASH_AT": "\(point)"]).status != 0)
                    try lab.startDaemon()
                    let shown = try remoteName(lab)
                    let name = shown.contains("before") ? "before" : "after"
                    try require(shown, contains: name)
                    found.insert(name)
                    try lab.stopDaemon()
                    #expect(try restore(lab, path).status == 0, "again after a kill at \(point)")
                }
                #expect(found == ["before", "after"], "\(points) of \(names)")
            }
        }
    }
}
