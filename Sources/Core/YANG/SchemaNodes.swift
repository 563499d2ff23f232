/// Nodes that stand side by side in a schema. A type of its own: walking schemas is what everything does most.
package struct SchemaNodes: RandomAccessCollection, Sendable {
    let schema: Schema
    let start: Int
    package let endIndex: Int
    package var startIndex: Int { 0 }

    package subscript(position: Int) -> SchemaNode { schema[NodeID(schema.image.children[start + position])] }

    package struct Iterator: IteratorProtocol {
        let nodes: SchemaNodes
        var position = 0

        package mutating func next() -> SchemaNode? {
            guard position < nodes.endIndex else { return nil }
            defer { position += 1 }
            return nodes[position]
        }
    }

    package func makeIterator() -> Iterator { Iterator(nodes: self) }
}
