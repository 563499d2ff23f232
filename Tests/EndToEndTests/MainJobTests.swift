import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// What the product is for, as `make demo` shows it.
    @Suite struct MainJobTests {
        @Test func aSignedDriverIsInstalledAndChangesRoutersWhichMoveToItsNextVersion() throws {
            try Lab.use("main-job") { lab in
                try lab.makeBundle(Lab.driver)
                try lab.makeBundle(Lab.newDriver)
                try lab.shell("ncs-netsim create-network build/\(Lab.driver) 3 r && ncs-netsim start")
                try lab.shell("ncs-setup --dest . --netsim-dir netsim && rm -rf packages/* ncs-cdb/netsim*")
                try lab.shell("mkdir -p trust && cp ca/root.pem trust/")
                try lab.startDaemon()
                try install(lab)
                try lab.shell("ncs-netsim ncs-xml-init > devices.xml && ncs_load -l -m devices.xml")
                try lab.synchronise(3)
                try change(lab)
                try migrate(lab)
            }
        }

        private func install(_ lab: Lab) throws {
            let said = try lab.operate(
                """
                software packages fetch package-from-file \(lab.run)/\(Lab.driver).signed.bin
                software packages install package \(Lab.driver)
                packages reload
                show packages package \(Lab.driver) oper-status
                """)
            try require(
                said, contains: "installed \(Lab.driver)", "package \(Lab.driver)", "result true", "oper-status up")
        }

        private func change(_ lab: Lab) throws {
            let said = try lab.operate(
                """
                config
                devices device r0..2 config interface GigabitEthernet 0/1 description Managed by OpenNED
                devices device r0..2 config interface GigabitEthernet 0/1 ip address 192.0.2.1 255.255.255.0
                commit dry-run outformat native
                commit
                """)
            try require(said, contains: "name r0", "name r1", "name r2", "Commit complete.")
            for name in ["r0", "r1", "r2"] {
                let block = try lab.onRouter(name).block("interface GigabitEthernet0/1")
                try require(block, contains: " description Managed by OpenNED", " ip address 192.0.2.1 255.255.255.0")
            }
        }

        private func migrate(_ lab: Lab) throws {
            let added = try lab.operate(
                """
                software packages fetch package-from-file \(lab.run)/\(Lab.newDriver).signed.bin
                software packages install package \(Lab.newDriver)
                packages add
                """)
            try require(added, contains: "package \(Lab.newDriver)", "result true")
            try lab.shell("ncs-netsim upgrade-device r1 build/\(Lab.newDriver)")
            let log = try lab.shell("ncs-netsim log r1 | wc -l")
            let plan = try lab.operate("devices device r1 migrate new-ned-id \(Lab.newDriver) dry-run")
            try require(plan, contains: "modified-path", "backward-compatible false")
            #expect(try lab.shell("ncs-netsim log r1 | wc -l") == log, "a dry run does not talk to the device")
            let done = try lab.operate(
                """
                devices device r1 migrate new-ned-id \(Lab.newDriver)
                devices device r1 check-sync
                """)
            try require(done, contains: "result true", "result in-sync")
            try lab.requireAgreement(["r0", "r1", "r2"])
            let told = try lab.shell("ncs-netsim log r1").occurrences(of: "configure terminal")
            #expect(told == 1, "the one commit configured r1, and migration did not")
            let block = try lab.onRouter("r1").block("interface GigabitEthernet0/1")
            try require(block, contains: " description Managed by OpenNED")
        }

        @Test func whatWasCommittedSurvivesAKillRightAfterTheWordThatItIsComplete() throws {
            try Lab.use("kill-after-commit") { lab in
                try lab.bringUp(routers: 2)
                try lab.commit("devices device r0..1 config interface GigabitEthernet 0/1 description Survives")
                try lab.killDaemon()
                try lab.startDaemon()
                for name in ["r0", "r1"] {
                    let said = try lab.operate("show running-config devices device \(name) config interface")
                    try require(said, contains: "description Survives")
                    try require(try lab.onRouter(name), contains: " description Survives")
                }
                #expect(try lab.outOfSync(["r0", "r1"]) == [:])
                try lab.requireAgreement(["r0", "r1"])
            }
        }
    }
}

extension Lab {
    /// Builds a driver of the source tree and signs it, with an authority that the lab has for itself.
    func makeBundle(_ name: String) throws {
        if !directory.exists("run/ca") { try shell("ncs-package make-test-ca ca") }
        let source = Repository.path("packages/\(name)")
        try shell("mkdir -p build && cp -R \(source) build/ && ncs-package build build/\(name) -o build")
        try shell("ncs-package sign build/\(name) --key ca/signer.key --chain ca/chain.pem --out \(name).signed.bin")
    }
}
