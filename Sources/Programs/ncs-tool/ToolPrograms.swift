import Foundation
import Migration
import PackageManager
import YANG

/// The programs that live in this one, by name.
enum ToolPrograms {
    typealias Program = @Sendable ([String], [String: String]) -> Int32

    static let all: [String: Program] = [
        "ncs_cli": CLIClient.run,
        "ncs_load": LoadClient.run,
        "ncs-setup": SetupCommand.run,
        "ncs-backup": BackupProgram.run,
        "ncs-package": package,
        "ncs-make-package": makePackage,
        "ncs-project": project,
        "ncs-ned": NEDProgram.run,
        "ncs-netsim": NetsimProgram.run,
        "confd": NetsimProgram.runDevice,
        "ncsc": compiler,
        "confdc": compiler,
    ]

    @Sendable private static func compiler(_ arguments: [String], _ environment: [String: String]) -> Int32 {
        if CompareCommand.isMeant(by: arguments) {
            return CompareCommand.run(
                arguments: arguments, environment: environment, unpack: unpack,
                output: { FileHandle.standardOutput.write(Data($0.utf8)) }, errors: complain)
        }
        if MapCheckCommand.isMeant(by: arguments) {
            return MapCheckCommand.run(arguments: arguments, environment: environment, errors: complain)
        }
        return CompilerCommand.run(arguments: arguments, environment: environment, output: say, errors: complain)
    }

    @Sendable private static func unpack(_ archive: String, _ directory: String) throws -> String {
        let listing = try PackageArchive(path: archive).extract(to: directory, isDurable: false)
        return "\(directory)/\(listing.topDirectory)"
    }

    @Sendable private static func package(_ arguments: [String], _ environment: [String: String]) -> Int32 {
        PackageCommand.run(arguments: arguments, context: context(environment))
    }

    @Sendable private static func makePackage(_ arguments: [String], _ environment: [String: String]) -> Int32 {
        MakePackageCommand.run(arguments: arguments, context: context(environment))
    }

    @Sendable private static func project(_ arguments: [String], _ environment: [String: String]) -> Int32 {
        ProjectCommand.run(arguments: arguments, context: context(environment)) { directory in
            try SetupCommand.layOut(directory, environment)
        } answer: { question in
            FileHandle.standardOutput.write(Data(question.utf8))
            return readLine()
        }
    }

    private static func context(_ environment: [String: String]) -> PackageCommand.Context {
        PackageCommand.Context(
            environment: environment, now: Date(), compile: PackageCompiler.compile(environment),
            output: { FileHandle.standardOutput.write(Data($0.utf8)) },
            errors: { FileHandle.standardError.write(Data($0.utf8)) })
    }

    @Sendable static func say(_ line: String) { print(line) }

    @Sendable static func complain(_ line: String) { FileHandle.standardError.write(Data((line + "\n").utf8)) }
}
