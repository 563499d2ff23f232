package import Basics
import PackageSigning

extension PackageArchive {
    /// What a package archive says of itself.
    package struct Description: Sendable {
        package var listing: Listing
        package var metaData: PackageMetaData
        package var warnings: [Diagnostic]
    }

    /// Reads the archive to its end, with all its rules, and its meta-data.
    ///
    /// The top directory must bear the package's name.
    package func describe() throws -> Description {
        let (listing, bytes) = try contents(of: PackageMetaData.fileName, limit: 1 << 20)
        let file = "\(path): \(listing.topDirectory)/\(PackageMetaData.fileName)"
        guard let bytes else {
            throw PackageError(
                .metaDataInvalid, path, "has no \(listing.topDirectory.visible())/\(PackageMetaData.fileName)",
                remedy: "give the archive of a built package")
        }
        let (metaData, warnings) = try PackageMetaData.parse(bytes, file: file)
        guard metaData.name == listing.topDirectory else {
            throw PackageError(
                .metaDataInvalid, path,
                "its directory is '\(listing.topDirectory.visible())' and its package "
                    + "'\(metaData.name)'", remedy: "give the directory the name of the package")
        }
        return Description(listing: listing, metaData: metaData, warnings: warnings)
    }
}

extension VerifiedBundle {
    /// Checks that the archive inside is the package that the manifest names, file by file. Signature and digest were
    /// checked before: this finds a signer who signed something else than they said.
    package func checkContent(
        limits: PackageArchiveLimits = PackageArchiveLimits(), meter: WorkMeter? = nil
    ) throws -> PackageArchive.Description {
        var archive = PackageArchive(archive, limits: limits)
        archive.meter = meter
        let description = try archive.describe()
        let metaData = description.metaData
        guard description.listing.manifestFiles == manifest.files else {
            throw PackageError(
                .contentMismatch, path, "the manifest lists other files than the archive holds",
                remedy: "sign the package again")
        }
        guard metaData.name == package, metaData.version.description == version.description,
            metaData.neds.compactMap(\.nedID) == manifest.nedIDs
        else {
            throw PackageError(
                .contentMismatch, path,
                "the manifest names \(package) \(version) and the archive is "
                    + "\(metaData.name) \(metaData.version), or has other ned-ids", remedy: "sign the package again")
        }
        return description
    }
}
