/// Files as the user at the other end of a session may use them: read and written with the caller's own rights.
package protocol ClientFiles: Sendable {
    func read(_ path: String) throws -> [UInt8]
    func write(_ path: String, _ bytes: [UInt8], append: Bool) throws
}
