import Basics
import ConfigTree
import Foundation
import Testing
import YANG

/// Random configuration of any model: every value is one of its type, in any form in which it may be written.
struct RandomTree {
    /// More of them with `OPENNED_SOAK_SEEDS`.
    static let seeds = ProcessInfo.processInfo.environment["OPENNED_SOAK_SEEDS"].flatMap { Int($0) } ?? 12

    private var state: UInt64
    private var left: Int
    private let model: DataModel
    private let context: ValueContext

    static func make(_ model: DataModel, seed: UInt64, limit: Int) -> DataTree {
        var random = RandomTree(model, seed: seed, limit: limit)
        let draft = RowDraft(model.schema.root)
        random.fill(draft, model.schema.root, depth: 0)
        return DataTree(draft, model: model)
    }

    private init(_ model: DataModel, seed: UInt64, limit: Int) {
        self.model = model
        state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
        left = limit
        context = ValueContext(schema: model.schema)
    }

    private mutating func next(_ bound: Int) -> Int {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return Int(state >> 33) % max(bound, 1)
    }

    private mutating func fill(_ draft: RowDraft, _ node: SchemaNode, depth: Int) {
        guard depth < 12 else { return }
        let children = node.dataChildren.filter(\.isConfig)
        guard !children.isEmpty else { return }
        for _ in 0..<min(children.count * 2, 24) where left > 0 {
            let child = children[next(children.count)]
            // Of a choice one case.
            if !model.rivals(of: child).contains(where: { draft.willStore(in: $0) }) { add(child, to: draft, depth) }
        }
    }

    private mutating func add(_ node: SchemaNode, to draft: RowDraft, _ depth: Int) {
        left -= 1
        switch node.kind {
        case .leaf: if !node.isKey, let value = value(of: node) { draft.set(value, for: node) }
        case .leafList:
            for _ in 0...next(3) { if let value = value(of: node) { draft.add(value, to: node) } }
        case .container: fill(draft.container(node), node, depth: depth + 1)
        case .list:
            for _ in 0...next(3) {
                let keys = node.keys.compactMap { value(of: $0) }
                guard keys.count == node.keys.count, !keys.isEmpty else { return }
                fill(draft.entry(of: node, keys: keys), node, depth: depth + 1)
            }
        default: break
        }
    }

    private mutating func value(of node: SchemaNode) -> String? {
        guard let type = node.valueType else { return nil }
        for _ in 0..<12 {
            if let value = try? type.canonical(candidate(type), in: context) { return value }
        }
        return nil
    }

    private static let words = [
        "a", "Gi0/1", "x y", "é<&>\"'", "10.0.0.1", "10.1.0.0/16", "2001:DB8::1", "00:AA:bb:0c:dd:ee", "-1", "1.50",
        "true", "]]>", "\u{1F600}", "line\nfeed", "tab\t", "0000.1111.2222", "default", "65000:1", "1",
    ]

    private mutating func candidate(_ type: ResolvedType) -> String {
        switch type.base {
        case .enumeration: return type.enums[next(type.enums.count)].name
        case .boolean: return next(2) == 0 ? "true" : "false"
        case .empty: return ""
        case .bits: return type.bits.filter { _ in next(2) == 0 }.map(\.name).joined(separator: " ")
        case .identityref: return model.schema.identities.values(of: type.identityBases).randomElement(&state) ?? ""
        case .binary: return ["", "AA==", "AAECAwQF"][next(3)]
        case .union: return candidate(type.members[next(type.members.count)])
        case .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64:
            guard let range = type.ranges.isEmpty ? nil : type.ranges[next(type.ranges.count)] else {
                return String(next(300))
            }
            return String(
                range.lowerBound + Int128(next(Int(clamping: min(range.upperBound - range.lowerBound, 1 << 20)) + 1)))
        case .decimal64: return "\(next(100)).\(next(10))"
        default: return Self.words[next(Self.words.count)] + (next(2) == 0 ? String(next(1000)) : "")
        }
    }

    /// Both encodings, indented and not, and what they make of each other; the size of what was written.
    static func expectRoundTrips(_ tree: DataTree, _ what: String) throws -> Int {
        var size = 0
        for isPretty in [true, false] {
            let options = EncodeOptions(pretty: isPretty)
            let xml = XMLDataEncoder.bytes(tree, options)
            let json = JSONDataEncoder.bytes(tree, options)
            size += xml.count + json.count
            for decoded in [
                XMLDataDecoder.tree(xml, file: "r.xml", model: tree.model),
                JSONDataDecoder.tree(json, file: "r.json", model: tree.model),
            ] {
                #expect(decoded.diagnostics.map(\.description) == [], "\(what)")
                #expect(tree.diff(to: decoded.content).isEmpty, "\(what)")
                #expect(XMLDataEncoder.bytes(decoded.content, options) == xml, "\(what)")
                #expect(JSONDataEncoder.bytes(decoded.content, options) == json, "\(what)")
            }
        }
        return size
    }
}

extension Array {
    fileprivate func randomElement(_ state: inout UInt64) -> Element? {
        state = state &* 6_364_136_223_846_793_005 &+ 1
        return isEmpty ? nil : self[Int(state >> 33) % count]
    }
}
