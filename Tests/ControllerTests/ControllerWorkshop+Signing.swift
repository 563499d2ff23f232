import Basics
import Foundation
import PackageManager
import PackageSigning
import TestSupport

extension ControllerWorkshop {
    /// An authority of the test's own, which the controller will trust.
    func trustTestAuthority() throws {
        try TestAuthority.make(directory: directory.path("ca"), now: Date())
        try FileManager.default.createDirectory(
            atPath: directory.path("run/trust"), withIntermediateDirectories: true)
        try FileManager.default.copyItem(
            atPath: directory.path("ca/root.pem"), toPath: directory.path("run/trust/root.pem"))
    }

    /// Builds a driver package and signs it; the path of the bundle.
    func bundle(_ version: String, _ module: String = TestModels.first) throws -> String {
        let folder = try package("mini", version: version, module: module)
        directory.remove("run/packages/\(folder)")
        let archive = directory.path("sources/ncs-6.7-mini-cli-\(version).tar.gz")
        let package = try PackageArchive(path: archive).describe()
        let output = directory.path("ncs-6.7-mini-cli-\(version).signed.bin")
        try sign(
            archive, folder, version, package.metaData.neds.compactMap(\.nedID), package.listing.manifestFiles, output)
        return output
    }

    func sign(
        _ archive: String, _ name: String, _ version: String, _ nedIDs: [String], _ files: [BundleManifest.File],
        _ output: String
    ) throws {
        let signer = try BundleSigner(
            keyFile: directory.path("ca/signer.key"), chainFile: directory.path("ca/chain.pem"))
        let content = BundleSigner.Content(
            package: name, version: .init(version), nedIDs: nedIDs, archiveName: "a.tar.gz", files: files)
        try signer.sign(FileRegion(wholeFile: archive), content: content, created: Date(), to: output)
    }
}
