import Basics
import Foundation
import PackageSigning

/// `ncs-project create`: a new project, or one out of a bundle.
struct ProjectMaker {
    /// The installation, for what the user is told.
    let installation: String
    /// Makes a directory one in which the daemon runs.
    let layOut: (String) throws -> Void
    let say: (String) -> Void

    func make(_ name: String, in directory: String) throws {
        try requireFree(directory)
        say("Creating directory: \(Self.absolute(directory))")
        try fill(directory, name, metaData: ProjectFiles.metaData(name))
        try DurableFiles.write(
            directory + "/" + ProjectFiles.setupName,
            Array(ProjectFiles.setup(ProjectMetaData(name: name), [], clones: []).utf8))
        say("wrote project to \(Self.absolute(directory))")
    }

    /// Unpacks a bundle below a directory, its packages too.
    ///
    /// - Returns: the directory of the project, in which `setup.mk` is still to be written.
    func make(fromBundle bundle: String, below directory: String) throws -> String {
        try DurableFiles.makeDirectory(directory)
        let scratch = "\(directory)/.\(DurableFiles.lastComponent(bundle)).new"
        try DurableFiles.removeTree(scratch)
        defer { try? DurableFiles.removeTree(scratch) }
        let top = try PackageArchive(path: bundle).extract(to: scratch, isDurable: false).topDirectory
        let unpacked = scratch + "/" + top
        let (project, _) = try ProjectMetaData.read(from: unpacked)
        let target = directory + "/" + top
        try requireFree(target)
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: unpacked + "/packages")) ?? []).sorted()
        for name in names where PackageFileName.suffixes.contains(where: name.hasSuffix) {
            let archive = "\(unpacked)/packages/\(name)"
            let inside = try PackageArchive(path: archive).extract(to: scratch + "/.package", isDurable: false)
            try DurableFiles.rename(
                "\(scratch)/.package/\(inside.topDirectory)", to: "\(unpacked)/packages/\(inside.topDirectory)")
            try DurableFiles.removeTree(scratch + "/.package")
            try DurableFiles.remove(archive)
        }
        try DurableFiles.rename(unpacked, to: target)
        try fill(target, project.name, metaData: nil)
        return target
    }

    private func fill(_ directory: String, _ name: String, metaData: String?) throws {
        say("Using NCS \(Product.compatibleVersion) found in \(installation)")
        try layOut(directory)
        for name in ["init_data", "scripts/command", "scripts/post-commit"] {
            try DurableFiles.makeDirectory(directory + "/" + name)
        }
        var files = ["Makefile": ProjectFiles.makefile, "README.ncs": ProjectFiles.readme]
        files[ProjectMetaData.fileName] = metaData
        for (file, text) in files { try DurableFiles.write(directory + "/" + file, Array(text.utf8)) }
    }

    private func requireFree(_ directory: String) throws {
        let there = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        guard there.isEmpty else {
            throw PackageError(
                .alreadyThere, directory, "is there already, with files in it",
                remedy: "remove it, or give another place with --dest")
        }
    }

    static func absolute(_ path: String) -> String { URL(fileURLWithPath: path).standardized.path }
}
