import Basics
import Foundation

/// `ncs-project update`: brings the packages of a project up to date, and what they require, and writes `setup.mk`.
struct ProjectUpdater {
    let sources: ProjectSources
    let say: (String) -> Void
    /// A package that another one requires may be missing, and is a warning then.
    var isLenient = false

    private var root: String { sources.root }
    private var folder: String { root + "/packages" }

    /// Which packages are taken.
    enum Choice { case project, bundle }

    struct Result {
        /// In the order in which they are built.
        var packages: [ProjectPackage]
        /// The releases on which all of them run.
        var releases: [Version]
        var warnings: [String]
    }

    func run(_ choice: Choice) throws -> Result {
        try DurableFiles.makeDirectory(folder)
        say("installing packages...")
        for package in wanted(choice) { try sources.install(package, in: folder) }
        say("installing packages...ok")
        say("resolving package dependencies...")
        let (packages, warnings) = try resolve(names: sources.project.packages.map(\.name))
        say("resolving package dependencies...ok")
        say("determining build order...")
        let ordered = try ProjectPackage.inBuildOrder(packages)
        say("determining build order...ok")
        say("determining ncs-min-version...")
        let releases = ProjectPackage.releases(of: packages, strict: true)
        say("determining ncs-min-version...ok")
        return Result(packages: ordered, releases: releases, warnings: warnings + runs(packages))
    }

    /// What is in the project already, and nothing brought.
    func present() throws -> [ProjectPackage] {
        try sources.project.packages.compactMap { try ProjectPackage(at: "\(folder)/\($0.name)") }
    }

    /// In the bundle, a package may come from elsewhere.
    private func wanted(_ choice: Choice) -> [ProjectMetaData.Package] {
        guard choice == .bundle, let bundle = sources.project.bundle else { return sources.project.packages }
        return sources.project.packages.map { package in
            bundle.packages.first { $0.name == package.name && $0.location != .unsaid } ?? package
        }
    }

    private func resolve(names: [String]) throws -> (packages: [ProjectPackage], warnings: [String]) {
        var packages = try names.compactMap { try ProjectPackage(at: "\(folder)/\($0)") }
        var warnings: [String] = []
        var index = 0
        while index < packages.count {
            let package = packages[index]
            index += 1
            say("checking dependencies for \"\(package.name)\"")
            for required in package.required {
                if let there = packages.first(where: { $0.isNamed(required.name) }) {
                    warnings += Self.fault(there, required, package)
                    continue
                }
                say("found dependency \"\(required.name)\"")
                do {
                    let found = try bring(required, for: package)
                    warnings += Self.fault(found, required, package)
                    packages.append(found)
                } catch let error as PackageError where isLenient && error.code == .unknownPackage {
                    warnings.append(error.sentence)
                }
            }
        }
        return (packages, warnings)
    }

    private static func fault(
        _ there: ProjectPackage, _ required: PackageMetaData.RequiredPackage, _ package: ProjectPackage
    ) -> [String] {
        guard !required.accepts(there.version) else { return [] }
        return [
            "package \(package.name) requires \(required.name) \(required.range), and packages has version "
                + "\(there.version?.description ?? "none")"
        ]
    }

    private func bring(
        _ required: PackageMetaData.RequiredPackage, for package: ProjectPackage
    ) throws -> ProjectPackage {
        let place = folder + "/" + required.name
        if let there = try ProjectPackage(at: place) { return there }
        guard try sources.takeFromStores(required.name, required, to: place),
            let found = try ProjectPackage(at: place)
        else {
            throw PackageError(
                .unknownPackage, required.name,
                "\(required.range) is required by package \(package.name), and no packages-store has it",
                remedy: "add it to \(ProjectMetaData.fileName), or name a packages-store")
        }
        return found
    }

    private func runs(_ packages: [ProjectPackage]) -> [String] {
        packages.compactMap { package in
            var metaData = PackageMetaData(name: package.name, version: package.version ?? Version("0.0"))
            metaData.minimumVersions = package.minimumVersions
            guard !metaData.runs(on: Product.compatibleVersion) else { return nil }
            let wanted = package.minimumVersions.map(\.description).joined(separator: ", ")
            return "package \(package.name) requires NCS version \(wanted); this is \(Product.compatibleVersion)"
        }
    }
}

extension PackageMetaData.RequiredPackage {
    /// For messages: `from 1.0 to 2.0`, or `of any version`.
    var range: String {
        let parts = [minimumVersion.map { "from \($0)" }, maximumVersion.map { "to \($0)" }].compactMap { $0 }
        return parts.isEmpty ? "of any version" : parts.joined(separator: " ")
    }
}
