package import Basics
package import ConfigTree
package import YANG

/// What a NETCONF server serves: the role of whoever holds the data.
///
/// Calls come one at a time from the thread that works on the device's requests.
package protocol NETCONFDatastore: AnyObject, Sendable {
    var model: DataModel { get }
    var running: DataTree { get }

    /// The running configuration with the state data of the device.
    var operational: DataTree { get }

    /// The candidate, if others than the sessions of the server work on it, too.
    var sharedCandidate: (any SharedCandidate)? { get }

    /// What is wrong with `tree`, of all that the change from `old` can have made wrong.
    func faults(in tree: DataTree, changedFrom old: DataTree) -> [Diagnostic]

    /// `tree` without what goes by itself because of the change: nodes whose `when` it made false.
    func settled(_ tree: DataTree, changedFrom old: DataTree) -> DataTree

    /// Makes `new` the running configuration, durably; `old` is what it was when `new` was checked. The cost should
    /// follow the difference. Throws a sentence if it cannot be stored.
    func replaceRunning(_ old: DataTree, with new: DataTree) throws(RPCFailure)

    /// The startup configuration; only asked for if the profile has one. Nil after it was deleted.
    func startup() throws(RPCFailure) -> DataTree?
    func setStartup(_ tree: DataTree?) throws(RPCFailure)

    /// The text of a module for get-schema, as YANG.
    func moduleText(_ name: String, revision: String?) -> [UInt8]?

    /// Told of each request before it is carried out. Says what is to happen instead, for devices that misbehave on
    /// demand.
    func received(_ operation: String, session: SessionInfo) -> Interference?

    /// Carries out an operation of the model's own; its input has been checked.
    func outcome(of call: OperationCall, session: SessionInfo) throws(RPCFailure) -> OperationOutcome

    /// Runs `work` after some seconds, as a request of its own.
    func schedule(after seconds: Int, _ work: @escaping @Sendable () -> Void)

    /// The time now, as `date-and-time`.
    func timestamp() -> String
}

extension NETCONFDatastore {
    package var operational: DataTree { running }

    package var sharedCandidate: (any SharedCandidate)? { nil }

    package func settled(_ tree: DataTree, changedFrom old: DataTree) -> DataTree { tree }

    package func outcome(of call: OperationCall, session: SessionInfo) throws(RPCFailure) -> OperationOutcome {
        .notCarriedOut("<\(call.node.name)> of \(call.node.moduleName) is not carried out here")
    }
}

/// An RPC or action that a client asks for.
package struct OperationCall: Sendable {
    /// The `rpc` or `action` statement.
    package var node: SchemaNode
    /// The instance that an action is of.
    package var path: InstancePath?
    /// The element of the operation, with its input.
    package var input: XMLElement
}

/// What became of it.
package enum OperationOutcome: Sendable {
    case done
    /// The elements of its output.
    case output([XMLElement])
    /// Nobody does this here, and why.
    case notCarriedOut(String)
}

/// What happens instead of a request.
package enum Interference: Hashable, Sendable {
    case refuse(String)
    /// The session ends without an answer.
    case hangUp
    /// There is no answer.
    case silence
}

/// Who talks to the server.
package struct SessionInfo: Hashable, Sendable {
    package var id: UInt32
    package var user: String
    package var source: String
    /// `netconf-ssh` or `netconf-tcp`.
    package var transport: String
    package var loginTime: String
}

/// What a server can do, beyond the base.
package struct ServerProfile: Hashable, Sendable {
    package var candidate = true
    package var writableRunning = true
    package var confirmedCommit = true
    package var startup = false
    package var validate = true
    package var base11 = true
    /// Tells the id of the last transaction, as devices of the incumbent's vendor do.
    package var transactionID = false
    /// The greeting names no modules of the model: those of YANG 1.1 need not be there.
    package var hidesModules = false
    /// Further capabilities, such as those of a vendor.
    package var further: [String] = []

    package init() {}
}

/// Bounds on what a session may ask.
package struct ServerLimits: Hashable, Sendable {
    /// Bytes of one message.
    package var message = 256 << 20
    /// Before the greeting, less is enough.
    package var hello = 1 << 20

    package init() {}
}
