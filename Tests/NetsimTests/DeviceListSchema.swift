import Basics
import ConfigTree
import YANG

/// The controller's own model of devices, with the identity of the driver that the tests use.
enum DeviceListSchema {
    /// What is wrong with a document of devices; empty if it can be loaded.
    static func faults(in xml: String, modules: String) throws -> [String] {
        let name = "openned-ios-cli-1.0"
        let identity = """
            module \(name) {
              namespace "http://tail-f.com/ns/ned-id/\(name)";
              prefix \(name);
              import tailf-ncs-ned { prefix ned; }
              identity \(name) { base ned:cli-ned-id; }
            }
            """
        let main = modules + "/tailf-ncs.yang"
        var options = SchemaCompiler.Options()
        options.searchPath = [modules]
        let outcome = SchemaCompiler(options: options).compile([
            SchemaCompiler.Source(path: main, bytes: try DurableFiles.read(main)),
            SchemaCompiler.Source(path: "\(name).yang", bytes: Array(identity.utf8)),
        ])
        guard let schema = outcome.schema else { return outcome.diagnostics.map(\.description) }
        let decoded = XMLDataDecoder.tree(Array(xml.utf8), file: "devices.xml", model: DataModel(schema))
        return decoded.diagnostics.map(\.description)
    }
}
