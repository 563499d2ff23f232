import Basics
import CLIGrammar
import ConfigTree
package import ControlProtocol
import YANG

/// Prints the configuration as a document, piece by piece, from a snapshot: what others commit meanwhile is not in it.
package enum DocumentPrinter {
    /// Hands the document to `output`, which says whether anybody still wants it.
    package static func print(
        _ session: any ControlSession, _ options: PrintOptions, output: @escaping (UnsafeRawBufferPointer) -> Bool
    ) throws(ControlError) {
        let sink: ByteOutput.Sink = { piece in
            guard output(piece) else { throw ControlError(.connection, "nobody reads the output") }
        }
        let source = options.state == .without ? session.running : session.operational()
        do {
            let (tree, path) = try selection(options, source)
            switch options.format {
            case .xml, .prettyXML:
                var encoder = XMLDataEncoder(encoding(options), sink: sink)
                try encoder.encode(tree, at: path)
            case .json:
                var encoder = JSONDataEncoder(encoding(options), sink: sink)
                try encoder.encode(tree, at: path)
            case .jStyle, .cStyle, .iStyle: try printText(tree, at: path, options, sink)
            case .turboCStyle:
                throw ControlError(.invalidValue, "-F t is only for loading; use -F c")
            }
        } catch let error as ControlError {
            throw error
        } catch {
            throw ControlError(.notFound, "\(error)")
        }
    }

    private static func encoding(_ options: PrintOptions) -> EncodeOptions {
        var encode = EncodeOptions(
            content: options.state == .without ? .config : .all, defaults: options.withDefaults ? .all : .explicit,
            pretty: options.format != .xml)
        encode.includesMetadata = options.withMetadata
        encode.omitsHidden = !options.withHidden
        return encode
    }

    /// The tree to print, and where in it.
    private static func selection(
        _ options: PrintOptions, _ source: DataTree
    ) throws -> (tree: DataTree, path: InstancePath) {
        let path = try options.path.map { try source.path($0) } ?? InstancePath()
        if let expression = options.expression {
            guard !options.format.isText, options.format != .json else {
                throw ControlError(.invalidValue, "-P works for XML only; use -F x or -F p")
            }
            let paths = try Self.paths(expression, source)
            return (TreeSelection(stateOnly: options.state == .only).tree(source, paths), InstancePath())
        }
        guard options.state == .only else { return (source, path) }
        return (TreeSelection(stateOnly: true).tree(source, [path]), path)
    }

    /// What an XPath expression names. Prefixes are those of modules, or names of modules.
    private static func paths(_ text: String, _ tree: DataTree) throws -> [InstancePath] {
        let modules = ([tree.model] + MountedModels.of(tree)).flatMap(\.schema.modules)
        let expression = try XPathParser.parse(
            text, moduleForPrefix: { name in modules.first { $0.name == name || $0.prefix == name }?.name },
            defaultModule: nil)
        let evaluator = XPathEvaluator<DataNode>(workLimit: XPathWorkLimit.validation)
        let nodes = try evaluator.nodes(expression, at: DataNode(tree.rootInstance))
        return nodes.filter { !$0.isText }.map(\.instance.path)
    }

    private static func printText(
        _ tree: DataTree, at path: InstancePath, _ options: PrintOptions, _ sink: @escaping ByteOutput.Sink
    ) throws {
        var render = RenderOptions()
        render.withDefaults = options.withDefaults
        render.commentsDefaults = options.commentsDefaults
        render.withHidden = options.withHidden
        if options.format == .jStyle {
            let part = path.steps.isEmpty ? tree : TreeSelection().tree(tree, [path])
            try CLIGrammar(model: tree.model, dialect: .c).curlyBraces(part, options: render, sink: sink)
            return
        }
        if !path.steps.isEmpty { render.selection = [path] }
        let grammar = CLIGrammar(model: tree.model, dialect: .c)
        if options.state != .only { try grammar.render(tree, options: render, sink: sink) }
        guard options.state != .without else { return }
        render.operational = true
        try grammar.render(tree, options: render, sink: sink)
    }
}

/// The models that are mounted somewhere in a tree.
private enum MountedModels {
    static func of(_ tree: DataTree) -> [DataModel] {
        var found: [DataModel] = []
        var holders: Set<NodeID> = []
        let schema = tree.model.schema
        for index in 0..<Int32(schema.nodeCount) {
            var node: SchemaNode? = schema[NodeID(index)]
            guard node?.kind == .mountPoint else { continue }
            while let current = node, holders.insert(current.id).inserted { node = current.dataParent }
        }
        collect(tree.root, schema.root, holders, &found)
        return found
    }

    private static func collect(_ row: Row, _ node: SchemaNode, _ holders: Set<NodeID>, _ found: inout [DataModel]) {
        for kid in row.kids {
            let child = node.dataChild(at: Int(kid.slot))
            guard holders.contains(child.id) else { continue }
            switch kid.kid {
            case .row(let inner): collect(inner, child, holders, &found)
            case .entries(let entries): for entry in entries.rows { collect(entry, child, holders, &found) }
            case .mount(let tree): if !found.contains(where: { $0 === tree.model }) { found.append(tree.model) }
            }
        }
    }
}
