/// A version as packages and `ncs-min-version` write it: `6.7`, `1.0.2`, `3.8-beta`.
///
/// Ordering: the text is split on `.` and `-` and compared component by component, numbers as numbers and words
/// lexically (package-mgmt guide); a number comes before a word, and a prefix before what extends it.
package struct Version: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let description: String

    private enum Component: Comparable {
        case number(Int)
        case word(String)
    }

    package init(_ text: some StringProtocol) { description = String(text) }

    private var components: [Component] {
        description.split(whereSeparator: { $0 == "." || $0 == "-" })
            .map { Int($0).map(Component.number) ?? .word(String($0)) }
    }

    package static func < (a: Version, b: Version) -> Bool {
        a.components.lexicographicallyPrecedes(b.components)
    }

    package static func == (a: Version, b: Version) -> Bool { a.components == b.components }

    package func hash(into hasher: inout Hasher) { hasher.combine(components.count) }

    /// Whether the text has the form that `package-version` requires: `\d+\.\d+([-.](\d+|\w+))*`.
    package var isWellFormed: Bool {
        let parts = description.split(omittingEmptySubsequences: false, whereSeparator: { $0 == "." || $0 == "-" })
        guard parts.count >= 2, Int(parts[0]) != nil, Int(parts[1]) != nil else { return false }
        let dot = description.index(description.startIndex, offsetBy: parts[0].count)
        return description[dot] == "."
            && parts.allSatisfy { part in
                !part.isEmpty && part.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
            }
    }
}

/// The release whose commands, files and `ncs-min-version` we are compatible with, and our own.
package enum Product {
    package static let compatibleVersion = Version("6.7")
    package static let version = Version("0.1.0")
}
