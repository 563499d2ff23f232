import Basics
import ConfigTree
import ControlProtocol
import Foundation
import PackageManager
import TestSupport
import Testing
import YANG

/// `software repository … packages`: from the configuration of a repository to the loaded package.
@Suite struct RepositoryActionTests {
    private let workshop: ControllerWorkshop
    private var directory: TemporaryDirectory { workshop.directory }
    private static let list = "/tailf-ncs:software/repository[name='north']/packages/"

    init() throws {
        workshop = try ControllerWorkshop()
        try workshop.trustTestAuthority()
        try directory.write("www/README", "")
    }

    private func index() throws {
        let status = PackageCommand.run(
            arguments: [
                "index", directory.path("www"), "--key", directory.path("ca/signer.key"), "--chain",
                directory.path("ca/chain.pem"),
            ],
            context: .init(environment: [:], now: Date(), compile: nil, output: { _ in }, errors: { _ in }))
        try #require(status == 0)
    }

    @Test func aPackageOfARepositoryIsFetchedInstalledAndLoaded() throws {
        let bundle = try workshop.bundle("1.0.1")
        try FileManager.default.moveItem(
            atPath: bundle, toPath: directory.path("www/ncs-6.7-mini-cli-1.0.1.signed.bin"))
        let server = try RepositoryServer(directory.path("www"))
        try server.control("user", "alice:sesame")
        try workshop.start()
        let session = try workshop.session()
        let place = "/tailf-ncs:software/repository[name='north']"
        try session.change([
            (place + "/url", server.url), (place + "/user", "alice"), (place + "/password", "sesame"),
            (place + "/proxy", ""),
        ])
        let stored = session.running.value(try session.running.path(place + "/password"))
        #expect(stored != "sesame" && stored?.isEmpty == false, "it is not kept in the clear")

        try directory.write("www/index.txt", "ncs-6.7-mini-cli-1.0.1.signed.bin\n")
        let plain = try session.act(Self.list + "list")
        #expect(plain.entries("package").map { $0.keys[0] } == ["ncs-6.7-mini-cli-1.0.1.signed.bin"])
        #expect(plain.node.dataChild(named: "warning").map { plain.values($0) }?.count == 2, "unsigned and unencrypted")
        try index()
        #expect(try session.act(Self.list + "list", ["name-pattern": "other*"]).entries("package").isEmpty)
        let fetched = try session.act(Self.list + "fetch", ["package": "mini-cli-1.0.1"])
        #expect(fetched.value("fetched") == "ncs-6.7-mini-cli-1.0.1.signed.bin")
        _ = try session.act("/tailf-ncs:software/packages/install", ["package": "mini-cli-1.0.1"])
        let results = try session.act("/tailf-ncs:packages/reload").entries("reload-result")
        #expect(results.map { "\($0.keys[0]) \($0.value("result") ?? "")" } == ["mini-cli-1.0 true"])

        let number = try directory.text("run/state/repositories.json")
        #expect(number.contains(#""repository" : "www""#) && number.contains(#""sequence" : 1"#), "\(number)")
        try directory.write("run/state/repositories.json", "{")
        let damaged = try refusal { _ = try session.act(Self.list + "list") }
        #expect(damaged.message.contains("put it back from a backup"))
    }

    @Test func whatIsNoRepositoryIsSaidSo() throws {
        try workshop.start()
        let session = try workshop.session()
        let absent = try refusal { _ = try session.act(Self.list + "list") }
        #expect(absent.message.contains("north"))
        try session.change([("/tailf-ncs:software/repository[name='north']/url", "ftp://host/x")])
        let wrong = try refusal { _ = try session.act(Self.list + "list") }
        #expect(wrong.message.contains("write http://HOST/PATH"))
    }
}
