import ConfigTree
import YANG

@testable import CLIGrammar

/// SplitMix64: the same numbers from the same seed.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}

/// Random data that a schema allows, but for constraints across nodes.
struct RandomTrees {
    let model: DataModel
    var random: SeededGenerator
    private let context: ValueContext

    init(_ model: DataModel, seed: UInt64) {
        self.model = model
        random = SeededGenerator(state: seed)
        context = ValueContext(schema: model.schema)
    }

    mutating func tree(width: Int = 4) -> DataTree {
        let draft = RowDraft(model.schema.root)
        fill(draft, model.schema.root, width: width, depth: 0)
        // Through edits, so that rival cases drop out.
        return DataTree(draft, model: model)
    }

    /// A few of the children, of one case of each choice.
    private mutating func fill(_ draft: RowDraft, _ node: SchemaNode, width: Int, depth: Int) {
        var taken: [SchemaNode] = []
        func has(_ child: SchemaNode, _ name: String) -> Bool { child.annotation(name) != nil }
        func isFree(_ child: SchemaNode) -> Bool { taken.allSatisfy { !Self.areRivals($0, child) } }
        let usable = node.dataChildren.filter { $0.isConfig && !$0.isKey && !has($0, "hidden") }
        for child in usable where has(child, "cli-prefix-key") && !has(child, "cli-optional-in-sequence") {
            if isFree(child), put(child, in: draft, width: width, depth: depth) { taken.append(child) }
        }
        var candidates = usable.filter { child in !taken.contains(child) }
        if has(node, "cli-sequence-commands") {
            // In a sequence, what is not optional can only be left out at the end.
            let end = candidates.firstIndex { has($0, "cli-break-sequence-commands") } ?? candidates.count
            for child in candidates[..<end] where isFree(child) {
                let isOptional = has(child, "cli-optional-in-sequence") || has(child, "cli-prefix-key")
                if isOptional, Bool.random(using: &random) { continue }
                guard put(child, in: draft, width: width, depth: depth) || isOptional else { break }
                taken.append(child)
                if !isOptional, Int.random(in: 0..<4, using: &random) == 0 { break }
            }
            candidates = Array(candidates[end...])
        }
        candidates.shuffle(using: &random)
        for child in candidates {
            guard taken.count < width else { break }
            if isFree(child), put(child, in: draft, width: width, depth: depth) { taken.append(child) }
        }
        for child in usable where child.isMandatory && child.kind == .leaf && draft.value(of: child) == nil {
            if isFree(child) { _ = put(child, in: draft, width: width, depth: depth) }
        }
    }

    static func areRivals(_ a: SchemaNode, _ b: SchemaNode) -> Bool {
        func cases(_ node: SchemaNode) -> [SchemaNode: SchemaNode] {
            var found: [SchemaNode: SchemaNode] = [:]
            var here = node
            while let above = here.parent, above.kind == .case || above.kind == .choice {
                if above.kind == .choice { found[above] = here }
                here = above
            }
            return found
        }
        let mine = cases(a)
        return cases(b).contains { choice, branch in mine[choice].map { $0 != branch } ?? false }
    }

    private mutating func put(_ child: SchemaNode, in draft: RowDraft, width: Int, depth: Int) -> Bool {
        switch child.kind {
        case .leaf:
            guard let value = value(child) else { return false }
            draft.set(value, for: child)
        case .leafList:
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                if let value = value(child) { draft.add(value, to: child) }
            }
        case .container:
            guard depth < 7 else { return false }
            fill(draft.container(child), child, width: max(1, width - 1), depth: depth + 1)
        case .list:
            guard depth < 7, !child.keys.isEmpty else { return false }
            for _ in 0..<Int.random(in: 1...2, using: &random) {
                let keys = child.keys.compactMap { value($0) }
                guard keys.count == child.keys.count else { return false }
                let entry = draft.entry(of: child, keys: keys)
                fill(entry, child, width: max(1, width - 1), depth: depth + 1)
            }
        default: return false
        }
        return true
    }

    private static let words = [
        "a1", "word", "10.0.0.1", "192.168.1.0", "255.255.255.0", "0/1", "1/0/2", "2001:db8::1", "10.0.0.0/8",
        "2001:db8::/32", "65000:1", "0011.2233.4455", "00:11:22:33:44:55", "two words", "x", "100", "unicast", "e0",
        "12:00", "abcdef0123456789", "1.5", "r1.example.com", "a\"b", "-1",
    ]

    mutating func value(_ leaf: SchemaNode) -> String? {
        guard let type = leaf.type else { return nil }
        return value(type)
    }

    private mutating func value(_ type: ResolvedType) -> String? {
        switch type.base {
        case .boolean: return Bool.random(using: &random) ? "true" : "false"
        case .empty: return ""
        case .enumeration: return type.enums.randomElement(using: &random)?.name
        case .identityref: return model.schema.identities.values(of: type.identityBases).randomElement(using: &random)
        case .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64:
            guard let range = type.ranges.randomElement(using: &random) else { return "1" }
            let span = Int128(range.upperBound - range.lowerBound)
            return String(range.lowerBound + Int128.random(in: 0...min(span, 200), using: &random))
        case .union:
            for _ in 0..<4 {
                if let member = type.members.randomElement(using: &random), let value = value(member) {
                    return try? type.canonical(value, in: context)
                }
            }
            return nil
        case .leafref: return type.leafrefTarget.flatMap { model.schema[$0].type }.flatMap { value($0) }
        default:
            for _ in 0..<40 {
                guard let word = Self.words.randomElement(using: &random) else { return nil }
                if let value = try? type.canonical(word, in: context) { return value }
            }
            return nil
        }
    }
}
