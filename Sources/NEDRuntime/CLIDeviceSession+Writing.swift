package import CLIGrammar
package import ConfigTree

extension CLIDeviceSession {
    /// The lines that take a device from one configuration to another, secrets in plain text.
    package static func commands(_ driver: Driver, from old: DataTree, to new: DataTree) -> [CLICommand] {
        guard case .cli(let grammar, _) = driver.kind else { return [] }
        return grammar.commands(from: old, to: new)
    }

    package func prepare(_ change: NativeChange) throws(NEDError) {
        guard case .commands(let commands) = try driver.outgoing(change, device: target.name) else {
            throw NEDError(.driver, device: target.name, "a change for another kind of device was to be sent")
        }
        try prepare(commands)
    }

    /// Sends the commands: to the running configuration, or to the candidate if the device has one. On a refusal the
    /// rest is not sent, the error names the line, and the device is back in operational mode.
    package func prepare(_ commands: [CLICommand]) throws(NEDError) {
        try driver.requireWritable(target.name)
        isPreparing = true
        try phase("INITIALIZE") { () throws(NEDError) in try dialogue.enterConfiguration() }
        try phase("PREPARE", lines: commands.map(\.text)) { () throws(NEDError) in
            try send(commands, andThen: description.checkCommand)
            if description.transactionClass == .direct { try dialogue.leaveConfiguration() }
        }
    }

    /// Sends commands in configuration mode. After a refusal a candidate is emptied and the mode left.
    private func send(_ commands: [CLICommand], andThen last: String? = nil) throws(NEDError) {
        do throws(NEDError) {
            for command in commands { try dialogue.execute(command.text) }
            if let last { try dialogue.execute(last, .commit) }
        } catch {
            abandon()
            throw error
        }
    }

    private func abandon() {
        if !dialogue.isBroken, description.hasCandidate, let discard = description.discardCommand {
            // Leaving would ask whether to commit what is left.
            _ = try? dialogue.run(discard)
        }
        dialogue.abandonConfiguration()
    }

    /// Makes a prepared change real: the candidate's commit, for a time only on a device that can take it back by
    /// itself; nothing on a direct device.
    package func commit() throws(NEDError) {
        try phase("COMMIT", "(Timeout \(description.confirmTimeout))") { () throws(NEDError) in
            if let command = description.commitConfirmedCommand ?? description.commitCommand, description.hasCandidate {
                try dialogue.enterConfiguration()
                try send([], andThen: command)
                try dialogue.leaveConfiguration()
            }
        }
        isPreparing = false
    }

    /// Makes the change outlast a restart of the device, and the time in which it would be taken back.
    package func persist() throws(NEDError) {
        try phase("PERSIST") { () throws(NEDError) in
            guard !driver.isReadOnly else { return }
            // Also in a session that knows of no commit: it may be another one's that waits.
            if description.transactionClass == .confirmed, let command = description.commitCommand {
                try dialogue.enterConfiguration()
                try send([], andThen: command)
                try dialogue.leaveConfiguration()
            }
            if let command = description.saveCommand { try dialogue.execute(command, .save) }
        }
    }

    /// Takes a change back, whatever part of it the device took: reads what it holds, lays `reverse` over it and sends
    /// the difference. May be repeated.
    package func revert(_ reverse: ChangeSet) throws(NEDError) {
        try apply(reverse, phase: isPreparing ? "ABORT" : "REVERT")
        isPreparing = false
    }

    /// Brings a change to a device that perhaps has it in part already. May be repeated.
    package func redo(_ change: ChangeSet) throws(NEDError) { try apply(change, phase: "PREPARE") }

    private func apply(_ change: ChangeSet, phase name: String) throws(NEDError) {
        try backToOperational()
        let (now, wanted) = try held(with: change)
        let change = driver.change(from: now, to: wanted)
        guard !change.isEmpty, case .commands(let commands) = try driver.outgoing(change, device: target.name) else {
            try phase(name) { () throws(NEDError) in }
            return
        }
        try driver.requireWritable(target.name)
        try phase(name, lines: commands.map(\.text)) { () throws(NEDError) in
            try dialogue.enterConfiguration()
            try send(commands, andThen: description.hasCandidate ? description.commitCommand : nil)
            try dialogue.leaveConfiguration()
        }
        _ = try learn(sent: wanted)
    }

    /// Empties a candidate that an interrupted change left, and leaves configuration mode. A session in which that is
    /// refused is not used again: with it goes what it holds of the candidate.
    private func backToOperational() throws(NEDError) {
        do throws(NEDError) {
            if description.hasCandidate, let discard = description.discardCommand, !driver.isReadOnly {
                try dialogue.enterConfiguration()
                try dialogue.execute(discard)
            }
            try dialogue.leaveConfiguration()
        } catch {
            dialogue.isBroken = true
            throw error
        }
    }
}
