/// Why a connection failed or ended: a closed code for programs, a sentence with the remedy for people.
package struct WireError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: String, Hashable, Sendable, CaseIterable {
        case connectionRefused
        /// No route, no such host, network down.
        case unreachable
        case timeout
        /// The peer showed another key of an algorithm that is known for it.
        case hostKeyChanged
        /// No key is known for the peer and the policy asks for one.
        case hostKeyUnknown
        case authenticationFailed
        case closedByPeer
        /// The peer speaks, but not what we need: no common algorithm, refused channel, broken packet.
        case protocolFailure = "protocol"
        /// `abort()` or `close()` was called on our side.
        case cancelled
        /// A listening address is taken or may not be used.
        case addressUnavailable
        /// A key file, an option or an address that the caller gave is unusable.
        case invalidArgument
        /// Out of descriptors, threads or memory.
        case system
    }

    package var code: Code
    /// `ADDRESS:PORT`, or the path of a file; empty if there is none.
    package var peer: String
    /// What happened, without the peer.
    package var summary: String
    /// What to do about it. May be empty.
    package var remedy: String

    package init(_ code: Code, peer: String, _ summary: String, remedy: String = "") {
        self.code = code
        self.peer = peer
        self.summary = summary
        self.remedy = remedy
    }

    /// The same, saying on which of several connections it happened.
    package func on(_ hop: String) -> WireError {
        WireError(code, peer: peer, "\(hop): \(summary)", remedy: remedy)
    }

    /// `127.0.0.1:22: connection refused; check that ...`.
    package var description: String {
        (peer.isEmpty ? "" : "\(peer): ") + summary + (remedy.isEmpty ? "" : "; \(remedy)")
    }
}
