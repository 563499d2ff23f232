import Basics
import Foundation
import PackageSigning
import Testing

@Suite struct BundleTests {
    private static func signed(_ algorithm: TestAuthority.KeyType = .p256) throws -> (Workshop, TrustStore) {
        let workshop = try Workshop()
        try TestAuthority.make(directory: workshop.path("ca"), algorithm: algorithm, now: Date())
        try workshop.bundle(key: "ca/signer.key", chain: "ca/chain.pem")
        return (workshop, try workshop.trust("ca/root.pem"))
    }

    @Test(arguments: TestAuthority.KeyType.allCases)
    func whatWasSignedIsVerified(_ algorithm: TestAuthority.KeyType) throws {
        let (workshop, trust) = try Self.signed(algorithm)
        let now = Date()
        let bundle = try trust.verify(UnverifiedBundle(path: workshop.path("router.signed.bin")), at: now)
        #expect(bundle.package == "router")
        #expect(bundle.version.description == "1.0")
        #expect(bundle.manifest.nedIDs == ["router-cli-1.0:router-cli-1.0"])
        #expect(bundle.manifest.files.map(\.path) == ["router/load-dir/é.fxs", "router/package-meta-data.xml"])
        #expect(bundle.certificates.count == 3)
        #expect(bundle.signer.subject == "CN=Test signer,O=OpenNED test authority")
        #expect(try bundle.archive.sha256() == Workshop.archive.sha256)
    }

    /// docs/BUNDLES.md gives these commands; they stand here as they stand there.
    @Test(arguments: [
        (
            TestAuthority.KeyType.ed25519,
            "openssl pkeyutl -verify -pubin -inkey public-key.pem -rawin -in signed-bytes -sigfile signature"
        ),
        (.p256, "openssl dgst -sha256 -verify public-key.pem -signature signature signed-bytes"),
        (.p384, "openssl dgst -sha384 -verify public-key.pem -signature signature signed-bytes"),
        (.rsa, "openssl dgst -sha512 -verify public-key.pem -signature signature signed-bytes"),
    ])
    func opensslVerifiesByTheDocumentedCommand(_ algorithm: TestAuthority.KeyType, _ command: String) throws {
        let (workshop, _) = try Self.signed(algorithm)
        let inspector = try BundleInspector(path: workshop.path("router.signed.bin"))
        _ = try inspector.extract(to: workshop.path("out"))
        #expect(inspector.opensslCommand == command)
        let documented = try String(contentsOfFile: Self.documentation, encoding: .utf8)
        #expect(documented.contains(command))

        let good = try workshop.run("cd out && \(command)")
        #expect(good.status == 0, "\(good.output)")
        let chain = "openssl verify -CAfile ../ca/root.pem -untrusted intermediates.pem leaf.pem"
        #expect(documented.contains("openssl verify -CAfile root.pem -untrusted intermediates.pem leaf.pem"))
        #expect(try workshop.run("cd out && \(chain)").status == 0)
        let key = try workshop.run("cd out && openssl x509 -in leaf.pem -noout -pubkey | cmp - public-key.pem")
        #expect(key.status == 0, "\(key.output)")
        let digest = "sha256sum ncs-6.7-router-1.0.tar.gz | cut -c 1-64 | xargs -I{} grep -q {} manifest.json"
        #expect(try workshop.run("cd out && \(digest)").status == 0)

        // The same bytes taken from the file by hand.
        let length = try inspector.manifest.map { _ in try workshop.read("out/signed-bytes").count } ?? 0
        let byHand = "tail -c +4097 router.signed.bin | head -c \(length) | cmp - out/signed-bytes"
        #expect(try workshop.run(byHand).status == 0)

        try workshop.must("printf x >> out/signed-bytes")
        #expect(try workshop.run("cd out && \(command)").status != 0)
    }

    private static let documentation = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("docs/BUNDLES.md").path

    @Test(arguments: TestAuthority.KeyType.allCases)
    func aBundleWithAnyByteChangedIsRefused(_ algorithm: TestAuthority.KeyType) throws {
        let (workshop, trust) = try Self.signed(algorithm)
        let good = try workshop.read("router.signed.bin")
        #expect(try workshop.refusal("router.signed.bin", trust) == nil)
        var random = SeededGenerator(seed: 20_261_121)
        // Every byte for one key type; for the others every byte of header and members' lengths, and a sample.
        let all = algorithm == .p256
        for index in good.indices {
            guard all || index % 29 == 0 || (BundleFormat.stubSize..<BundleFormat.stubSize + 40).contains(index) else {
                continue
            }
            var changed = good
            changed[index] ^= 1 << UInt8.random(in: 0...7, using: &random)
            try workshop.write("changed", changed)
            let code = try workshop.refusal("changed", trust)
            #expect(code != nil, "byte \(index) changed from \(good[index]) to \(changed[index])")
        }
    }

    @Test func aBundleCutShortAnywhereOrWithBytesAppendedIsRefused() throws {
        let (workshop, trust) = try Self.signed()
        let good = try workshop.read("router.signed.bin")
        let bundle = try UnverifiedBundle(path: workshop.path("router.signed.bin"))
        let manifest = BundleFormat.stubSize + BundleFormat.header.count + BundleFormat.lengthSize
        let signature = manifest + bundle.manifest.count + BundleFormat.lengthSize
        let chain = signature + bundle.signature.count + BundleFormat.lengthSize
        let ends = [
            0, 1, BundleFormat.stubSize, BundleFormat.stubSize + BundleFormat.header.count, manifest,
            manifest + bundle.manifest.count, signature, signature + bundle.signature.count, chain,
            chain + bundle.chain.count, good.count,
        ]
        #expect(chain + bundle.chain.count == bundle.archive.range.lowerBound)
        for end in ends {
            for cut in [end - 1, end] where cut >= 0 && cut < good.count {
                try workshop.write("cut", Array(good.prefix(cut)))
                #expect(try workshop.refusal("cut", trust) != nil, "cut to \(cut) bytes")
            }
            for extra: [UInt8] in [[0], [10], good] {
                try workshop.write("longer", Array(good.prefix(end)) + extra + Array(good.dropFirst(end)))
                #expect(try workshop.refusal("longer", trust) != nil, "\(extra.count) bytes put in at \(end)")
            }
        }
    }

    @Test func partsOfTwoGoodBundlesDoNotMakeAThird() throws {
        let (workshop, trust) = try Self.signed()
        let first = try UnverifiedBundle(path: workshop.path("router.signed.bin"))
        var other = workshop.content
        other.version = .init("2.0")
        try workshop.write("archive", Array("another archive".utf8))
        let signer = try BundleSigner(keyFile: workshop.path("ca/signer.key"), chainFile: workshop.path("ca/chain.pem"))
        try signer.sign(
            FileRegion(wholeFile: workshop.path("archive")), content: other, created: Date(),
            to: workshop.path("other.signed.bin"))
        let second = try UnverifiedBundle(path: workshop.path("other.signed.bin"))
        func member(_ bytes: [UInt8]) -> [UInt8] { Array(String(format: "%010d\n", bytes.count).utf8) + bytes }
        func assemble(_ manifest: UnverifiedBundle, _ signature: UnverifiedBundle, _ archive: [UInt8]) throws {
            try workshop.write(
                "mixed",
                BundleStub.known[0] + BundleFormat.header + member(manifest.manifest) + member(signature.signature)
                    + member(first.chain) + archive)
        }
        try assemble(first, first, Workshop.archive)
        #expect(try workshop.refusal("mixed", trust) == nil)
        try assemble(first, second, Workshop.archive)
        #expect(try workshop.refusal("mixed", trust) == .signatureInvalid)
        try assemble(second, second, Workshop.archive)
        #expect(try workshop.refusal("mixed", trust) == .archiveMismatch)
        try assemble(first, first, Array("another archive".utf8))
        #expect(try workshop.refusal("mixed", trust) == .archiveMismatch)
    }

    /// openssl takes the mirrored signature for good; a bundle with it would be a second one with the same manifest.
    @Test(arguments: [
        (TestAuthority.KeyType.p256, "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"),
        (.p384, "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973"),
    ])
    func aSignatureHasOneFormOnly(_ algorithm: TestAuthority.KeyType, _ order: String) throws {
        let (workshop, trust) = try Self.signed(algorithm)
        let inspector = try BundleInspector(path: workshop.path("router.signed.bin"))
        _ = try inspector.extract(to: workshop.path("out"))
        try workshop.write(
            "mirror.py",
            Array(
                """
                b = open('out/signature', 'rb').read()
                lr = b[3]; r = b[4:4 + lr]; s = int.from_bytes(b[6 + lr:], 'big')
                t = int('\(order)', 16) - s
                t = t.to_bytes(t.bit_length() // 8 + 1, 'big')
                body = bytes([2, len(r)]) + r + bytes([2, len(t)]) + t
                open('out/mirrored', 'wb').write(bytes([0x30, len(body)]) + body)

                """.utf8))
        try workshop.must("python3 mirror.py")
        let command = try #require(inspector.opensslCommand).replacingOccurrences(
            of: "-signature signature", with: "-signature mirrored")
        #expect(try workshop.run("cd out && \(command)").status == 0, "it is a valid signature")
        let bundle = try UnverifiedBundle(path: workshop.path("router.signed.bin"))
        func member(_ bytes: [UInt8]) -> [UInt8] { Array(String(format: "%010d\n", bytes.count).utf8) + bytes }
        let mirrored = try workshop.read("out/mirrored")
        try workshop.write(
            "mirrored",
            BundleStub.known[0] + bundle.signedBytes + member(mirrored) + member(bundle.chain) + Workshop.archive)
        #expect(try workshop.refusal("mirrored", trust) == .signatureInvalid)
    }

    @Test func hugeLengthsAreRefusedBeforeAnythingIsRead() throws {
        let (workshop, trust) = try Self.signed()
        for text in ["9999999999\n", "0000000000\n", "+000000001\n", "0x00000001\n", "         1\n", "0000000001 "] {
            let head = BundleStub.known[0] + BundleFormat.header + Array(text.utf8) + [1, 2, 3]
            try workshop.write("huge", head)
            let code = try workshop.refusal("huge", trust)
            #expect(code == .limitExceeded || code == .malformed, "\(text)")
        }
    }

    @Test func aManifestHasOneFormOnly() throws {
        let (workshop, _) = try Self.signed()
        let bundle = try UnverifiedBundle(path: workshop.path("router.signed.bin"))
        let text = String(decoding: bundle.manifest, as: UTF8.self)
        #expect(try BundleManifest(encoded: bundle.manifest, path: "x").encoded == bundle.manifest)
        let changes: [(String, String)] = [
            ("\"format\": 1", "\"format\": 2"), ("\"format\": 1", "\"format\":1"),
            ("\"package\": \"router\"", "\"package\": \"other\""),
            ("\"version\": \"1.0\"", "\"version\": \"1.0\",\n\"version\": \"2.0\""),
            ("\"version\": \"1.0\"", "\"version\": \"one\""),
            ("\"created\"", "\"note\": \"\",\n\"created\""), ("router/load-dir", "router/../load-dir"),
            ("\"0755\"", "\"4755\""), ("\"size\": 3", "\"size\": -3"), ("ncs-6.7-router-1.0.tar.gz", "../x.tar.gz"),
            ("router/load-dir/é.fxs", "/etc/passwd"), ("router/load-dir/é.fxs", "router/package-meta-data.xml"),
        ]
        for (old, new) in changes {
            let changed = text.replacingOccurrences(of: old, with: new)
            #expect(changed != text, "\(old)")
            #expect(throws: SigningError.self, "\(old) -> \(new)") {
                try BundleManifest(encoded: Array(changed.utf8), path: "x")
            }
        }
    }

    @Test func aFileThatIsNoBundleIsRefusedByName() throws {
        let (workshop, trust) = try Self.signed()
        try workshop.must("mkfifo pipe; printf '' > empty; head -c 100000 /dev/zero > zeros; mkdir folder")
        #expect(try workshop.refusal("empty", trust) == .notABundle)
        #expect(try workshop.refusal("zeros", trust) == .notABundle)
        for name in ["pipe", "folder", "absent"] { #expect(try workshop.refusal(name, trust) == .fileUnusable) }
    }
}

/// SplitMix64: the same sequence in every run.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
