import Basics
import YANG

/// Elements that no schema describes, as XPath sees them: the state of the server itself, and notifications.
///
/// Modules are told by their namespaces, for nobody knows their names here.
struct ElementNode: XPathNode {
    private let document: ElementDocument
    let index: Int
    /// Texts are values of their elements, and no nodes of their own.
    var isText: Bool { false }

    init(_ document: ElementDocument) { self.init(document, 0) }

    private init(_ document: ElementDocument, _ index: Int) {
        self.document = document
        self.index = index
    }

    private var element: XMLElement { document.elements[index] }

    var schemaNode: SchemaNode? { nil }
    var name: String { element.name }
    var module: String { element.namespace }
    var ownValue: String { element.children.isEmpty ? element.trimmedText : "" }
    var root: ElementNode { ElementNode(document) }

    var parent: ElementNode? { index == 0 ? nil : ElementNode(document, document.parents[index]) }
    var children: [ElementNode] { document.children[index].map { ElementNode(document, $0) } }

    func children(named name: String, module: String?) -> [ElementNode] {
        children.filter { $0.name == name && (module == nil || $0.module == module) }
    }

    func entry(of list: SchemaNode, keys: [String]) -> ElementNode? { nil }
    func precedes(_ other: ElementNode) -> Bool { index < other.index }

    static func == (a: ElementNode, b: ElementNode) -> Bool { a.index == b.index }
    func hash(into hasher: inout Hasher) { hasher.combine(index) }
}

/// Elements in document order; number 0 is the root above them all.
final class ElementDocument: Sendable {
    let elements: [XMLElement]
    let parents: [Int]
    let children: [[Int]]

    init(_ tops: [XMLElement]) {
        var elements = [XMLElement("")]
        var parents = [0]
        var children: [[Int]] = [[]]
        func add(_ element: XMLElement, below parent: Int) {
            let index = elements.count
            elements.append(element)
            parents.append(parent)
            children.append([])
            children[parent].append(index)
            for child in element.children { add(child, below: index) }
        }
        for top in tops { add(top, below: 0) }
        (self.elements, self.parents, self.children) = (elements, parents, children)
    }

    /// The elements of those numbers whole, with their parents around them.
    func selection(_ wanted: Set<Int>) -> [XMLElement] {
        if wanted.contains(0) { return children[0].map { elements[$0] } }
        var onTheWay: Set<Int> = []
        for index in wanted {
            var index = parents[index]
            while index != 0, onTheWay.insert(index).inserted { index = parents[index] }
        }
        return children[0].compactMap { part($0, wanted, onTheWay) }
    }

    private func part(_ index: Int, _ wanted: Set<Int>, _ onTheWay: Set<Int>) -> XMLElement? {
        if wanted.contains(index) { return elements[index] }
        guard onTheWay.contains(index) else { return nil }
        var result = elements[index]
        result.children = children[index].compactMap { part($0, wanted, onTheWay) }
        return result
    }

    /// What an expression names among `tops`; prefixes stand for namespaces. Throws `RPCError`.
    static func select(_ text: String, _ prefixes: [String: String], of tops: [XMLElement]) throws -> [XMLElement] {
        let document = ElementDocument(tops)
        let nodes: [ElementNode]
        do {
            let expression = try XPathParser.parse(text, moduleForPrefix: { prefixes[$0] }, defaultModule: nil)
            nodes = try XPathEvaluator<ElementNode>().nodes(expression, at: ElementNode(document))
        } catch {
            throw XPathSelection.invalid("\(error)")
        }
        return document.selection(Set(nodes.map(\.index)))
    }
}
