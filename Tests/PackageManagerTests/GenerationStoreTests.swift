import Basics
import Foundation
import PackageManager
import Testing

@Suite struct GenerationStoreTests {
    private let packages: PackageWorkshop
    private var workshop: Workshop { packages.workshop }

    init() throws { packages = try PackageWorkshop() }

    private func build(_ number: Int = 1, _ policy: LoadPathPolicy = .off) throws -> [PackageCopyFault] {
        let store = packages.generations(policy)
        let faults = try store.build(number, from: packages.loadPath.sources())
        try store.seal(number)
        return faults
    }

    @Test func everyFormIsCopiedUnderThePackagesName() throws {
        try packages.directory("packages/plain", "plain")
        try packages.directory("elsewhere/x", "linked")
        try workshop.must("ln -s ../elsewhere/x packages/y")
        try packages.directory("made/archived", "archived")
        try workshop.must("tar czf packages/archived-1.0.tar.gz -C made archived")
        try packages.bundle("signed", in: "packages")
        #expect(try build().isEmpty)
        #expect(packages.names("in-use") == ["1"])
        #expect(packages.names("in-use/1").filter { !$0.hasPrefix(".") } == ["archived", "linked", "plain", "signed"])
        #expect(try workshop.run("diff -r made/archived in-use/1/archived").output == "")
    }

    @Test func modesArePlainAndScriptsStayExecutable() throws {
        try packages.directory("packages/p", "p")
        try workshop.write("packages/p/scripts/command/run", "#!/bin/sh")
        try workshop.must("chmod 6711 packages/p/scripts/command/run; chmod 600 packages/p/templates/t.xml")
        try workshop.must("chmod 700 packages/p/templates")
        #expect(try build().isEmpty)
        let modes = try workshop.run("cd in-use/1/p && stat -c '%a %n' . scripts/command/run templates templates/t.xml")
        #expect(modes.output == "755 .\n755 scripts/command/run\n755 templates\n644 templates/t.xml\n")
    }

    @Test func linksInsideBecomeFilesAndLinksOutAreLeftOut() throws {
        try packages.directory("packages/p", "p")
        try workshop.write("secret", "secret")
        try workshop.must("cd packages/p && ln -s templates/t.xml in && ln -s ../../secret out && ln -s templates dir")
        #expect(try build().isEmpty)
        #expect(packages.names("in-use/1/p") == ["in", "package-meta-data.xml", "templates"])
        let package = try #require(try packages.load(2).package("p"))
        #expect(package.warnings.contains { $0.contains("the link out") })
        #expect(package.warnings.contains { $0.contains("the link dir") })
    }

    @Test func whatIsNoFileRefusesThePackageAndLeavesNothingOfIt() throws {
        try packages.directory("packages/good", "good")
        try packages.directory("packages/odd", "odd")
        try workshop.must("mkfifo packages/odd/templates/fifo")
        let faults = try build()
        #expect(faults.map(\.package) == ["odd"])
        #expect(faults.first?.reason.contains("templates/fifo: is neither a file nor a directory") == true)
        #expect(packages.names("in-use/1").filter { !$0.hasPrefix(".") } == ["good"])
    }

    @Test func aSecondPackageOfANameIsRefused() throws {
        try packages.directory("packages/a", "same")
        try packages.directory("packages/b", "same", "2.0")
        try packages.bundle("same", "3.0", in: "packages", as: "c.signed.bin")
        let faults = try build()
        #expect(faults.map(\.package) == ["b", "c.signed.bin"])
        #expect(faults.allSatisfy { $0.reason.contains("twice") && $0.isMetaData })
        #expect(try workshop.run("grep -c '>1.0<' in-use/1/same/package-meta-data.xml").output == "1\n")
    }

    @Test func aBrokenLinkIsSaid() throws {
        try workshop.must("ln -s nowhere packages/lost")
        #expect(try build().first?.reason.contains("lost: is a link to what is not there") == true)
    }

    @Test func thePolicySaysWhatBecomesOfUnsignedPackages() throws {
        try packages.directory("packages/plain", "plain")
        try packages.directory("made/archived", "archived")
        try workshop.must("tar czf packages/archived-1.0.tar.gz -C made archived")
        try packages.bundle("signed", in: "packages")
        let refused = try build(1, .require)
        #expect(refused.map(\.package) == ["archived-1.0.tar.gz", "plain"])
        #expect(refused.allSatisfy { $0.reason.contains("is not signed, and load-path-policy is require") })
        #expect(packages.names("in-use/1").filter { !$0.hasPrefix(".") } == ["signed"])
        #expect(try build(2, .warn).isEmpty)
        let plain = try workshop.run("cat in-use/2/.plain.origin").output
        #expect(plain.contains("is not signed (load-path-policy is warn)") && !plain.contains("signer\""))
        #expect(try workshop.run("cat in-use/2/.signed.origin").output.contains("CN=Test signer"))
    }

    @Test func aPackageOfTheGenerationInForceStaysSigned() throws {
        try packages.bundle("signed", in: "packages")
        #expect(try build(1, .require).isEmpty)
        let store = packages.generations(.require)
        let kept = PackageSource(fileName: "signed", path: store.path(1) + "/signed", form: .directory)
        #expect(try store.build(2, from: [kept]).isEmpty)
        #expect(try workshop.run("diff -r in-use/1 in-use/2").output == "")
    }

    @Test func whatHasNotChangedIsSharedAndTheRestIsRead() throws {
        try packages.bundle("signed", in: "packages")
        try packages.directory("packages/plain", "plain")
        try packages.directory("packages/other", "other")
        try workshop.must("mkdir packages/plain/.git; echo x > packages/plain/.git/x")
        let first = try packages.load(1)
        let store = packages.generations()
        func unchanged() -> [String] {
            store.unchanged(packages.loadPath.sources(), since: first.packages).values.map(\.package.name).sorted()
        }
        #expect(unchanged() == ["other", "plain", "signed"])
        try workshop.must("chmod +x packages/other/templates/t.xml; echo >> packages/plain/templates/t.xml")
        #expect(unchanged() == ["signed"])
        let kept = store.unchanged(packages.loadPath.sources(), since: first.packages)
        #expect(try store.build(2, from: packages.loadPath.sources(), sharing: kept).isEmpty)
        let loader = PackageLoader(moduleDirectory: try SystemModuleDirectory.shared.get(), previous: first)
        let second = try loader.load(2, directory: store.path(2))
        #expect(second.package("signed")?.digest == first.package("signed")?.digest)
        #expect(second.package("signed")?.signer?.subject.contains("Test signer") == true)
        #expect(second.package("plain")?.digest != first.package("plain")?.digest)
        let fresh = try PackageLoader(moduleDirectory: SystemModuleDirectory.shared.get())
            .load(2, directory: store.path(2))
        #expect(fresh.digest == second.digest, "as a start reads it")
        store.removeOld(current: 2, keep: 1)
        #expect(try second.package("signed")?.differencesOnDisk() == [])
    }

    @Test func aLabelBesideADirectoryOfTheLoadPathIsNotBelieved() throws {
        try packages.directory("packages/p", "p")
        try packages.bundle("signed", in: "packages")
        #expect(try build(1, .off).isEmpty)
        try workshop.must("cp in-use/1/.signed.origin packages/.p.origin")
        #expect(try build().isEmpty)
        #expect(try packages.load(2).package("p")?.signature == "none (local build)")
    }

    @Test(arguments: HostileArchive.all)
    func aHostileArchiveSignedByATrustedKeyIsRefused(_ hostile: HostileArchive) throws {
        try packages.bundle("good", in: "packages")
        try packages.hostileBundle(hostile, to: "packages/bad-1.0.signed.bin")
        let before = try workshop.run("find . -path ./in-use -prune -o -print").output
        let faults = try build()
        #expect(faults.map(\.package) == ["bad"])
        #expect(faults.first?.reason.contains(hostile.reason) == true, "\(faults)")
        #expect(packages.names("in-use/1") == [".faults", ".good.origin", "good"])
        #expect(try workshop.run("find . -path ./in-use -prune -o -print").output == before)
        #expect(!FileManager.default.fileExists(atPath: "/tmp/openned-evil"))
    }

    @Test func aFullDiskStopsTheWholeAndLeavesNothing() throws {
        guard try workshop.run("mkdir in-use && mount -t tmpfs -o size=200k none in-use").status == 0 else { return }
        defer { _ = try? workshop.run("umount in-use") }
        try packages.directory("packages/p", "p")
        #expect(try build().isEmpty)
        for (name, form) in [("packages/q", "directory"), ("made/q", "bundle")] {
            try packages.directory(name, "q")
            try workshop.must("head -c 400k /dev/urandom > \(name)/noise")
            if form == "bundle" {
                try workshop.must("rm -r packages/q && tar czf q.tar.gz -C made q")
                let files = try PackageArchive(path: workshop.path("q.tar.gz")).list().manifestFiles
                try packages.sign(workshop.path("q.tar.gz"), "q", "1.0", files, to: "packages/q-1.0.signed.bin")
            }
            let error = #expect(throws: (any Error).self) { try build(2) }
            #expect("\(error as Any)".contains("No space left on device"))
            #expect(packages.names("in-use") == ["1"])
        }
    }

    @Test func onlySomeGenerationsAreKeptAndRubbishIsRemoved() throws {
        try packages.directory("packages/p", "p")
        for number in [1, 3, 4, 6, 7] { #expect(try build(number).isEmpty) }
        try workshop.must("mkdir in-use/8.new && touch in-use/8.new/x")
        packages.generations().removeOld(current: 6, keep: 2)
        #expect(packages.names("in-use") == ["4", "6"])
        packages.generations().removeOld(current: 6, keep: 1)
        #expect(packages.names("in-use") == ["6"])
    }
}
