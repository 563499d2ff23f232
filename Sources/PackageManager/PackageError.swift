/// Why something could not be done with a package. The sentence names the file and says what to do.
package struct PackageError: Error, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable, CaseIterable {
        /// A file or directory cannot be read or written.
        case fileUnusable
        /// Not an archive of a known kind, or damaged.
        case archiveDamaged
        /// An archive holds something that no package may hold.
        case entryRefused
        /// An archive is larger, deeper or fuller than is accepted.
        case limitExceeded
        /// The content is not what the signed manifest says.
        case contentMismatch
        /// The meta-data is missing or wrong, or does not fit the directory.
        case metaDataInvalid
        /// Two packages of one name.
        case duplicate
        /// The store takes signed packages only.
        case notSigned
        case alreadyThere
        case versionMismatch
        case unknownPackage
        /// Another signer than the one who signed the package before.
        case signerChanged
        /// A version below one that was in use.
        case olderVersion
        /// What is said of a repository of packages cannot be right.
        case repositoryInvalid
        /// A server or the network did not deliver.
        case transferFailed
        /// The index of a repository is not signed, not current, or not what comes after the one before.
        case indexRefused
        /// Building stopped.
        case buildFailed
    }

    package var code: Code
    package var sentence: String
    package var path: String
    /// The number of the system's error behind it, if there is one: whether the machine is at fault, not the package.
    package var systemError: Int32?

    package init(_ code: Code, _ path: String, _ what: String, remedy: String = "", systemError: Int32? = nil) {
        self.code = code
        self.path = path
        self.systemError = systemError
        sentence = "\(path): \(what)" + (remedy.isEmpty ? "" : "; \(remedy)")
    }

    package var description: String { sentence }
}

extension String {
    /// The text with control and formatting characters written as `\u{..}`, at most `limit` scalars: foreign names end
    /// up on terminals and in logs.
    package func visible(limit: Int = 200) -> String {
        var result = ""
        for scalar in unicodeScalars.prefix(limit) {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator:
                result += "\\u{\(String(scalar.value, radix: 16))}"
            default:
                result.unicodeScalars.append(scalar)
            }
        }
        return result + (unicodeScalars.count > limit ? "..." : "")
    }
}
