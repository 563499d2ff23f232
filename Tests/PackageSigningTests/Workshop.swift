import Basics
import Foundation
import PackageSigning
import Testing

/// A directory of its own for a test, and the programs of the system.
final class Workshop {
    let directory: String

    init() throws {
        directory = NSTemporaryDirectory() + "openned-signing-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    func path(_ name: String) -> String { directory + "/" + name }

    func write(_ name: String, _ bytes: [UInt8]) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: path(name)))
    }

    func read(_ name: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(fileURLWithPath: path(name)))) }

    struct Outcome {
        var status: Int32
        var output: String
    }

    /// Runs a command line with `sh -c` in the directory; output and errors together.
    @discardableResult
    func run(_ command: String, environment: [String: String] = [:]) throws -> Outcome {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", command]
        process.currentDirectoryURL = URL(fileURLWithPath: directory)
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return Outcome(status: process.terminationStatus, output: String(decoding: output, as: UTF8.self))
    }

    /// Runs a command that must succeed.
    func must(_ command: String) throws {
        let outcome = try run(command)
        try #require(outcome.status == 0, "\(command): \(outcome.output)")
    }
}

/// Certificates made by openssl, so that what is judged is not our own work.
struct OpenSSLAuthority {
    let workshop: Workshop

    /// How `openssl genpkey` makes each kind of key.
    static let keys = [
        "ed25519": "-algorithm ed25519",
        "p256": "-algorithm EC -pkeyopt ec_paramgen_curve:P-256",
        "p384": "-algorithm EC -pkeyopt ec_paramgen_curve:P-384",
        "p521": "-algorithm EC -pkeyopt ec_paramgen_curve:P-521",
        "rsa": "-algorithm RSA -pkeyopt rsa_keygen_bits:2048",
        "rsa1024": "-algorithm RSA -pkeyopt rsa_keygen_bits:1024",
    ]
    static let signerExtensions = """
        basicConstraints=critical,CA:FALSE
        keyUsage=critical,digitalSignature
        extendedKeyUsage=codeSigning
        """
    static let authorityExtensions = """
        basicConstraints=critical,CA:TRUE
        keyUsage=critical,keyCertSign,cRLSign
        """

    func key(_ name: String, _ type: String) throws {
        try workshop.must("openssl genpkey \(Self.keys[type] ?? type) -out \(name).key 2>&1")
    }

    func root(_ name: String, _ type: String = "p256", days: Int = 3650) throws {
        try key(name, type)
        try workshop.must(
            "openssl req -x509 -new -key \(name).key -subj '/O=Tests/CN=\(name)' -days \(days) "
                + "-addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign -out \(name).pem"
                + " -config /dev/null 2>&1 || openssl req -x509 -new -key \(name).key -subj '/O=Tests/CN=\(name)' "
                + "-days \(days) -addext basicConstraints=critical,CA:TRUE -out \(name).pem 2>&1")
    }

    func issue(
        _ name: String, by issuer: String, _ type: String = "p256", days: Int = 365,
        extensions: String = signerExtensions,
        options: String = ""
    ) throws {
        try key(name, type)
        try workshop.write("\(name).ext", Array(extensions.utf8))
        try workshop.must(
            "openssl req -new -key \(name).key -subj '/O=Tests/CN=\(name)' -out \(name).csr 2>&1 && "
                + "openssl x509 -req -in \(name).csr -CA \(issuer).pem -CAkey \(issuer).key -CAcreateserial "
                + "-days \(days) -extfile \(name).ext \(options) -out \(name).pem 2>&1")
    }
}

extension Workshop {
    static let archive = Array("this stands for an archive, which is not unpacked here".utf8)

    var content: BundleSigner.Content {
        BundleSigner.Content(
            package: "router", version: .init("1.0"), nedIDs: ["router-cli-1.0:router-cli-1.0"],
            archiveName: "ncs-6.7-router-1.0.tar.gz",
            files: [
                .init(path: "router/package-meta-data.xml", mode: 0o644, size: 3, sha256: Array("abc".utf8).sha256),
                .init(path: "router/load-dir/é.fxs", mode: 0o755, size: 0, sha256: [UInt8]().sha256),
            ])
    }

    /// Signs the stand-in archive with `key` and `chain` (names in the directory); gives the bundle's path.
    @discardableResult
    func bundle(_ name: String = "router.signed.bin", key: String, chain: String) throws -> String {
        try write("archive", Self.archive)
        let signer = try BundleSigner(keyFile: path(key), chainFile: path(chain))
        try signer.sign(
            FileRegion(wholeFile: path("archive")), content: content, created: Date(), to: path(name))
        return path(name)
    }

    /// A trust directory that holds the named certificates.
    func trust(_ certificates: String...) throws -> TrustStore {
        try must("rm -rf trust && mkdir trust && cp \(certificates.joined(separator: " ")) trust/")
        return try TrustStore(directory: path("trust"))
    }

    /// The code with which a bundle is refused, or nil if it is accepted.
    func refusal(_ name: String, _ trust: TrustStore, at time: Date = Date()) throws -> SigningError.Code? {
        do {
            _ = try trust.verify(UnverifiedBundle(path: path(name)), at: time)
            return nil
        } catch let error as SigningError {
            #expect(error.sentence.contains(directory), "the sentence names a file: \(error)")
            return error.code
        }
    }
}
