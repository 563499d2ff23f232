/// Why a backup could not be made or put back; nothing was changed then.
package struct BackupError: Error, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable {
        /// The file is no backup of this program, or of a later release.
        case foreign
        case damaged
        case daemonRuns
        case unusable
    }

    package var code: Code
    /// What is wrong and what to do.
    package var description: String

    package init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }
}
