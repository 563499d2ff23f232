import Basics
import ConfigDatabase
import ControlProtocol
import Synchronization

/// The confirmed commit that is outstanding, if there is one (RFC 6241 section 8.4).
///
/// Invariants:
/// - What is to be gone back to is durable before the first change of it is: a crash anywhere leaves either nothing to
///   go back from, or the way back.
/// - It is confirmed when its record is gone, durably; and gone back from when the old configuration is in the log.
/// - Meanwhile nobody changes the configuration but who may confirm it.
final class ConfirmedCommits: Sendable {
    struct Pending: Hashable, Sendable {
        /// The number of the log's record whose configuration comes back.
        var base: Int64
        /// Microseconds since 1970-01-01T00:00:00Z.
        var deadline: Int64
        /// Whoever knows it may confirm, from any session; nil: the session alone, which must not end before.
        var persist: String?
        /// -1 once the session has ended.
        var session: Int
        var user: String
        var context: String
        /// Whether the devices were left alone, and are when it is gone back.
        var noNetworking: Bool
        /// How often going back has failed.
        var failures = 0
    }

    private static let key = "confirmed-commit"

    private let pending: Mutex<Pending?>
    private let database: ConfigurationDatabase

    init(_ database: ConfigurationDatabase) {
        self.database = database
        pending = Mutex(database.operational(Self.key).flatMap { Pending($0) })
    }

    var current: Pending? { pending.withLock { $0 } }

    /// Refuses a change by anybody who may not confirm, or that must not follow a confirmed commit.
    func admit(_ session: Int, persistID: String?, mayFollow: Bool = true) throws(ControlError) {
        guard let pending = current else {
            if persistID == nil { return }
            throw ControlError(.notFound, "no confirmed commit is outstanding that the persist-id could belong to")
        }
        if !mayFollow {
            throw ControlError(
                .locked, "confirmed commit in progress, by \(pending.user) from \(pending.context); confirm it first")
        }
        if let persist = pending.persist {
            if persistID == persist { return }
            if persistID != nil {
                throw ControlError(.accessDenied, "the persist-id is not that of the confirmed commit")
            }
        } else if pending.session == session {
            if persistID == nil { return }
            throw ControlError(.accessDenied, "the confirmed commit has no persist-id: confirm it without one")
        }
        let remedy = pending.persist == nil ? "wait until it is confirmed or has timed out" : "give its persist-id"
        throw ControlError(
            .locked, "confirmed commit in progress, by \(pending.user) from \(pending.context); \(remedy)")
    }

    /// Notes durably what is to be gone back to. A second confirmed commit goes on from the first.
    func begin(_ new: Pending) throws(ControlError) {
        var new = new
        if let old = current {
            new.base = old.base
            new.noNetworking = old.noNetworking && new.noNetworking
        }
        try store(new)
    }

    /// At a start: a crash may have come between `begin` and the change itself, and then there is nothing to confirm or
    /// to go back from, and nobody to keep waiting for it.
    ///
    /// - Parameter latestChange: the number of the record of the latest change of the configuration, if there is one.
    func forgetUnlessChanged(since latestChange: Int64?) throws(ControlError) {
        guard let pending = current, latestChange ?? 0 <= pending.base else { return }
        try store(nil)
    }

    /// As it was before `begin`, since the commit has failed; or confirmed, or gone back from.
    func end(restoring old: Pending? = nil) throws(ControlError) { try store(old) }

    private func store(_ new: Pending?) throws(ControlError) {
        do {
            try database.setOperational([OperationalChange(Self.key, new?.encode())])
        } catch {
            throw ControlError(.resource, "the confirmed commit cannot be recorded: \(error)")
        }
        pending.withLock { $0 = new }
    }

    /// The session has ended: what it alone could confirm is due.
    func sessionEnded(_ session: Int) {
        pending.withLock { pending in
            guard pending?.session == session else { return }
            pending?.session = -1
            if pending?.persist == nil { pending?.deadline = 0 }
        }
    }

    /// Going back has failed: again at `time`.
    func postpone(to time: Int64) {
        pending.withLock { pending in
            pending?.deadline = time
            pending?.failures += 1
        }
    }
}

extension ConfirmedCommits.Pending {
    func encode() -> [UInt8] {
        var object = JSONObject()
        object.append("base", .string("\(base)"))
        object.append("deadline", .string("\(deadline)"))
        if let persist { object.append("persist", .string(persist)) }
        object.append("user", .string(user))
        object.append("context", .string(context))
        if noNetworking { object.append("no-networking", .string("true")) }
        return Array(JSONValue.object(object).print().utf8)
    }

    /// As a start finds it: the session is gone, and with it who could have confirmed without a persist-id.
    init?(_ bytes: [UInt8]) {
        guard let value = try? JSONValue.parse(bytes, file: "confirmed commit"),
            let base = value["base"]?.string.flatMap({ Int64($0) }),
            let deadline = value["deadline"]?.string.flatMap({ Int64($0) })
        else { return nil }
        let persist = value["persist"]?.string
        self.init(
            base: base, deadline: persist == nil ? 0 : deadline, persist: persist, session: -1,
            user: value["user"]?.string ?? "", context: value["context"]?.string ?? "",
            noNetworking: value["no-networking"] != nil)
    }
}
