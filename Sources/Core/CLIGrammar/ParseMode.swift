/// How a configuration text is taken over, as the ned-setting `extended-parser` names it.
package enum ParseMode: String, Sendable, CaseIterable {
    /// The first line that the model does not know is an error.
    case strict
    /// Lines and submodes that the model does not know are left out; the rest is entered line by line, each over what
    /// the lines before it made.
    case robust
    /// As `robust`, but straight from the text into the tree: the same result, faster.
    case turbo

    /// The mode that a value of the setting means; nil for an unknown one. `auto` is the fastest.
    package init?(setting: String) {
        switch setting {
        case "strict", "disabled": self = .strict
        case "robust", "robust-mode": self = .robust
        case "turbo", "turbo-mode", "turbo-xml-mode", "auto": self = .turbo
        default: return nil
        }
    }
}

extension ParseOptions {
    package init(_ mode: ParseMode) {
        self.init()
        isStrict = mode == .strict
        isLineByLine = mode == .robust
    }
}
