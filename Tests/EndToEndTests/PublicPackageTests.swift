import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// A package of the public example set, built by a Makefile of the public form.
    @Suite struct PublicPackageTests {
        private static let source = SharedData.path("nso-examples/router-cli-1.0")

        @Test(.enabled(if: source != nil, "no shared data"))
        func aPublicPackageIsBuiltByItsMakefileLoadedSyncedAndEdited() throws {
            let source = try #require(Self.source)
            try Lab.use("public-package") { lab in
                try lab.shell(
                    """
                    mkdir -p build && cp -R \(source) build/ && chmod -R u+w build
                    cp -R \(Repository.path("Tests/Fixtures/router-cli-1.0"))/. build/router-cli-1.0/
                    make -C build/router-cli-1.0/src
                    """)
                try lab.shell("ncs-netsim create-network build/router-cli-1.0 2 r && ncs-netsim start")
                try lab.shell("ncs-setup --dest . --netsim-dir netsim")
                try lab.startDaemon()
                try require(try lab.operate("show packages package oper-status"), contains: "router-cli-1.0")
                try lab.synchronise(2)
                let read = try lab.operate("show running-config devices device r0 config")
                try require(read, contains: "sys")
                try lab.commit("devices device r0..1 config sys dns server 192.0.2.53")
                for name in ["r0", "r1"] { try require(try lab.onRouter(name), contains: "192.0.2.53") }
                #expect(try lab.outOfSync(["r0", "r1"]) == [:])
                try lab.requireAgreement(["r0", "r1"])
            }
        }
    }
}
