import Basics
import ConfigTree
import YANG

/// XPath filters (RFC 6241 section 8.9): what the expression names, with the parents and keys around it.
enum XPathSelection {
    /// Nodes that a filter may name.
    private static let limit = 1_000_000

    static func select(_ text: String, _ prefixes: [String: String], of tree: DataTree) throws -> DataTree {
        let schema = tree.model.schema
        let expression: XPathExpression
        do throws(XPathSyntaxError) {
            expression = try XPathParser.parse(
                text, moduleForPrefix: { prefix in prefixes[prefix].map { schema.module(namespace: $0)?.name ?? $0 } },
                defaultModule: nil)
        } catch {
            throw invalid(error.description)
        }
        let nodes: [DataNode]
        do throws(XPathError) {
            nodes = try XPathEvaluator<DataNode>().nodes(expression, at: DataNode(tree.rootInstance))
        } catch {
            throw invalid("\(error)")
        }
        guard nodes.count <= limit else { throw RPCError(.application, .tooBig, "the filter selects too much") }
        var paths: [InstancePath] = []
        for node in nodes {
            if node.instance.node.kind == .root { return tree }
            paths.append(node.instance.path)
        }
        return TreeSelection().tree(tree, paths)
    }

    static func invalid(_ message: String) -> RPCError {
        RPCError(
            .protocol, .invalidValue, message,
            info: [.init("bad-attribute", "select"), .init("bad-element", "filter")])
    }
}
