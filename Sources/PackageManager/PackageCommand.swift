import Basics
package import Foundation
import PackageSigning

/// The program `ncs-package`: builds, signs, verifies and shows packages. Exit status 0 done, 1 refused, 2 wrong usage.
package enum PackageCommand {
    package static let usage = """
        usage: ncs-package COMMAND ...
          make-test-ca DIR [--algorithm ed25519|p256|p384|rsa]
              makes keys and certificates for trying out: root.pem, root.key, signer.key, chain.pem
          build PKG-DIR [-o FILE|DIR] [--migrates-from PKG-DIR|MODELS]
              builds a package and makes its archive, ncs-\(Product.compatibleVersion)-NAME-VERSION.tar.gz; its migration
              maps are checked against the package named, and against those beside it that they name
          sign PKG-DIR|FILE.tar.gz --key KEY --chain CHAIN [--out FILE.signed.bin]
              makes a signed package; KEY and CHAIN are PEM, the signer's certificate first
          verify FILE.signed.bin [--trust-anchors DIR]
              checks signature, certificates and content
          verify FILE.tar.gz --certificate CERT [--signature FILE] [--trust-anchors DIR]
              checks an archive with the signature beside it (FILE.tar.gz.signature)
          inspect FILE.signed.bin [--extract DIR]
              shows what a signed package says, or takes it apart for openssl
          index DIR --key KEY --chain CHAIN [--repository NAME] [--days N] [--sequence N]
              makes index.txt and index.signed of the signed packages in a directory, which a web server then shows; the
              index is good for N days (30), and each has a higher number than the one before
          sbom PKG-DIR|FILE [-o OUT] [--trust-anchors DIR]
              lists the files and YANG modules of a built package as CycloneDX JSON; a signed package is verified first

        Without --trust-anchors the root certificates are looked for in ./trust, $NCS_CONFIG_DIR/trust and
        $NCS_DIR/etc/ncs/trust.

        """

    /// What a run needs from outside; `output` and `errors` are given whole lines.
    package struct Context: Sendable {
        package var environment: [String: String]
        package var now: Date
        package var compile: PackageBuilder.Compile?
        package var output: @Sendable (String) -> Void
        package var errors: @Sendable (String) -> Void

        package init(
            environment: [String: String], now: Date, compile: PackageBuilder.Compile?,
            output: @escaping @Sendable (String) -> Void, errors: @escaping @Sendable (String) -> Void
        ) {
            self.environment = environment
            self.now = now
            self.compile = compile
            self.output = output
            self.errors = errors
        }
    }

    /// Runs the program. `arguments` are those behind its name.
    package static func run(arguments: [String], context: Context) -> Int32 {
        guard let command = arguments.first else {
            context.errors(usage)
            return 2
        }
        if ["--help", "-h", "help"].contains(command) {
            context.output(usage)
            return 0
        }
        do {
            let rest = Array(arguments.dropFirst())
            switch command {
            case "make-test-ca": try makeTestAuthority(rest, context)
            case "build": try build(rest, context)
            case "sign": try sign(rest, context)
            case "verify": try verify(rest, context)
            case "index": try index(rest, context)
            case "sbom": try billOfMaterials(rest, context)
            case "inspect": try inspect(rest, context)
            default: throw UsageError(description: "'\(command.visible(limit: 60))' is no command")
            }
            return 0
        } catch let error as UsageError {
            context.errors("ncs-package: \(error)\n\(usage)")
            return 2
        } catch let error as DiagnosticsError {
            context.errors("\(error)\n")
            return 1
        } catch {
            context.errors("ncs-package: \(error)\n")
            return 1
        }
    }

    // MARK: Commands

    private static func makeTestAuthority(_ arguments: [String], _ context: Context) throws {
        let parsed = try ParsedArguments(arguments, options: ["--algorithm"])
        let name = parsed["--algorithm"] ?? "p256"
        guard let algorithm = TestAuthority.KeyType(rawValue: name) else {
            throw UsageError(description: "'\(name.visible(limit: 60))' is no kind of key")
        }
        let authority = try TestAuthority.make(directory: parsed.file(), algorithm: algorithm, now: context.now)
        for path in [authority.root, authority.rootKey, authority.signerKey, authority.chain] {
            context.output("Wrote \(path)\n")
        }
    }

    private static func build(_ arguments: [String], _ context: Context) throws {
        let parsed = try ParsedArguments(arguments, options: ["-o", "--output", "--migrates-from"])
        let builder = PackageBuilder(environment: context.environment, compile: context.compile) {
            context.output($0 + "\n")
        }
        let result = try builder.build(
            parsed.file(), output: parsed["-o"] ?? parsed["--output"] ?? ".",
            origins: parsed["--migrates-from"].map { [$0] } ?? [])
        for warning in result.warnings { context.errors("\(warning)\n") }
        context.output("Built \(result.archive)\n")
    }

    private static func sign(_ arguments: [String], _ context: Context) throws {
        let parsed = try ParsedArguments(arguments, options: ["--key", "--chain", "--out", "-o"])
        guard let key = parsed["--key"], let chain = parsed["--chain"] else {
            throw UsageError(description: "sign needs --key and --chain")
        }
        let signer = try BundleSigner(keyFile: key, chainFile: chain)
        var path = try parsed.file()
        var temporary: String?
        defer { if let temporary { try? DurableFiles.removeTree(temporary) } }
        var isDirectory: ObjCBool = false
        if FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), isDirectory.boolValue {
            let (metaData, _) = try PackageBuilder.metaData(of: path)
            let name = PackageFileName(package: metaData.name, version: metaData.version).description
            let folder = NSTemporaryDirectory() + "ncs-package-\(UUID().uuidString)"
            try DurableFiles.makeDirectory(folder, mode: 0o700)
            temporary = folder
            try PackageArchiveWriter.write(directory: path, name: metaData.name, to: folder + "/" + name)
            path = folder + "/" + name
        }
        let fileName = PackageFileName(path)
        guard [".tar.gz", ".tgz"].contains(fileName.suffix) else {
            throw UsageError(description: "\(path): only a directory, a .tar.gz or a .tgz can be signed")
        }
        let archive = try PackageArchive(path: path)
        let described = try archive.describe()
        for warning in described.warnings { context.errors("\(warning)\n") }
        let content = BundleSigner.Content(
            package: described.metaData.name, version: described.metaData.version,
            nedIDs: described.metaData.neds.compactMap(\.nedID), archiveName: fileName.fileStem + ".tar.gz",
            files: described.listing.manifestFiles)
        let output = parsed["--out"] ?? parsed["-o"] ?? fileName.fileStem + BundleFormat.suffix
        try signer.sign(archive.region, content: content, created: context.now, to: output)
        context.output("Signed \(output)\n")
    }

    private static func verify(_ arguments: [String], _ context: Context) throws {
        let parsed = try ParsedArguments(arguments, options: ["--trust-anchors", "--certificate", "--signature"])
        let file = try parsed.file()
        let trust = try TrustStore(directory: trustDirectory(parsed["--trust-anchors"], context.environment))
        if let certificate = parsed["--certificate"] {
            let detached = DetachedSignature(archive: file, signature: parsed["--signature"], certificate: certificate)
            let verified = try detached.verify(trust: trust, at: context.now)
            report(verified.certificates, context)
            context.output("Successfully verified the signature of \(file) using \(certificate)\n")
            return
        }
        let bundle = try trust.verify(UnverifiedBundle(path: file), at: context.now)
        let described = try bundle.checkContent()
        for warning in described.warnings { context.errors("\(warning)\n") }
        report(bundle.certificates, context)
        context.output(
            "Successfully verified \(bundle.manifest.files.count) files of \(bundle.manifest.archive.name).\n")
        context.output("Package \(bundle.package) \(bundle.version), signed by \(bundle.signer)\n")
    }

    private static func index(_ arguments: [String], _ context: Context) throws {
        let parsed = try ParsedArguments(
            arguments, options: ["--key", "--chain", "--repository", "--days", "--sequence"])
        guard let key = parsed["--key"], let chain = parsed["--chain"] else {
            throw UsageError(description: "index needs --key and --chain")
        }
        func number(_ option: String) throws -> Int? {
            guard let text = parsed[option] else { return nil }
            guard let number = Int(text), number > 0, number <= 1_000_000_000 else {
                throw UsageError(description: "\(option) is a number from 1 on, not '\(text.visible(limit: 60))'")
            }
            return number
        }
        var maker = try RepositoryMaker(
            directory: parsed.file(), signer: BundleSigner(keyFile: key, chainFile: chain), now: context.now)
        maker.repository = parsed["--repository"]
        maker.sequence = try number("--sequence")
        if let days = try number("--days") { maker.days = min(days, 36_500) }
        let made = try maker.run()
        context.output(
            "Indexed \(made.packages.count) packages of repository \(made.repository), number \(made.sequence), good until "
                + "\(made.expires.formatted(.iso8601))\n")
    }

    private static func report(_ certificates: [CertificateSummary], _ context: Context) {
        context.output("Successfully verified the certificate chain to '\(certificates.last?.subject ?? "")'.\n")
    }

    private static func inspect(_ arguments: [String], _ context: Context) throws {
        let parsed = try ParsedArguments(arguments, options: ["--extract"])
        let inspector = try BundleInspector(path: parsed.file())
        context.output(inspector.report)
        guard let directory = parsed["--extract"] else { return }
        for name in try inspector.extract(to: directory) { context.output("Wrote \(directory)/\(name)\n") }
        if let command = inspector.opensslCommand { context.output("To check the signature there: \(command)\n") }
    }

    private static func billOfMaterials(_ arguments: [String], _ context: Context) throws {
        let parsed = try ParsedArguments(arguments, options: ["-o", "--output", "--trust-anchors"])
        let path = try parsed.file()
        let folder = NSTemporaryDirectory() + "ncs-package-\(UUID().uuidString)"
        defer { try? DurableFiles.removeTree(folder) }
        var directory = path
        var signer: String?
        var isDirectory: ObjCBool = false
        if !FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) || !isDirectory.boolValue {
            let listing: PackageArchive.Listing
            if UnverifiedBundle.isBundle(path) {
                let trust = try TrustStore(directory: trustDirectory(parsed["--trust-anchors"], context.environment))
                let bundle = try trust.verify(UnverifiedBundle(path: path), at: context.now)
                signer = bundle.signer.subject
                listing = try bundle.extract(to: folder, isDurable: false)
            } else {
                listing = try PackageArchive(path: path).extract(to: folder, isDurable: false)
            }
            directory = folder + "/" + listing.topDirectory
        }
        let text = try BillOfMaterials(directory: directory, signer: signer).text
        guard let output = parsed["-o"] ?? parsed["--output"] else { return context.output(text) }
        try DurableFiles.replace(output, with: Array(text.utf8))
        context.output("Wrote \(output)\n")
    }

    private static func trustDirectory(_ given: String?, _ environment: [String: String]) throws -> String {
        if let given { return given }
        var candidates = ["trust"]
        if let directory = environment["NCS_CONFIG_DIR"] { candidates.append(directory + "/trust") }
        if let directory = environment["NCS_DIR"] { candidates.append(directory + "/etc/ncs/trust") }
        guard let found = candidates.first(where: DurableFiles.exists) else {
            throw SigningError(
                .anchorsUnusable, candidates.joined(separator: ", "), "there are no trust anchors",
                remedy: "give --trust-anchors DIR, a directory with the root certificates that you trust")
        }
        return found
    }
}

/// What is wrong with a command line.
private struct UsageError: Error, CustomStringConvertible {
    var description: String
}

/// One file and options with a value each, in any order.
private struct ParsedArguments {
    private var files: [String] = []
    private var values: [String: String] = [:]

    init(_ arguments: [String], options: Set<String>) throws {
        var rest = arguments[...]
        var onlyFiles = false
        while let argument = rest.popFirst() {
            if onlyFiles || !argument.hasPrefix("-") {
                files.append(argument)
            } else if argument == "--" {
                onlyFiles = true
            } else {
                let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
                guard options.contains(parts[0]) else {
                    throw UsageError(description: "'\(parts[0].visible(limit: 60))' is no option here")
                }
                guard let value = parts.count == 2 ? parts[1] : rest.popFirst() else {
                    throw UsageError(description: "\(parts[0]) needs a value")
                }
                guard values.updateValue(value, forKey: parts[0]) == nil else {
                    throw UsageError(description: "\(parts[0]) is there twice")
                }
            }
        }
    }

    subscript(option: String) -> String? { values[option] }

    func file() throws -> String {
        guard files.count == 1 else {
            throw UsageError(
                description: files.isEmpty ? "a name is missing" : "one name is expected, not \(files.count)")
        }
        return files[0]
    }
}
