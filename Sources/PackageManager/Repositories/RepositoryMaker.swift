import Basics
import Foundation
import PackageSigning

/// Makes `index.txt` and `index.signed` of a directory of signed packages.
struct RepositoryMaker {
    var directory: String
    var signer: BundleSigner
    /// The name of the repository; nil takes that of the index before, or of the directory.
    var repository: String?
    /// Nil takes the number after that of the index before.
    var sequence: Int?
    var days = 30
    var now: Date

    /// Writes both files and gives what the index says. The signed one comes first: a reader of it needs no other.
    func run() throws -> RepositoryIndex {
        let file = directory + "/" + RepositoryIndex.fileName
        let before = try previous(file)
        let sequence = sequence ?? (before?.sequence ?? 0) + 1
        if let before, sequence <= before.sequence {
            throw PackageError(
                .repositoryInvalid, file, "the index there has number \(before.sequence) already",
                remedy: "give a higher --sequence, or none")
        }
        let name = URL(fileURLWithPath: directory).standardizedFileURL.lastPathComponent
        // Whole seconds, which is what the index can say.
        let issued = Date(timeIntervalSince1970: now.timeIntervalSince1970.rounded(.down))
        let index = RepositoryIndex(
            algorithm: .ed25519, repository: repository ?? before?.repository ?? name, sequence: sequence,
            issued: issued, expires: issued.addingTimeInterval(Double(days) * 86_400), chainSHA256: "",
            packages: try items())
        try signer.sign(index: index, to: file)
        try DurableFiles.replace(directory + "/" + RepositoryIndex.plainFileName, with: Array(index.plainText.utf8))
        return index
    }

    private func previous(_ file: String) throws -> RepositoryIndex? {
        guard DurableFiles.exists(file) else { return nil }
        return try RepositoryIndex(unverifiedFile: file)
    }

    private func items() throws -> [RepositoryIndex.Item] {
        guard let walker = FileManager.default.enumerator(atPath: directory) else {
            throw PackageError(.fileUnusable, directory, "cannot be read", remedy: "give a directory of packages")
        }
        var items: [RepositoryIndex.Item] = []
        for case let path as String in walker where path.hasSuffix(BundleFormat.suffix) {
            let file = directory + "/" + path
            guard RepositoryIndex.isPath(path) else {
                throw PackageError(
                    .repositoryInvalid, file.visible(), "has a path that an index cannot name",
                    remedy: "use letters, digits, '.', '_', '-' and '+'")
            }
            let bundle = try UnverifiedBundle(path: file)
            let manifest = try BundleManifest(encoded: bundle.manifest, path: file)
            items.append(
                RepositoryIndex.Item(
                    path: path, package: manifest.package, version: manifest.version, size: bundle.file.size,
                    sha256: try FileRegion(wholeFile: file).sha256()))
        }
        return items
    }
}
