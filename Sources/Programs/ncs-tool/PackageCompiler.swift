import Basics
import Foundation
import PackageManager
import YANG

/// Compiles the models of a package that has no Makefile, as the usual Makefile does: a bundle in `src/ncsc-out`, whose
/// compiled modules are copied into `load-dir`.
enum PackageCompiler {
    static func compile(_ environment: [String: String]) -> PackageBuilder.Compile {
        { request in
            let bundle = DurableFiles.parent(of: request.yangDirectory) + "/ncsc-out"
            try DurableFiles.removeTree(bundle)
            var arguments = ["--ncs-compile-bundle", request.yangDirectory, "--ncs-device-dir", bundle]
            if let type = request.type { arguments += ["--ncs-device-type", deviceType(type)] }
            if let nedID = request.nedID { arguments += ["--ncs-ned-id", nedID] }
            let recipes = DurableFiles.parent(of: request.yangDirectory) + "/recipes"
            if DurableFiles.exists(recipes) { arguments += ["--recipes", recipes] }
            var lines: [String] = []
            let status = CompilerCommand.run(
                arguments: arguments, environment: environment, output: { _ in }, errors: { lines.append($0) })
            let diagnostics = lines.map { Diagnostic(status == 0 ? .warning : .error, $0) }
            guard status == 0 else {
                throw DiagnosticsError(diagnostics.isEmpty ? [.error("the models do not compile")] : diagnostics)
            }
            try copyModules(from: bundle + "/modules/fxs", to: request.loadDirectory)
            return diagnostics
        }
    }

    private static func copyModules(from source: String, to target: String) throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: source).sorted() where name.hasSuffix(".fxs") {
            try DurableFiles.replace(target + "/" + name, with: try DurableFiles.read(source + "/" + name))
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
