import Foundation
import PackageSigning
import Testing

/// Revocation lists made by openssl, and anchors that may answer for some packages only.
@Suite struct RevocationTests {
    private let workshop: Workshop
    private let openssl: OpenSSLAuthority

    init() throws {
        workshop = try Workshop()
        openssl = OpenSSLAuthority(workshop: workshop)
        try openssl.root("root")
        try openssl.issue("middle", by: "root", extensions: OpenSSLAuthority.authorityExtensions)
        try openssl.issue("leaf", by: "middle")
        try openssl.issue("second", by: "middle")
        try workshop.must("cat leaf.pem middle.pem > chain.pem; cat second.pem middle.pem > chain2.pem")
        try workshop.bundle("leaf", key: "leaf.key", chain: "chain.pem")
        try workshop.bundle("second", key: "second.key", chain: "chain2.pem")
    }

    /// A list of `authority`, which takes back `revoked`.
    private func list(
        _ name: String, of authority: String, revoked: [String] = [], options: String = "-crldays 30",
        extensions: String = "", key: String? = nil
    ) throws {
        try workshop.must("rm -f index.txt* number; touch index.txt; echo 01 > number")
        try workshop.write(
            "ca.cnf",
            Array(
                """
                [ca]
                default_ca = here
                [here]
                database = index.txt
                crlnumber = number
                default_md = sha256
                \(extensions)
                """.utf8))
        let signer = "-cert \(authority).pem -keyfile \(key ?? authority).key -config ca.cnf"
        for certificate in revoked { try workshop.must("openssl ca \(signer) -revoke \(certificate).pem 2>&1") }
        try workshop.must("openssl ca -gencrl \(signer) \(options) -out \(name) 2>&1")
    }

    @Test(arguments: ["PEM", "DER"])
    func aRevokedSignerIsRefusedAndOthersAreNot(_ form: String) throws {
        try list("list.pem.crl", of: "middle", revoked: ["leaf"])
        try workshop.must("openssl crl -in list.pem.crl -outform \(form) -out list.crl")
        let trust = try workshop.trust("root.pem", "list.crl")
        #expect(try workshop.refusal("leaf", trust) == .certificateRevoked)
        #expect(try workshop.refusal("second", trust) == nil)
        #expect(try workshop.refusal("leaf", trust, at: Date() + 3_600) == .certificateRevoked, "at whatever time")
    }

    @Test func aRevokedIntermediateTakesAllItsSignersWithIt() throws {
        try list("list.crl", of: "root", revoked: ["middle"])
        let trust = try workshop.trust("root.pem", "list.crl")
        #expect(try workshop.refusal("leaf", trust) == .certificateRevoked)
        #expect(try workshop.refusal("second", trust) == .certificateRevoked)
    }

    @Test func anEmptyListRevokesNothingAndOneOfAnotherAuthorityIsNotAsked() throws {
        try list("list.crl", of: "middle")
        #expect(try workshop.refusal("leaf", workshop.trust("root.pem", "list.crl")) == nil)
        try openssl.root("other")
        try list("other.crl", of: "other", revoked: ["leaf"])
        #expect(try workshop.refusal("leaf", workshop.trust("root.pem", "other.pem", "other.crl")) == nil)
    }

    @Test func aListPastItsTimeStillRevokesAndLetsNothingIn() throws {
        try list("list.crl", of: "middle", revoked: ["leaf"], options: "-crlsec 1")
        let trust = try workshop.trust("root.pem", "list.crl")
        #expect(try workshop.refusal("leaf", trust) == .certificateRevoked)
        let bundle = try trust.verify(UnverifiedBundle(path: workshop.path("second")), at: Date())
        let later = Date() + 3_600
        #expect(bundle.expiredRevocationLists(at: later).map(\.code) == [.revocationListExpired])
        #expect(throws: SigningError.self) { try bundle.requireCurrentRevocationLists(at: later) }
        try bundle.requireCurrentRevocationLists(at: Date() - 3_600)
    }

    @Test func aListWithTheAuthoritysNameAndAnotherKeyIsRefused() throws {
        try openssl.key("thief", "p256")
        try workshop.must(
            "openssl req -x509 -new -key thief.key -subj '/O=Tests/CN=middle' -days 9 -out thief.pem 2>&1")
        try list("list.crl", of: "thief")
        #expect(try workshop.refusal("leaf", workshop.trust("root.pem", "list.crl")) == .revocationListUnusable)
    }

    @Test func anAuthorityThatMayNotIssueListsIssuesNone() throws {
        let extensions = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign"
        try openssl.issue("issuer", by: "root", extensions: extensions)
        try openssl.issue("third", by: "issuer")
        try workshop.must("cat third.pem issuer.pem > chain3.pem")
        try workshop.bundle("third", key: "third.key", chain: "chain3.pem")
        try list("list.crl", of: "issuer", revoked: ["third"])
        #expect(try workshop.refusal("third", workshop.trust("root.pem", "list.crl")) == .revocationListUnusable)
    }

    @Test(arguments: [
        ("rubbish", "echo rubbish > list.crl"), ("empty", ": > list.crl"),
        ("cut short", "openssl crl -in good.crl -outform DER | head -c 60 > list.crl"),
        ("bytes behind", "openssl crl -in good.crl -outform DER > list.crl; echo x >> list.crl"),
        ("a certificate", "cp root.pem list.crl"), ("two lists", "cat good.crl good.crl > list.crl"),
    ])
    func aListThatCannotBeReadIsNoGapInTrust(_ what: String, _ command: String) throws {
        try list("good.crl", of: "middle")
        try workshop.must(command)
        let error = #expect(throws: SigningError.self) { try workshop.trust("root.pem", "list.crl") }
        #expect(error?.code == .revocationListUnusable && error?.path.hasSuffix("list.crl") == true, "\(what)")
    }

    @Test func partialAndWeakListsAreRefused() throws {
        for (extensions, options) in [
            ("crl_extensions = e\n[e]\nissuingDistributionPoint=critical,@p\n[p]\nonlyuser=TRUE", "-crldays 3"),
            ("crl_extensions = e\n[e]\n2.5.29.27=critical,ASN1:INTEGER:1", "-crldays 3"), ("", "-crldays 3 -md sha1"),
        ] {
            try list("list.crl", of: "middle", options: options, extensions: extensions)
            let error = #expect(throws: SigningError.self) { try workshop.trust("root.pem", "list.crl") }
            #expect(error?.code == .revocationListUnusable, "\(extensions) \(options)")
        }
    }

    @Test func anAnchorMayBeLimitedToNames() throws {
        for (patterns, code) in [
            ("router", nil), ("rout*", nil), ("# all of ours\n\nswitch\nr?uter\n", nil),
            ("switch*", SigningError.Code.nameNotAllowed), ("route", .nameNotAllowed), ("Router", .nameNotAllowed),
        ] {
            try workshop.write("root.packages", Array(patterns.utf8))
            #expect(try workshop.refusal("leaf", workshop.trust("root.pem", "root.packages")) == code, "\(patterns)")
        }
        for wrong in ["", "# none\n", "a b\n", "a\u{1b}\n"] {
            try workshop.write("root.packages", Array(wrong.utf8))
            let error = #expect(throws: SigningError.self) { try workshop.trust("root.pem", "root.packages") }
            #expect(error?.code == .anchorsUnusable)
        }
    }
}
