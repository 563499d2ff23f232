import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// The public router packages of versions 1.0 and 1.1, from the network's creation to the new firmware.
    @Suite struct NETCONFMigrationTests {
        private static let first = SharedData.path("nso-examples/router-nc-1.0")
        private static let second = SharedData.path("nso-examples/router-nc-1.1")
        private static let names = ["ex0", "ex1", "ex2"]

        @Test(.enabled(if: first != nil && second != nil, "no shared data"))
        func routersMoveToTheNextVersionOfTheirPackage() throws {
            try Lab.use("netconf-migration") { lab in
                try build(try #require(Self.first), "router-nc-1.0", lab)
                try build(try #require(Self.second), "router-nc-1.1", lab)
                try lab.shell("ncs-netsim create-network build/router-nc-1.0 3 ex && ncs-setup --dest .")
                try lab.shell("ln -s ../build/router-nc-1.0 packages/")
                try lab.shell("ncs-netsim ncs-xml-init > ncs-cdb/ncs_init.xml")
                try lab.startDaemon()
                try lab.shell("ncs-netsim restart")
                try lab.synchronise(3)
                try edit(lab)
                try repair(lab)
                try migrate(lab)
            }
        }

        private func build(_ source: String, _ name: String, _ lab: Lab) throws {
            try lab.shell(
                """
                mkdir -p build && cp -R \(source) build/\(name) && chmod -R u+w build
                cp -R \(Repository.path("Tests/Fixtures/router-nc-1.0"))/. build/\(name)/
                make -C build/\(name)/src
                """)
        }

        private func edit(_ lab: Lab) throws {
            let said = try lab.operate(
                """
                config
                devices device ex0..2 config sys dns server 192.0.2.53
                commit dry-run outformat native
                commit
                """)
            try require(said, contains: "<address>192.0.2.53</address>", "Commit complete.")
            try lab.requireAgreement(Self.names)
            try require(try lab.operate("devices device ex0 check-yang-modules"), contains: "compatible")
            // What a device does badly is left alone.
            let validations = try lab.shell("ncs-netsim log ex0").occurrences(of: "<validate>")
            try lab.commit("devices device ex0 ned-settings use-validate false")
            try lab.commit("devices device ex0 config sys dns server 192.0.2.54")
            try lab.commit("no devices device ex0 config sys dns server 192.0.2.54")
            #expect(try lab.shell("ncs-netsim log ex0").occurrences(of: "<validate>") == validations)
        }

        private func repair(_ lab: Lab) throws {
            try lab.onRouterConfigure("ex1", "sys dns server 198.51.100.1")
            #expect(try lab.outOfSync(Self.names).keys.sorted() == ["ex1"])
            try require(try lab.operate("devices device ex1 compare-config"), contains: "198.51.100.1")
            try require(try lab.operate("devices device ex1 sync-to"), contains: "result true")
            #expect(try lab.outOfSync(Self.names) == [:])
            #expect(!(try lab.onRouter("ex1").contains("198.51.100.1")))
        }

        private func migrate(_ lab: Lab) throws {
            try lab.shell("ln -s ../build/router-nc-1.1 packages/")
            try require(try lab.operate("packages add"), contains: "package router-nc-1.1", "result true")
            for name in Self.names { try lab.shell("ncs-netsim upgrade-device \(name) build/router-nc-1.1") }
            let modules = try lab.operate("devices device ex0 check-yang-modules")
            try require(modules, contains: "unsupported", "2021-10-13", "2008-11-04")
            let all = "devices migrate old-ned-id router-nc-1.0 new-ned-id router-nc-1.1"
            let planned = try lab.operate("\(all) dry-run suppress-modified-paths without-instance-data")
            #expect(planned.occurrences(of: "result true") == 3, "\(planned)")
            #expect(try lab.operate(all).occurrences(of: "result true") == 3)
            #expect(try lab.outOfSync(Self.names) == [:])
            try lab.requireAgreement(Self.names)
            try require(try lab.operate("devices device ex0 check-yang-modules"), contains: "compatible")
            let servers = try lab.operate("show running-config devices device ex0..2 config sys dns")
            #expect(servers.occurrences(of: "192.0.2.53") == 3, "\(servers)")
            try lab.commit("no devices device ex0..2 config sys dns server 192.0.2.53")
            try lab.requireAgreement(Self.names)
            #expect(!(try lab.onRouter("ex2").contains("192.0.2.53")))
        }
    }
}
