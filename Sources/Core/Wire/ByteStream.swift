/// A two-way stream of bytes to a peer, whatever carries it: TCP, or a channel of an SSH session.
///
/// Calls block the calling thread until done, the deadline, or `abort()`. One thread may read while another writes.
package protocol ByteStream: AnyObject, Sendable {
    /// Who is at the other end, for messages and traces: `ssh admin@192.0.2.1:22`.
    var peer: String { get }

    /// The bytes that are there, waiting for the first; nil once the peer has ended its direction.
    ///
    /// Throws `timeout`, `closedByPeer` (the connection broke), `cancelled`. A time-out leaves the stream usable.
    func read(deadline: Deadline) throws(WireError) -> [UInt8]?

    /// Returns when the system has taken every byte. After a time-out it is not known how many went out: close.
    func write(_ bytes: [UInt8], deadline: Deadline) throws(WireError)

    /// Ends the stream; later calls throw `cancelled`. May be called twice.
    func close()

    /// Makes the calls under way on other threads, and all later ones, throw `cancelled`.
    func abort()
}
