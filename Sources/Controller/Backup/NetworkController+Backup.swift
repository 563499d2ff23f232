import Basics
import ConfigDatabase
package import ControlProtocol
import Foundation

extension NetworkController {
    static let copyPrefix = "backup-copy-"

    /// A copy of the database as it is now, for `ncs-backup`, which takes it away; where it is.
    package func copyDatabase() throws(ControlError) -> String {
        let directory = configuration.stateDirectory
        do {
            for name in try FileManager.default.contentsOfDirectory(atPath: directory)
            where name.hasPrefix(Self.copyPrefix) { try DurableFiles.remove(directory + "/" + name) }
            let path = "\(directory)/\(Self.copyPrefix)\(clock.now()).sqlite"
            try database.writeConsistentCopy(to: path)
            return path
        } catch {
            throw ControlError(.resource, "the database cannot be copied: \(error)")
        }
    }
}
