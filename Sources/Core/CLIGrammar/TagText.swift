import ConfigTree

/// Tags as text shows them: `! Tags: replace` before a line, `/* Tags: replace */` among braces.
enum TagText {
    /// Nil without tags.
    ///
    /// - Parameter name: the words of a node that has no line of its own, and therefore is named.
    static func comment(_ metadata: RowMetadata?, of slot: Int? = nil, _ name: [UInt8] = []) -> [UInt8]? {
        guard let tags = metadata?.tags(of: slot), !tags.isEmpty else { return nil }
        return comment(tags, name)
    }

    static func comment(_ tags: [String], _ name: [UInt8] = []) -> [UInt8] {
        let text = Array((tags.isEmpty ? "! Tags:" : "! Tags: " + tags.joined(separator: ", ")).utf8)
        return name.isEmpty ? text : text + Array(" (".utf8) + name + Array(")".utf8)
    }

    static func braces(_ metadata: RowMetadata?, of slot: Int? = nil) -> String? {
        guard let tags = metadata?.tags(of: slot), !tags.isEmpty else { return nil }
        return braces(tags)
    }

    static func braces(_ tags: [String]) -> String { "/* Tags: \(tags.joined(separator: ", ")) */" }
}

extension MetadataChange {
    /// The tags before or after, of a change of tags.
    static func tags(_ changes: [MetadataChange], _ side: KeyPath<MetadataChange, String?>) -> [String]? {
        guard let change = changes.first(where: { $0.name == RowMetadata.tagsName }) else { return nil }
        return change[keyPath: side]?.split { $0 == " " || $0 == "," }.map(String.init) ?? []
    }
}
