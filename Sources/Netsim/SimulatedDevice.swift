import Basics
import CLIGrammar
import ConfigTree
import Synchronization
import YANG

/// A running device: its configuration over the model of its package, and the ways to change it.
///
/// Invariants: what is in `tree` is on disk (file or journal) before a caller hears of it; each change leaves a tree in
/// which no reference and no `must` is broken that was not broken before.
final class SimulatedDevice: Sendable {
    let name: String
    let model: DeviceModel
    let files: DeviceFiles
    let queue: DeviceQueue
    let clock: WallClock
    let startTime: Int64
    /// What the device makes of the commands that it takes.
    let rewriter: CommandRewriter
    /// Of devices that take changes into a candidate first.
    let candidate = CandidateStore()
    private let state: Mutex<State>
    /// What the network's process does with the device; called from its own queue.
    struct Switch: Sendable {
        /// Takes the device off the network.
        var powerOff: @Sendable () -> Void = {}
        /// Takes it off and starts it again.
        var restart: @Sendable () -> Void = {}
    }

    private let power: Switch
    /// Told of changes that did not come through `replace`: who makes those knows of them.
    private let observer = Mutex<(@Sendable (_ old: DataTree, _ new: DataTree) -> Void)?>(nil)

    private struct State {
        var tree: DataTree
        /// The text of the tree, if it is kept.
        var text: (root: Row, shown: String)?
        var store: DeviceStore
        /// State data, once somebody has asked for them.
        var stateData: DataTree?
        var faults: FaultInjector
        /// What is to be done to the answer to the last operation over NETCONF.
        var answerFault = FaultInjector.Outcome.none
    }

    /// Loads what is stored. Throws `configurationUnusable`, `system`.
    init(
        _ device: NetworkDevice, model: DeviceModel, queue: DeviceQueue, clock: WallClock,
        power: Switch = Switch()
    ) throws(NetsimError) {
        self.power = power
        name = device.name
        files = device.files
        self.model = model
        self.queue = queue
        self.clock = clock
        startTime = clock.now()
        rewriter = CommandRewriter(
            paths: device.files.behaviours(of: model.package.directory),
            hasStatements: model.grammar.dialect.style == .j)
        var store = DeviceStore(files: device.files)
        let tree = try store.load(model)
        state = Mutex(State(tree: tree, store: store, faults: FaultInjector(path: device.files.faults)))
    }

    deinit { state.withLock { $0.text.map { model.textBudget.giveBack($0.shown.utf8.count) } } }

    var running: DataTree { state.withLock(\.tree) }

    /// The running configuration in the words of the command line. Readers ask for the same again and again: the text is
    /// kept as long as the configuration stays, and there is room.
    var runningText: String {
        let (tree, known) = state.withLock { state in
            (state.tree, state.text.flatMap { $0.root === state.tree.root ? $0.shown : nil })
        }
        if let known { return known }
        let text = model.grammar.render(tree)
        state.withLock { state in
            dropText(&state)
            guard state.tree.root === tree.root, model.textBudget.take(text.utf8.count) else { return }
            state.text = (tree.root, text)
        }
        return text
    }

    private func dropText(_ state: inout State) {
        guard let text = state.text else { return }
        model.textBudget.giveBack(text.shown.utf8.count)
        state.text = nil
    }

    /// Makes another tree the configuration. Its text goes, and with it what held on to the tree before.
    private func put(_ tree: DataTree, in state: inout State) {
        dropText(&state)
        state.tree = tree
    }

    /// What the prompt begins with: the configured host name, else the device's name.
    var hostname: String {
        guard let leaf = model.hostname, let name = running.rootInstance.value(leaf), !name.isEmpty else { return name }
        return name
    }

    /// What goes wrong with this command.
    func faults(on command: String, in phase: FaultRule.Phase) -> FaultInjector.Outcome {
        let outcome = state.withLock { $0.faults.outcome(of: command, in: phase) }
        if !outcome.changes.isEmpty { _ = change(by: outcome.changes) }
        return outcome
    }

    /// What goes wrong with connections.
    var doorFaults: FaultInjector.Doors {
        state.withLock { state in
            state.faults.follow()
            return state.faults.doors
        }
    }

    func setAnswerFault(_ outcome: FaultInjector.Outcome) { state.withLock { $0.answerFault = outcome } }

    /// Gives what `setAnswerFault` left, once.
    func takeAnswerFault() -> FaultInjector.Outcome {
        state.withLock { state in
            defer { state.answerFault = .none }
            return state.answerFault
        }
    }

    func powerOff() { power.powerOff() }

    /// Starts again with the saved configuration, if this kind of device saves by a command.
    func reboot() {
        if model.package.kind == .cli { try? reload() }
        power.restart()
    }

    func observe(_ body: @escaping @Sendable (_ old: DataTree, _ new: DataTree) -> Void) {
        observer.withLock { $0 = body }
    }

    private func tell(_ old: DataTree, _ new: DataTree) { observer.withLock(\.self)?(old, new) }

    func record(_ command: String, mode: String, client: String) {
        CommandLog(path: files.commandLog, clock: clock).record(command, mode: mode, client: client)
    }

    /// What its configuration takes, in bytes: an estimate from what it holds, the model and the process not counted.
    var memory: Int { 4_096 + Self.size(running.rootInstance) }

    private static func size(_ instance: Instance) -> Int {
        instance.children().reduce(0) { sum, child in
            let values = child.value.map { 24 + $0.utf8.count } ?? 64 + child.keys.reduce(0) { $0 + $1.utf8.count }
            return sum + values + size(child)
        }
    }

    // MARK: Changes

    /// Why a change was not made, in the words of the model.
    struct Refusal: Error, CustomStringConvertible {
        var description: String
    }

    /// Applies edits as one step.
    func apply(_ edits: [PathEdit]) throws(Refusal) {
        guard !edits.isEmpty else { return }
        let (old, new) = try state.withLock { state throws(Refusal) in
            var tree = state.tree
            var edits = edits
            do throws(PathError) {
                for edit in edits { try tree.apply(edit.edit, at: edit.path) }
                let pruned = try model.validator.pruned(tree, changedFrom: state.tree)
                edits += pruned.removed.map { PathEdit(.delete, $0) }
                tree = pruned.tree
            } catch {
                throw Refusal(description: error.description)
            }
            try check(tree, changedFrom: state.tree)
            do throws(NetsimError) {
                try state.store.record(edits, after: tree)
            } catch {
                throw Refusal(description: "the change cannot be stored: \(error)")
            }
            let old = state.tree
            put(tree, in: &state)
            return (old, tree)
        }
        tell(old, new)
    }

    /// Makes another tree the configuration, at the cost of the difference. Who calls has checked it.
    func replace(with new: DataTree) throws(NetsimError) {
        try state.withLock { state throws(NetsimError) in
            let difference = state.tree.diff(to: new, includingMetadata: true)
            guard !difference.isEmpty else { return }
            try state.store.record(difference, after: new)
            put(new, in: &state)
        }
    }

    /// Replaces the configuration as a whole, or lays `tree` over it.
    func load(_ tree: DataTree, isMerge: Bool) throws(NetsimError) {
        let (old, new) = try state.withLock { state throws(NetsimError) in
            let old = state.tree
            let new = isMerge ? old.merging(tree) : tree
            try state.store.writeRunning(new)
            put(new, in: &state)
            return (old, new)
        }
        tell(old, new)
    }

    /// References and `must` only: a device takes a submode line by line, so what is mandatory may still be missing.
    private func check(_ new: DataTree, changedFrom old: DataTree) throws(Refusal) {
        let found = model.validator.violations(in: new, changedFrom: old).filter { isStrict($0, in: new) }
        guard !found.isEmpty else { return }
        let known = Set(model.validator.violations(in: old).map(\.summary))
        guard let first = found.first(where: { !known.contains($0.summary) }) else { return }
        throw Refusal(description: first.summary)
    }

    private func isStrict(_ diagnostic: Diagnostic, in tree: DataTree) -> Bool {
        guard diagnostic.severity == .error else { return false }
        switch diagnostic.appTag {
        case "instance-required":
            let leaf = diagnostic.path.flatMap { try? tree.path($0) }?.last?.node
            return leaf?.annotation("non-strict-leafref") == nil
        case "must-violation": return true
        default: return false
        }
    }

    // MARK: State data

    /// Read when first asked for: most devices never are.
    var stateData: DataTree {
        get throws(NetsimError) {
            if let known = state.withLock(\.stateData) { return known }
            let tree = try OperationalData.load(name, files, model)
            setState(tree)
            return tree
        }
    }

    func setState(_ tree: DataTree) { state.withLock { $0.stateData = tree } }

    // MARK: Startup configuration

    func saveToStartup() throws(NetsimError) { try DeviceStore.writeStartup(running, files) }

    var startup: DataTree {
        get throws(NetsimError) { try DeviceStore.startup(files, model) }
    }

    /// Goes back to the startup configuration, as a router does that is switched off and on.
    func reload() throws(NetsimError) { try load(try startup, isMerge: false) }

    /// Folds the journal into the running file.
    func flush() throws(NetsimError) {
        try state.withLock { state throws(NetsimError) in try state.store.flush(state.tree) }
    }
}
