import Basics
import YANG

/// Metadata as a document has it.
struct RawMetadata {
    /// The name without prefix, and the module (JSON) or namespace (XML; empty without one) that it is of.
    var name: String
    var qualifier: String
    var value: String
    /// In JSON, which entry of a leaf-list it speaks of.
    var index: Int?
}

/// Metadata annotations (RFC 7952): those that a loaded module defines, and those of NSO's documents.
extension TreeDecoder {
    /// Metadata that NSO's documents bear, without a namespace in XML.
    static let wellKnownMetadata: Set<String> = ["annotation", "tags", "inactive"]
    static let wellKnownModule = "tailf_netmod"
    static let wellKnownNamespace = "http://tail-f.com/yang/netmod"

    /// The items with qualified names and canonical values. What nobody defines is passed over (RFC 7952 section 3).
    func metadata(_ items: [RawMetadata], _ node: SchemaNode) -> [RowMetadata.Item] {
        items.compactMap { raw in
            let schema = node.schema
            let annotation =
                isJSON
                ? schema.metadataAnnotation(named: raw.name, module: raw.qualifier)
                : schema.metadataAnnotation(named: raw.name, namespace: raw.qualifier)
            if let annotation {
                let context = ValueContext(schema: schema, defaultModule: annotation.module)
                do throws(ValueError) {
                    let value = try annotation.type.canonical(raw.value, in: context)
                    return RowMetadata.Item(name: "\(annotation.module):\(raw.name)", value: value)
                } catch {
                    fault("\(raw.name) of \(node.name): \(error.message)", error.detail)
                    return nil
                }
            }
            let known = isJSON ? [Self.wellKnownModule] : ["", Self.wellKnownNamespace]
            guard known.contains(raw.qualifier), Self.wellKnownMetadata.contains(raw.name) else { return nil }
            return RowMetadata.Item(name: "\(Self.wellKnownModule):\(raw.name)", value: raw.value)
        }
    }

    /// Metadata of the node of `frame`, which is about to end.
    func annotate(_ items: [RawMetadata], _ frame: DecoderFrame) {
        let isRow = frame.role == .container || frame.role == .entry
        let draft = isRow ? frame.draft : frames[frames.count - 2].draft
        for item in metadata(items, frame.node) {
            draft?.annotate(item.name, item.value, of: isRow ? nil : frame.info.slot)
            appendEdit(.annotate(item.name, item.value), path, frame)
        }
    }

    /// A metadata member of JSON: of the open node, or of the member `name` of it.
    func metadata(_ items: [RawMetadata], of name: Name?) {
        let frame = top
        if frame.isTaping || (frame.role == .entry && frame.draft == nil) {
            frame.tape.append(.metadata(name, items))
            return
        }
        guard frame.role == .container || frame.role == .entry, !frame.isDiscarded else { return }
        guard let name else {
            frame.attributes = frame.attributes ?? Attributes()
            frame.attributes?.metadata += items
            return
        }
        var guess = 0
        guard let info = frame.scope.child(name.token, guess: &guess, find: { findChild(name, in: frame.scope) }) else {
            return reportUnknown(name, in: frame)
        }
        frame.memberMetadata.append((info, items))
    }

    /// At the end of an object: what its metadata members say of the others.
    func placeMemberMetadata(_ frame: DecoderFrame) {
        for (info, raw) in frame.memberMetadata {
            for one in raw where one.name == "default" && one.qualifier == Self.defaultsModule {
                dropTagged(one, info, frame)
            }
            for one in raw {
                guard let item = metadata([one], info.node).first, let draft = frame.draft else { continue }
                if info.kind == .leafList {
                    draft.entries(of: info.node).annotate(item.name, item.value, at: one.index ?? 0)
                } else if draft.hasLeaf(in: info.slot) {
                    draft.annotate(item.name, item.value, of: info.slot)
                    let path = path.appending(info.node)
                    appendEdit(.annotate(item.name, item.value), path, frame)
                }
            }
        }
    }

    static let defaultsModule = "ietf-netconf-with-defaults"

    /// A leaf that is marked as default counts as absent (RFC 6243 section 3.3).
    private func dropTagged(_ item: RawMetadata, _ info: NodeInfo, _ frame: DecoderFrame) {
        guard item.value == "true", let value = frame.draft?.value(in: info.slot) else { return }
        guard info.node.defaults.first == value else {
            return fault("\(info.node.name) is marked as default, but \"\(value)\" is not its default value")
        }
        frame.draft?.removeLeaf(in: info.slot)
    }
}
