/// A screen and a keyboard somewhere: what an interactive session talks to.
package protocol Terminal: AnyObject, Sendable {
    /// Waits for input. Nil at its end; an empty array means that the user asked to interrupt.
    func read() -> [UInt8]?
    func write(_ bytes: [UInt8])
    var columns: Int { get }
    var rows: Int { get }
    /// Whether somebody types: else input is a script, and nothing is prompted, echoed or paged.
    var isInteractive: Bool { get }
    /// Whether the user asked to interrupt since the last time this was asked; `read` need not have been called.
    func takeInterrupt() -> Bool
}

extension Terminal {
    package func takeInterrupt() -> Bool { false }

    package func write(_ text: String) { write(Array(text.utf8)) }
}
