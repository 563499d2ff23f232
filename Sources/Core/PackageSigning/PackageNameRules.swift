/// Which texts can be names of packages and ned-ids: they become names of files and directories.
package enum PackageNameRules {
    /// Letters, digits, `_`, `-` and `.`, the first no `-` or `.`; at most 200 characters.
    package static func isPackageName(_ text: String) -> Bool {
        guard let first = text.utf8.first, text.utf8.count <= 200 else { return false }
        return first != UInt8(ascii: "-") && first != UInt8(ascii: ".") && text.utf8.allSatisfy(isNameByte)
    }

    /// An identity, with or without its module: `router-cli-1.0:router-cli-1.0`.
    package static func isIdentity(_ text: String) -> Bool {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        return parts.count <= 2 && parts.allSatisfy { isPackageName(String($0)) }
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
            || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
    }
}
