import Basics
import YANG

/// What the encoders ask of a schema node at each of its instances, found once a document: names as ready bytes, and
/// what needs no care.
final class EncodeInfo {
    let node: SchemaNode
    let kind: NodeKind
    let isConfig: Bool
    let isHidden: Bool
    /// Whether it stands in another module than the node around it, or in none: its name is to be qualified.
    let isForeign: Bool
    let tag: XMLTag
    /// Whether no value needs prefixes in XML.
    let hasPlainText: Bool
    /// The member's name in JSON inside its own module, with quotes and colon.
    let member: [UInt8]
    /// How JSON writes values, if all in one way.
    let form: ValueForm?
    /// Whether children in the order of their slots have the keys first.
    let isInOrder: Bool
    private var children: ContiguousArray<EncodeInfo?>

    init(_ node: SchemaNode) {
        self.node = node
        kind = node.kind
        isConfig = node.isConfig
        isHidden = node.annotation("hidden") != nil
        let parent = node.dataParent
        isForeign = parent.map { $0.kind == .root || $0.moduleIndex != node.moduleIndex } ?? true
        let name = node.name
        tag = XMLTag(name)
        member = JSONWriter.quoted(name)
        let type = node.type
        hasPlainText =
            node.isTerminal && type?.isExpression != true
            && ![.identityref, .instanceIdentifier, .leafref, .union].contains(type?.base)
        let schema = node.schema
        let forms = type?.jsonForms { schema[$0].type } ?? [.text]
        form = node.isTerminal && forms.count == 1 ? forms.first : nil
        isInOrder = node.keys.enumerated().allSatisfy { $0 == $1.slot }
        children = ContiguousArray(repeating: nil, count: node.dataChildCount)
    }

    func child(_ slot: Int) -> EncodeInfo {
        if let known = children[slot] { return known }
        let info = EncodeInfo(node.dataChild(at: slot))
        children[slot] = info
        return info
    }
}

/// The infos of one document, by the nodes where encoding began: roots of schemas, parts of documents.
struct EncodeInfoTable {
    private var infos: [SchemaNode: EncodeInfo] = [:]

    mutating func info(_ node: SchemaNode) -> EncodeInfo {
        if let known = infos[node] { return known }
        let info = EncodeInfo(node)
        infos[node] = info
        return info
    }
}

extension EncodeOptions {
    /// Whether the node is to be written at all.
    func admits(_ info: EncodeInfo) -> Bool {
        (content == .all || info.isConfig) && !(omitsHidden && info.isHidden)
    }

    /// Whether what is stored in `row` is written as it is, without anything beside it.
    func isPlain(_ row: Row, in info: EncodeInfo) -> Bool {
        defaults == .explicit && info.isInOrder && (!includesMetadata || row.metadata == nil)
    }
}
