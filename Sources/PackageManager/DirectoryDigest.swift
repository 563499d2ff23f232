import Crypto
import Foundation
import PackageSigning

/// Digests of what lies on disk.
enum DirectoryDigest {
    /// SHA-256 over path, mode and content of each file below `directory`, in order of paths.
    static func of(_ directory: String) throws -> String {
        var hash = SHA256()
        let walker = FileManager.default.enumerator(atPath: directory)
        let names = (walker?.allObjects as? [String] ?? []).sorted()
        for name in names {
            let path = directory + "/" + name
            var isDirectory: ObjCBool = false
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), !isDirectory.boolValue
            else { continue }
            let isExecutable = FileManager.default.isExecutableFile(atPath: path)
            let content = try FileRegion(wholeFile: path).sha256()
            hash.update(data: Data("\(name)\0\(isExecutable)\0\(content)\n".utf8))
        }
        return hash.finalize().map { String(format: "%02x", $0) }.joined()
    }
}
