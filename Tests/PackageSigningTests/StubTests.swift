import Basics
import Foundation
import PackageSigning
import Testing

/// The stub of a bundle, run by hand with the shells of the system. The `ncs-package` here answers as told.
@Suite struct StubTests {
    private let workshop: Workshop

    init() throws {
        workshop = try Workshop()
        try TestAuthority.make(directory: workshop.path("ca"), now: Date())
        try workshop.bundle(key: "ca/signer.key", chain: "ca/chain.pem")
        try workshop.must("mkdir -p tools/bin empty && ln -s /usr/bin/* empty/ 2>/dev/null; rm -f empty/ncs-package")
    }

    private func install(_ status: Int) throws {
        let script = "#!/bin/sh\necho \"asked: $*\"\nexit \(status)\n"
        try workshop.write("tools/bin/ncs-package", Array(script.utf8))
        try workshop.must("chmod 755 tools/bin/ncs-package")
    }

    @Test(arguments: ["sh", "bash", "dash"])
    func aVerifiedBundleIsUnpackedBeside(_ shell: String) throws {
        try install(0)
        for environment in [
            ["NCS_DIR": workshop.path("tools")], ["PATH": "\(workshop.path("tools/bin")):/usr/bin:/bin"],
        ] {
            let outcome = try workshop.run("rm -f *.tar.gz; \(shell) ./router.signed.bin", environment: environment)
            #expect(outcome.status == 0, "\(outcome.output)")
            #expect(
                outcome.output == """
                    Unpacking...
                    Verifying signature...
                    asked: verify ./router.signed.bin
                    Unpacked ./router.tar.gz

                    """)
            #expect(try workshop.read("router.tar.gz") == Workshop.archive)
        }
    }

    @Test func whatIsRefusedIsNotUnpacked() throws {
        try install(1)
        let outcome = try workshop.run("sh router.signed.bin", environment: ["NCS_DIR": workshop.path("tools")])
        #expect(outcome.status == 1)
        #expect(outcome.output.contains("NOT VERIFIED"))
        #expect(try workshop.run("ls | grep -c tar.gz").output == "0\n")
    }

    @Test func withoutTheToolItStopsUnlessToldToSkip() throws {
        let environment = ["PATH": workshop.path("empty"), "NCS_DIR": workshop.path("nowhere")]
        let outcome = try workshop.run("/bin/sh router.signed.bin", environment: environment)
        #expect(outcome.status == 1)
        #expect(outcome.output.contains("NOT VERIFIED: no ncs-package"))
        #expect(try workshop.run("ls | grep -c tar.gz").output == "0\n")
        let skipped = try workshop.run("/bin/sh router.signed.bin --skip-verification", environment: environment)
        #expect(skipped.status == 0, "\(skipped.output)")
        #expect(skipped.output.contains("NOT VERIFIED"))
        #expect(try workshop.read("router.tar.gz") == Workshop.archive)
    }

    @Test func aBundleWithABlankInItsNameOrCutShortIsHandled() throws {
        try install(0)
        let environment = ["NCS_DIR": workshop.path("tools")]
        try workshop.must("mkdir 'a b' && cp router.signed.bin 'a b/c d.signed.bin'")
        #expect(try workshop.run("sh 'a b/c d.signed.bin'", environment: environment).status == 0)
        #expect(try workshop.read("a b/c d.tar.gz") == Workshop.archive)
        try workshop.must("head -c 4100 router.signed.bin > short.signed.bin")
        let outcome = try workshop.run("sh short.signed.bin", environment: environment)
        #expect(outcome.status == 1)
        #expect(outcome.output.contains("cut short"))
        #expect(try workshop.run("sh router.signed.bin --what").status == 2)
    }

    @Test func theStubIsAConstantOfItsSizeAndDownloadsNothing() {
        let stub = BundleStub.known[0]
        #expect(stub.count == BundleFormat.stubSize)
        #expect(stub.sha256 == "ae2ed23bb69e3a930e492fba1969845cf1f585a17a7c0a32b0cfcf66add870fd")
        let text = String(decoding: stub, as: UTF8.self)
        for word in ["curl", "wget", "http", "python"] { #expect(!text.contains(word)) }
    }
}
