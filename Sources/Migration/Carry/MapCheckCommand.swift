import Basics
import Foundation
import YANG

/// `ncsc --check-maps PACKAGE`: whether the migration maps of a package fit its models, and those that they lead from.
///
/// Exit status: 0 they fit, or there are none; 1 they do not; 3 the command line is faulty.
package enum MapCheckCommand {
    package static func isMeant(by arguments: [String]) -> Bool { arguments.contains("--check-maps") }

    private static let usage = "ncsc --check-maps PACKAGE [--from OLD]... [--yangpath DIR[:DIR]]..."

    /// - Parameter errors: gets one line at a time, without its end.
    package static func run(
        arguments: [String], environment: [String: String], errors: (String) -> Void
    ) -> Int32 {
        var (packages, origins) = ([String](), [MapCheck.Origin]())
        var searchPath: [String] = []
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            switch argument {
            case "--check-maps": break
            case "--from", "--yangpath":
                guard let value = rest.popFirst() else {
                    errors("ncsc: \(argument) needs a value; \(usage)")
                    return 3
                }
                if argument == "--from" {
                    origins.append(MapCheck.Origin(path: value, nedID: nil))
                } else {
                    searchPath += value.split(separator: ":").map(String.init)
                }
            case _ where argument.hasPrefix("-"):
                errors("ncsc: unknown option \(argument); \(usage)")
                return 3
            default: packages.append(argument)
            }
        }
        guard packages.count == 1 else {
            errors("ncsc: name one package, not \(packages.count); \(usage)")
            return 3
        }
        searchPath += environment["NCS_DIR"].map { ["\($0)/src/ncs/yang"] } ?? []
        do {
            let faults = try MapCheck(package: packages[0], searchPath: searchPath).faults(origins: origins)
            for fault in faults { errors(fault.description) }
            return faults.isEmpty ? 0 : 1
        } catch {
            errors("ncsc: \(error)")
            return 1
        }
    }
}
