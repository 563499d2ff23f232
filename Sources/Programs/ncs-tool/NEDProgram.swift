import Basics
import CLIGrammar
import Foundation
import NEDRuntime
import Netsim

/// `ncs-ned`, with what other parts of the product bring to it: packages, compiled as the simulator does.
enum NEDProgram {
    @Sendable static func run(_ arguments: [String], _ environment: [String: String]) -> Int32 {
        let services = NEDCommand.Services(
            subject: { try subject($0, $1, environment) },
            read: { try DurableFiles.read($0, limit: 1 << 30) },
            output: ToolPrograms.say, errors: ToolPrograms.complain)
        return NEDCommand.run(arguments: arguments, services: services)
    }

    private static func subject(_ name: String, _ dialect: String?, _ environment: [String: String]) throws
        -> NEDCommand.Subject
    {
        let installed = (environment["NCS_DIR"] ?? "") + "/packages/neds/" + name
        let directory = DurableFiles.exists(name) ? name : installed
        let package = try NetsimPackage(directory: directory)
        let modules = try NetsimCommand.moduleDirectory(environment)
        let model = try DeviceModel(package, moduleDirectory: modules)
        let file = directory + "/driver/driver.yaml"
        guard DurableFiles.exists(file) else {
            let dialect = dialect.map(DriverDescription.grammarDialect) ?? package.dialect
            return NEDCommand.Subject(grammar: CLIGrammar(model: model.data, dialect: dialect), description: nil)
        }
        let description = try DriverDescription(yaml: try DurableFiles.read(file, limit: 1 << 20), file: file)
        let hook = try description.receivedHook.map { file in
            try TextHook(
                package: URL(fileURLWithPath: directory).lastPathComponent, directory: directory, file: file,
                owner: directory,
                log: ToolPrograms.complain)
        }
        return NEDCommand.Subject(
            grammar: CLIGrammar(model: model.data, dialect: description.grammarDialect), description: description,
            hook: hook)
    }
}
