import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// A disk that fails under a running daemon.
    @Suite struct DiskFaultTests {
        private struct Row {
            var name: String
            var operations: FileEffectsControl.Operations
            var error: Int32
            var times: Int32 = -1
            var tears = false
            /// What the user reads.
            var says: [String]
        }

        private static let rows: [Row] = [
            Row(
                name: "no space", operations: .write, error: ENOSPC,
                says: ["cdb.sqlite: no space left on the disk", "free some space"]),
            Row(
                name: "no space in the middle of a write", operations: .write, error: ENOSPC, tears: true,
                says: ["cdb.sqlite: no space left on the disk"]),
            Row(name: "quota", operations: .write, error: EDQUOT, says: ["no space left on the disk"]),
            Row(
                name: "read-only", operations: .write, error: EROFS,
                says: ["cdb.sqlite: the database cannot be written", "make the file and its file system writable"]),
            Row(
                name: "error of one write", operations: .write, error: EIO, times: 1,
                says: ["cdb.sqlite: the disk reports an input/output error", "check the disk"]),
            Row(
                name: "torn write", operations: .write, error: EIO, tears: true,
                says: ["the disk reports an input/output error"]),
            Row(
                name: "error of one sync", operations: .sync, error: EIO, times: 1,
                says: ["the disk reports an input/output error"]),
            Row(
                name: "errors of all syncs", operations: .sync, error: EIO,
                says: ["the disk reports an input/output error", "whether the last commit is stored"]),
        ]

        @Test func aCommitOnAFaultyDiskIsRefusedWithTheRemedyAndAnAlarmUntilItIsOver() throws {
            try Lab.use("disk-faults") { lab in
                let keeping = try TemporaryDirectory("disk-faults")
                let control = try FileEffectsControl(in: keeping.path)
                try lab.shell("ncs-setup --dest .")
                try lab.startDaemon(more: control.environment(root: lab.directory.path, isJournalled: false))
                try commit(lab, "good")
                for (index, row) in Self.rows.enumerated() {
                    control.fail(
                        row.operations, row.error, name: "cdb.sqlite", times: Int(row.times), tears: row.tears)
                    let refused = try lab.refuse(Self.change("bad\(index)"))
                    for text in row.says { try require(refused, contains: text) }
                    // An error that came once may be over before anybody looks.
                    if row.times < 0 { try awaitAlarm(lab, row.name, isRaised: true) }
                    try requireRunning(lab, index == 0 ? "good" : "good\(index - 1)", row.name)
                    #expect(control.faultsMet > 0, "\(row.name)")
                    control.mend()
                    try awaitAlarm(lab, row.name, isRaised: false)
                    try commit(lab, "good\(index)")
                }
                try lab.killDaemon()
                try lab.startDaemon()
                try requireRunning(lab, "good\(Self.rows.count - 1)", "after a restart")
            }
        }

        @Test func aDatabaseFileThatIsTakenAwayIsNoticedBeforeAnythingIsLost() throws {
            try Lab.use("taken-away") { lab in
                try lab.shell("ncs-setup --dest .")
                try lab.startDaemon()
                try commit(lab, "good")
                for file in ["cdb.sqlite", "cdb.sqlite-wal"] {
                    try lab.shell("mv ncs-cdb/\(file) ncs-cdb/away")
                    try require(
                        try lab.refuse(Self.change("bad")),
                        contains: "\(file): the file was removed or replaced while it was in use; put it back")
                    try awaitAlarm(lab, file, isRaised: true)
                    try lab.shell("mv ncs-cdb/away ncs-cdb/\(file)")
                    try awaitAlarm(lab, file, isRaised: false)
                    try commit(lab, "good-\(file)")
                }
                // A full disk for real, as far as everybody may make one: a limit on the size of files.
                try lab.killDaemon()
                try lab.shell("ulimit -f $(( $(stat -c %s ncs-cdb/cdb.sqlite-wal) / 1024 + 150 )) && exec ncs")
                for turn in 0..<100 {
                    let outcome = try lab.attempt(
                        "ncs_cli", ["-s", "-C", "-u", "admin"], input: Self.change("turn\(turn)") + "\n")
                    guard outcome.status != 0 else { continue }
                    try require(outcome.text, contains: "cdb.sqlite: the file may not grow any further")
                    try requireRunning(lab, turn == 0 ? "good-cdb.sqlite-wal" : "turn\(turn - 1)", "limit")
                    return try lab.killDaemon()
                }
                Issue.record("the limit was not met")
            }
        }

        private static let mayMount = getuid() == 0 && isMountAllowed()

        private static func isMountAllowed() -> Bool {
            let line = "d=$(mktemp -d) && mount -t tmpfs none $d && umount $d && rmdir $d"
            return (try? ChildProcess.run("/bin/sh", ["-c", line]).status) == 0
        }

        @Test(.enabled(if: mayMount, "only root may mount a small file system"))
        func aFileSystemThatIsFullRefusesCommitsUntilThereIsSpace() throws {
            try Lab.use("small-disk") { lab in
                try lab.shell("ncs-setup --dest . && mount -t tmpfs -o size=4m none ncs-cdb")
                defer { _ = try? lab.shell("umount -l ncs-cdb") }
                try lab.startDaemon()
                try commit(lab, "good")
                try lab.shell("dd if=/dev/zero of=ncs-cdb/ballast bs=4k 2> /dev/null; test -s ncs-cdb/ballast")
                let long = String(repeating: "x", count: 20_000)
                let refused = try lab.refuse("config\ndevices authgroups group \(long)\ncommit")
                try require(refused, contains: "cdb.sqlite: no space left on the disk", "free some space")
                try awaitAlarm(lab, "full", isRaised: true)
                try requireRunning(lab, "good", "on a full disk")
                try lab.shell("rm ncs-cdb/ballast")
                try awaitAlarm(lab, "space again", isRaised: false)
                try commit(lab, "better")
                try lab.killDaemon()
                try lab.startDaemon()
                try requireRunning(lab, "better", "after a restart")
                try lab.killDaemon()
            }
        }

        /// What else writes: it says which file, leaves nothing half, and works once there is space again.
        @Test func otherOperationsOnAFullDiskNameTheFileAndLeaveNothingHalf() throws {
            try Lab.use("full-disk") { lab in
                let keeping = try TemporaryDirectory("full-disk")
                let control = try FileEffectsControl(in: keeping.path)
                let preload = try control.environment(root: lab.directory.path, isJournalled: false)
                try lab.makeDriver("mini", "1.0", model: SmallModels.first)
                try lab.shell("ncs-setup --dest . && cp -R build/mini-cli-1.0 packages/")
                try lab.startDaemon(more: preload)
                try commit(lab, "good")
                try lab.shell(
                    "sed -i 's/version>1.0</version>1.0.1</' packages/mini-cli-1.0/package-meta-data.xml "
                        + "packages/mini-cli-1.0/src/package-meta-data.xml.in")

                control.fail([.write, .create], ENOSPC, name: "packages-in-use")
                let reload = try lab.attempt("ncs_cli", ["-s", "-C", "-u", "admin"], input: "packages reload\n").text
                try require(reload, contains: "packages-in-use", "No space left on device")
                let shown = try lab.operate("show packages package package-version")
                #expect(shown.contains("mini-cli-1.0") && !shown.contains("1.0.1"), "\(shown)")
                control.fail([.write, .create], ENOSPC, name: "crypto_keys")
                let said = try lab.attempt(
                    "ncs_cli", ["-s", "-C", "-u", "admin"], input: "key-rotation apply-new-keys\n"
                ).text
                try require(said, contains: "ncs.crypto_keys", "No space left on device")
                try require(try lab.operate("key-rotation get-active-generation"), contains: "active-generation 1")
                control.fail([.write, .create], ENOSPC, name: "rollback")
                try commit(lab, "better")
                control.fail([.write, .create], ENOSPC, name: "backups")
                let backup = try lab.attempt("ncs-backup", [], more: preload)
                #expect(backup.status == 1)
                try require(backup.text, contains: "backups", "No space left on device")
                #expect(lab.directory.names(in: "run/backups") == [])

                control.mend()
                try lab.shell("ncs-backup")
                try require(try lab.operate("packages reload"), contains: "result true")
                try require(try lab.operate("key-rotation apply-new-keys"), contains: "result true")
                try commit(lab, "best")
                let files = lab.directory.names(in: "run/logs").filter { $0.hasPrefix("rollback1") }
                #expect(files.count >= 3, "\(files)")
                try lab.killDaemon()
            }
        }

        @Test func aFileThatMayNotBeOpenedOrReadStopsTheStartWithItsNumber() throws {
            try Lab.use("unreadable") { lab in
                let keeping = try TemporaryDirectory("unreadable")
                let control = try FileEffectsControl(in: keeping.path)
                let preload = try control.environment(root: lab.directory.path, isJournalled: false)
                try lab.shell("ncs-setup --dest .")
                try lab.startDaemon()
                try commit(lab, "good")
                try lab.operate("cdb compact")
                try lab.stopDaemon()
                let rows: [(FileEffectsControl.Operations, Int32, Int32, String)] = [
                    (.open, EACCES, 22, "cdb.sqlite"), (.read, EIO, 16, "disk reports an input/output error"),
                ]
                for (operations, error, status, says) in rows {
                    control.fail(operations, error, name: "cdb.sqlite")
                    let outcome = try lab.attempt("ncs", [], more: preload)
                    #expect(outcome.status == status, "\(outcome)")
                    try require(outcome.text, contains: says)
                    control.mend()
                }
                try lab.startDaemon(more: preload)
                try requireRunning(lab, "good", "afterwards")
                // What reads the file anew says so, and what is in force is not touched.
                control.fail(.read, EIO, name: "cdb.sqlite")
                let backup = try lab.attempt("ncs-backup", [], more: preload)
                #expect(backup.status == 1 && control.faultsMet > 0, "\(backup)")
                try require(backup.text, contains: "cdb.sqlite: the disk reports an input/output error")
                #expect(lab.directory.names(in: "run/backups") == [])
                try requireRunning(lab, "good", "with a disk that cannot be read")
                control.mend()
                try lab.shell("ncs-backup")
                // A page goes bad while it runs: what is in force is in memory, and the next start names the damage.
                try lab.shell(
                    "head -c 4096 /dev/urandom | dd of=ncs-cdb/cdb.sqlite bs=4096 seek=2 conv=notrunc 2>/dev/null")
                try requireRunning(lab, "good", "with a damaged page")
                try lab.killDaemon()
                let outcome = try lab.attempt("ncs", [])
                #expect(outcome.status == 15, "\(outcome)")
                try require(outcome.text, contains: "cdb.sqlite", "damaged")
            }
        }

        // MARK: Steps

        private static func change(_ word: String) -> String {
            "config\ndevices authgroups group g default-map remote-name \(word) remote-password secret\ncommit"
        }

        private func commit(_ lab: Lab, _ word: String) throws {
            try require(try lab.operate(Self.change(word)), contains: "Commit complete")
        }

        private func requireRunning(_ lab: Lab, _ word: String, _ circumstances: String) throws {
            let shown = try lab.operate("show running-config devices authgroups group g | nomore")
            guard shown.contains("remote-name     \(word)\n") || shown.contains("remote-name \(word)\n") else {
                throw ProcessFault("\(circumstances): not \(word):\n\(shown)")
            }
        }

        private func awaitAlarm(_ lab: Lab, _ circumstances: String, isRaised: Bool) throws {
            try lab.wait(for: "\(circumstances): the alarm is \(isRaised ? "raised" : "cleared")") {
                let alarms = try lab.alarms()
                let isOpen = alarms.contains("is-cleared              false")
                return (isOpen && alarms.contains("database-write-failure")) == isRaised
            }
        }
    }
}
