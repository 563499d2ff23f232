import Basics
import Foundation
import PackageManager
import PackageSigning
import TestSupport
import Testing

/// Packages from a web server: what comes, what goes on after a break, and what is refused.
@Suite struct RepositoryTests {
    private let place: PackageWorkshop
    private var workshop: Workshop { place.workshop }

    init() throws {
        place = try PackageWorkshop()
        try workshop.must("mkdir www")
    }

    // MARK: What is under test

    private func repository(
        _ server: RepositoryServer, _ policy: IndexPolicy = .require, name: String = "north", base: String? = nil,
        limits: RepositoryLimits = RepositoryLimits(), _ change: (inout RepositoryAddress) -> Void = { _ in }
    ) throws -> PackageRepository {
        var address = try RepositoryAddress(name: name, url: base ?? server.url)
        // Whatever proxy the environment names, the server of a test is here.
        address.proxy = ""
        change(&address)
        let (trust, clock) = (workshop.path("trust"), place.clock)
        return PackageRepository(
            address, policy: policy, partial: workshop.path("store/.partial"),
            ledger: RepositoryLedger(directory: workshop.path("state")), limits: limits, now: { clock.now },
            verify: { try TrustStore(directory: trust).verify(index: $0, at: clock.now) })
    }

    @discardableResult
    private func index(_ more: String..., status: Int32 = 0) throws -> String {
        let said = Said()
        let result = PackageCommand.run(
            arguments: [
                "index", workshop.path("www"), "--key", workshop.path("ca/signer.key"), "--chain",
                workshop.path("ca/chain.pem"),
            ] + more,
            context: .init(
                environment: [:], now: place.clock.now, compile: nil, output: { said.add($0) }, errors: { said.add($0) }
            )
        )
        #expect(result == status, "\(said.text)")
        return said.text
    }

    private func refusal(_ work: () throws -> Void) -> (code: PackageError.Code?, text: String) {
        do { try work() } catch let error as PackageError { return (error.code, error.sentence) } catch {
            return (nil, "\(error)")
        }
        Issue.record("it was not refused")
        return (nil, "")
    }

    private func requireNothingLeft() {
        #expect(place.names("store").allSatisfy { $0 == "objects" }, "\(place.names("store"))")
        #expect(place.names("store/objects").isEmpty)
    }

    // MARK: What works

    @Test func aPackageIsListedAndFetchedByTheSignedIndex() throws {
        try place.bundle("router", "1.0", in: "www")
        try workshop.must("mkdir www/more")
        try place.bundle("other", "2.0", in: "www/more")
        #expect(try index("--repository", "acme").contains("2 packages of repository acme, number 1"))
        #expect(
            String(decoding: try workshop.read("www/index.txt"), as: UTF8.self)
                == "more/ncs-6.7-other-2.0.signed.bin\nncs-6.7-router-1.0.signed.bin\n")
        let server = try RepositoryServer(workshop.path("www"))
        let repository = try repository(server)
        let listing = try repository.list()
        #expect(listing.paths == ["more/ncs-6.7-other-2.0.signed.bin", "ncs-6.7-router-1.0.signed.bin"])
        #expect(listing.paths(matching: "*router*").count == 1 && listing.warnings.isEmpty)
        for typed in ["router-1.0", "more/ncs-6.7-other-2.0.signed.bin"] {
            _ = try repository.fetch(typed, into: place.store())
        }
        #expect(place.store().items().map(\.package) == ["other", "router"])
        #expect(!workshop.exists("store/.partial"))
        let again = refusal { _ = try repository.fetch("router-1.0", into: place.store()) }
        #expect(again.code == .alreadyThere)
        let unknown = refusal { _ = try repository.fetch("nothing-1.0", into: place.store()) }
        #expect(unknown.code == .unknownPackage)
    }

    @Test func aTransferThatBreaksOffGoesOnWhereItWas() throws {
        let file = try place.bundle("router", "1.0", in: "www")
        try index()
        let server = try RepositoryServer(workshop.path("www"))
        // Once within one fetch, and once over two of them.
        try server.control("break-after", "3000")
        _ = try repository(server).fetch("router-1.0", into: place.store())
        #expect(server.requests.suffix(2).map { $0.split(separator: " ")[1] } == ["-", "bytes=3000-"])
        try workshop.must("rm -rf store")
        var limits = RepositoryLimits()
        limits.idleAttempts = 0
        try server.control("break-after", "3000")
        let broken = refusal {
            _ = try repository(server, limits: limits).fetch("router-1.0", into: place.store())
        }
        #expect(broken.text.contains("3000 bytes are kept"), "\(broken.text)")
        _ = try repository(server).fetch("router-1.0", into: place.store())
        #expect(server.requests.last?.contains("bytes=3000-") == true, "\(server.requests)")
        #expect(try workshop.run("cmp \(file) store/ncs-6.7-router-1.0.signed.bin").status == 0)
        // A server that knows no ranges sends all of it again.
        try workshop.must("rm -rf store")
        try server.control("no-range")
        try server.control("break-after", "3000")
        _ = try repository(server).fetch("router-1.0", into: place.store())
        #expect(place.store().items().count == 1)
    }

    @Test func whatHasChangedOnTheServerIsNotPutTogetherFromTwoFiles() throws {
        try place.bundle("router", "1.0", in: "www", as: "router-1.0.signed.bin")
        try workshop.must("echo router-1.0.signed.bin > www/index.txt")
        let server = try RepositoryServer(workshop.path("www"))
        var limits = RepositoryLimits()
        limits.idleAttempts = 0
        try server.control("break-after", "5000")
        _ = refusal { _ = try repository(server, .off, limits: limits).fetch("router-1.0", into: place.store()) }
        try workshop.must("sleep 0.01; cp -p www/router-1.0.signed.bin old; printf x >> www/router-1.0.signed.bin")
        let bad = refusal { _ = try repository(server, .off).fetch("router-1.0", into: place.store()) }
        #expect(server.requests.last?.contains("bytes=5000-") == true)
        #expect(bad.text.contains("bytes after its end"), "all of the new one came: \(bad.text)")
        requireNothingLeft()
    }

    @Test func certificatesUsersAndRedirectionsOfHTTPSAreJudged() throws {
        try place.bundle("router", "1.0", in: "www")
        try index()
        try workshop.must(
            """
            openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout tls.key -out tls.pem \
                -subj /CN=localhost -addext subjectAltName=DNS:localhost -days 2 2>&1
            openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout other.key -out other.pem \
                -subj /CN=elsewhere -addext subjectAltName=DNS:elsewhere -days 2 2>&1
            """)
        let server = try RepositoryServer(
            workshop.path("www"), certificate: (workshop.path("tls.pem"), workshop.path("tls.key")))
        let unknown = refusal { _ = try repository(server).list() }
        #expect(unknown.code == .transferFailed && unknown.text.contains("certificate-authorities"), "\(unknown.text)")
        let authorities = workshop.path("tls.pem")
        #expect(try repository(server) { $0.authorities = authorities }.list().paths.count == 1)
        try server.control("user", "alice:sesame")
        let stranger = refusal { _ = try repository(server) { $0.authorities = authorities }.list() }
        #expect(stranger.text.contains("status 401") && stranger.text.contains("set user and password"))
        let known = try repository(server) {
            ($0.authorities, $0.user, $0.password) = (authorities, "alice", "sesame")
        }
        #expect(try known.list().warnings.isEmpty)
        _ = try known.fetch("router-1.0", into: place.store())

        let plain = try RepositoryServer(workshop.path("www"))
        try server.control("redirect", plain.url)
        #expect(refusal { _ = try known.list() }.code == .transferFailed)
        #expect(plain.requests.isEmpty, "nothing goes from https to http")
        let elsewhere = try RepositoryServer(
            workshop.path("www"), certificate: (workshop.path("other.pem"), workshop.path("other.key")))
        let wrongName = refusal {
            _ = try repository(elsewhere) { $0.authorities = workshop.path("other.pem") }.list()
        }
        #expect(wrongName.code == .transferFailed && elsewhere.requests.isEmpty)
        // A password is not carried on to another host.
        try plain.control("redirect", "http://127.0.0.1:\(try RepositoryServer(workshop.path("www")).port)")
        let warned = try repository(plain, .off) { ($0.user, $0.password) = ("alice", "sesame") }
        _ = try? warned.list()
        #expect(plain.requests.first?.hasSuffix("alice:sesame") == true)
    }

    @Test func aProxyIsAskedInsteadOfTheServer() throws {
        try place.bundle("router", "1.0", in: "www")
        try index()
        try workshop.must("mkdir -p 'www/http:/packages.example' && cp www/index.* 'www/http:/packages.example/'")
        let proxy = try RepositoryServer(workshop.path("www"))
        let listing = try repository(proxy, base: "http://packages.example") { $0.proxy = proxy.url }.list()
        #expect(listing.paths.count == 1)
        #expect(proxy.requests == ["http://packages.example/index.signed - -"])
    }

    // MARK: What is refused

    @Test(arguments: [
        "ftp://h/x", "file:///etc", "h", "http://", "https://u:p@h/x", "https://h/x?y", "https://h/#f", "",
    ])
    func anAddressThatIsNoneIsRefused(_ url: String) {
        #expect(throws: PackageError.self) { try RepositoryAddress(name: "x", url: url) }
    }

    @Test func aSlowServerAndALargeIndexEnd() throws {
        try workshop.must("head -c 5000 /dev/zero | tr '\\0' a > www/index.txt")
        let server = try RepositoryServer(workshop.path("www"))
        var limits = RepositoryLimits()
        limits.plainIndexBytes = 4_000
        let large = refusal { _ = try repository(server, .off, limits: limits).list() }
        #expect(large.code == .limitExceeded)
        try server.control("stall")
        limits.slowSeconds = 1
        limits.plainIndexBytes = 8_000
        #expect(refusal { _ = try repository(server, .off, limits: limits).list() }.code == .transferFailed)
        server.release("stall")
        try workshop.write(
            "www/index.txt", "../a.signed.bin\n/b.signed.bin\nhttp://x/c.signed.bin\n\n./d.signed.bin\r\n")
        let listing = try repository(server, .off).list()
        #expect(listing.paths == ["d.signed.bin"] && listing.warnings.count == 3)
        let absent = refusal { _ = try repository(server, .off).fetch("d", into: place.store()) }
        #expect(absent.text.contains("status 404"))
        let required = refusal { _ = try repository(server, .require).list() }
        #expect(required.code == .indexRefused && required.text.contains("no signed index"))
        let warned = try repository(server, .warn).list()
        #expect(warned.paths == ["d.signed.bin"] && warned.warnings.contains { $0.contains("no signed index") })
    }
}

/// Lines of a command.
final class Said: @unchecked Sendable {
    private let lock = NSLock()
    private var lines = ""

    func add(_ line: String) { lock.withLock { lines += line } }
    var text: String { lock.withLock { lines } }
}
