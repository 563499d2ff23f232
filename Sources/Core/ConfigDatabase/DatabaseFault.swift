internal import Basics
internal import Foundation
internal import GRDB

/// Why the database could not be opened, read or written. Whatever the code: nothing was half-written.
package struct DatabaseFault: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable {
        /// The disk or the quota is full.
        case noSpace
        /// The file or its file system cannot be written.
        case readOnly
        /// The disk failed to read, write or sync.
        case inputOutput
        /// As `inputOutput`, and whether the last commit is on the disk shows when the disk works again, or at the next start.
        case outcomeUnknown
        /// The content is not what was written.
        case damaged
        /// A file of some other program.
        case foreign
        /// Written by a later release than this one.
        case newer
        /// Another process has it open.
        case inUse
        /// The rights of the file do not allow it.
        case permission
        /// The database file is gone but what belongs to it is there.
        case missing
        /// A payload over the limit.
        case tooLarge
        /// Used after `close`, or after a fault that needs a restart.
        case closed
    }

    package var code: Code
    /// One sentence: what is wrong.
    package var sentence: String
    package var remedy: String
    package var path: String
    /// The number of the damaged record, or of the first that is missing.
    package var record: Int64?
    /// The last record that can be read and trusted, if that could be found out.
    package var recoverableThrough: Int64?
    /// What the layer below said; for the log, not for the operator.
    package var cause: String?

    package init(
        _ code: Code, _ sentence: String, remedy: String, path: String, record: Int64? = nil,
        recoverableThrough: Int64? = nil, cause: String? = nil
    ) {
        self.code = code
        self.sentence = sentence
        self.remedy = remedy
        self.path = path
        self.record = record
        self.recoverableThrough = recoverableThrough
        self.cause = cause
    }

    /// `PATH: sentence; remedy`.
    package var description: String { "\(path): \(sentence); \(remedy)" }
}

extension DatabaseFault {
    static func damaged(
        _ sentence: String, path: String, record: Int64? = nil, recoverableThrough: Int64? = nil, cause: String? = nil
    ) -> DatabaseFault {
        let kept = recoverableThrough.map { " (records up to \($0) are whole and can be recovered)" } ?? ""
        return DatabaseFault(
            .damaged, sentence + kept,
            remedy: "keep a copy of the directory, then restore the last backup with ncs-backup --restore", path: path,
            record: record, recoverableThrough: recoverableThrough, cause: cause)
    }

    /// Any error of the layers below, as a fault of the database at `path`.
    static func from(_ error: any Error, path: String) -> DatabaseFault {
        switch error {
        case let fault as DatabaseFault: return fault
        case let error as DatabaseError: return from(error, path: path)
        case let error as FileError: return from(errno: error.errno, cause: error.description, path: path)
        default:
            return DatabaseFault(
                .inputOutput, "the database cannot be used", remedy: "see the log for the cause", path: path,
                cause: "\(error)")
        }
    }

    private static func from(_ error: DatabaseError, path: String) -> DatabaseFault {
        let cause = error.description
        switch error.resultCode {
        case .SQLITE_FULL: return from(errno: ENOSPC, cause: cause, path: path)
        case .SQLITE_READONLY: return from(errno: EROFS, cause: cause, path: path)
        case .SQLITE_PERM, .SQLITE_CANTOPEN, .SQLITE_AUTH: return from(errno: EACCES, cause: cause, path: path)
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            return DatabaseFault(
                .inUse, "the database is open in another process",
                remedy: "stop the other daemon of this run directory first (ncs --stop)", path: path, cause: cause)
        case .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_FORMAT, .SQLITE_ERROR, .SQLITE_SCHEMA, .SQLITE_CONSTRAINT,
            .SQLITE_MISMATCH:
            return damaged("the database file is damaged", path: path, cause: cause)
        case .SQLITE_TOOBIG: return tooLarge(path: path)
        default: return from(errno: EIO, cause: cause, path: path)
        }
    }

    static func tooLarge(path: String) -> DatabaseFault {
        DatabaseFault(
            .tooLarge, "a change is larger than a record may be", remedy: "commit it in several smaller parts",
            path: path)
    }

    static func closed(path: String) -> DatabaseFault {
        DatabaseFault(.closed, "the database is closed", remedy: "start the daemon again", path: path)
    }

    private static func from(errno code: Int32, cause: String, path: String) -> DatabaseFault {
        switch code {
        case ENOSPC, EDQUOT:
            return DatabaseFault(
                .noSpace, "no space left on the disk", remedy: "free some space and commit again", path: path,
                cause: cause)
        case EFBIG:
            return DatabaseFault(
                .noSpace, "the file may not grow any further",
                remedy: "raise the limit on the size of files (ulimit -f) and commit again", path: path, cause: cause)
        case EROFS:
            return DatabaseFault(
                .readOnly, "the database cannot be written", remedy: "make the file and its file system writable",
                path: path, cause: cause)
        case EACCES, EPERM, EISDIR, ENOTDIR, ENOENT, ELOOP:
            return DatabaseFault(
                .permission, "the database file cannot be opened",
                remedy: "the file and its directory must exist and belong to the user of the daemon", path: path,
                cause: cause)
        default:
            return DatabaseFault(
                .inputOutput, "the disk reports an input/output error",
                remedy: "check the disk and the system log, then start the daemon again", path: path, cause: cause)
        }
    }
}
