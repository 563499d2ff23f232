import Basics
import PackageSigning

extension PackageError {
    /// Lets faults speak of the file that a person knows, `name`, where they speak of our copy of it. What was unpacked
    /// is named by its path in the archive.
    static func naming<Result>(
        _ name: String, insteadOf copy: String, _ work: () throws -> Result
    ) throws -> Result {
        func renamed(_ text: String) -> String {
            text.replacing(copy + "/", with: name + ": ").replacing(copy, with: name)
        }
        do {
            return try work()
        } catch let error as DiagnosticsError {
            throw DiagnosticsError(
                error.diagnostics.map { fault in
                    var fault = fault
                    if var place = fault.place {
                        place.file = renamed(place.file)
                        fault.place = place
                    }
                    return fault
                })
        } catch var error as PackageError {
            error.sentence = renamed(error.sentence)
            error.path = renamed(error.path)
            throw error
        } catch var error as SigningError {
            error.sentence = renamed(error.sentence)
            throw error
        } catch var error as FileError {
            error.path = renamed(error.path)
            throw error
        }
    }
}
