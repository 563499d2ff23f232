import CLIGrammar
import ConfigTree
package import ControlProtocol

/// What `ncs_load` without `-l` prints.
package struct PrintOptions: Sendable {
    package var format = DocumentFormat.prettyXML
    package var path: String?
    package var withDefaults = false
    package var operational = false

    package init() {}
}

package enum DocumentPrinter {
    /// Hands the document to `output` piece by piece.
    package static func print(
        _ session: any ControlSession, _ options: PrintOptions, output: @escaping (ArraySlice<UInt8>) -> Void
    ) throws(ControlError) {
        let tree = options.operational ? session.operational() : session.running
        do {
            let path = try options.path.map { try tree.path($0) } ?? InstancePath()
            let encode = EncodeOptions(
                content: options.operational ? .all : .config, defaults: options.withDefaults ? .all : .explicit,
                pretty: options.format != .xml)
            switch options.format {
            case .xml, .prettyXML:
                var encoder = XMLDataEncoder(encode) { output(Array($0)[...]) }
                try encoder.encode(tree, at: path)
            case .json:
                var encoder = JSONDataEncoder(encode) { output(Array($0)[...]) }
                try encoder.encode(tree, at: path)
            case .cStyle, .turboCStyle:
                var render = RenderOptions()
                render.withDefaults = options.withDefaults
                if options.path != nil { render.selection = [path] }
                var bytes: [UInt8] = []
                CLIGrammar(model: tree.model, dialect: .c).render(tree, options: render, into: &bytes)
                output(bytes[...])
            }
        } catch {
            throw ControlError(.notFound, "\(error)")
        }
    }
}
