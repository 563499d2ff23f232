import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// `devices migrate` on the real parts: killed at any step, and watched from the devices.
    @Suite struct MigrationCrashTests {
        private static let count = 50
        private static let migrate =
            "devices migrate old-ned-id mini-cli-1.0 new-ned-id mini-cli-2.0 no-networking suppress-positive-result"
        private static let map = "migration m { from mini-cli-1.0; rename /mini:contact { to location; } }\n"

        @Test func aKilledMigrationIsTakenUpAndNoDeviceIsHalfMigrated() throws {
            try Lab.use("migration-crash") { lab in
                try prepare(lab)
                let points = try points(lab)
                let named = ["migrate.before-device:1", "migrate.device-done:17", "migrate.before-device:50"]
                let chosen = Soak.seeds == nil ? Soak.sample(named, 2, seed: 6) : named + points
                for point in chosen { try crash(lab, at: point) }
                try goBack(lab)
            }
        }

        /// A run directory, saved in `saved`: fifty devices of version 1.0, and version 2.0 loaded beside it.
        private func prepare(_ lab: Lab) throws {
            try lab.makeDriver("mini", "1.0", model: SmallModels.first)
            try lab.makeDriver("mini", "2.0", model: SmallModels.second)
            try lab.directory.write("run/build/mini-cli-2.0/migration/m.map", Self.map)
            try lab.shell("ncs-setup --dest . && cp -R build/mini-cli-1.0 build/mini-cli-2.0 packages/")
            try lab.startDaemon()
            for number in 1..<Self.count { try lab.directory.write("run/more/\(number).xml", device(number)) }
            try lab.shell("ncs_load -l -m -n", input: device(0))
            try lab.shell("ncs_load -l -m -n more/*.xml")
            try lab.stopDaemon()
            try lab.shell("cp -a \(lab.run) \(lab.directory.path("saved"))")
        }

        private func device(_ number: Int) -> String { SmallModels.device.replacing("x0", with: "x\(number)") }

        /// The points that a daemon passes in a migration, by number. Devices are worked on at the same time, so the
        /// same number may be another point in another run.
        private func points(_ lab: Lab) throws -> [String] {
            guard Soak.seeds != nil else { return [] }
            try lab.startDaemon(more: ["OPENNED_CRASH_TRACE": lab.directory.path("trace")])
            try lab.operate("show devices list")
            let first = try lab.directory.text("trace").split(separator: "\n").count
            try lab.operate(Self.migrate)
            let last = try lab.directory.text("trace").split(separator: "\n").count
            try lab.killDaemon()
            return (first + 1...last).map { "\($0)" }
        }

        private func crash(_ lab: Lab, at point: String) throws {
            let saved = lab.directory.path("saved")
            try lab.attemptOutside("rm -rf \(lab.run) && cp -a \(saved) \(lab.run)")
            try lab.startDaemon(more: ["OPENNED_CRASH_AT": point])
            _ = try lab.attempt("ncs_cli", ["-C", "-u", "admin"], input: "show devices list\n")
            _ = try lab.attempt("ncs_cli", ["-C", "-u", "admin"], input: Self.migrate + "\n")
            // What a daemon writes beside the migration differs: a run may have fewer points.
            if (try? lab.wait(for: "the kill", seconds: 15) { lab.daemon == nil }) == nil { try lab.killDaemon() }
            try lab.startDaemon()
            let done = try migrated(lab, point)
            if point == "migrate.before-device:1" { try #require(done == 0, "\(point): \(done) are done") }
            if done < Self.count {
                let said = try lab.operate(Self.migrate)
                try #require(!said.contains("result false"), "\(point): taken up:\n\(said)")
            }
            try #require(try migrated(lab, point) == Self.count, "\(point): all are done in the end")
            try lab.killDaemon()
        }

        /// How many devices have the new driver. Each has the data of the driver that it has, and all of it.
        private func migrated(_ lab: Lab, _ point: String) throws -> Int {
            let said = try lab.operate("show running-config devices device")
            let devices = said.components(separatedBy: "devices device x").dropFirst()
            try #require(devices.count == Self.count, "\(point): \(devices.count) devices")
            for device in devices {
                let isNew = device.contains("mini-cli-2.0")
                try #require(isNew != device.contains("mini-cli-1.0"), "\(point): x\(device)")
                try #require(isNew == device.contains(#/ location +noc\b/#), "\(point): half of x\(device)")
                try #require(isNew != device.contains(#/ contact +noc\b/#), "\(point): half of x\(device)")
                try require(device, contains: " edge", " mtu 1500")
            }
            return devices.count { $0.contains("mini-cli-2.0") }
        }

        /// What was kept in the run that was killed leads back, in a new process.
        private func goBack(_ lab: Lab) throws {
            try lab.startDaemon()
            let said = try lab.operate(
                "devices migrate old-ned-id mini-cli-2.0 new-ned-id mini-cli-1.0 no-networking suppress-positive-result"
            )
            try #require(!said.contains("result false"), "\(said)")
            try #require(try migrated(lab, "back") == 0)
        }
    }

    @Suite struct MigrationCaptureTests {
        @Test func migrationReadsFromDevicesAndSendsThemNoChange() throws {
            try Lab.use("migration-capture") { lab in
                try lab.bringUp(routers: 2)
                try lab.shell("cp -R $NCS_DIR/packages/neds/\(Lab.newDriver) packages/")
                try require(try lab.operate("packages add"), contains: "package \(Lab.newDriver)", "result true")
                try lab.shell("ncs-netsim upgrade-device r0 packages/\(Lab.newDriver)")
                try lab.shell("ncs-netsim upgrade-device r1 packages/\(Lab.newDriver)")
                try lab.onRouterConfigure("r1", "hostname elsewhere")
                let before = try ["r0", "r1"].map { try lab.onRouter($0) }
                let told = try ["r0", "r1"].map { try commands(lab, $0).count }
                let all = "devices migrate old-ned-id \(Lab.driver) new-ned-id \(Lab.newDriver)"
                try require(try lab.operate(all + " dry-run verbose"), contains: "result true", "modified-path")
                let quiet = try ["r0", "r1"].map { try commands(lab, $0).count }
                #expect(quiet == told, "a dry run does not talk to devices")
                let said = try lab.operate(all + " verbose")
                try require(said, contains: "differs from what was carried over", ":hostname")
                #expect(said.occurrences(of: "result true") == 2, "\(said)")
                for (index, name) in ["r0", "r1"].enumerated() {
                    let heard = try commands(lab, name).dropFirst(told[index])
                    #expect(heard.contains { $0.contains("show running-config") }, "\(name): \(heard)")
                    let others = heard.filter { !isReading($0) }
                    #expect(others.isEmpty, "\(name) was told: \(others)")
                    #expect(try lab.onRouter(name) == before[index])
                }
                try lab.requireAgreement(["r0", "r1"])
                try require(
                    try lab.operate("show running-config devices device r1 config hostname"), contains: "elsewhere")
            }
        }

        /// Whether a line of a router's log, time, client, mode and command, is of one that changes nothing.
        private func isReading(_ line: Substring) -> Bool {
            let words = line.split(separator: " ")
            guard words.count > 3, [">", "#"].contains(words[2]) else { return false }
            return ["show", "terminal", "enable", "exit"].contains(words[3])
        }

        private func commands(_ lab: Lab, _ name: String) throws -> [Substring] {
            try lab.shell("ncs-netsim log \(name)").split(separator: "\n")
        }
    }
}
