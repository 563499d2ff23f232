import ConfigTree

/// What applying a template does with a node (NSO's tags).
enum TemplateTag: String, CaseIterable, Sendable {
    case merge, replace, create, nocreate, delete

    /// The name under which trees and documents have tags.
    static let metadataName = "tailf_netmod:tags"

    /// What holds for children that have no tag of their own: `merge` and `nocreate` are inherited.
    var inherited: TemplateTag { self == .nocreate ? .nocreate : .merge }

    /// The tag of a node: the one that means something among the words of its metadata. Nil without.
    static func of(_ row: Row?, slot: Int? = nil) -> TemplateTag? {
        guard let text = row?.metadata?.value(metadataName, of: slot) else { return nil }
        return text.split(whereSeparator: { $0 == " " || $0 == "," }).lazy.compactMap { TemplateTag(rawValue: String($0)) }
            .first
    }
}
