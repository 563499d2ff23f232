extension Schema {
    /// The same nodes for the device templates of an operator: every leaf takes any text, such as `{$NAME}`, and nothing
    /// is mandatory, has a default or must hold. What is secret stays sealed; an `empty` leaf stays one. How the driver
    /// writes its own command line is left out: a template is written in the plain form of the operator's.
    ///
    /// The nodes have the numbers and places that they have here.
    package func forTemplates() -> Schema {
        var secret = ResolvedType(base: .string)
        secret.secret = .aes256CFB128
        let types: ContiguousArray<ResolvedType> = [ResolvedType(base: .string), ResolvedType(base: .empty), secret]
        let table = ContiguousArray(image.section(.children).bindMemory(to: Int32.self).map { NodeID($0) })
        return Schema(
            modules: modules, records: ContiguousArray((0..<Int32(nodeCount)).map(templateRecord)), childTable: table,
            types: types, identities: identities, diagnostics: [], definitions: definitions)
    }

    private func templateRecord(_ index: Int32) -> NodeRecord {
        let node = self[NodeID(index)]
        let flat = image.nodes[Int(index)]
        var record = NodeRecord(
            id: node.id, parent: NodeID(flat.parent), dataParent: NodeID(flat.dataParent), kind: node.kind,
            name: node.name, module: flat.module, place: node.place)
        record.slot = flat.slot
        record.isConfig = node.isConfig
        record.isPresence = node.isPresence
        record.isUserOrdered = node.isUserOrdered
        record.isKey = node.isKey
        record.status = node.status
        if let type = node.type { record.type = type.hasSecret ? 2 : type.base == .empty ? 1 : 0 }
        record.children = Int32(flat.childStart)..<Int32(flat.childStart + flat.childCount)
        record.dataChildren = Int32(flat.dataStart)..<Int32(flat.dataStart + flat.dataCount)
        record.keys = node.keys.map(\.id)
        record.extensions = node.extensions.filter { $0.name == "info" }
        record.description = node.describingText
        return record
    }
}
