import Basics
import ConfigTree
import Foundation
import Migration
import Netsim
import PackageManager

/// `ncs-netsim`, with what other parts of the product bring to it: archives and the conversion of data.
enum NetsimProgram {
    @Sendable static func run(_ arguments: [String], _ environment: [String: String]) -> Int32 {
        NetsimCommand.run(
            arguments: arguments, environment: environment,
            workingDirectory: FileManager.default.currentDirectoryPath, services: services,
            output: ToolPrograms.say, errors: ToolPrograms.complain)
    }

    /// What a package's `start.sh` calls.
    @Sendable static func runDevice(_ arguments: [String], _ environment: [String: String]) -> Int32 {
        ConfdProgram.run(
            arguments: arguments, environment: environment,
            workingDirectory: FileManager.default.currentDirectoryPath, output: ToolPrograms.say,
            errors: ToolPrograms.complain)
    }

    /// What a package's `start.sh` calls to load data.
    @Sendable static func loadDevice(_ arguments: [String], _ environment: [String: String]) -> Int32 {
        ConfdLoadProgram.run(
            arguments: arguments, environment: environment,
            workingDirectory: FileManager.default.currentDirectoryPath, output: ToolPrograms.say,
            errors: ToolPrograms.complain)
    }

    private static let services = NetsimCommand.Services(
        extract: unpack,
        convert: { data, model in
            let carried = DataCarrier.carry(data, to: model)
            return (carried.tree, carried.losses.map { "\($0.path): \($0.reason) (\($0.instances) instances)" })
        })

    /// Unpacks an archive below `directory` and gives the package's place, the same for the same content.
    @Sendable private static func unpack(_ archive: String, _ directory: String) throws -> String {
        let new = "\(directory)/.\(getpid()).new"
        try? DurableFiles.removeTree(new)
        let listing = try PackageArchive(path: archive).extract(to: new)
        defer { try? DurableFiles.removeTree(new) }
        let place = try "\(directory)/\(DirectoryDigest(of: new).whole.prefix(16))"
        if !DurableFiles.exists(place) { try DurableFiles.rename(new, to: place) }
        return place + "/" + listing.topDirectory
    }

    /// What `ncs-setup --netsim-dir` takes from a network: its devices as initial data, and its packages.
    static func initialData(_ netsim: String, _ environment: [String: String]) throws -> ([UInt8], [String]) {
        var xml: [String] = []
        var packages: [String] = []
        try collect(["--dir", netsim, "ncs-xml-init"], environment) { xml.append($0) }
        try collect(["--dir", netsim, "packages"], environment) { packages.append($0) }
        return (Array((xml.joined(separator: "\n") + "\n").utf8), packages)
    }

    private struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    static func collect(
        _ arguments: [String], _ environment: [String: String], _ take: @escaping (String) -> Void
    ) throws {
        var complaints: [String] = []
        let status = NetsimCommand.run(
            arguments: arguments, environment: environment,
            workingDirectory: FileManager.default.currentDirectoryPath, services: services, output: take,
            errors: { complaints.append($0) })
        guard status == 0 else { throw Failure(description: complaints.joined(separator: "\n")) }
    }
}
