import Basics
import Foundation
import PackageManager
import PackageSigning
import Testing

/// Good archives by GNU tar, hostile ones by Python's tarfile; ours only reads them.
@Suite struct PackageArchiveTests {
    private let workshop: Workshop

    init() throws { workshop = try Workshop() }

    private func source() throws {
        try workshop.write("src/router/package-meta-data.xml", "<x/>")
        try workshop.write("src/router/load-dir/router.fxs", [UInt8](repeating: 7, count: 300_000))
        try workshop.write("src/router/scripts/é run", "#!/bin/sh\n")
        try workshop.must("mkdir src/router/empty && chmod 755 'src/router/scripts/é run'")
    }

    @Test(arguments: [
        ("a.tar", "tar cf a.tar -C src router"), ("a.tar.gz", "tar czf a.tar.gz -C src router"),
        ("a.tgz", "tar czf a.tgz --format=ustar -C src router"),
        ("a.tar.zst", "tar cf a.tar.zst --zstd --format=pax -C src router"),
        ("b.tar.gz", "tar czf b.tar.gz -C src ./router"), ("c.tar.gz", "tar czf c.tar.gz --format=pax -C src ."),
        ("d.tar.gz", "tar czf d.tar.gz --format=oldgnu --owner=nobody --mode=a+rwX -C src router"),
    ])
    func archivesOfGNUTarAreUnpackedAsTheyAre(_ name: String, _ command: String) throws {
        try source()
        try workshop.must(command)
        let listing = try PackageArchive(path: workshop.path(name)).extract(to: workshop.path("out"))
        #expect(listing.topDirectory == "router")
        #expect(try workshop.run("diff -r src/router out/router").output == "")
        let modes = try workshop.run("cd out && find . -mindepth 1 -printf '%m %p\\n' | LC_ALL=C sort -k 2").output
        #expect(
            modes == """
                755 ./router
                755 ./router/empty
                755 ./router/load-dir
                644 ./router/load-dir/router.fxs
                644 ./router/package-meta-data.xml
                755 ./router/scripts
                755 ./router/scripts/é run

                """)
        let digest = try workshop.run("sha256sum < src/router/load-dir/router.fxs").output.prefix(64)
        #expect(listing.entries.first { $0.path == "router/load-dir/router.fxs" }?.sha256 == String(digest))
        #expect(try PackageArchive(path: workshop.path(name)).list() == listing)
    }

    @Test func aUmaskDoesNotChangeTheModes() throws {
        try source()
        try workshop.must("tar czf a.tar.gz -C src router")
        let old = umask(0o077)
        defer { umask(old) }
        try PackageArchive(path: workshop.path("a.tar.gz")).extract(to: workshop.path("out"))
        #expect(try workshop.run("stat -c %a out/router/scripts/* out/router/load-dir").output == "755\n755\n")
    }

    struct Hostile: Sendable, CustomTestStringConvertible {
        var what: String
        var code: PackageError.Code
        var lines: String
        var mode = "w:gz"
        var format = "PAX_FORMAT"
        var testDescription: String { what }
    }

    static let hostile: [Hostile] = [
        .init(what: "parent", code: .entryRefused, lines: "file('p/../../evil')"),
        .init(what: "parent only", code: .entryRefused, lines: "file('../evil')"),
        .init(what: "parent at the end", code: .entryRefused, lines: "dir('p/..')"),
        .init(what: "parent inside", code: .entryRefused, lines: "file('p/a/../b')"),
        .init(what: "absolute", code: .entryRefused, lines: "file('/tmp/openned-evil')"),
        .init(what: "absolute twice", code: .entryRefused, lines: "file('//tmp/openned-evil')"),
        .init(what: "dot", code: .entryRefused, lines: "file('p/./a')"),
        .init(what: "empty component", code: .entryRefused, lines: "file('p//a')"),
        .init(what: "empty name", code: .entryRefused, lines: "file('')"),
        .init(what: "file with slash", code: .entryRefused, lines: "file('p/a'); odd('p/a/', tarfile.REGTYPE)"),
        .init(what: "dotted absolute", code: .entryRefused, lines: "file('.//etc/x')"),
        .init(what: "symlink", code: .entryRefused, lines: "odd('p/l', tarfile.SYMTYPE, 'a')"),
        .init(what: "symlink out", code: .entryRefused, lines: "odd('p/l', tarfile.SYMTYPE, '/etc'); file('p/l/x')"),
        .init(what: "symlink as top", code: .entryRefused, lines: "odd('p', tarfile.SYMTYPE, '/tmp'); file('p/x')"),
        .init(what: "hard link", code: .entryRefused, lines: "file('p/a'); odd('p/b', tarfile.LNKTYPE, 'p/a')"),
        .init(what: "hard link out", code: .entryRefused, lines: "odd('p/b', tarfile.LNKTYPE, '/etc/passwd')"),
        .init(
            what: "hard link with data", code: .entryRefused,
            lines: "file('p/b', b'evil', type=tarfile.LNKTYPE, linkname='../../x')"),
        .init(what: "fifo", code: .entryRefused, lines: "odd('p/f', tarfile.FIFOTYPE)"),
        .init(what: "device", code: .entryRefused, lines: "odd('p/d', tarfile.CHRTYPE, devmajor=1, devminor=3)"),
        .init(what: "block device", code: .entryRefused, lines: "odd('p/d', tarfile.BLKTYPE, devmajor=8)"),
        .init(what: "setuid", code: .entryRefused, lines: "file('p/a', mode=0o4755)"),
        .init(what: "setgid", code: .entryRefused, lines: "file('p/a', mode=0o2755)"),
        .init(what: "setgid directory", code: .entryRefused, lines: "dir('p', mode=0o2755); file('p/a')"),
        .init(what: "sticky", code: .entryRefused, lines: "dir('p', mode=0o1777); file('p/a')"),
        .init(what: "duplicate", code: .entryRefused, lines: "file('p/a', b'good'); file('p/a', b'evil')"),
        .init(what: "duplicate directory", code: .entryRefused, lines: "dir('p'); dir('p'); file('p/a')"),
        .init(what: "duplicate with dot", code: .entryRefused, lines: "file('p/a'); file('./p/a')"),
        .init(what: "case", code: .entryRefused, lines: "file('p/readme'); file('p/README')"),
        .init(what: "case of directories", code: .entryRefused, lines: "file('p/A/x'); file('p/a/y')"),
        .init(what: "composition", code: .entryRefused, lines: "file('p/\\u00e9'); file('p/e\\u0301')"),
        .init(what: "long s", code: .entryRefused, lines: "file('p/s'); file('p/\\u017f')"),
        .init(what: "file and directory", code: .entryRefused, lines: "file('p/a'); file('p/a/b')"),
        .init(what: "directory then file", code: .entryRefused, lines: "file('p/a/b'); file('p/a')"),
        .init(what: "two tops", code: .entryRefused, lines: "file('p/a'); file('q/a')"),
        .init(what: "no top", code: .entryRefused, lines: "file('a')"),
        .init(what: "newline", code: .entryRefused, lines: "file('p/a\\nb')"),
        .init(what: "escape sequence", code: .entryRefused, lines: "file('p/\\x1b[2Ja')"),
        .init(what: "delete character", code: .entryRefused, lines: "file('p/\\x7f')"),
        .init(what: "C1 control", code: .entryRefused, lines: "file('p/\\x9b1m')"),
        .init(
            what: "not UTF-8", code: .entryRefused, lines: "file('p/\\udcff\\udcfe')", format: "USTAR_FORMAT"),
        .init(
            what: "not UTF-8, GNU", code: .entryRefused, lines: "file('p/' + '\\udcff' * 150)", format: "GNU_FORMAT"),
        .init(
            what: "overlong UTF-8", code: .entryRefused, lines: "file('p/\\udcc0\\udcae\\udcc0\\udcae/x')",
            format: "USTAR_FORMAT"),
        .init(what: "long name", code: .entryRefused, lines: "file('p/' + 'a' * 256)"),
        .init(what: "long path", code: .entryRefused, lines: "file('p' + '/abcdefghi' * 110)"),
        .init(what: "deep", code: .entryRefused, lines: "file('p' + '/a' * 40)"),
        .init(what: "empty archive", code: .archiveDamaged, lines: "pass"),
        .init(what: "directories only", code: .archiveDamaged, lines: "dir('p'); dir('p/a')"),
        .init(what: "bzip2", code: .archiveDamaged, lines: "file('p/a')", mode: "w:bz2"),
        .init(what: "xz", code: .archiveDamaged, lines: "file('p/a')", mode: "w:xz"),
    ]

    @Test(arguments: hostile)
    func anArchiveThatBreaksARuleIsRefusedAndLeavesNothing(_ hostile: Hostile) throws {
        try workshop.tar("x.tar.gz", mode: hostile.mode, format: hostile.format, hostile.lines)
        for attempt in ["list", "extract"] {
            do {
                let archive = try PackageArchive(path: workshop.path("x.tar.gz"))
                let listing = attempt == "list" ? try archive.list() : try archive.extract(to: workshop.path("out"))
                Issue.record("accepted: \(listing.entries.map(\.path))")
            } catch let error as PackageError {
                #expect(error.code == hostile.code, "\(error)")
                #expect(error.sentence.contains("x.tar.gz"))
                #expect(!error.sentence.unicodeScalars.contains { $0.value < 32 || $0.value == 127 })
            }
        }
        #expect(try workshop.run("ls -A").output == "make.py\nx.tar.gz\n")
        #expect(!FileManager.default.fileExists(atPath: "/tmp/openned-evil"))
    }

    private func refusal(_ name: String, _ limits: PackageArchiveLimits = PackageArchiveLimits()) -> PackageError.Code?
    {
        do {
            try PackageArchive(path: workshop.path(name), limits: limits).extract(to: workshop.path("out"))
            return nil
        } catch {
            return (error as? PackageError)?.code
        }
    }

    @Test func tenGigabytesOfZerosAreRefusedEarly() throws {
        try workshop.must(
            "mkdir p && head -c 400000000 /dev/zero | gzip -9 > part.gz && truncate -s 10G p/zeros && "
                + "tar cf sparse.tar -S p && tar czf sparse.tar.gz -S p && tar cf pax.tar --format=pax -S p")
        for name in ["sparse.tar", "sparse.tar.gz", "pax.tar"] {
            #expect(refusal(name) == .entryRefused, "\(name)")
            #expect(!workshop.exists("out"))
        }
        try workshop.must("rm p/zeros; truncate -s 400M p/zeros; tar czf plain.tar.gz p; tar cf plain.tar.zst --zstd p")
        for name in ["plain.tar.gz", "plain.tar.zst"] {
            let start = Date()
            #expect(refusal(name) == .limitExceeded, "\(name)")
            #expect(Date().timeIntervalSince(start) < 5)
            #expect(!workshop.exists("out"))
        }
        try workshop.must("gzip -c plain.tar.gz > twice.tar.gz")
        #expect(refusal("twice.tar.gz") == .entryRefused)
    }

    @Test func limitsOnBytesAndEntriesHold() throws {
        var limits = PackageArchiveLimits()
        limits.bytes = 1000
        limits.entries = 10
        try workshop.tar("bytes.tar", mode: "w", "file('p/a', b'x' * 600); file('p/b', b'x' * 400)")
        #expect(refusal("bytes.tar", limits) == nil)
        try workshop.must("rm -r out")
        try workshop.tar("bytes.tar", mode: "w", "file('p/a', b'x' * 600); file('p/b', b'x' * 401)")
        #expect(refusal("bytes.tar", limits) == .limitExceeded)
        try workshop.tar("entries.tar", mode: "w", "[dir('p/%d' % i) for i in range(9)]; file('p/x')")
        #expect(refusal("entries.tar", limits) == nil)
        try workshop.must("rm -r out")
        try workshop.tar("entries.tar", mode: "w", "[dir('p/%d' % i) for i in range(10)]; file('p/x')")
        #expect(refusal("entries.tar", limits) == .limitExceeded)
    }

    @Test func manyEntriesAreRefusedEarly() throws {
        // The default limit is 100,000; libarchive reads past them quickly and the rest is not looked at.
        try workshop.tar("many.tar.gz", "[file('p/%d' % i, b'') for i in range(100_001)]")
        #expect(throws: PackageError.self) { try PackageArchive(path: workshop.path("many.tar.gz")).list() }
    }

    @Test func anArchiveCutShortOrNoneIsRefused() throws {
        try source()
        try workshop.must("head -c 200000 /dev/urandom > src/router/noise; tar czf a.tar.gz -C src router")
        let bytes = try workshop.read("a.tar.gz")
        for size in [0, 1, 10, 100, bytes.count / 2, bytes.count - 2000] {
            try workshop.write("cut.tar.gz", Array(bytes.prefix(size)))
            #expect(refusal("cut.tar.gz") == .archiveDamaged, "\(size) bytes")
            #expect(!workshop.exists("out"))
        }
        try workshop.write("text.tar.gz", "this is not an archive")
        #expect(refusal("text.tar.gz") == .archiveDamaged)
        #expect(throws: SigningError.self) { try PackageArchive(path: workshop.path("absent")) }
    }

    @Test func theDestinationMustBeNew() throws {
        try source()
        try workshop.must("tar czf a.tar.gz -C src router; mkdir out; touch out/kept")
        #expect(refusal("a.tar.gz") == .fileUnusable)
        #expect(workshop.exists("out/kept"))
        try workshop.must("rm -r out; ln -s src out")
        #expect(refusal("a.tar.gz") == .fileUnusable)
    }

    @Test func theWriterMakesTheSameBytesFromTheSameSource() throws {
        try source()
        try workshop.must("mkdir src/router/.git; touch src/router/.git/x 'src/router/old~'")
        try workshop.must(
            "mkdir src/router/\(String(repeating: "d", count: 120)) && "
                + "touch src/router/\(String(repeating: "d", count: 120))/\(String(repeating: "f", count: 120))")
        try PackageArchiveWriter.write(
            directory: workshop.path("src/router"), name: "router", to: workshop.path("1.tgz"))
        try workshop.must("cp -r src copy && chmod -R g+w copy && touch -d 2001-01-01 copy/router/load-dir/*")
        try PackageArchiveWriter.write(
            directory: workshop.path("copy/router"), name: "router", to: workshop.path("2.tgz"))
        #expect(try workshop.run("cmp 1.tgz 2.tgz").output == "")
        try workshop.must("mkdir gnu && tar xzf 1.tgz -C gnu && rm -rf src/router/.git src/router/*~")
        #expect(try workshop.run("diff -r src/router gnu/router").output == "")
        let owners = "tar tvzf 1.tgz --numeric-owner --full-time | grep -cv '0/0 .* 1970-01-01 00:00:00'"
        #expect(try workshop.run(owners, environment: ["TZ": "UTC"]).output == "0\n")
        #expect(refusal("1.tgz") == nil)
        #expect(try workshop.run("diff -r src/router out/router").output == "")
        try workshop.must("chmod 755 copy/router/package-meta-data.xml")
        try PackageArchiveWriter.write(
            directory: workshop.path("copy/router"), name: "router", to: workshop.path("2.tgz"))
        #expect(try workshop.run("cmp 1.tgz 2.tgz").status != 0)
    }

    @Test func theWriterRefusesLinks() throws {
        try source()
        try workshop.must("ln -s /etc/passwd src/router/link")
        #expect(throws: PackageError.self) {
            try PackageArchiveWriter.write(
                directory: workshop.path("src/router"), name: "router", to: workshop.path("1.tgz"))
        }
        #expect(try workshop.run("ls").output == "src\n")
    }

    @Test func aBundleIsUnpackedOnlyAsItsManifestSays() throws {
        try source()
        try workshop.must("tar czf a.tar.gz -C src router")
        let archive = try PackageArchive(path: workshop.path("a.tar.gz"))
        let files = try archive.list().manifestFiles
        try TestAuthority.make(directory: workshop.path("ca"), now: Date())
        let signer = try BundleSigner(keyFile: workshop.path("ca/signer.key"), chainFile: workshop.path("ca/chain.pem"))
        let trust = try TrustStore(directory: workshop.path("ca"))
        func bundle(_ files: [BundleManifest.File]) throws -> VerifiedBundle {
            let content = BundleSigner.Content(
                package: "router", version: .init("1.0"), nedIDs: [], archiveName: "router-1.0.tar.gz", files: files)
            try signer.sign(archive.region, content: content, created: Date(), to: workshop.path("b.signed.bin"))
            return try trust.verify(UnverifiedBundle(path: workshop.path("b.signed.bin")), at: Date())
        }
        _ = try bundle(files).extract(to: workshop.path("out"))
        #expect(try workshop.run("diff -r src/router out/router").output == "")
        try workshop.must("rm -r out")
        var more = files
        more.append(.init(path: "router/more", mode: 0o644, size: 0, sha256: [UInt8]().sha256))
        var other = files
        other[0].sha256 = [UInt8]().sha256
        var mode = files
        mode[0].mode = 0o755
        for wrong in [Array(files.dropFirst()), Array(files.dropLast()), more, other, mode] {
            let verified = try bundle(wrong)
            let error = #expect(throws: PackageError.self) { try verified.extract(to: workshop.path("out")) }
            #expect(error?.code == .contentMismatch)
            #expect(!workshop.exists("out"))
            #expect(throws: PackageError.self) { try PackageArchive(verified.archive).check(against: wrong) }
        }
    }

    @Test func aFileSystemThatIsFullLeavesNothing() throws {
        guard try workshop.run("mkdir small && mount -t tmpfs -o size=100k none small").status == 0 else { return }
        defer { _ = try? workshop.run("umount small") }
        try source()
        try workshop.must("tar czf a.tar.gz -C src router")
        let error = #expect(throws: PackageError.self) {
            try PackageArchive(path: workshop.path("a.tar.gz")).extract(to: workshop.path("small/out"))
        }
        #expect(error?.code == .fileUnusable)
        #expect(try workshop.run("ls -A small").output == "")
    }
}
