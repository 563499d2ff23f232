import Basics
import ControlProtocol
import Foundation
import PackageManager
import PackageSigning

/// What went wrong with package files, as whoever asked is told.
enum PackageFault {
    /// - Parameter what: what could not be done, if the fault does not say.
    static func error(_ fault: any Error, _ what: String? = nil) -> ControlError {
        if let fault = fault as? ControlError { return fault }
        let prefix = what.map { "\($0): " } ?? ""
        if let fault = fault as? SigningError { return ControlError(.device, prefix + fault.sentence) }
        let number = (fault as? FileError)?.errno ?? (fault as? PackageError)?.systemError
        let remedy =
            switch number {
            case ENOSPC: "; make room on the disk and try again"
            case EDQUOT: "; make room, or get a larger quota, and try again"
            case EROFS: "; mount the file system for writing"
            default: ""
            }
        return ControlError(.resource, "\(prefix)\(fault)\(remedy)")
    }

    static func attempt<Result>(_ work: () throws -> Result) throws(ControlError) -> Result {
        do { return try work() } catch { throw Self.error(error) }
    }
}
