import ConfigTree

/// What applying a template does with a node (NSO's tags).
enum TemplateTag: String, CaseIterable, Sendable {
    case merge, replace, create, nocreate, delete

    /// What holds for children that have no tag of their own: `merge` and `nocreate` are inherited.
    var inherited: TemplateTag { self == .nocreate ? .nocreate : .merge }

    /// The tag of a node: the one that means something among its tags. Nil without.
    static func of(_ row: Row?, slot: Int? = nil) -> TemplateTag? {
        row?.metadata?.tags(of: slot).lazy.compactMap { TemplateTag(rawValue: $0) }.first
    }
}
