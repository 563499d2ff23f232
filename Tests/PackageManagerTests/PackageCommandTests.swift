import Basics
import Foundation
import PackageManager
import Synchronization
import Testing

/// `ncs-package` from building to verifying, in one process; `make` and `openssl` are the system's.
@Suite struct PackageCommandTests {
    private let workshop: Workshop

    init() throws { workshop = try Workshop() }

    private struct Run {
        var status: Int32
        var output: String
        var errors: String
    }

    private func run(
        _ arguments: [String], environment: [String: String] = [:], compile: PackageBuilder.Compile? = nil
    ) -> Run {
        let lines = Mutex((output: "", errors: ""))
        let all = ["PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"].merging(environment) { $1 }
        let status = PackageCommand.run(
            arguments: arguments,
            context: .init(
                environment: all, now: Date(), compile: compile,
                output: { text in lines.withLock { $0.output += text } },
                errors: { text in lines.withLock { $0.errors += text } }))
        return lines.withLock { Run(status: status, output: $0.output, errors: $0.errors) }
    }

    private func template(_ version: String = "1.0.2") throws {
        try workshop.write(
            "router/src/package-meta-data.xml.in",
            """
            <ncs-package xmlns="http://tail-f.com/ns/ncs-packages">
              <name>router</name><package-version>\(version)</package-version>
              <component><name>c</name><ned><cli><ned-id>replaced by build</ned-id></cli>
              <device><vendor>V</vendor></device></ned></component>
            </ncs-package>
            """)
        try workshop.write("router/src/yang/router.yang", "module router {}")
    }

    private static let compile: PackageBuilder.Compile = { request in
        try DurableFiles.write(
            request.loadDirectory + "/router.fxs", Array("\(request.type?.rawValue ?? "") \(request.nedID ?? "")".utf8))
        return []
    }

    /// The same from directory, archive and signed package: files as `sha256sum` sees them, modules with revision.
    @Test func theBillOfMaterialsListsFilesAndModules() throws {
        try template()
        try workshop.write(
            "router/src/yang/router.yang",
            "module router { namespace urn:r; prefix r; revision 2026-01-02; revision 2025-01-01; }")
        let root = workshop.directory
        try #require(run(["build", workshop.path("router"), "-o", root], compile: Self.compile).status == 0)
        try #require(run(["make-test-ca", workshop.path("ca")]).status == 0)
        let archive = workshop.path("ncs-6.7-router-cli-1.0.2.tar.gz")
        let signature = ["--key", workshop.path("ca/signer.key"), "--chain", workshop.path("ca/chain.pem")]
        try #require(run(["sign", archive, "--out", workshop.path("r.signed.bin")] + signature).status == 0)
        try workshop.must("mkdir out && tar xzf ncs-6.7-router-cli-1.0.2.tar.gz -C out")
        let sums = try workshop.run("cd out/* && find . -type f | sed 's,^\\./,,' | sort | xargs sha256sum").output
        func list(_ arguments: [String]) throws -> [String: Any] {
            let made = run(["sbom"] + arguments)
            try #require(made.status == 0, "\(made.errors)")
            return try #require(JSONSerialization.jsonObject(with: Data(made.output.utf8)) as? [String: Any])
        }
        for arguments in [
            [workshop.path("out/router-cli-1.0")], [archive],
            [workshop.path("r.signed.bin"), "--trust-anchors", workshop.path("ca")],
        ] {
            let bill = try list(arguments)
            #expect(bill["bomFormat"] as? String == "CycloneDX" && bill["specVersion"] as? String == "1.5")
            let components = try #require(bill["components"] as? [[String: Any]])
            let files = components.filter { $0["type"] as? String == "file" }.map { file in
                let digest = (file["hashes"] as? [[String: String]])?.first?["content"] ?? ""
                return "\(digest)  \(file["name"] ?? "")\n"
            }
            #expect(files.joined() == sums)
            let modules = components.filter { $0["type"] as? String == "data" }
            #expect(modules.map { "\($0["name"] ?? "") \($0["version"] ?? "")" } == ["router 2026-01-02"])
        }
        #expect(run(["sbom", workshop.path("r.signed.bin"), "--trust-anchors", root]).status == 1, "no anchor there")
        #expect(run(["sbom", workshop.path("absent")]).status == 1)
        let first = run(["sbom", archive]).output
        #expect(run(["sbom", archive]).output == first)
    }

    @Test(arguments: ["p256", "ed25519", "rsa", "p384"])
    func aPackageIsBuiltSignedAndVerified(_ algorithm: String) throws {
        try template()
        let out = workshop.directory
        let built = run(["build", workshop.path("router"), "-o", out], compile: Self.compile)
        #expect(built.status == 0, "\(built.errors)")
        #expect(workshop.exists("ncs-6.7-router-cli-1.0.2.tar.gz"))
        let names = try workshop.run("tar tzf ncs-6.7-router-cli-1.0.2.tar.gz").output
        #expect(
            names == """
                router-cli-1.0/
                router-cli-1.0/load-dir/
                router-cli-1.0/load-dir/router.fxs
                router-cli-1.0/package-meta-data.xml
                router-cli-1.0/src/
                router-cli-1.0/src/package-meta-data.xml.in
                router-cli-1.0/src/yang/
                router-cli-1.0/src/yang/router.yang

                """)
        #expect(try workshop.read("router/load-dir/router.fxs") == Array("cli router-cli-1.0:router-cli-1.0".utf8))
        #expect(run(["make-test-ca", workshop.path("ca"), "--algorithm", algorithm]).status == 0)
        let signed = run([
            "sign", workshop.path("ncs-6.7-router-cli-1.0.2.tar.gz"), "--key", workshop.path("ca/signer.key"),
            "--chain",
            workshop.path("ca/chain.pem"), "--out", workshop.path("router.signed.bin"),
        ])
        #expect(signed.status == 0, "\(signed.errors)")
        let verified = run(["verify", workshop.path("router.signed.bin"), "--trust-anchors", workshop.path("ca")])
        #expect(verified.status == 0, "\(verified.errors)")
        #expect(verified.output.contains("Package router-cli-1.0 1.0.2, signed by CN=Test signer"))
        #expect(run(["verify", workshop.path("router.signed.bin")], environment: ["NCS_CONFIG_DIR": out]).status == 1)
        try workshop.must("mkdir trust && cp ca/root.pem trust")
        #expect(run(["verify", workshop.path("router.signed.bin")], environment: ["NCS_CONFIG_DIR": out]).status == 0)

        let inspected = run(["inspect", workshop.path("router.signed.bin"), "--extract", workshop.path("parts")])
        #expect(inspected.status == 0)
        #expect(inspected.output.contains("ned-id      router-cli-1.0:router-cli-1.0"))
        #expect(inspected.output.contains("0644 16 router-cli-1.0/src/yang/router.yang"))
        #expect(
            try workshop.run("cmp parts/ncs-6.7-router-cli-1.0.2.tar.gz ncs-6.7-router-cli-1.0.2.tar.gz").status == 0)
        let command = try #require(inspected.output.split(separator: "To check the signature there: ").last)
        #expect(try workshop.run("cd parts && \(command)").status == 0)

        var bytes = try workshop.read("router.signed.bin")
        bytes[bytes.count - 5] ^= 1
        try workshop.write("router.signed.bin", bytes)
        let refused = run(["verify", workshop.path("router.signed.bin"), "--trust-anchors", workshop.path("ca")])
        #expect(refused.status == 1)
        #expect(refused.errors.contains("router.signed.bin: its archive is not the one that was signed"))
    }

    @Test func aDirectoryIsSignedWithoutAnArchive() throws {
        try template()
        let arguments = [
            "sign", workshop.path("router"), "--key", workshop.path("ca/signer.key"), "--chain",
            workshop.path("ca/chain.pem"), "--out", workshop.path("r.signed.bin"),
        ]
        #expect(run(["make-test-ca", workshop.path("ca")]).status == 0)
        let early = run(arguments)
        #expect(early.status == 1)
        #expect(early.errors.contains("build it with 'ncs-package build"))
        #expect(
            run(["build", workshop.path("router"), "-o", workshop.path("x.tar.gz")], compile: Self.compile).status == 0)
        #expect(run(arguments).status == 0)
        #expect(run(["verify", workshop.path("r.signed.bin"), "--trust-anchors", workshop.path("ca")]).status == 0)
        let inspected = run(["inspect", workshop.path("r.signed.bin")]).output
        #expect(inspected.contains("archive     ncs-6.7-router-cli-1.0.2.tar.gz"))
        let digest = try workshop.run("sha256sum < x.tar.gz").output.prefix(64)
        #expect(inspected.contains(digest), "the same archive as the one that build made")
    }

    @Test func aMakefileIsRun() throws {
        try workshop.write(
            "made/src/Makefile",
            "all:\n\techo building for $(NCS_DIR)\n\tmkdir -p ../load-dir && cp meta ../package-meta-data.xml\n")
        try workshop.write(
            "made/src/meta",
            "<ncs-package xmlns='http://tail-f.com/ns/ncs-packages'><name>made</name>"
                + "<package-version>3.1</package-version></ncs-package>")
        let without = run(["build", workshop.path("made"), "-o", workshop.directory])
        #expect(without.status == 1)
        #expect(without.errors.contains("NCS_DIR is not set"))
        let done = run(["build", workshop.path("made"), "-o", workshop.directory], environment: ["NCS_DIR": "/opt/x"])
        #expect(done.status == 0, "\(done.errors)")
        #expect(done.output.contains("building for /opt/x"))
        #expect(workshop.exists("ncs-6.7-made-3.1.tar.gz"))
        try workshop.write("made/src/Makefile", "all:\n\tfalse\n")
        let failed = run(
            ["build", workshop.path("made"), "-o", workshop.directory], environment: ["NCS_DIR": "/opt/x"])
        #expect(failed.status == 1)
        #expect(failed.errors.contains("made/src: make failed with status 2"))
    }

    @Test func faultsOfTheCompilerStopTheBuild() throws {
        try template()
        let failing: PackageBuilder.Compile = { request in
            [.error("syntax error", place: SourcePlace(file: request.yangDirectory + "/router.yang", line: 1))]
        }
        let failed = run(["build", workshop.path("router"), "-o", workshop.directory], compile: failing)
        #expect(failed.status == 1)
        #expect(failed.errors.contains("router.yang:1: error: syntax error"))
        #expect(try workshop.run("ls").output == "router\n")
        #expect(run(["build", workshop.path("router")]).errors.contains("there is no compiler"))
    }

    /// Signed by a trusted key and yet refused: the signer said something else than they signed.
    @Test func hostileArchivesAreNotSigned() throws {
        #expect(run(["make-test-ca", workshop.path("ca")]).status == 0)
        let metaData =
            "b'<ncs-package xmlns=\"http://tail-f.com/ns/ncs-packages\"><name>p</name>"
            + "<package-version>1.0</package-version></ncs-package>'"
        let good = "file('p/package-meta-data.xml', \(metaData)); "
        for (what, lines) in [
            ("link", good + "odd('p/l', tarfile.SYMTYPE, '/etc')"), ("parent", good + "file('p/../x')"),
            ("no meta-data", "file('p/x')"), ("other name", good.replacingOccurrences(of: "'p/", with: "'q/")),
            ("bad meta-data", "file('p/package-meta-data.xml', b'<x/>')"),
            ("setuid", good + "file('p/x', mode=0o4755)"),
        ] {
            try workshop.tar("p-1.0.tar.gz", lines)
            let refused = run([
                "sign", workshop.path("p-1.0.tar.gz"), "--key", workshop.path("ca/signer.key"), "--chain",
                workshop.path("ca/chain.pem"), "--out", workshop.path("p.signed.bin"),
            ])
            #expect(refused.status == 1, "\(what)")
            #expect(refused.errors.contains("p-1.0.tar.gz"), "\(what): \(refused.errors)")
            #expect(!workshop.exists("p.signed.bin"))
        }
    }

    @Test func theIncumbentsLayoutIsVerified() throws {
        try workshop.must(
            """
            openssl req -x509 -newkey rsa:2048 -nodes -keyout root.key -subj /CN=root -days 9 -out root.pem \
              -addext basicConstraints=critical,CA:TRUE 2>/dev/null
            openssl req -newkey rsa:2048 -nodes -keyout leaf.key -subj /CN=leaf -out leaf.csr 2>/dev/null
            openssl x509 -req -in leaf.csr -CA root.pem -CAkey root.key -CAcreateserial -days 9 \
              -out leaf.cer 2>/dev/null
            mkdir anchors && cp root.pem anchors && echo data > x.tar.gz
            openssl dgst -sha512 -sign leaf.key -out x.tar.gz.signature x.tar.gz
            """)
        let arguments = [
            "verify", workshop.path("x.tar.gz"), "--certificate", workshop.path("leaf.cer"), "--trust-anchors",
            workshop.path("anchors"),
        ]
        let good = run(arguments)
        #expect(good.status == 0, "\(good.errors)")
        #expect(good.output.contains("Successfully verified the signature of"))
        try workshop.must("echo more >> x.tar.gz")
        #expect(run(arguments).status == 1)
    }

    @Test(arguments: [
        [], ["frobnicate"], ["verify"], ["verify", "a", "b"], ["verify", "a", "--what"], ["sign", "a"],
        ["sign", "a", "--key"], ["make-test-ca", "/tmp/x", "--algorithm", "dsa"],
        ["verify", "a", "--trust-anchors", "x", "--trust-anchors", "y"],
    ])
    func wrongUsageIsExplained(_ arguments: [String]) {
        let wrong = run(arguments)
        #expect(wrong.status == 2)
        #expect(wrong.errors.contains("usage: ncs-package COMMAND"))
        #expect(wrong.output.isEmpty)
    }

    @Test func helpIsNoFault() {
        #expect(run(["--help"]).status == 0)
        #expect(run(["--help"]).output.contains("make-test-ca"))
    }
}
