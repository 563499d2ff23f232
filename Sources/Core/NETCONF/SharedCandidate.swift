package import ConfigTree

/// The candidate of a device whose command line works on the same one. Where a datastore has it, the server keeps none of
/// its own, and a lock of the candidate is what the command line knows as exclusive.
///
/// Calls come as those of the datastore do.
package protocol SharedCandidate: AnyObject, Sendable {
    /// Nil as long as it is the running configuration.
    var content: DataTree? { get }

    /// Throws if somebody else has it for himself.
    func requireFree(for session: SessionInfo) throws(CandidateHeld)

    /// Puts `tree` in it; nil discards what is in it. Throws if somebody else has it for himself.
    func put(_ tree: DataTree?, running: DataTree, by session: SessionInfo) throws(CandidateHeld)

    /// Takes it for a session. Throws if somebody else has it, or if it has been changed.
    func lock(_ session: SessionInfo) throws(CandidateHeld)

    /// Gives it back; what is in it and was not committed is lost.
    func unlock(_ session: SessionInfo)

    /// What is in it runs, and `old` did before.
    func committed(over old: DataTree)
}

/// Who has a candidate for himself, or what else keeps others from it, as a sentence.
package struct CandidateHeld: Error, Sendable {
    package var reason: String

    package init(_ reason: String) { self.reason = reason }

    /// No session of ours holds it: the number that RFC 6241 section 7.5 has for that.
    func error(_ tag: RPCError.Tag) -> RPCError {
        RPCError(.protocol, tag, reason, info: [.init("session-id", "0")])
    }
}

extension ServerSession {
    var sharedCandidate: (any SharedCandidate)? { server.datastore.sharedCandidate }

    /// What the candidate holds; nil as long as that is the running configuration.
    var candidate: DataTree? {
        if let shared = sharedCandidate { return shared.content }
        return server.withState { $0.candidate }
    }

    func setCandidate(_ tree: DataTree?) throws {
        guard let shared = sharedCandidate else { return server.withState { $0.candidate = tree } }
        do throws(CandidateHeld) {
            try shared.put(tree, running: server.datastore.running, by: info)
        } catch {
            throw error.error(.inUse)
        }
    }
}
