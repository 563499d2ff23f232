import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// Passwords are nowhere to be read.
    @Suite struct SecretSearchTests {
        private static let password = "PlantedPassword-5127"
        private static let leaf = "PlantedSecret-8361"
        private static let outside = "PlantedOutside-3345"
        private static let refused = "PlantedRefusal-9274"

        @Test func theRunDirectoryContainsNoPlantedPasswordAndNoSecretOfADevice() throws {
            try Lab.use("secrets") { lab in
                try lab.bringUp(routers: 2)
                try lab.commit("devices global-settings trace raw")
                try lab.commit("devices device r0..1 config username joe secret 0 \(Self.leaf)")
                try require(try lab.onRouter("r0"), contains: Self.leaf)
                try refuseOne(lab)
                try learnFromTheRouter(lab)
                try logInWithAWrongPassword(lab)
                _ = try lab.operate("devices device r0 compare-config")
                _ = try lab.operate("devices sync-from")
                _ = try lab.operate("show running-config devices device r0 config username")
                try lab.killDaemon()
                try lab.startDaemon()
                try compactAndDump(lab, "before")
                try search(lab)
                try lab.operate("key-rotation apply-new-keys")
                try lab.commit("devices device r0..1 config username joe secret 0 \(Self.leaf)", isEmpty: true)
                try compactAndDump(lab, "after")
                try lab.shell("ncs-backup && mkdir content && tar -xf backups/*.backup.gz -C content")
                try search(lab)
                try lab.stopDaemon()
                try lab.shell("ncs --cdb-compact ncs-cdb > compaction-without-daemon.txt 2>&1")
                try search(lab)
            }
        }

        /// What compactions say, and all forms of dumps, are searched as well: they are in the run directory.
        private func compactAndDump(_ lab: Lab, _ name: String) throws {
            try lab.directory.write("run/compaction-\(name).txt", try lab.operate("cdb compact"))
            try #require(lab.directory.names(in: "run/ncs-cdb/snapshots").contains { $0.hasSuffix(".chunk") })
            try lab.shell(
                """
                mkdir dump-\(name) && cd dump-\(name) && ncs --cdb-debug-dump ../ncs-cdb file_debug_hkp > dump.txt \
                && ncs --cdb-debug-dump ../ncs-cdb xml
                """)
            try require(try lab.directory.text("run/dump-\(name)/dump.txt"), contains: "remote-password")
        }

        /// A device that refuses the secret, and names it in its answer.
        private func refuseOne(_ lab: Lab) throws {
            try lab.shell("ncs-netsim fault r1 refuse-line 'username ann.*' '% Bad secret \(Self.refused)'")
            let said = try lab.refuse(
                "config\ndevices device r0..1 config username ann secret 0 \(Self.refused)\ncommit")
            try require(said, contains: "Bad secret")
            #expect(!said.contains(Self.refused), "\(said)")
            try lab.shell("ncs-netsim fault r1 clear")
        }

        /// A secret that the controller has never seen is part of what the router shows.
        private func learnFromTheRouter(_ lab: Lab) throws {
            _ = try lab.attempt(
                "sshpass",
                ["-p", "admin", "ssh", "-tt"] + Lab.sshOptions + ["-p", "\(try lab.cliPort("r0"))", "admin@127.0.0.1"],
                input: "configure terminal\nusername eve secret 0 \(Self.outside)\nend\nexit\n", seconds: 120)
            try require(try lab.onRouter("r0"), contains: Self.outside)
            try lab.operate("devices device r0 check-sync\ndevices device r0 sync-from")
            #expect(try lab.outOfSync(["r0"]) == [:])
        }

        private func logInWithAWrongPassword(_ lab: Lab) throws {
            try lab.commit(
                """
                devices authgroups group planted umap admin remote-name admin remote-password \(Self.password)
                devices device r1 authgroup planted
                """)
            let said = try lab.operate("devices device r1 disconnect\ndevices device r1 connect")
            try require(said, contains: "result false", "r1")
            #expect(!said.contains(Self.password))
            let shown = try lab.operate("show running-config devices authgroups")
            #expect(!shown.contains(Self.password), "\(shown)")
        }

        private func search(_ lab: Lab) throws {
            let logs = lab.directory.names(in: "run/logs")
            try #require(logs.contains { $0.hasSuffix("-r0.trace") }, "there is a trace to search: \(logs)")
            try require(
                try lab.directory.text("run/logs/ned-\(Lab.driver)-r0.trace"), contains: "username joe secret 0")
            for secret in [Self.password, Self.leaf, Self.refused, Self.outside] {
                // The routers keep what they are told; they are no part of what is to be searched.
                let found = try Search.files(in: lab.run, for: secret).filter { !$0.hasPrefix("netsim/") }
                #expect(found.isEmpty, "\(secret)")
            }
            let control = try Search.files(in: lab.run, for: Self.leaf)
            #expect(control.contains { $0.hasPrefix("netsim/") }, "the search finds what is there")
        }
    }
}
