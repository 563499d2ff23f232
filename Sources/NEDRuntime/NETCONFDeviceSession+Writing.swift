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
                try dialogue.call("copy-config") { writer in
                    try writer.start("copy-config")
                    try Self.name("target", "startup", &writer)
                    try Self.name("source", "running", &writer)
                    try writer.end()
                }
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
        guard !content.isEmpty else { return }
        guard hasCandidate || hasWritableRunning else {
            throw NEDError(
                .driver, device: target.name,
                "the device offers neither writable-running nor candidate: it cannot be configured over NETCONF")
        }
        try dialogue.call("edit-config") { writer in
            try writer.start("edit-config")
            try Self.name("target", editTarget, &writer)
            if rollsBackOnError { try writer.leaf("error-option", text: "rollback-on-error") }
            try writer.start("config")
            // Each element declares its own namespace: the content was written for no namespace around it.
            writer.raw(content)
            try writer.end()
            try writer.end()
        }
        edited = content
        guard hasCandidate, hasValidate else { return }
        try dialogue.call("validate") { writer in
            try writer.start("validate")
            try Self.name("source", "candidate", &writer)
            try writer.end()
        }
    }

    /// Commits the candidate; the first time in a session with a look at whether the device has done it. One that has not,
    /// after it was told to validate, is not told to validate any more, and gets the change once again.
    private func commitProven(isConfirmed: Bool) throws(NEDError) {
        guard !isProven, var proof = CommitProof(edited, driver.model) else {
            return try commitCandidate(isConfirmed: isConfirmed)
        }
        proof.before = try running(proof.filter)
        try commitCandidate(isConfirmed: isConfirmed)
        isProven = try proof.holds(running(proof.filter))
        if !isProven, hasValidate {
            trace.phase(.fromDriver, "COMMIT: nothing was committed; once more without validate")
            believesValidate = false
            try dialogue.call("discard-changes") { try $0.leaf("discard-changes", text: "") }
            try edit(edited)
            try commitCandidate(isConfirmed: isConfirmed)
            isProven = try proof.holds(running(proof.filter))
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

    private func commitCandidate(isConfirmed: Bool) throws(NEDError) {
        try dialogue.call("commit") { writer in
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
        for datastore in hasCandidate ? ["running", "candidate"] : ["running"] where !held.contains(datastore) {
            do throws(NEDError) {
                try lock(datastore)
            } catch {
                unlockAll()
                throw error
            }
        }
        // The candidate may hold what somebody left there.
        if hasCandidate { try dialogue.call("discard-changes") { try $0.leaf("discard-changes", text: "") } }
    }

    private func lock(_ datastore: String) throws(NEDError) {
        func write(_ writer: inout XMLWriter) throws {
            try writer.start("lock")
            try Self.name("target", datastore, &writer)
            try writer.end()
        }
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
        for datastore in held.sorted() {
            _ = try? dialogue.attempt("unlock") { writer in
                try writer.start("unlock")
                try Self.name("target", datastore, &writer)
                try writer.end()
            }
        }
        held = []
    }

    /// Empties the candidate and gives back the locks.
    private func abandon() {
        guard !dialogue.isBroken else { return }
        if hasCandidate, held.contains("candidate") {
            _ = try? dialogue.attempt("discard-changes") { try $0.leaf("discard-changes", text: "") }
        }
        unlockAll()
    }
}
