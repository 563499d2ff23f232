package import Basics

/// The name of a package file, `ncs-<release>-<package>-<version>.<suffix>` or `<package>-<version>.<suffix>`, or what
/// an operator types for one: prefix and suffix, and where a command allows it the version, may be left out.
///
/// The name is a label: which package a file holds is said by the meta-data inside. In names of packages from elsewhere
/// the package part may be shorter than the package's name (`router-nc-1.0.2` for version 1.0.2 of `router-nc-1.0`).
package struct PackageFileName: Hashable, Sendable, CustomStringConvertible {
    /// The longest first, so that `.tar.gz` is not taken for something else.
    package static let suffixes = [".signed.bin", ".tar.zst", ".tar.gz", ".tgz", ".tar"]

    /// The release in the `ncs-` prefix.
    package var release: Version?
    /// `<package>-<version>`.
    package var stem: String
    /// With its dot; empty if there was none.
    package var suffix: String

    package init(_ text: String) {
        var rest = text.split(separator: "/").last.map(String.init) ?? text
        suffix = Self.suffixes.first { rest.hasSuffix($0) && rest != $0 } ?? ""
        rest.removeLast(suffix.count)
        if let match = rest.wholeMatch(of: /ncs-([0-9]+(?:\.[0-9A-Za-z_]+)+)-(.+)/) {
            release = Version(match.1)
            rest = String(match.2)
        }
        stem = rest
    }

    /// The name that our builder gives: a driver package whose name ends in the `major.minor` of its version is named
    /// once, as `ncs-6.7-router-nc-1.0.2.tar.gz`.
    package init(
        package: String, version: Version, release: Version = Product.compatibleVersion, suffix: String = ".tar.gz"
    ) {
        let majorMinor = version.description.split(separator: ".").prefix(2).joined(separator: ".")
        let base = package.hasSuffix("-" + majorMinor) ? String(package.dropLast(majorMinor.count + 1)) : package
        self.release = release
        stem = base + "-" + version.description
        self.suffix = suffix
    }

    package var description: String { fileStem + suffix }

    /// Without the suffix, as `installed` reports it: `ncs-6.7-router-nc-1.0.2`.
    package var fileStem: String { (release.map { "ncs-\($0)-" } ?? "") + stem }

    /// Where the stem can be split into package and version, the longest version first.
    package var splits: [(package: String, version: Version)] {
        stem.indices.compactMap { index in
            guard stem[index] == "-", index > stem.startIndex else { return nil }
            let version = Version(stem[stem.index(after: index)...])
            return version.isWellFormed ? (String(stem[..<index]), version) : nil
        }
    }

    /// Whether what was typed means this file: what it leaves out may be anything, what it says must be the same.
    package func isMeant(by typed: String, withoutVersion: Bool = false) -> Bool {
        let query = PackageFileName(typed)
        guard query.suffix.isEmpty || query.suffix == suffix else { return false }
        if let wanted = query.release, wanted != release { return false }
        if query.stem == stem { return true }
        return withoutVersion && splits.contains { $0.package == query.stem }
    }
}
