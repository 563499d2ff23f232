import Basics
import Foundation
import PackageManager
import YANG

/// Compiles the models of a package that has no Makefile, as `ncsc --ncs-compile-bundle` would.
enum PackageCompiler {
    static func compile(_ environment: [String: String]) -> PackageBuilder.Compile {
        { request in
            var arguments = ["--ncs-compile-bundle", request.yangDirectory, "--ncs-device-dir", request.loadDirectory]
            if let type = request.type { arguments += ["--ncs-device-type", deviceType(type)] }
            if let nedID = request.nedID { arguments += ["--ncs-ned-id", nedID] }
            var lines: [String] = []
            let status = CompilerCommand.run(
                arguments: arguments, environment: environment, output: { _ in }, errors: { lines.append($0) })
            let diagnostics = lines.map { Diagnostic(status == 0 ? .warning : .error, $0) }
            guard status == 0 else {
                throw DiagnosticsError(diagnostics.isEmpty ? [.error("the models do not compile")] : diagnostics)
            }
            return diagnostics
        }
    }

    private static func deviceType(_ type: PackageMetaData.NEDType) -> String {
        switch type {
        case .netconf: "netconf"
        case .snmp: "snmp-ned"
        case .cli: "cli-ned"
        case .generic: "generic-ned"
        }
    }
}
