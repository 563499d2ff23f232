/// How configuration text of a family of command lines looks, apart from what the model says.
package struct CLIDialect: Hashable, Sendable {
    package enum Style: String, Sendable {
        /// The operator's CLI over our own data, and IOS-XR.
        case c
        /// IOS and IOS-XE.
        case i
        /// NX-OS.
        case nx
        /// Junos, and the operator's J-style CLI.
        case j
    }

    package var style: Style
    /// Spaces of indentation for each level.
    package var indentation: Int
    /// What ends a submode that neither has an exit command nor asks for an explicit exit; empty for nothing.
    package var closing: String
    /// Whether `closing` stands after outermost submodes only.
    package var closesOutermostOnly: Bool
    /// Whether values of sibling leaves in a mode stand in one column.
    package var alignsValues: Bool
    /// Whether boolean leaves are `name` and `no name` without being annotated.
    package var showsBooleansAsNo: Bool
    /// Whether list name and first key are shown glued wherever the model allows them to be typed so.
    package var joinsKeys: Bool
    /// Whether a backslash takes away the meaning of the next character outside quotes.
    package var hasEscapes: Bool
    /// Whether a value in quotes stands for what is inside even where the rest of the line is the value.
    package var alwaysUnquotes: Bool
    /// Whether entries moved in a list `ordered-by user` are announced by `# after KEY` and `# first`.
    package var hasOrderComments: Bool
    /// Whether text in a `banner` is between delimiters and may span lines.
    package var hasBanners: Bool

    /// The operator's CLI.
    package static let c = CLIDialect(
        style: .c, indentation: 1, closing: "!", closesOutermostOnly: false, alignsValues: true,
        showsBooleansAsNo: false, joinsKeys: false, hasEscapes: true, alwaysUnquotes: true, hasOrderComments: true,
        hasBanners: false)

    /// Junos configuration: statements with braces, or `set` commands.
    package static let j = CLIDialect(
        style: .j, indentation: 4, closing: "", closesOutermostOnly: false, alignsValues: false,
        showsBooleansAsNo: false, joinsKeys: false, hasEscapes: true, alwaysUnquotes: true, hasOrderComments: false,
        hasBanners: false)

    /// IOS running configuration.
    package static let i = CLIDialect(
        style: .i, indentation: 1, closing: "!", closesOutermostOnly: true, alignsValues: false,
        showsBooleansAsNo: true, joinsKeys: true, hasEscapes: false, alwaysUnquotes: false, hasOrderComments: false,
        hasBanners: true)

    /// IOS-XR running configuration.
    package static let xr = CLIDialect(
        style: .c, indentation: 1, closing: "!", closesOutermostOnly: false, alignsValues: false,
        showsBooleansAsNo: false, joinsKeys: false, hasEscapes: false, alwaysUnquotes: false,
        hasOrderComments: false, hasBanners: true)

    /// NX-OS running configuration.
    package static let nx = CLIDialect(
        style: .nx, indentation: 2, closing: "", closesOutermostOnly: true, alignsValues: false,
        showsBooleansAsNo: true, joinsKeys: true, hasEscapes: false, alwaysUnquotes: false, hasOrderComments: false,
        hasBanners: true)
}
