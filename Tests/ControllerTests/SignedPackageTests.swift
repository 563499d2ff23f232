import Basics
import ConfigTree
import ControlProtocol
import Controller
import Foundation
import PackageManager
import PackageSigning
import Synchronization
import TestSupport
import Testing

/// Signed packages from the file to the loaded driver, by the actions of the operator.
@Suite struct SignedPackageTests {
    private let workshop: ControllerWorkshop
    private var directory: TemporaryDirectory { workshop.directory }

    init() throws {
        workshop = try ControllerWorkshop()
        try workshop.trustTestAuthority()
    }

    private func bundle(_ version: String) throws -> String { try workshop.bundle(version) }

    private func list(_ session: any ControlSession, _ inputs: [String: String] = [:]) throws -> [String] {
        try session.act("/tailf-ncs:software/packages/list", inputs).entries("package").map { entry in
            let state = ["installable", "installed", "loaded"].first { entry.child($0) != nil }
            return "\(entry.value("name") ?? "") \(state ?? "")"
        }
    }

    private func software(_ session: any ControlSession, _ action: String, _ inputs: [String: String]) throws
        -> Instance
    {
        try session.act("/tailf-ncs:software/packages/" + action, inputs)
    }

    @Test func aBundleIsFetchedInstalledLoadedReplacedAndDeinstalled() throws {
        try workshop.start()
        let session = try workshop.session()
        _ = try software(session, "fetch", ["package-from-file": try bundle("1.0.1")])
        #expect(try list(session) == ["ncs-6.7-mini-cli-1.0.1.signed.bin installable"])
        let installed = try software(session, "install", ["package": "mini-cli-1.0.1"])
        #expect(installed.value("installed") == "ncs-6.7-mini-cli-1.0.1")
        #expect(try list(session) == ["ncs-6.7-mini-cli-1.0.1.signed.bin installed"])
        try session.act("/tailf-ncs:packages/reload")
        #expect(try list(session) == ["ncs-6.7-mini-cli-1.0.1.signed.bin loaded"])
        let path = try session.running.path("/tailf-ncs:packages/package[name='mini-cli-1.0']/signature")
        #expect(session.operational().value(path)?.contains("CN=Test signer") == true)
        _ = try software(session, "fetch", ["package-from-file": try bundle("1.0.2")])
        let error = try refusal { _ = try software(session, "install", ["package": "mini-cli-1.0.2"]) }
        #expect(error.message.contains("replace-existing"))
        _ = try software(session, "install", ["package": "mini-cli-1.0.2", "replace-existing": ""])
        #expect(try list(session, ["installed": ""]) == ["ncs-6.7-mini-cli-1.0.2.signed.bin installed"])
        try session.act("/tailf-ncs:packages/reload")
        #expect(try list(session, ["loaded": ""]) == ["ncs-6.7-mini-cli-1.0.2.signed.bin loaded"])
        #expect(try list(session, ["installable": "", "all-versions": ""]).count == 1)
        _ = try software(session, "deinstall", ["package": "mini-cli"])
        #expect(directory.names(in: "run/packages").isEmpty)
    }

    @Test func whatIsLoadedCanBeLookedAtAndCheckedAgain() throws {
        try workshop.start()
        let session = try workshop.session()
        let bundle = try bundle("1.0.1")
        _ = try software(session, "fetch", ["package-from-file": bundle])
        _ = try software(session, "install", ["package": "mini-cli-1.0.1"])
        _ = try workshop.package("local", version: "1.0", module: TestModels.first.replacing("mini", with: "local"))
        try session.act("/tailf-ncs:packages/reload")
        let signer = "/tailf-ncs:packages/package[name='mini-cli-1.0']/signer/"
        for (leaf, text) in [("subject", "Test signer"), ("issuer", "Test"), ("not-after", "20"), ("judged-at", "20")] {
            let path = try session.running.path(signer + leaf)
            #expect(session.operational().value(path)?.contains(text) == true, "\(leaf)")
        }
        let lock = try String(contentsOfFile: directory.path("run/state/packages.lock"), encoding: .utf8)
        #expect(lock.contains(#""name":"mini-cli-1.0","sha256":""#) && lock.contains(#""version":"1.0.1""#), "\(lock)")
        #expect(lock.contains("CN=Test signer"))
        func verify() throws -> [String] {
            try session.act("/tailf-ncs:packages/verify").entries("verify-result").map {
                "\($0.keys[0]) \($0.value("result") ?? "") \($0.value("info") ?? "")"
            }
        }
        #expect(try verify() == ["local-cli-1.0 true ", "mini-cli-1.0 true "])
        let copy = "run/state/packages-in-use/\(directory.names(in: "run/state/packages-in-use").max() ?? "")"
        try directory.write("\(copy)/mini-cli-1.0/package-meta-data.xml", "<x/>")
        try directory.write("\(copy)/mini-cli-1.0/more", "")
        directory.remove("\(copy)/local-cli-1.0/package-meta-data.xml")
        #expect(
            try verify() == [
                "local-cli-1.0 false package-meta-data.xml: is missing",
                "mini-cli-1.0 false more: was not there\npackage-meta-data.xml: was changed",
            ])
    }

    /// Between `deinstall` and `reload`, and after a rollback, a package runs that is not in the load path.
    @Test func whatWasDeinstalledCanBeCheckedAsLongAsItIsInTheStore() throws {
        try workshop.start()
        let session = try workshop.session()
        _ = try software(session, "fetch", ["package-from-file": try bundle("1.0.1")])
        _ = try software(session, "install", ["package": "mini-cli-1.0.1"])
        try session.act("/tailf-ncs:packages/reload")
        _ = try software(session, "deinstall", ["package": "mini-cli"])
        func verify() throws -> Instance? {
            try session.act("/tailf-ncs:packages/verify").entries("verify-result").first
        }
        #expect(try verify()?.value("result") == "true")
        #expect(try verify()?.value("info")?.contains("is not installed any more") == true)
        directory.remove("run/state/store/ncs-6.7-mini-cli-1.0.1.signed.bin")
        #expect(try verify()?.value("result") == "false")
        #expect(try verify()?.value("info")?.contains("neither in the load path nor in the store") == true)
    }

    @Test func whatARevokedAuthoritySignedIsNotLoadedAgain() throws {
        try workshop.start()
        let session = try workshop.session()
        _ = try software(session, "fetch", ["package-from-file": try bundle("1.0.1")])
        _ = try software(session, "install", ["package": "mini-cli-1.0.1"])
        try session.act("/tailf-ncs:packages/reload")
        try directory.write(
            "ca/ca.cnf", "[ca]\ndefault_ca=d\n[d]\ndatabase=ca/index\ncrlnumber=ca/n\ndefault_md=sha256\n")
        let authority = "-config ca/ca.cnf -cert ca/root.pem -keyfile ca/root.key"
        let made = try ChildProcess.run(
            "sh",
            [
                "-ec",
                """
                : > ca/index; echo 01 > ca/n
                awk '/BEGIN/ { n++ } n == 2' ca/chain.pem > ca/intermediate.pem
                openssl ca \(authority) -revoke ca/intermediate.pem
                openssl ca \(authority) -gencrl -crldays 9 -out run/trust/list.crl
                """,
            ], directory: directory.path)
        try #require(made.status == 0, "\(made)")
        let verified = try session.act("/tailf-ncs:packages/verify").entries("verify-result")
        #expect(verified.first?.value("info")?.contains("was revoked at") == true)
        let results = try session.act("/tailf-ncs:packages/reload", ["force": ""]).entries("reload-result")
        #expect(results.first?.value("result") == "false")
        #expect(results.first?.value("info")?.contains("was revoked at") == true)
        let error = try refusal { _ = try software(session, "fetch", ["package-from-file": try bundle("1.0.2")]) }
        #expect(error.message.contains("was revoked at"))
    }

    @Test func underRequireOnlySignedPackagesOfTheLoadPathAreLoaded() throws {
        try directory.write(
            "run/ncs.conf",
            """
            <ncs-config xmlns="http://tail-f.com/yang/tailf-ncs-config">
              <load-path><dir>${NCS_RUN_DIR}/packages</dir></load-path>
              <package-signing><load-path-policy>require</load-path-policy></package-signing>
            </ncs-config>
            """)
        let bundle = try bundle("1.0.1")
        try FileManager.default.copyItem(atPath: bundle, toPath: directory.path("run/packages/mini.signed.bin"))
        try workshop.package("other", version: "1.0", module: TestModels.first.replacing("mini", with: "other"))
        try workshop.start()
        let session = try workshop.session()
        let results = try session.act("/tailf-ncs:packages/reload").entries("reload-result")
        #expect(
            results.map { "\($0.keys[0]) \($0.value("result") ?? "")" } == ["mini-cli-1.0 true", "other-cli-1.0 false"])
        #expect(results.last?.value("info")?.contains("is not signed") == true)
        try workshop.restart()
        try directory.write("run/state/packages-in-use/1/mini-cli-1.0/templates/more.xml", "<config-template/>")
        let error = #expect(throws: StartupError.self) { try workshop.restart() }
        #expect(error?.exitStatus == 13 && error?.description.contains("were changed since they were verified") == true)
    }

    @Test func anUnknownPolicyStopsTheStart() throws {
        try directory.write(
            "run/ncs.conf",
            "<ncs-config><package-signing><load-path-policy>requre</load-path-policy></package-signing></ncs-config>")
        #expect { try workshop.start() } throws: { "\($0)".contains("load-path-policy is 'requre'") }
    }

    @Test func hostileArchivesOfATrustedSignerHarmNothing() throws {
        _ = try workshop.package("mini", version: "1.0", module: TestModels.first)
        try workshop.start()
        let session = try workshop.session()
        try workshop.device("x0", "mini-cli-1.0", session)
        let hostile = [
            "traversal": "i.name = 'bad/../../evil'", "link": "i.type = tarfile.SYMTYPE; i.linkname = '/etc/passwd'",
            "fifo": "i.type = tarfile.FIFOTYPE", "setuid": "i.mode = 0o4755", "bomb": "data = bytes(64 << 20)",
        ]
        for (name, line) in hostile {
            try directory.write(
                "make.py",
                """
                import tarfile, io
                t = tarfile.open('bad.tar.gz', 'w:gz')
                m = b'<ncs-package xmlns="http://tail-f.com/ns/ncs-packages"><name>bad</name>' \\
                    b'<package-version>1.0</package-version></ncs-package>'
                i = tarfile.TarInfo('bad/package-meta-data.xml'); i.size = len(m); t.addfile(i, io.BytesIO(m))
                i = tarfile.TarInfo('bad/file'); data = b'x'
                \(line)
                i.size = len(data) if i.type == tarfile.REGTYPE else 0
                t.addfile(i, io.BytesIO(data)); t.close()
                """)
            let made = try ChildProcess.run("python3", ["make.py"], directory: directory.path)
            try #require(made.status == 0, "\(made)")
            let file = BundleManifest.File(path: "bad/file", mode: 0o644, size: 1, sha256: [UInt8(ascii: "x")].sha256)
            try workshop.sign(
                directory.path("bad.tar.gz"), "bad", "1.0", [], [file],
                directory.path("run/packages/\(name).signed.bin"))
            let error = try refusal {
                _ = try software(
                    session, "fetch", ["package-from-file": directory.path("run/packages/\(name).signed.bin")])
            }
            #expect(error.message.contains("run/packages/\(name).signed.bin: "), "\(error)")
            let output = try session.act("/tailf-ncs:packages/reload").entries("reload-result")
            #expect(output.map { "\($0.keys[0]) \($0.value("result") ?? "")" } == ["bad false", "mini-cli-1.0 true"])
            directory.remove("run/packages/\(name).signed.bin")
        }
        #expect(directory.names(in: "run/state/store/objects").isEmpty)
        let inUse = directory.names(in: "run/state/packages-in-use").flatMap {
            directory.names(in: "run/state/packages-in-use/" + $0)
        }
        #expect(Set(inUse) == [".faults", ".mini-cli-1.0.origin", ".note", "mini-cli-1.0"])
        try session.change([("/tailf-ncs:devices/device[name='x0']/config/mini:hostname", "edge")])
    }

    @Test func anExpiredCertificateIsAnAlarmForWhatIsInstalled() throws {
        let late = Mutex<Int64>(0)
        let clock = WallClock { WallClock.system.now() + late.withLock { $0 } }
        let configuration = try SystemConfiguration(
            file: directory.path("run/ncs.conf"), runDirectory: directory.path("run"), environment: [:])
        try DurableFiles.makeDirectory(configuration.logDirectory)
        try DurableFiles.makeDirectory(configuration.stateDirectory)
        let logs = try SystemLogs(configuration.logs, host: "test", clock: clock)
        let controller = try Startup(
            configuration: configuration, installation: directory.path("install"), logs: logs, host: "test",
            clock: clock
        ).start()
        defer { controller.stop() }
        let session = try controller.openSession(SessionUser(name: "admin")) { _ in }
        _ = try software(session, "fetch", ["package-from-file": try bundle("1.0.1")])
        _ = try software(session, "fetch", ["package-from-file": try bundle("1.0.2")])
        _ = try software(session, "install", ["package": "mini-cli-1.0.1"])
        late.withLock { $0 = 4 * 365 * 86_400_000_000 }
        let results = try session.act("/tailf-ncs:packages/reload").entries("reload-result")
        #expect(results.map { $0.value("result") } == ["true"], "\(results.map { $0.value("info") })")
        let alarms = try session.running.path("/tailf-ncs-alarms:alarms/alarm-list")
        let alarm = session.operational().instance(alarms)?.entries("alarm").first
        #expect(alarm?.value("last-perceived-severity") == "warning")
        #expect(alarm?.value("last-alarm-text")?.contains("expired") == true)
        let error = try refusal {
            _ = try software(session, "install", ["package": "mini-cli-1.0.2", "replace-existing": ""])
        }
        #expect(error.message.contains("expired"))
        let loose = try bundle("1.0.3")
        _ = try software(session, "deinstall", ["package": "mini-cli"])
        try FileManager.default.copyItem(atPath: loose, toPath: directory.path("run/packages/loose.signed.bin"))
        let refused = try session.act("/tailf-ncs:packages/reload", ["force": ""]).entries("reload-result")
        #expect(refused.first?.value("result") == "false")
        #expect(refused.first?.value("info")?.contains("expired") == true)
    }
}
