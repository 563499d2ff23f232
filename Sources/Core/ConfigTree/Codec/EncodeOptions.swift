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
        /// Only what differs from its default (`trim`).
        case trim
    }

    package var content: Content
    package var defaults: Defaults
    package var isPretty: Bool
    /// Whether the document has its element around the data: `config` in XML, `data` in JSON.
    package var isWrapped: Bool

    package init(
        content: Content = .config, defaults: Defaults = .explicit, pretty: Bool = true, wrapped: Bool = true
    ) {
        self.content = content
        self.defaults = defaults
        isPretty = pretty
        isWrapped = wrapped
    }
}
