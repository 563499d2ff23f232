import Basics
import Foundation
import PackageManager
import PackageSigning
import Synchronization
import TestSupport
import Testing

/// Packages in every form, signed and not, for the store, the generations and the loader.
struct PackageWorkshop {
    let workshop: Workshop
    let clock = TestClock()

    init() throws {
        workshop = try Workshop()
        try workshop.must("mkdir packages trust")
        try TestAuthority.make(directory: workshop.path("ca"), now: Date())
        try workshop.must("cp ca/root.pem trust")
    }

    // MARK: What is under test

    /// As the controller makes it: certificates are judged for the time of installation.
    func generations(_ policy: LoadPathPolicy = .off) -> GenerationStore {
        let (trust, clock) = (workshop.path("trust"), clock)
        return GenerationStore(directory: workshop.path("in-use"), policy: policy) { path in
            AcceptedBundle(try TrustStore(directory: trust).verify(UnverifiedBundle(path: path), at: clock.now))
        }
    }

    func store() -> PackageStore {
        let (trust, clock) = (workshop.path("trust"), clock)
        return PackageStore(
            directory: workshop.path("store"), links: workshop.path("packages"),
            ledger: SignerLedger(directory: workshop.path("state"))
        ) { path in
            try TrustStore(directory: trust).verify(UnverifiedBundle(path: path), at: clock.now)
        }
    }

    var loadPath: LoadPath { LoadPath([workshop.path("packages")]) }

    /// Copies what is in the load path into a generation and loads that.
    func load(_ number: Int = 1, previous: PackageGeneration? = nil) throws -> PackageGeneration {
        try generations().build(number, from: loadPath.sources())
        let loader = PackageLoader(
            moduleDirectory: try SystemModuleDirectory.shared.get(),
            previous: try previous ?? SystemModuleDirectory.empty.get())
        return try loader.load(number, directory: generations().path(number))
    }

    /// From now on packages are signed by somebody else, who is trusted too; made by openssl.
    func anotherAuthority() throws {
        try workshop.write("leaf.ext", "basicConstraints=critical,CA:FALSE\nextendedKeyUsage=codeSigning\n")
        try workshop.must(
            """
            key="-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
            openssl req -x509 $key -keyout ca/root.key -subj /CN=Others -days 9 \
                -addext basicConstraints=critical,CA:TRUE -out ca/root.pem 2>&1
            openssl req $key -keyout ca/signer.key -subj /CN=Somebody -out ca/signer.csr 2>&1
            openssl x509 -req -in ca/signer.csr -CA ca/root.pem -CAkey ca/root.key -CAcreateserial -days 9 \
                -extfile leaf.ext -out ca/chain.pem 2>&1 && cp ca/root.pem trust/others.pem
            """)
    }

    // MARK: Packages

    static func metaData(_ name: String, _ version: String = "1.0", _ more: String = "") -> String {
        """
        <ncs-package xmlns="http://tail-f.com/ns/ncs-packages">
          <name>\(name)</name><package-version>\(version)</package-version>\(more)
        </ncs-package>
        """
    }

    /// A package directory; `more` is the rest of its meta-data.
    func directory(_ place: String, _ name: String, _ version: String = "1.0", _ more: String = "") throws {
        try workshop.write(place + "/package-meta-data.xml", Self.metaData(name, version, more))
        try workshop.write(place + "/templates/t.xml", "<config-template/>")
    }

    /// A good signed package; the file's name.
    @discardableResult
    func bundle(_ name: String, _ version: String = "1.0", in folder: String = ".", as file: String? = nil) throws
        -> String
    {
        try directory("made/\(name)-\(version)/\(name)", name, version)
        let archive = workshop.path("\(name)-\(version).tar.gz")
        try PackageArchiveWriter.write(
            directory: workshop.path("made/\(name)-\(version)/\(name)"), name: name, to: archive)
        let files = try PackageArchive(path: archive).list().manifestFiles
        let output = "\(folder)/\(file ?? "ncs-6.7-\(name)-\(version).signed.bin")"
        try sign(archive, name, version, files, to: output)
        return output
    }

    func sign(
        _ archive: String, _ name: String, _ version: String, _ files: [BundleManifest.File], to output: String
    ) throws {
        let signer = try BundleSigner(keyFile: workshop.path("ca/signer.key"), chainFile: workshop.path("ca/chain.pem"))
        let content = BundleSigner.Content(
            package: name, version: .init(version), nedIDs: [], archiveName: "\(name)-\(version).tar.gz", files: files)
        try signer.sign(FileRegion(wholeFile: archive), content: content, created: Date(), to: workshop.path(output))
    }

    /// An archive that Python made, signed by the trusted key as if it were a package `bad`.
    func hostileBundle(_ hostile: HostileArchive, to output: String) throws {
        let metaData = Array(Self.metaData("bad").utf8)
        try workshop.write("meta.xml", metaData)
        try workshop.tar(
            "hostile.tar.gz", "file('bad/package-meta-data.xml', open('meta.xml', 'rb').read())\n" + hostile.lines)
        let listed = hostile.listed.map { path, bytes in
            BundleManifest.File(path: path, mode: 0o644, size: bytes.count, sha256: bytes.sha256)
        }
        let file = BundleManifest.File(
            path: "bad/package-meta-data.xml", mode: 0o644, size: metaData.count, sha256: metaData.sha256)
        let files = (listed + [file]).sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
        try sign(workshop.path("hostile.tar.gz"), "bad", "1.0", files, to: output)
    }

    func names(_ folder: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: workshop.path(folder))) ?? []).sorted()
    }
}

/// A clock that a test sets.
final class TestClock: Sendable {
    private let offset = Mutex(0.0)

    var now: Date { Date().addingTimeInterval(offset.withLock { $0 }) }
    func advance(years: Double) { offset.withLock { $0 += years * 365 * 86_400 } }
}

/// Archives that no package may be, as lines for `Workshop.tar`, with a word of the refusal.
struct HostileArchive: Sendable, CustomTestStringConvertible {
    let name: String
    let lines: String
    let reason: String
    /// What the manifest lists besides the meta-data, so that it is not the manifest that gives the archive away.
    var listed: [String: [UInt8]] = [:]

    var testDescription: String { name }

    static let all = [
        HostileArchive(name: "traversal", lines: "file('bad/../../evil')", reason: "'..'"),
        HostileArchive(name: "absolute path", lines: "file('/tmp/openned-evil')", reason: "absolute"),
        HostileArchive(name: "symbolic link", lines: "odd('bad/l', tarfile.SYMTYPE, '/etc/passwd')", reason: "link"),
        HostileArchive(
            name: "hard link", lines: "odd('bad/l', tarfile.LNKTYPE, 'bad/package-meta-data.xml')", reason: "link"),
        HostileArchive(name: "fifo", lines: "odd('bad/f', tarfile.FIFOTYPE)", reason: "bad/f"),
        HostileArchive(
            name: "character device", lines: "odd('bad/d', tarfile.CHRTYPE, devmajor=1, devminor=3)", reason: "bad/d"),
        HostileArchive(
            name: "block device", lines: "odd('bad/d', tarfile.BLKTYPE, devmajor=8, devminor=0)", reason: "bad/d"),
        HostileArchive(name: "setuid", lines: "file('bad/s', mode=0o4755)", reason: "setuid"),
        HostileArchive(
            name: "case collision", lines: "file('bad/a')\nfile('bad/A')", reason: "case", listed: ["bad/a": [120]]),
        HostileArchive(
            name: "a path twice", lines: "file('bad/a')\nfile('bad/a')", reason: "twice", listed: ["bad/a": [120]]),
        HostileArchive(name: "two packages", lines: "file('other/a')", reason: "beside the top directory"),
        HostileArchive(
            name: "bomb", lines: "file('bad/zeros', bytes(64 << 20))", reason: "unpack",
            listed: ["bad/zeros": [UInt8](repeating: 0, count: 64 << 20)]),
        HostileArchive(name: "more than the manifest says", lines: "file('bad/more')", reason: "manifest"),
    ]
}

/// The modules of an installation, and a generation without packages over them, made once.
enum SystemModuleDirectory {
    private static let holder = Result { try make() }
    static let shared: Result<String, any Error> = holder.map(\.path)

    /// Spares each test the compilation of the system model.
    static let empty: Result<PackageGeneration, any Error> = Result {
        let nothing = try TemporaryDirectory("no-packages")
        return try PackageLoader(moduleDirectory: shared.get()).load(0, directory: nothing.path)
    }

    private static func make() throws -> TemporaryDirectory {
        let directory = try TemporaryDirectory.untilExit("modules")
        let standard = ProcessInfo.processInfo.environment["YANG_MODULE_DIR"] ?? "/usr/share/yuma/modules/ietf"
        let files = FileManager.default
        for source in [standard, Repository.path("yang/tailf"), Repository.path("yang/openned")] {
            for name in try files.contentsOfDirectory(atPath: source).sorted() where name.hasSuffix(".yang") {
                let target = directory.path(String(name.prefix { $0 != "@" && $0 != "." }) + ".yang")
                try? files.removeItem(atPath: target)
                try files.copyItem(atPath: source + "/" + name, toPath: target)
            }
        }
        return directory
    }
}
