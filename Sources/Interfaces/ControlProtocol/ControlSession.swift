package import Basics
package import ConfigTree
package import Events
import Synchronization
package import YANG

/// Who is at the other end of a session, and how they came.
package struct SessionUser: Hashable, Sendable {
    package var name: String
    package var groups: [String]
    /// `cli`, `system`, `netconf`, … as audit log and `who` name it.
    package var context: String
    /// The address they came from, `127.0.0.1` for a local program.
    package var from: String
    /// `console`, `ssh`, `tcp`.
    package var proto: String

    package init(
        name: String, groups: [String] = [], context: String = "cli", from: String = "127.0.0.1",
        proto: String = "console"
    ) {
        self.name = name
        self.groups = groups
        self.context = context
        self.from = from
        self.proto = proto
    }
}

/// Something that a session is told while it does nothing, or while its request runs.
package enum SessionEvent: Sendable {
    /// A line for everybody, such as `>>> System upgrade is starting.`
    case broadcast(String)
    /// A new alarm: `*** ALARM connection-failure: …`
    case alarm(type: String, text: String)
    /// The session ends: the daemon stops, or an upgrade needs it gone.
    case closing(String)
}

/// What the audit log keeps of a command line: secrets in it are masked before it comes here.
package enum CommandRecord: Hashable, Sendable {
    case typed(String)
    case done
    case aborted
}

/// What a door may do for its user. The controller's part of the contract.
///
/// Trees are immutable values: a door takes `running` as its base, edits its own candidate, and asks for a commit of
/// the difference. All that a session sees has passed the access rules of its user.
package protocol ControlSession: AnyObject, Sendable {
    var user: SessionUser { get }
    var id: Int { get }

    /// The configuration in force.
    var running: DataTree { get }
    /// Configuration together with operational data: what `show` shows.
    func operational() -> DataTree

    /// `tree` with what devices tell now of the state at `paths`, which lead into `live-status` of devices; lists in
    /// them may lack keys. Throws if the only device that is asked does not answer.
    func live(_ paths: [InstancePath], in tree: DataTree) throws(ControlError) -> LiveReading

    /// The values as they may be kept: secrets sealed. A value equal to the one in `candidate` stays as it is.
    func sealed(_ edits: [PathEdit], over candidate: DataTree) throws(ControlError) -> [PathEdit]
    /// A loaded tree with its secrets sealed, equal ones as `candidate` has them.
    func sealed(_ tree: DataTree, over candidate: DataTree) throws(ControlError) -> DataTree

    /// All violations of the schema's constraints that `candidate` has.
    func violations(of candidate: DataTree, since base: DataTree) -> [Diagnostic]

    /// Commits the difference between base and candidate, or with a dry run says what that would do.
    ///
    /// - Parameter progress: told of each step, on the thread where it happens.
    func commit(_ request: CommitRequest, progress: (@Sendable (ProgressEvent) -> Void)?) throws(ControlError)
        -> CommitOutcome

    /// What was committed, latest first.
    func commits() -> [CommitSummary]
    /// The configuration before and after a commit, over the models in force. Throws `notFound`, or `unsupported` if it
    /// was committed under models that have been replaced and has no place in those in force.
    func change(of commit: CommitSummary) throws(ControlError) -> CommittedChange
    /// What the commit's rollback file says.
    func rollbackText(of commit: CommitSummary) throws(ControlError) -> String
    /// The commits that changed something at or below one of the paths, latest first; also by deleting what is above.
    func commits(changing paths: [InstancePath]) throws(ControlError) -> [CommitSummary]

    /// Whether a confirmed commit is outstanding that this session may confirm without a persist-id.
    var mayConfirm: Bool { get }
    /// Makes permanent what was committed to be confirmed, or takes it back at once. Throws `notFound` if nothing was.
    func confirmCommit(persistID: String?) throws(ControlError)
    func abortCommit(persistID: String?) throws(ControlError)

    /// Takes or gives back the lock that `config exclusive` needs.
    func lock() throws(ControlError)
    func unlock()
    /// Who has the lock, as messages name them.
    var lockOwner: String? { get }
    /// What `who` shows of the session: `operational`, `terminal`, `exclusive`, …
    func noteMode(_ mode: String)

    /// Runs an action or rpc. `input` is the row of its `input` node.
    ///
    /// - Parameters:
    ///   - transaction: the candidate of a session in configuration mode: an action that changes the configuration of
    ///     devices changes it there and commits nothing. Without it such an action commits.
    ///   - parts: takes the beginning of a long answer while the rest is being made; the result is the rest. Without it
    ///     the result is everything.
    ///   - watcher: who is told what goes on.
    func invoke(
        _ action: InstancePath, input: Row, in transaction: ActionTransaction?, parts: AnswerParts?,
        watcher: ActionWatcher
    ) throws(ControlError) -> ActionOutput

    /// Whether the tree is over the models in force; a package reload replaces them.
    func isCurrent(_ tree: DataTree) -> Bool

    /// A change that was begun under models which have been replaced since, over those in force; nil if something of it
    /// has no place there, and it must start anew.
    func carried(_ request: CommitRequest) -> CommitRequest?

    /// Everybody who has a session: for `who`.
    func sessions() -> [SessionInformation]
    func send(_ message: String, to user: String?)

    /// Tells the audit log of a command: once when it is typed, once when it has ended.
    func note(_ record: CommandRecord)

    func close()
}

extension ControlSession {
    package func commit(_ request: CommitRequest) throws(ControlError) -> CommitOutcome {
        try commit(request, progress: nil)
    }

    package func invoke(
        _ action: InstancePath, input: Row, progress: @escaping @Sendable (String) -> Void
    ) throws(ControlError) -> ActionOutput {
        try invoke(action, input: input, in: nil, parts: nil, watcher: ActionWatcher(lines: progress))
    }

    package func invoke(
        _ action: InstancePath, input: Row, parts: AnswerParts?, progress: @escaping @Sendable (String) -> Void
    ) throws(ControlError) -> ActionOutput {
        try invoke(action, input: input, in: nil, parts: parts, watcher: ActionWatcher(lines: progress))
    }
}

/// Who is told what goes on while an action runs, on the threads where it happens.
package struct ActionWatcher: Sendable {
    /// Lines for everybody.
    package var lines: @Sendable (String) -> Void
    /// The steps of the work on each device; nil if nobody asked.
    package var steps: (@Sendable (ProgressEvent) -> Void)?
    /// What templates do, line by line; nil if nobody asked.
    package var templates: (@Sendable (String) -> Void)?
    /// The only template that is told of; nil for all.
    package var template: String?

    package init(lines: @escaping @Sendable (String) -> Void = { _ in }) { self.lines = lines }
}

/// A candidate that an action may change.
package final class ActionTransaction: Sendable {
    private let candidate: Mutex<DataTree>

    package init(_ candidate: DataTree) { self.candidate = Mutex(candidate) }

    package var tree: DataTree {
        get { candidate.withLock { $0 } }
        set { candidate.withLock { $0 = newValue } }
    }
}

/// Data of a controller together with what devices told.
package struct LiveReading: Sendable {
    package var tree: DataTree
    /// Why something is missing: devices that do not answer, values that the model does not allow.
    package var notes: [String]

    package init(tree: DataTree, notes: [String] = []) {
        self.tree = tree
        self.notes = notes
    }
}

/// Takes a long answer piece by piece, so that nobody has to hold all of it.
package final class AnswerParts: @unchecked Sendable {
    // @unchecked: only the thread that invoked the action calls it, before `invoke` returns.
    private let work: (ActionOutput) -> Void

    package init(_ work: @escaping (ActionOutput) -> Void) { self.work = work }

    package func take(_ part: ActionOutput) { work(part) }
}

/// The `output` node of an action with its content; nil content if the action answers nothing.
package struct ActionOutput: Sendable {
    package var node: SchemaNode
    package var content: Row
    package var model: DataModel

    package init(node: SchemaNode, content: Row, model: DataModel) {
        self.node = node
        self.content = content
        self.model = model
    }

    package var instance: Instance { Instance(detached: node, row: content, model: model) }
}

package struct SessionInformation: Sendable {
    package var id: Int
    package var user: SessionUser
    package var started: String
    package var mode: String

    package init(id: Int, user: SessionUser, started: String, mode: String) {
        self.id = id
        self.user = user
        self.started = started
        self.mode = mode
    }
}

/// Opens sessions: the controller, as its doors see it.
package protocol ControlService: AnyObject, Sendable {
    func openSession(_ user: SessionUser, events: @escaping @Sendable (SessionEvent) -> Void) throws(ControlError)
        -> any ControlSession
}
