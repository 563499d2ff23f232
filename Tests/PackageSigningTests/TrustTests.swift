import Basics
import Foundation
import PackageSigning
import Testing

/// Certificates and keys made by openssl, judged by us.
@Suite struct TrustTests {
    private let workshop: Workshop
    private let openssl: OpenSSLAuthority

    init() throws {
        workshop = try Workshop()
        openssl = OpenSSLAuthority(workshop: workshop)
    }

    private func chain(_ names: String...) throws {
        try workshop.must("cat \(names.map { $0 + ".pem" }.joined(separator: " ")) > chain.pem")
    }

    @Test(arguments: ["ed25519", "p256", "p384", "rsa"])
    func keysAndCertificatesOfOpenSSLAreAccepted(_ type: String) throws {
        try openssl.root("root", type)
        try openssl.issue("middle", by: "root", type, extensions: OpenSSLAuthority.authorityExtensions)
        try openssl.issue("leaf", by: "middle", type)
        try chain("leaf", "middle", "root")
        try workshop.bundle(key: "leaf.key", chain: "chain.pem")
        let trust = try workshop.trust("root.pem")
        #expect(try workshop.refusal("router.signed.bin", trust) == nil)
        #expect(try BundleInspector(path: workshop.path("router.signed.bin")).certificates.count == 2, "no root inside")
    }

    @Test func traditionalKeyFilesAreAccepted() throws {
        try openssl.root("root")
        for (type, command) in [("p256", "openssl ec"), ("rsa", "openssl rsa -traditional")] {
            try openssl.issue("leaf", by: "root", type)
            try workshop.must("\(command) -in leaf.key -out old.key 2>&1 && grep -qE 'BEGIN (EC|RSA) PRIVATE' old.key")
            try workshop.bundle(key: "old.key", chain: "leaf.pem")
            #expect(try workshop.refusal("router.signed.bin", workshop.trust("root.pem")) == nil)
        }
        try openssl.issue("leaf", by: "root")
        try workshop.must(
            "(openssl ecparam -name prime256v1; openssl ec -in leaf.key) > with-parameters.key 2>/dev/null")
        try workshop.bundle(key: "with-parameters.key", chain: "leaf.pem")
    }

    @Test func anchorsMayBeDERAndOtherFilesAreIgnored() throws {
        try openssl.root("root")
        try openssl.issue("leaf", by: "root")
        try workshop.bundle(key: "leaf.key", chain: "leaf.pem")
        try workshop.must("openssl x509 -in root.pem -outform DER -out root.der; echo hello > README")
        #expect(try workshop.refusal("router.signed.bin", workshop.trust("root.der", "README")) == nil)
    }

    @Test func validityIsJudgedForTheGivenTime() throws {
        try openssl.root("root", days: 30)
        try openssl.issue("leaf", by: "root", days: 10)
        try openssl.issue("middle", by: "root", days: 10, extensions: OpenSSLAuthority.authorityExtensions)
        try openssl.issue("long", by: "middle", days: 100)
        try openssl.issue("longer", by: "root", days: 100)
        let trust = try workshop.trust("root.pem")
        let day = 86_400.0
        try workshop.bundle("leaf", key: "leaf.key", chain: "leaf.pem")
        #expect(try workshop.refusal("leaf", trust, at: Date() + 9 * day) == nil)
        #expect(try workshop.refusal("leaf", trust, at: Date() + 11 * day) == .certificateExpired)
        #expect(try workshop.refusal("leaf", trust, at: Date() - day) == .certificateNotYetValid)
        try chain("long", "middle")
        try workshop.bundle("long", key: "long.key", chain: "chain.pem")
        #expect(try workshop.refusal("long", trust, at: Date() + 11 * day) == .certificateExpired)
        try workshop.bundle("longer", key: "longer.key", chain: "longer.pem")
        #expect(try workshop.refusal("longer", trust, at: Date() + 29 * day) == nil)
        #expect(try workshop.refusal("longer", trust, at: Date() + 40 * day) == .certificateExpired, "the root's")
    }

    @Test(arguments: [
        ("no extended key usage", "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature"),
        ("for servers", "basicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth"),
        ("any usage is not code signing", "extendedKeyUsage=anyExtendedKeyUsage"),
        ("may not sign", "keyUsage=critical,keyEncipherment\nextendedKeyUsage=codeSigning"),
        ("an authority", "basicConstraints=critical,CA:TRUE\nextendedKeyUsage=codeSigning"),
    ])
    func aLeafOfWrongUsageIsRefused(_ what: String, _ extensions: String) throws {
        try openssl.root("root")
        try openssl.issue("leaf", by: "root", extensions: extensions)
        try workshop.bundle(key: "leaf.key", chain: "leaf.pem")
        #expect(try workshop.refusal("router.signed.bin", workshop.trust("root.pem")) == .wrongUsage, "\(what)")
    }

    @Test(arguments: [
        ("no authority", "basicConstraints=critical,CA:FALSE"),
        ("no constraints at all", "keyUsage=keyCertSign"),
        ("may not issue", "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,digitalSignature"),
        ("issues for servers", "basicConstraints=critical,CA:TRUE\nextendedKeyUsage=serverAuth"),
    ])
    func anIssuerOfWrongUsageIsRefused(_ what: String, _ extensions: String) throws {
        try openssl.root("root")
        try openssl.issue("middle", by: "root", extensions: extensions)
        try openssl.issue("leaf", by: "middle")
        try chain("leaf", "middle")
        try workshop.bundle(key: "leaf.key", chain: "chain.pem")
        #expect(try workshop.refusal("router.signed.bin", workshop.trust("root.pem")) == .wrongUsage, "\(what)")
    }

    @Test func constraintsOfAuthoritiesHold() throws {
        try openssl.root("root")
        let noMore = "basicConstraints=critical,CA:TRUE,pathlen:0"
        try openssl.issue("upper", by: "root", extensions: noMore)
        try openssl.issue("lower", by: "upper", extensions: OpenSSLAuthority.authorityExtensions)
        try openssl.issue("leaf", by: "lower")
        try chain("leaf", "lower", "upper")
        try workshop.bundle(key: "leaf.key", chain: "chain.pem")
        #expect(try workshop.refusal("router.signed.bin", workshop.trust("root.pem")) == .untrusted, "path length")
        let unknown = OpenSSLAuthority.signerExtensions + "\n1.2.3.4=critical,ASN1:UTF8String:x"
        try openssl.issue("odd", by: "root", extensions: unknown)
        try workshop.bundle(key: "odd.key", chain: "odd.pem")
        #expect(
            try workshop.refusal("router.signed.bin", workshop.trust("root.pem")) == .untrusted, "critical, unknown")
    }

    @Test func aSignerOfAnotherAuthorityIsRefused() throws {
        try openssl.root("root")
        try openssl.issue("leaf", by: "root")
        try workshop.bundle(key: "leaf.key", chain: "leaf.pem")
        // Another root, and another root of the very same name.
        try openssl.root("stranger")
        #expect(try workshop.refusal("router.signed.bin", workshop.trust("stranger.pem")) == .untrusted)
        try openssl.root("root")
        #expect(try workshop.refusal("router.signed.bin", workshop.trust("root.pem")) == .untrusted)
        // The signer's own certificate, or one that signed itself, is no anchor.
        #expect(try workshop.refusal("router.signed.bin", workshop.trust("leaf.pem")) == .anchorsUnusable)
        try workshop.must("mkdir none")
        #expect(
            try workshop.refusal("router.signed.bin", TrustStore(directory: workshop.path("none"))) == .anchorsUnusable)
        #expect(throws: SigningError.self) { try TrustStore(directory: workshop.path("absent")) }
    }

    @Test func everyCertificateMustBeNeededAndInOrder() throws {
        try openssl.root("root")
        try openssl.issue("middle", by: "root", extensions: OpenSSLAuthority.authorityExtensions)
        try openssl.issue("other", by: "root", extensions: OpenSSLAuthority.authorityExtensions)
        try openssl.issue("leaf", by: "middle")
        let trust = try workshop.trust("root.pem")
        try chain("leaf", "middle")
        let good = try UnverifiedBundle(path: workshop.bundle(key: "leaf.key", chain: "chain.pem"))
        #expect(try workshop.refusal("router.signed.bin", trust) == nil)
        func der(_ name: String) throws -> [UInt8] {
            try workshop.must("openssl x509 -in \(name).pem -outform DER -out \(name).der")
            return try workshop.read("\(name).der")
        }
        let (leaf, middle, other, root) = (try der("leaf"), try der("middle"), try der("other"), try der("root"))
        #expect(good.chain == leaf + middle)
        func member(_ bytes: [UInt8]) -> [UInt8] { Array(String(format: "%010d\n", bytes.count).utf8) + bytes }
        let cases: [(String, [UInt8], SigningError.Code)] = [
            ("wrong order", middle + leaf, .wrongUsage), ("leaf only", leaf, .untrusted),
            ("one too many", leaf + middle + other, .untrusted), ("twice", leaf + middle + middle, .untrusted),
            ("root inside", leaf + middle + root, .untrusted), ("other first", leaf + other + middle, .untrusted),
            ("rubbish behind", leaf + middle + [0], .certificateUnusable),
            ("rubbish only", [1, 2, 3], .certificateUnusable),
            ("nine", leaf + Array(repeating: middle, count: 8).flatMap { $0 }, .limitExceeded),
        ]
        for (what, chain, code) in cases {
            try workshop.write(
                "changed",
                BundleStub.known[0] + good.signedBytes + member(good.signature) + member(chain) + Workshop.archive)
            #expect(try workshop.refusal("changed", trust) == code, "\(what)")
        }
        // In the trust directory the intermediate is no anchor and does no harm.
        #expect(try workshop.refusal("router.signed.bin", workshop.trust("root.pem", "chain.pem")) == nil)
    }

    @Test func theSignerRefusesAWrongChainOrKey() throws {
        try openssl.root("root")
        try openssl.issue("middle", by: "root", extensions: OpenSSLAuthority.authorityExtensions)
        try openssl.issue("leaf", by: "middle")
        try openssl.issue("second", by: "middle")
        try chain("middle", "leaf")
        func code(_ key: String, _ chain: String) -> SigningError.Code? {
            do { try workshop.bundle(key: key, chain: chain) } catch { return (error as? SigningError)?.code }
            return nil
        }
        #expect(code("leaf.key", "chain.pem") == .keyUnusable)
        #expect(code("second.key", "leaf.pem") == .keyUnusable)
        try chain("leaf", "root")
        #expect(code("leaf.key", "chain.pem") == nil, "the root goes, and the bundle then lacks the intermediate")
        #expect(try workshop.refusal("router.signed.bin", workshop.trust("root.pem")) == .untrusted)
        try chain("leaf", "second")
        #expect(code("leaf.key", "chain.pem") == .certificateUnusable)
        try workshop.must("openssl pkcs8 -topk8 -in leaf.key -passout pass:secret -out locked.key; echo x > text")
        #expect(code("locked.key", "leaf.pem") == .keyUnusable)
        #expect(code("text", "leaf.pem") == .keyUnusable)
        #expect(code("absent", "leaf.pem") == .fileUnusable)
        #expect(code("leaf.key", "text") == .certificateUnusable)
        try openssl.key("p521", "p521")
        #expect(code("p521.key", "leaf.pem") == .keyUnusable)
    }

    @Test func weakKeysAndDigestsAreRefused() throws {
        try openssl.root("root", "rsa")
        try openssl.issue("middle", by: "root", "rsa1024", extensions: OpenSSLAuthority.authorityExtensions)
        try openssl.issue("leaf", by: "root")
        try workshop.bundle(key: "leaf.key", chain: "leaf.pem")
        try openssl.issue("weak", by: "root", "rsa1024")
        try openssl.issue("sha1", by: "root", options: "-sha1")
        try openssl.issue("md5", by: "root", options: "-md5")
        try openssl.issue("p521", by: "root", "p521")
        let good = try UnverifiedBundle(path: workshop.path("router.signed.bin"))
        let trust = try workshop.trust("root.pem")
        func member(_ bytes: [UInt8]) -> [UInt8] { Array(String(format: "%010d\n", bytes.count).utf8) + bytes }
        for (name, codes) in [
            ("weak", [SigningError.Code.weakKey, .certificateUnusable]), ("sha1", [.weakKey, .untrusted]),
            ("md5", [.weakKey, .untrusted, .certificateUnusable]), ("p521", [.keyUnusable]),
        ] {
            try workshop.must("openssl x509 -in \(name).pem -outform DER -out \(name).der")
            let chain = try workshop.read("\(name).der")
            try workshop.write(
                "changed",
                BundleStub.known[0] + good.signedBytes + member(good.signature) + member(chain) + Workshop.archive)
            let code = try workshop.refusal("changed", trust)
            #expect(code.map(codes.contains) == true, "\(name): \(String(describing: code))")
        }
    }

    @Test func aDetachedSignatureOfTheIncumbentsKindIsVerified() throws {
        try openssl.root("root", "rsa")
        try openssl.issue("middle", by: "root", "rsa", extensions: OpenSSLAuthority.authorityExtensions)
        try openssl.issue("leaf", by: "middle", "rsa")
        try openssl.issue("curve", by: "middle")
        try workshop.write("x.tar.gz", Workshop.archive)
        try workshop.must(
            "openssl dgst -sha512 -sign leaf.key -out x.tar.gz.signature x.tar.gz; "
                + "openssl x509 -in leaf.pem -outform DER -out leaf.cer")
        let detached = DetachedSignature(archive: workshop.path("x.tar.gz"), certificate: workshop.path("leaf.cer"))
        let verified = try detached.verify(trust: workshop.trust("root.pem", "middle.pem"), at: Date())
        #expect(verified.certificates.count == 3)
        #expect(verified.sha256 == Workshop.archive.sha256)
        #expect(throws: SigningError.self) { try detached.verify(trust: workshop.trust("root.pem"), at: Date()) }
        let trust = try workshop.trust("root.pem", "middle.pem")
        #expect(throws: SigningError.self) { try detached.verify(trust: trust, at: Date() + 400 * 86_400) }
        let curve = DetachedSignature(archive: workshop.path("x.tar.gz"), certificate: workshop.path("curve.pem"))
        #expect(throws: SigningError.self) { try curve.verify(trust: trust, at: Date()) }
        try workshop.must("printf x >> x.tar.gz")
        #expect(throws: SigningError.self) { try detached.verify(trust: trust, at: Date()) }
    }

    @Test func theTestAuthorityKeepsItsKeysToItself() throws {
        try TestAuthority.make(directory: workshop.path("ca"), algorithm: .ed25519, now: Date())
        #expect(try workshop.run("stat -c '%a %n' ca/*.key").output == "600 ca/root.key\n600 ca/signer.key\n")
        #expect(throws: SigningError.self) {
            try TestAuthority.make(directory: workshop.path("ca"), algorithm: .p256, now: Date())
        }
        #expect(try workshop.run("openssl verify -CAfile ca/root.pem -untrusted ca/chain.pem ca/chain.pem").status == 0)
    }
}
