import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// Signed bundles on their way into the daemon.
    @Suite struct PackageStoreTests {
        private static let file = "ncs-6.7-mini-cli-1.0.signed.bin"

        private func bringUp(_ lab: Lab) throws {
            try lab.makeDriver("mini", "1.0", model: SmallModels.first)
            try lab.shell("ncs-package make-test-ca ca && ncs-setup --dest . && cp ca/root.pem trust/")
            try sign(lab, Self.file)
            try lab.startDaemon()
        }

        private func sign(_ lab: Lab, _ name: String) throws {
            try lab.shell("ncs-package sign build/mini-cli-1.0 --key ca/signer.key --chain ca/chain.pem --out \(name)")
        }

        @Test func aBundleWithOneByteChangedIsRefusedAndLeavesNothingBehind() throws {
            try Lab.use("changed-bundle") { lab in
                try bringUp(lab)
                let good = try lab.directory.bytes("run/\(Self.file)")
                var places = Soak.sample(Array(0..<good.count), 24, seed: 4)
                // The edges of its parts are always among them: stub, header, manifest, end.
                places += [0, 4_095, 4_096, 4_119, 4_120, 4_131, good.count - 1]
                var commands = ""
                for place in places {
                    var bytes = good
                    bytes[place] ^= 0x01
                    try lab.directory.write("run/changed/byte-\(place).signed.bin", bytes)
                    commands +=
                        "software packages fetch package-from-file \(lab.run)/changed/byte-\(place).signed.bin\n"
                }
                let said = try lab.attempt("ncs_cli", ["-C", "-u", "admin"], input: commands, seconds: 600).text
                let answers = said.split(separator: "\n").filter { $0.hasPrefix("Error:") || $0.hasPrefix("Aborted:") }
                #expect(answers.count == places.count, "each is refused:\n\(said)")
                #expect(try lab.operate("software packages list").filter { !$0.isWhitespace }.isEmpty)
                let left = lab.directory.names(in: "run/state/store").filter { $0 != "objects" }
                #expect(left.isEmpty && lab.directory.names(in: "run/state/store/objects").isEmpty, "\(left)")
                try lab.operate("software packages fetch package-from-file \(lab.run)/\(Self.file)")
            }
        }

        @Test func aBundleThatIsCutShortOrSignedByAStrangerIsRefused() throws {
            try Lab.use("foreign-bundle") { lab in
                try bringUp(lab)
                let good = try lab.directory.bytes("run/\(Self.file)")
                for count in [0, 1, 4_096, 4_130, good.count / 2, good.count - 1] {
                    try lab.directory.write("run/cut-\(count).signed.bin", Array(good.prefix(count)))
                    let said = try lab.refuse(
                        "software packages fetch package-from-file \(lab.run)/cut-\(count).signed.bin")
                    try require(said, contains: "Error: ")
                }
                try lab.shell("rm -rf trust/* && ncs-package make-test-ca other && cp other/root.pem trust/")
                let said = try lab.refuse("software packages fetch package-from-file \(lab.run)/\(Self.file)")
                try require(said, contains: "Error: ")
                #expect(lab.directory.names(in: "run/state/store").filter { $0 != "objects" }.isEmpty)
            }
        }

        @Test func theListShowsEachStateInTheShapeThatScriptsKnow() throws {
            try Lab.use("package-list") { lab in
                try bringUp(lab)
                func list() throws -> String {
                    try lab.operate("software packages list").trimmingCharacters(in: .newlines)
                }
                func entry(_ state: String) -> String { "package {\n  name \(Self.file)\n  \(state)\n}" }
                #expect(try list() == "")
                try lab.operate("software packages fetch package-from-file \(lab.run)/\(Self.file)")
                #expect(try list() == entry("installable"))
                let installed = try lab.operate("software packages install package mini-cli-1.0")
                #expect(installed == "installed ncs-6.7-mini-cli-1.0\n")
                #expect(try list() == entry("installed"))
                try lab.operate("packages reload")
                #expect(try list() == entry("loaded"))
                try lab.operate("software packages deinstall package mini-cli-1.0")
                #expect(try list() == entry("installable"))
            }
        }

        @Test func aKillWhileABundleIsFetchedOrInstalledLeavesNothingHalfDone() throws {
            try Lab.use("store-crash") { lab in
                try bringUp(lab)
                try lab.killDaemon()
                let points = ["mkdir:1", "syncFile:1", "rename:1", "rename:2", "rename:3", "link:1", "link:2"]
                for point in Soak.sample(points, 4, seed: 5) { try crash(lab, at: point) }
            }
        }

        private func crash(_ lab: Lab, at point: String) throws {
            try lab.shell("rm -rf state/store packages/*")
            let outcome = try lab.attempt("ncs", [], more: ["OPENNED_CRASH_AT": point])
            let commands = """
                software packages fetch package-from-file \(lab.run)/\(Self.file)
                software packages install package mini-cli-1.0
                """
            if outcome.status == 0 {
                _ = try lab.attempt("ncs_cli", ["-s", "-C", "-u", "admin"], input: commands + "\n")
                if lab.daemon != nil { try lab.killDaemon() }
            }
            try lab.startDaemon()
            let list = try lab.operate("software packages list")
            if list.filter({ !$0.isWhitespace }).isEmpty {
                try lab.operate(commands)
            } else if list.contains("installable") {
                try lab.operate("software packages install package mini-cli-1.0")
            }
            try require(try lab.operate("software packages list"), contains: "  name \(Self.file)\n  installed\n")
            let files = try lab.shell("find state/store packages").split(separator: "\n")
            let left = files.filter { $0.hasSuffix(".new") || $0.contains("/.") }
            try #require(left.isEmpty, "killed at \(point): \(left)")
            try lab.killDaemon()
        }

        @Test func aSessionThatWasConfiguringHearsOfAReloadAndCommitsNothingOld() throws {
            try Lab.use("session-and-reload") { lab in
                try lab.makeDriver("mini", "1.0", model: SmallModels.first)
                try lab.shell("ncs-setup --dest . && cp -R build/mini-cli-1.0 packages/")
                try lab.startDaemon()
                try lab.shell("ncs_load -l -m -n", input: SmallModels.device)
                try replace(lab, "1.0.1", SmallModels.second)
                try lab.shell("mkfifo commands")
                let line = "ncs_cli -C -u admin < commands"
                let session = try lab.start("/bin/sh", ["-c", line])
                let script = """
                    trap '' PIPE
                    exec 3> commands
                    printf 'config\ndevices device x0 config contact late\n' >&3
                    until grep -q 'contact late' logs/audit.log; do sleep 0.1; done
                    echo 'packages reload max-wait-time 1' | ncs_cli -C -u admin
                    echo 'packages reload max-wait-time 0 timeout-action kill' | ncs_cli -C -u admin
                    printf 'commit no-networking\nend no-confirm\nexit\n' >&3 2> /dev/null || true
                    exec 3>&-
                    """
                try require(
                    try lab.shell(script), contains: "admin (session", "in configuration mode", "timeout-action kill",
                    "completed successfully.")
                let outcome = session.wait(seconds: 120)
                try require(
                    outcome.text, contains: ">>> System upgrade is starting.", ">>> System upgrade has been cancelled.",
                    "The session was ended by a package upgrade of admin.")
                #expect(!outcome.text.contains("Commit complete."), "\(outcome)")
                #expect(!outcome.isLate)
                let shown = try lab.operate("show running-config devices device x0")
                #expect(!shown.contains("late"))
                try require(try lab.operate("show packages package package-version"), contains: "1.0.1")
            }
        }

        @Test func theUpgradeLinesAppearWhenModelsChangeAndNotOtherwise() throws {
            try Lab.use("upgrade-lines") { lab in
                try lab.makeDriver("mini", "1.0", model: SmallModels.first)
                try lab.shell("ncs-setup --dest . && cp -R build/mini-cli-1.0 packages/")
                try lab.startDaemon()
                #expect(try lab.operate("packages reload") == Self.result)
                try replace(lab, "1.0.1", SmallModels.first)
                #expect(try lab.operate("packages reload") == Self.result, "a new version with the same models")
                try replace(lab, "1.0.2", SmallModels.second)
                #expect(try lab.operate("packages reload") == Self.upgrade + Self.result)
                #expect(try lab.operate("packages reload") == Self.result)
            }
        }

        private static let result = "reload-result {\n    package mini-cli-1.0\n    result true\n}\n"
        private static let upgrade = """

            >>> System upgrade is starting.
            >>> Sessions in configure mode must exit to operational mode.
            >>> No configuration changes can be performed until upgrade has completed.
            >>> System upgrade has completed successfully.

            """

        private func replace(_ lab: Lab, _ version: String, _ model: String) throws {
            try lab.makeDriver("mini", version, model: model)
            try lab.shell("rm -rf packages/* && cp -R build/mini-cli-1.0 packages/")
        }
    }
}
