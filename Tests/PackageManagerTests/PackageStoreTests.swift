import Basics
import Foundation
import PackageManager
import PackageSigning
import Synchronization
import Testing

@Suite struct PackageStoreTests {
    private let packages: PackageWorkshop
    private let store: PackageStore
    private var workshop: Workshop { packages.workshop }

    init() throws {
        packages = try PackageWorkshop()
        store = packages.store()
    }

    private var listing: [String] { store.items().map { "\($0.fileName) \($0.state.rawValue)" } }

    @discardableResult
    private func fetch(_ name: String, _ version: String) throws -> String {
        try store.fetch(workshop.path(try packages.bundle(name, version)))
    }

    @discardableResult
    private func install(
        _ name: String, replace: Bool = false, anyRelease: Bool = false, _ permission: SignerLedger.Permission = .init()
    ) throws -> String {
        try store.install(
            name, .init(replaceExisting: replace, allowVersionMismatch: anyRelease, permission: permission))
    }

    private func refusal(_ work: () throws -> some Any) -> String {
        do {
            return "not refused: \(try work())"
        } catch { return "\(error)" }
    }

    @Test func aPackageIsFetchedInstalledReplacedAndDeinstalled() throws {
        try fetch("router", "1.0")
        try fetch("router", "1.1")
        #expect(
            listing == ["ncs-6.7-router-1.0.signed.bin installable", "ncs-6.7-router-1.1.signed.bin installable"])
        #expect(try install("router-1.0") == "ncs-6.7-router-1.0")
        #expect(packages.names("packages") == ["ncs-6.7-router-1.0.signed.bin"])
        #expect(refusal { try install("router-1.0") }.contains("is installed already"))
        #expect(refusal { try install("router-1.1") }.contains("version 1.0 of package router is installed"))
        #expect(try install("router-1.1", replace: true) == "ncs-6.7-router-1.1")
        #expect(packages.names("packages") == ["ncs-6.7-router-1.1.signed.bin"])
        try store.deinstall("router")
        #expect(packages.names("packages").isEmpty)
        #expect(listing.allSatisfy { $0.hasSuffix("installable") })
        #expect(refusal { try store.deinstall("router") }.contains("no such package is installed"))
    }

    @Test(arguments: [
        "ncs-6.7-router-1.0.signed.bin", "ncs-6.7-router-1.0", "router-1.0.signed.bin", "router-1.0",
    ])
    func prefixAndSuffixMayBeLeftOut(_ typed: String) throws {
        try fetch("router", "1.0")
        #expect(try install(typed) == "ncs-6.7-router-1.0")
        try store.deinstall(typed)
        #expect(packages.names("packages").isEmpty)
    }

    @Test func aNameThatIsNotClearIsAskedAbout() throws {
        let file = try packages.bundle("router", "1.0")
        _ = try store.fetch(workshop.path(file))
        try workshop.must("cp \(file) router-1.0.signed.bin")
        _ = try store.fetch(workshop.path("router-1.0.signed.bin"))
        #expect(refusal { try install("router-1.0") }.contains("say which of"))
        #expect(refusal { try install("switch-1.0") }.contains("there are: ncs-6.7-router-1.0.signed.bin"))
        #expect(packages.names("store/objects").filter { !$0.hasSuffix(".json") }.count == 1)
    }

    @Test func aFileForAnotherReleaseIsInstalledOnlyWhenAsked() throws {
        try packages.bundle("router", "1.0", as: "ncs-6.2-router-1.0.signed.bin")
        _ = try store.fetch(workshop.path("ncs-6.2-router-1.0.signed.bin"))
        #expect(refusal { try install("router-1.0") }.contains("was made for release 6.2"))
        #expect(try install("router-1.0", anyRelease: true) == "ncs-6.2-router-1.0")
    }

    @Test func anOlderVersionComesBackOnlyWhenAskedAlsoAfterDeinstall() throws {
        for version in ["1.0", "1.9", "1.10"] { try fetch("router", version) }
        try install("router-1.9")
        #expect(refusal { try install("router-1.0", replace: true) }.contains("version 1.9 was in use here"))
        try install("router-1.10", replace: true)
        try store.deinstall("router")
        #expect(refusal { try install("router-1.9") }.contains("allow-downgrade"))
        #expect(packages.names("packages").isEmpty)
        try install("router-1.9", .init(olderVersion: true))
        try store.deinstall("router")
        #expect(refusal { try install("router-1.9") }.contains("1.10"), "the highest, not the latest")
        try install("router-1.10")
        #expect(refusal { try packages.store().install("router-1.0", .init(replaceExisting: true)) }.contains("1.10"))
    }

    @Test func aPackageStaysWithItsSignerUnlessToldOtherwise() throws {
        try fetch("router", "1.0")
        try install("router-1.0")
        // Issuer and subject are the same: a key was renewed.
        try workshop.must("rm -r ca")
        try TestAuthority.make(directory: workshop.path("ca"), now: Date())
        try workshop.must("cp ca/root.pem trust/renewed.pem")
        try fetch("router", "1.1")
        try install("router-1.1", replace: true)
        try packages.anotherAuthority()
        try fetch("router", "1.2")
        try fetch("switch", "1.0")
        try install("switch-1.0")
        let refused = refusal { try install("router-1.2", replace: true) }
        #expect(refused.contains("CN=Test signer") && refused.contains("CN=Somebody"), "\(refused)")
        #expect(refused.contains("allow-signer-change"))
        #expect(packages.names("packages").contains("ncs-6.7-router-1.1.signed.bin"), "nothing was changed")
        try install("router-1.2", replace: true, .init(signerChange: true))
        try fetch("router", "1.3")
        try install("router-1.3", replace: true)
    }

    @Test func aLedgerThatCannotBeReadIsNoPermission() throws {
        try fetch("router", "1.0")
        try install("router-1.0")
        try store.deinstall("router")
        try workshop.write("state/\(SignerLedger.fileName)", "{\"format\": 1, \"pack")
        #expect(refusal { try install("router-1.0") }.contains(SignerLedger.fileName))
        #expect(packages.names("packages").isEmpty)
    }

    @Test func uploadIsFetchOfWhatCameAlong() throws {
        let bytes = try workshop.read(try packages.bundle("router", "1.0"))
        #expect(try store.upload("router-1.0.signed.bin", bytes) == "router-1.0.signed.bin")
        #expect(packages.names("store") == ["objects", "router-1.0.signed.bin"])
        for name in ["../x.signed.bin", ".x.signed.bin", "x.tar.gz", "x\u{1B}[2J.signed.bin", "x y.signed.bin"] {
            #expect(refusal { try store.upload(name, bytes) }.contains("is no name of a package file"), "\(name)")
        }
        #expect(refusal { try store.upload("y.signed.bin", Array(bytes.dropLast())) }.contains("cut short"))
        #expect(packages.names("store") == ["objects", "router-1.0.signed.bin"])
    }

    @Test func whatIsUnsignedTamperedOrUntrustedIsRefusedAndLeavesNothing() throws {
        try packages.directory("made/p", "p")
        try workshop.must("tar czf p-1.0.tar.gz -C made p && cp p-1.0.tar.gz p-1.0.signed.bin")
        #expect(refusal { try store.fetch(workshop.path("p-1.0.tar.gz")) }.contains("is not signed"))
        #expect(refusal { try store.fetch(workshop.path("p-1.0.signed.bin")) }.contains("p-1.0.signed.bin"))
        #expect(refusal { try store.fetch(workshop.path("absent.signed.bin")) }.contains("does not exist"))
        try workshop.must("mkdir d.signed.bin && touch d.signed.bin/x && mkfifo f.signed.bin")
        #expect(refusal { try store.fetch(workshop.path("d.signed.bin")) }.contains("is not a regular file"))
        #expect(refusal { try store.fetch(workshop.path("f.signed.bin")) }.contains("is not a regular file"))
        let good = try workshop.read(try packages.bundle("router", "1.0"))
        for place in stride(from: 7, to: good.count, by: good.count / 40) {
            var bytes = good
            bytes[place] ^= 0x10
            try workshop.write("t.signed.bin", bytes)
            #expect(
                !refusal { try store.fetch(workshop.path("t.signed.bin")) }.contains("not refused"), "byte \(place)")
        }
        try workshop.must("rm trust/root.pem")
        #expect(refusal { try store.fetch(workshop.path("ncs-6.7-router-1.0.signed.bin")) }.contains("trust"))
        #expect(packages.names("store") == ["objects"])
        #expect(packages.names("store/objects").isEmpty)
    }

    @Test(arguments: HostileArchive.all)
    func aHostileArchiveSignedByATrustedKeyIsNotFetched(_ hostile: HostileArchive) throws {
        try fetch("good", "1.0")
        try packages.hostileBundle(hostile, to: "bad-1.0.signed.bin")
        let before = try workshop.run("find . -type f -o -type l -o -type d").output
        let reason = refusal { try store.fetch(workshop.path("bad-1.0.signed.bin")) }
        #expect(reason.contains(hostile.reason))
        #expect(try workshop.run("find . -type f -o -type l -o -type d").output == before)
        #expect(try install("good-1.0") == "ncs-6.7-good-1.0")
    }

    @Test func aFullDiskLeavesNothing() throws {
        guard try workshop.run("mkdir store && mount -t tmpfs -o size=100k none store").status == 0 else { return }
        defer { _ = try? workshop.run("umount store") }
        try packages.directory("made/big-1.0/big", "big")
        try workshop.must("head -c 300k /dev/urandom > made/big-1.0/big/noise")
        #expect(refusal { try fetch("big", "1.0") }.contains("No space left on device"))
        #expect(packages.names("store") == ["objects"])
        #expect(packages.names("store/objects").isEmpty)
    }

    /// As a crash leaves it between the two steps of a replacement.
    @Test func ofAReplacementThatWasCutShortTheNewerStays() throws {
        try fetch("router", "1.0")
        try fetch("router", "1.1")
        try fetch("switch", "1.0")
        _ = try install("router-1.0")
        _ = try install("switch-1.0")
        packages.clock.advance(years: 0.001)
        _ = try install("router-1.1", replace: true)
        try workshop.must("ln -s \"$PWD/store/ncs-6.7-router-1.0.signed.bin\" packages/")
        store.removeLeftovers()
        #expect(packages.names("packages") == ["ncs-6.7-router-1.1.signed.bin", "ncs-6.7-switch-1.0.signed.bin"])
    }

    @Test func whatWasUploadedIsNamedAsItWasCalled() throws {
        let said = refusal { try store.upload("y.signed.bin", Array("no bundle".utf8)) }
        #expect(said.hasPrefix("y.signed.bin: is not a signed package"), "\(said)")
    }

    @Test func muchWorkIsTold() throws {
        let told = Mutex<[String]>([])
        let meter = WorkMeter { line in told.withLock { $0.append(line) } }
        try packages.directory("made/big-1.0/big", "big")
        try workshop.must("head -c 40M /dev/zero | tr '\\0' 'a' > made/big-1.0/big/text")
        try workshop.must("head -c 9M /dev/urandom > made/big-1.0/big/noise")
        let file = workshop.path(try packages.bundle("big", "1.0"))
        _ = try store.fetch(file, meter: meter)
        #expect(told.withLock { $0 } == ["checking ncs-6.7-big-1.0.signed.bin: 49 MiB"])
    }

    // MARK: Time

    @Test func anExpiredCertificateStopsInstallingButNotWhatIsInstalled() throws {
        try fetch("router", "1.0")
        try fetch("switch", "1.0")
        _ = try install("router-1.0")
        let link = workshop.path("packages/ncs-6.7-router-1.0.signed.bin")
        let installed = try #require(store.installTime(of: link))
        packages.clock.advance(years: 4)
        #expect(refusal { try install("switch-1.0") }.contains("expired"))
        #expect(store.installTime(of: link) == installed)
        #expect(listing.count == 2)
        try store.deinstall("router")
        #expect(packages.names("packages").isEmpty)
        #expect(refusal { try install("router-1.0") }.contains("expired"))
    }

    @Test func onlyWhatCameOutOfTheStoreHasATimeOfInstallation() throws {
        try packages.bundle("router", "1.0", in: "packages")
        #expect(store.installTime(of: workshop.path("packages/ncs-6.7-router-1.0.signed.bin")) == nil)
    }

    // MARK: Cut short

    @Test func aReplacementThatWasCutShortIsFinishedByTheNext() throws {
        try fetch("router", "1.0")
        try fetch("router", "1.1")
        _ = try install("router-1.0")
        try workshop.must("cp -P packages/ncs-6.7-router-1.0.signed.bin kept")
        _ = try install("router-1.1", replace: true)
        try workshop.must("mv kept packages/ncs-6.7-router-1.0.signed.bin")
        #expect(listing.allSatisfy { $0.hasSuffix("installed") })
        #expect(refusal { try install("router-1.1") }.contains("is installed already"))
        #expect(try install("router-1.1", replace: true) == "ncs-6.7-router-1.1")
        #expect(packages.names("packages") == ["ncs-6.7-router-1.1.signed.bin"])
    }

    // MARK: Files that are there already

    @Test func aFileOfTheLoadPathIsNotWrittenOver() throws {
        try fetch("router", "1.0")
        try workshop.write("packages/ncs-6.7-router-1.0.signed.bin", "somebody's")
        #expect(refusal { try install("router-1.0") }.contains("lies in the load path"))
        #expect(try workshop.read("packages/ncs-6.7-router-1.0.signed.bin") == Array("somebody's".utf8))
        #expect(refusal { try fetch("router", "1.0") }.contains("has been fetched already"))
    }

    /// In a backup there are no links: what they lead to stands in their place.
    @Test func aStoreOutOfABackupIsTheSameAgain() throws {
        let (one, two) = (try fetch("alpha", "1.0"), try fetch("beta", "2.0"))
        try install("alpha-1.0")
        let installed = try #require(store.installTime(of: workshop.path("packages/\(one)")))
        let before = listing
        for folder in ["store", "packages"] {
            try workshop.must("cp -RL \(folder) copy && rm -rf \(folder) && mv copy \(folder)")
        }
        #expect(listing != before)
        // What somebody puts there himself stays his.
        try workshop.must("cp store/\(two) packages/")
        for _ in 1...2 {
            store.removeLeftovers()
            #expect(listing == before)
            #expect(store.installTime(of: workshop.path("packages/\(one)")) == installed)
        }
        #expect(store.installTime(of: workshop.path("packages/\(two)")) == nil)
        try store.deinstall("alpha")
        #expect(packages.names("packages") == [two])
    }

    @Test func whatACrashLeavesIsRemovedAndNothingElse() throws {
        try fetch("router", "1.0")
        _ = try install("router-1.0")
        let before = try workshop.run("find store packages | sort").output
        try workshop.must(
            """
            touch store/objects/.77.x.signed.bin.new store/objects/abc store/objects/abc.json
            mkdir store/.upload.77; touch store/.upload.77/x; ln -s objects/abc store/y.signed.bin.77.new
            ln -s ../store/x packages/x.signed.bin.77.new; touch packages/mine.new
            """)
        store.removeLeftovers()
        try workshop.must("rm packages/mine.new")
        #expect(try workshop.run("find store packages | sort").output == before)
    }
}
