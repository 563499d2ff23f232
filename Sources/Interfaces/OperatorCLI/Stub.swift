package import ControlProtocol
package import TerminalSession
package protocol ClientFiles: Sendable {
    func read(_ path: String) throws -> [UInt8]
    func write(_ path: String, _ bytes: [UInt8], append: Bool) throws
}
package final class OperatorSession: Sendable {
    package init(session: any ControlSession, terminal: any Terminal, description: TerminalDescription, files: any ClientFiles) {}
    package func run() -> Int32 { 0 }
    package func handle(_ event: SessionEvent) {}
}
