import Basics
package import ConfigTree
import Foundation
import NETCONF

extension NETCONFDeviceSession {
    private enum Limits {
        static let confirmTimeout = 600
        static let lockAttempts = 10
        static let lockPause = 0.3
    }

    /// The same in every process of ours: after a restart a waiting commit can still be decided.
    private var persistID: String { "openned-\(target.name)" }

    private var editTarget: String { hasCandidate ? "candidate" : "running" }

    // MARK: Phases

    package func prepare(_ change: NativeChange) throws(NEDError) {
        try driver.requireWritable(target.name)
        guard case .editConfig(let content) = change else {
            throw NEDError(.driver, device: target.name, "a change for another kind of device was to be sent")
        }
        isPreparing = true
        try phase("INITIALIZE") { () throws(NEDError) in try lockAll() }
        try phase("PREPARE", lines: content.split(separator: "\n").map(String.init)) { () throws(NEDError) in
            do throws(NEDError) {
                try edit(content)
            } catch {
                abandon()
                throw error
            }
        }
    }

    package func commit() throws(NEDError) {
        try phase("COMMIT") { () throws(NEDError) in
            guard hasCandidate else { return }
            do throws(NEDError) {
                // Said before it is known: the device may have done it although the connection broke.
                if hasConfirmedCommit { confirmation = .waiting }
                try commitProven(isConfirmed: hasConfirmedCommit)
            } catch {
                if !error.isConnectionFault { confirmation = .settled }
                abandon()
                throw error
            }
        }
        isPreparing = false
    }

    package func persist() throws(NEDError) {
        try phase("PERSIST") { () throws(NEDError) in
            if driver.isReadOnly { return }
            if confirmation != .settled {
                try dialogue.call("commit") { writer in
                    try writer.start("commit")
                    try writer.leaf("persist-id", text: persistID)
                    try writer.end()
                }
                confirmation = .settled
            }
            if hasStartup {
                let copy = PlannedRequest("copy-config") { writer in
                    try writer.start("copy-config")
                    try Self.name("target", "startup", &writer)
                    try Self.name("source", "running", &writer)
                    try writer.end()
                }
                // The locks are not needed any more, however that ends. What confirms the commit is not sent with these:
                // a startup configuration of a commit that was not confirmed would come back after a restart.
                let outcome = try dialogue.attemptAll([copy] + unlocking, goesOn: true)
                held = []
                if let errors = outcome.first, !errors.isEmpty { throw dialogue.refusal("copy-config", errors) }
            }
            unlockAll()
        }
    }

    package func revert(_ reverse: ChangeSet) throws(NEDError) {
        if confirmation != .settled {
            _ = try dialogue.attempt("cancel-commit") { writer in
                try writer.start("cancel-commit")
                try writer.leaf("persist-id", text: persistID)
                try writer.end()
            }
            confirmation = .settled
        }
        try apply(reverse, phase: isPreparing ? "ABORT" : "REVERT")
        isPreparing = false
    }

    package func redo(_ change: ChangeSet) throws(NEDError) {
        if confirmation != .settled {
            // Nothing may be waiting: then the change is there already, or has been taken back and is made again.
            _ = try dialogue.attempt("commit") { writer in
                try writer.start("commit")
                try writer.leaf("persist-id", text: persistID)
                try writer.end()
            }
            confirmation = .settled
        }
        try apply(change, phase: "PREPARE")
    }

    /// Reads what the device holds, lays `change` over it and sends the difference.
    private func apply(_ change: ChangeSet, phase name: String) throws(NEDError) {
        abandon()
        let (now, wanted) = try held(with: change)
        let native = driver.change(from: now, to: wanted)
        guard !native.isEmpty else { return try phase(name) { () throws(NEDError) in } }
        try driver.requireWritable(target.name)
        try phase(name, lines: native.text.split(separator: "\n").map(String.init)) { () throws(NEDError) in
            do throws(NEDError) {
                try lockAll()
                try edit(native.text)
                if hasCandidate { try commitProven(isConfirmed: false) }
            } catch {
                abandon()
                throw error
            }
            unlockAll()
        }
    }

    // MARK: Operations

    private func edit(_ content: String) throws(NEDError) {
        proof = nil
        guard !content.isEmpty else { return }
        guard hasCandidate || hasWritableRunning else {
            throw NEDError(
                .driver, device: target.name,
                "the device offers neither writable-running nor candidate: it cannot be configured over NETCONF")
        }
        let target = editTarget
        let edit = PlannedRequest("edit-config") { [rollsBackOnError] writer in
            try writer.start("edit-config")
            try Self.name("target", target, &writer)
            if rollsBackOnError { try writer.leaf("error-option", text: "rollback-on-error") }
            try writer.start("config")
            // Each element declares its own namespace: the content was written for no namespace around it.
            writer.raw(content)
            try writer.end()
            try writer.end()
        }
        edited = content
        guard hasCandidate else { return try dialogue.callAll([edit]) }
        // Sent together: until a commit is sent, which waits for all of these, the device runs as before. Where the
        // candidate was not emptied or the edit was refused, what the others say is of no interest, and what they did is
        // thrown away with the candidate, which is ours by its lock.
        var requests = [Self.discarding, edit]
        if hasValidate {
            requests.append(
                PlannedRequest("validate") { writer in
                    try writer.start("validate")
                    try Self.name("source", "candidate", &writer)
                    try writer.end()
                })
        }
        guard !isProven, let wanted = CommitProof(content, driver.model) else { return try dialogue.callAll(requests) }
        let before = RunningRead(wanted.filter, driver.model)
        try call(requests, andLook: before)
        proof = wanted
        proof?.before = before.tree
    }

    /// What the candidate holds that somebody left there goes.
    private static var discarding: PlannedRequest {
        PlannedRequest("discard-changes") { try $0.leaf("discard-changes", text: "") }
    }

    /// Commits the candidate; the first time in a session with a look at whether the device has done it. One that has not,
    /// after it was told to validate, is not told to validate any more, and gets the change once again.
    private func commitProven(isConfirmed: Bool) throws(NEDError) {
        guard !isProven, let proof else {
            return try dialogue.callAll([committing(isConfirmed)])
        }
        isProven = try commit(isConfirmed, seen: proof)
        if !isProven, hasValidate {
            trace.phase(.fromDriver, "COMMIT: nothing was committed; once more without validate")
            believesValidate = false
            try edit(edited)
            isProven = try commit(isConfirmed, seen: proof)
        }
        guard isProven else {
            if isConfirmed {
                _ = try dialogue.attempt("cancel-commit") { writer in
                    try writer.start("cancel-commit")
                    try writer.leaf("persist-id", text: persistID)
                    try writer.end()
                }
            }
            throw NEDError(
                .refused, device: target.name,
                "the device answers commit with ok, but its running configuration is as it was before; try "
                    + "ned-settings use-validate false or use-confirmed-commit false", command: "commit")
        }
    }

    /// Commits, and looks whether that has changed what it should: a look, which may come whatever became of the commit.
    private func commit(_ isConfirmed: Bool, seen proof: CommitProof) throws(NEDError) -> Bool {
        let after = RunningRead(proof.filter, driver.model)
        try call([committing(isConfirmed)], andLook: after)
        return proof.holds(after.tree ?? DataTree(driver.model))
    }

    private func committing(_ isConfirmed: Bool) -> PlannedRequest {
        PlannedRequest("commit") { [persistID] writer in
            try writer.start("commit")
            if isConfirmed {
                try writer.leaf("confirmed", text: "")
                try writer.leaf("confirm-timeout", text: "\(Limits.confirmTimeout)")
                try writer.leaf("persist", text: persistID)
            }
            try writer.end()
        }
    }

    private static func name(_ element: String, _ datastore: String, _ writer: inout XMLWriter) throws {
        try writer.start(element)
        try writer.leaf(datastore, text: "")
        try writer.end()
    }

    // MARK: Locks

    /// Locks what the change goes through, waiting some seconds for another session to let go.
    private func lockAll() throws(NEDError) {
        if hasCandidate, held.isEmpty, target.netconf.pipelines { try lockTogether() }
        for datastore in hasCandidate ? ["running", "candidate"] : ["running"] where !held.contains(datastore) {
            do throws(NEDError) {
                try lock(datastore)
            } catch {
                unlockAll()
                throw error
            }
        }
    }

    /// Tries both locks at once: one does not need the other. What is not granted is waited for one by one, in the order
    /// that everybody keeps: who has the second and waits for the first waits for ever for one that does it rightly.
    private func lockTogether() throws(NEDError) {
        let outcome = try dialogue.attemptAll(["running", "candidate"].map(Self.locking), goesOn: true)
        for (datastore, errors) in zip(["running", "candidate"], outcome) where errors.isEmpty {
            held.insert(datastore)
        }
        if !held.contains("running") { unlockAll() }
    }

    private static func locking(_ datastore: String) -> PlannedRequest {
        PlannedRequest("lock") { writer in
            try writer.start("lock")
            try name("target", datastore, &writer)
            try writer.end()
        }
    }

    private func lock(_ datastore: String) throws(NEDError) {
        let write = Self.locking(datastore).content
        for attempt in 1..<Limits.lockAttempts {
            let errors = try dialogue.attempt("lock", write)
            guard let first = errors.first else {
                held.insert(datastore)
                return
            }
            guard first.tag == .lockDenied || first.tag == .inUse else { break }
            // A candidate that somebody changed cannot be locked; without a lock on it the change is nobody's.
            if datastore == "candidate", first.info.contains(where: { $0.name == "session-id" && $0.value == "0" }) {
                _ = try dialogue.attempt("discard-changes") { try $0.leaf("discard-changes", text: "") }
            } else if attempt > 1 {
                Thread.sleep(forTimeInterval: Limits.lockPause)
            }
        }
        let errors = try dialogue.attempt("lock", write)
        guard let first = errors.first else {
            held.insert(datastore)
            return
        }
        let id = first.info.first { $0.name == "session-id" }?.value
        throw dialogue.refusal("lock", errors, holder: id.flatMap { $0 == "0" ? nil : words(for: $0) })
    }

    /// Gives back all locks; a session that cannot do so is of no use, and its end does it.
    private func unlockAll() {
        _ = try? dialogue.attemptAll(unlocking, goesOn: true)
        held = []
    }

    private var unlocking: [PlannedRequest] {
        held.sorted().map { datastore in
            PlannedRequest("unlock") { writer in
                try writer.start("unlock")
                try Self.name("target", datastore, &writer)
                try writer.end()
            }
        }
    }

    /// Empties the candidate and gives back the locks.
    private func abandon() {
        guard !dialogue.isBroken else { return }
        let emptying = hasCandidate && held.contains("candidate") ? [Self.discarding] : []
        _ = try? dialogue.attemptAll(emptying + unlocking, goesOn: true)
        held = []
    }
}
