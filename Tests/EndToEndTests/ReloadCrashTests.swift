import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// `kill -9` at any step of `packages reload`.
    @Suite struct ReloadCrashTests {
        @Test func aKillAnywhereInAReloadLeavesTheOldPackagesOrTheNewOnesWhole() throws {
            try Lab.use("reload-crash") { lab in
                try prepare(lab)
                let names = try points(lab)
                // Most points are copies of files; those around the record are always tried.
                let record = try #require(names.firstIndex { $0.name == "activation.before-record" })
                let points = Soak.sample(Array(names[..<record]), 3, seed: 3) + names[record...]
                var outcomes: Set<String> = []
                for point in points { outcomes.insert(try crash(lab, at: point.number)) }
                #expect(outcomes == ["1.0", "1.0.1"], "some kills come before the record, some after it: \(outcomes)")
            }
        }

        @Test func aKillAnywhereInARollbackLeavesOneOfTheTwoSetsWhole() throws {
            try Lab.use("rollback-crash") { lab in
                try prepare(lab)
                try lab.startDaemon()
                try lab.operate("packages reload")
                try lab.stopDaemon()
                try lab.attemptOutside("rm -rf saved && cp -a \(lab.run) saved")
                let back = "packages rollback force"
                let names = try points(lab, back)
                let record = try #require(names.firstIndex { $0.name == "activation.before-record" })
                var outcomes: Set<String> = []
                for point in Soak.sample(Array(names[..<record]), 1, seed: 5) + names[record...] {
                    let what = "rollback killed at point \(point.number)"
                    try kill(lab, at: point.number, in: back)
                    let version = try inForce(lab, what)
                    outcomes.insert(version)
                    try require(try lab.operate("show running-config devices device x0"), contains: " edge", "mtu 1500")
                    try requireTidiness(lab, what, generations: 3)
                    // Whatever is in force can be gone back from, or to.
                    try lab.operate("packages rollback generation \(version == "1.0" ? 2 : 1) force")
                    try #require(try inForce(lab, what) != version, "\(what)")
                    try lab.killDaemon()
                }
                #expect(outcomes == ["1.0", "1.0.1"], "some kills come before the record, some after it: \(outcomes)")
            }
        }

        /// A run directory, saved in `saved`: version 1.0 of a driver is in force, with a device that has
        /// configuration; in the load path lie version 1.0.1 with another model, and a second driver.
        private func prepare(_ lab: Lab) throws {
            try lab.makeDriver("mini", "1.0", model: SmallModels.first)
            try lab.shell("ncs-setup --dest . && cp -R build/mini-cli-1.0 packages/")
            try lab.startDaemon()
            try lab.shell("ncs_load -l -m -n", input: SmallModels.device)
            try lab.stopDaemon()
            try lab.makeDriver("mini", "1.0.1", model: SmallModels.second)
            try lab.makeDriver("other", "1.0", model: SmallModels.first.replacing("mini", with: "other"))
            try lab.shell("rm -rf packages/* && cp -R build/mini-cli-1.0 build/other-cli-1.0 packages/")
            try lab.shell("cp -a \(lab.run) \(lab.directory.path("saved"))")
        }

        private func restore(_ lab: Lab) throws {
            try lab.attemptOutside("rm -rf \(lab.run) && cp -a \(lab.directory.path("saved")) \(lab.run)")
        }

        private func points(_ lab: Lab, _ command: String = "packages reload") throws -> [(number: Int, name: String)] {
            let trace = lab.directory.path("trace")
            try lab.startDaemon(more: ["OPENNED_CRASH_TRACE": trace])
            try lab.operate("show packages package oper-status")
            let first = try lab.directory.text("trace").split(separator: "\n").count
            try require(try lab.operate(command), contains: "result true")
            let names = try lab.directory.text("trace").split(separator: "\n").map(String.init)
            try lab.killDaemon()
            try #require(names[first...].contains("activation.recorded"), "\(names[first...])")
            return names.indices[first...].map { ($0 + 1, names[$0]) }
        }

        /// Kills a daemon at a point of a reload, starts it again and looks; the version of the driver then in force.
        private func crash(_ lab: Lab, at point: Int) throws -> String {
            let what = "killed at point \(point)"
            try kill(lab, at: point, in: "packages reload")
            let version = try inForce(lab, what)
            try requireData(lab, isNew: version == "1.0.1", what)
            try requireTidiness(lab, what)
            try require(try lab.operate("packages reload"), contains: "package mini-cli-1.0", "package other-cli-1.0")
            try #require(try inForce(lab, what) == "1.0.1", "\(what): the next reload brings the new packages")
            try requireData(lab, isNew: true, what)
            try requireTidiness(lab, what)
            try lab.killDaemon()
            return version
        }

        private func kill(_ lab: Lab, at point: Int, in command: String) throws {
            try restore(lab)
            try lab.startDaemon(more: ["OPENNED_CRASH_AT": "\(point)"])
            _ = try lab.attempt("ncs_cli", ["-C", "-u", "admin"], input: "show packages package oper-status\n")
            _ = try lab.attempt("ncs_cli", ["-C", "-u", "admin"], input: command + "\n")
            try lab.waitForDaemonToEnd()
            try lab.startDaemon()
        }

        /// The version in force, after a look at whether its set is whole and up.
        private func inForce(_ lab: Lab, _ what: String) throws -> String {
            let said = try lab.operate("show packages package")
            let isNew = said.contains("package-version 1.0.1")
            try #require(said.contains("packages package other-cli-1.0") == isNew, "\(what): half a set:\n\(said)")
            try #require(said.occurrences(of: "oper-status up") == (isNew ? 2 : 1), "\(what):\n\(said)")
            return isNew ? "1.0.1" : "1.0"
        }

        private func requireData(_ lab: Lab, isNew: Bool, _ what: String) throws {
            let said = try lab.operate("show running-config devices device x0")
            try require(said, contains: " edge", "mtu 1500")
            try #require(said.contains(" noc") == !isNew, "\(what):\n\(said)")
        }

        /// No half-made copies, and at most the generation in force and the one before it.
        private func requireTidiness(_ lab: Lab, _ what: String, generations: Int = 2) throws {
            let names = lab.directory.names(in: "run/state/packages-in-use")
            try #require(names.allSatisfy { Int($0) != nil } && names.count <= generations, "\(what): \(names)")
            for name in names {
                let inside = lab.directory.names(in: "run/state/packages-in-use/\(name)")
                try #require(inside.allSatisfy { $0 != ".unpacking" && !$0.hasSuffix(".new") }, "\(what): \(inside)")
            }
            let state = lab.directory.names(in: "run/state")
            try #require(state.allSatisfy { !$0.hasSuffix(".new") }, "\(what): \(state)")
        }
    }
}

extension Lab {
    /// Runs a command line beside the run directory, which it may replace.
    func attemptOutside(_ line: String) throws {
        let outcome = try ChildProcess.run(
            "/bin/sh", ["-c", line], directory: directory.path, environment: environment)
        guard outcome.status == 0 else { throw ProcessFault("\(outcome)") }
    }

    /// Builds a small driver package `build/NAME-cli-MAJOR.MINOR`.
    func makeDriver(_ name: String, _ version: String, model: String) throws {
        let parts = version.split(separator: ".").prefix(2).joined(separator: ".")
        let place = "run/build/\(name)-cli-\(parts)"
        directory.remove(place)
        try directory.write(
            place + "/src/package-meta-data.xml.in",
            """
            <ncs-package xmlns="http://tail-f.com/ns/ncs-packages">
              <name>\(name)</name>
              <package-version>\(version)</package-version>
              <ncs-min-version>6.0</ncs-min-version>
              <component>
                <name>router</name>
                <ned>
                  <cli><ned-id>to be replaced by build</ned-id></cli>
                  <device><vendor>Test</vendor></device>
                </ned>
              </component>
            </ncs-package>

            """)
        try directory.write(place + "/src/yang/\(name).yang", model)
        let built = "build/\(name)-cli-\(parts)"
        let source = Repository.path("packages/\(Lab.driver)/driver")
        try shell("cp -R \(source) \(built)/ && ncs-package build \(built) -o build")
    }
}

/// Small device models, and a device with configuration.
enum SmallModels {
    static let first = """
        module mini {
          namespace "urn:test:mini";
          prefix mini;
          leaf hostname { type string; }
          leaf contact { type string; }
          list interface {
            key name;
            leaf name { type string; }
            leaf mtu { type uint16; }
          }
        }

        """

    /// Without `contact`, and with `mtu` of another type.
    static let second = first.replacing("leaf contact { type string; }", with: "leaf location { type string; }")
        .replacing("uint16", with: "uint32")

    static let device = """
        <devices xmlns="http://tail-f.com/ns/ncs">
          <device>
            <name>x0</name>
            <address>127.0.0.1</address>
            <port>1</port>
            <authgroup>default</authgroup>
            <device-type>
              <cli><ned-id xmlns:id="http://tail-f.com/ns/ned-id/mini-cli-1.0">id:mini-cli-1.0</ned-id></cli>
            </device-type>
            <config>
              <hostname xmlns="urn:test:mini">edge</hostname>
              <contact xmlns="urn:test:mini">noc</contact>
              <interface xmlns="urn:test:mini"><name>eth0</name><mtu>1500</mtu></interface>
            </config>
          </device>
        </devices>

        """
}
