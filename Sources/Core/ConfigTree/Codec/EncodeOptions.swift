/// What of a tree is written, and how.
package struct EncodeOptions: Sendable {
    package enum Content: Sendable {
        case config
        case all
    }

    package enum Defaults: Sendable {
        /// Only what is stored.
        case explicit
        /// Default values in use as well (`with-defaults report-all` of RFC 6243).
        case all
        /// The same, and marked as such (`report-all-tagged`).
        case allTagged
        /// Only what differs from its default (`trim`).
        case trim
    }

    package var content: Content
    package var defaults: Defaults
    package var isPretty: Bool
    /// Whether the document has its element around the data: `config` in XML, `data` in JSON.
    package var isWrapped: Bool
    /// Whether metadata (RFC 7952) is written: for documents that we read again, not for devices.
    package var includesMetadata = false
    /// Whether nodes with `tailf:hidden` are left out.
    package var omitsHidden = false

    package init(
        content: Content = .config, defaults: Defaults = .explicit, pretty: Bool = true, wrapped: Bool = true
    ) {
        self.content = content
        self.defaults = defaults
        isPretty = pretty
        isWrapped = wrapped
    }
}
