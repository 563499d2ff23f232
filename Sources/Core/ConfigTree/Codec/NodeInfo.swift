import YANG

/// What is asked of a schema node at each of its instances, found once a document, and the nodes that may stand in it.
///
/// Children are found by the number that the document's reader gives to their name; they mostly come in the same order,
/// so the one that followed last time is tried first.
final class NodeInfo {
    let node: SchemaNode
    let model: DataModel
    let kind: NodeKind
    let slot: Int
    let isKey: Bool
    /// State data in a document of configuration.
    let isUnwanted: Bool
    /// Slots of the other cases of its choices.
    let rivals: [Int]
    let keys: [SchemaNode]
    let type: ResolvedType?
    let check: ValueCheck?
    /// Whether prefixes in a text may matter.
    let readsPrefixes: Bool
    /// The ways in which JSON may write a value; nil without a type.
    let forms: Set<ValueForm>
    private var tokens = ContiguousArray<UInt64>()
    private var infos = ContiguousArray<NodeInfo?>()
    private var numbers: [UInt64: Int] = [:]

    init(_ node: SchemaNode, model: DataModel, content: DecodeOptions.Content) {
        self.node = node
        self.model = model
        kind = node.kind
        slot = node.slot
        isKey = node.isKey
        isUnwanted = content != .all && (!node.isConfig || node.kind == .notification)
        rivals = model.rivals(of: node)
        keys = node.keys
        type = node.type
        let schema = model.schema
        check = model.check(of: node)
        readsPrefixes =
            [.identityref, .instanceIdentifier, .union, .leafref].contains(node.type?.base)
            || node.type?.isExpression == true
        forms = node.type?.jsonForms { schema[$0].type } ?? []
    }

    /// The child of the name that has this number, which `find` looks up when it is new here; `guess` is where to look
    /// first, and is moved on.
    @inline(__always)
    func child(_ token: UInt64, guess: inout Int, find: () -> NodeInfo?) -> NodeInfo? {
        if guess < tokens.count, tokens[guess] == token {
            let found = infos[guess]
            // Entries of a list repeat, leaves do not.
            if found?.kind != .list { guess += 1 }
            return found
        }
        return other(token, &guess, find)
    }

    private func other(_ token: UInt64, _ guess: inout Int, _ find: () -> NodeInfo?) -> NodeInfo? {
        if let number = numbers[token] {
            guess = number + (infos[number]?.kind == .list ? 0 : 1)
            return infos[number]
        }
        let found = find()
        // A document may have any number of names that nobody knows.
        guard found != nil || tokens.count < 4096 else { return nil }
        numbers[token] = tokens.count
        tokens.append(token)
        infos.append(found)
        guess = tokens.count
        return found
    }
}
