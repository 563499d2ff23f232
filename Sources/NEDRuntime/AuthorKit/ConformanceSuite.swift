import CLIGrammar
package import ConfigTree
import Wire

/// Runs a driver against a device, simulated, recorded or real, and says of each check whether it holds.
///
/// Checks that change the device take the change back: it is left as it was found.
package struct ConformanceSuite {
    package enum Verdict: Hashable, Sendable {
        case good(String)
        case bad(String)
        case skipped(String)
    }

    /// A check that does not hold.
    private struct Unmet: Error { var reason: String }

    private let target: DeviceTarget
    private let driver: Driver
    private let grammar: CLIGrammar
    private let description: DriverDescription
    /// Laid over what the device holds; nil if the device is not to be changed.
    private let sample: DataTree?
    private let why: String
    private let report: (String, Verdict) -> Void

    /// - Parameters:
    ///   - sample: configuration to lay over what the device holds; without it nothing is changed.
    ///   - why: said of the checks that are left out without a sample.
    package init(
        _ target: DeviceTarget, _ driver: Driver, sample: DataTree?, why: String,
        report: @escaping (String, Verdict) -> Void
    ) throws(NEDError) {
        guard case .cli(let grammar, let description) = driver.kind else {
            throw NEDError(.driver, device: target.name, "the driver is not for a command line")
        }
        self.target = target
        self.driver = driver
        self.grammar = grammar
        self.description = description
        self.sample = sample
        self.why = why
        self.report = report
    }

    package func run() {
        guard let session = check("connect", { () throws(NEDError) in try connect() }) else { return }
        guard let first = check("read", { () throws(NEDError) in try read(session) }) else { return }
        check("transaction id") { () throws in
            let again = try session.transactionID()
            guard again == first.transactionID else {
                throw Unmet(
                    reason: "another one for the same configuration: a line is volatile that driver.yaml "
                        + "does not name")
            }
            return again
        }
        check("round trip") { () throws in
            let text = grammar.render(first.tree)
            let again = try grammar.parse(Array(text.utf8))
            let difference = ChangeSet(first.tree.diff(to: again.tree))
            guard difference.isEmpty, again.skipped.isEmpty else {
                throw Unmet(reason: "the rendering reads as something else: \(difference.json.prefix(400))")
            }
            return "\(text.split(separator: "\n").count) lines"
        }
        check("reconnect") { () throws in
            session.close()
            let again = try connect()
            defer { again.close() }
            guard try again.transactionID() == first.transactionID else { throw Unmet(reason: "another configuration") }
            return ""
        }
        change(from: first)
    }

    private func connect() throws(NEDError) -> CLIDeviceSession {
        try CLIDeviceSession.connect(target, driver, trace: NoTrace())
    }

    private func read(_ session: CLIDeviceSession) throws(NEDError) -> DeviceReading {
        let reading = try session.show()
        guard !reading.tree.isEmpty else {
            throw NEDError(.driver, device: target.name, "nothing of the device's configuration is in the model")
        }
        return reading
    }

    // MARK: Changing

    private static let changing = ["change", "same again", "refusal", "take back", "persist"]

    private func change(from first: DeviceReading) {
        guard let sample, !driver.isReadOnly else {
            for name in Self.changing { report(name, .skipped(driver.isReadOnly ? "the driver only reads" : why)) }
            return
        }
        let wanted = first.tree.merging(sample)
        let commands = CLIDeviceSession.commands(driver, from: first.tree, to: wanted)
        guard let session = try? connect() else { return report("change", .bad("cannot connect again")) }
        defer { session.close() }
        check("change") { () throws in
            try session.prepare(commands)
            try session.commit()
            _ = try session.learn(sent: wanted)
            let theirs = ChangeSet(try session.reading().tree.diff(to: wanted))
            guard theirs.isEmpty else {
                throw Unmet(reason: "the device holds something else: \(theirs.json.prefix(400))")
            }
            return "\(commands.count) commands, \(session.rewrites.count) things rewritten"
        }
        check("same again") { () throws in
            let left = CLIDeviceSession.commands(driver, from: try session.reading().tree, to: wanted)
            guard left.isEmpty else { throw Unmet(reason: "it would be sent again: \(left[0].text)") }
            return ""
        }
        check("refusal") { () throws in try refusal(session) }
        check("take back") { () throws in
            try session.revert(ChangeSet(wanted.diff(to: first.tree)))
            // Some devices cannot forget a value, only say its opposite: that is told, and no fault of the driver.
            let shown = ChangeSet(try session.show().tree.diff(to: first.tree))
            let left = ChangeSet(try session.reading().tree.diff(to: first.tree))
            guard left.isEmpty else { throw Unmet(reason: "the device is not as before: \(left.json.prefix(400))") }
            let words = shown.items.map(\.path).joined(separator: ", ")
            return words.isEmpty ? "" : "the device still shows something at \(words.prefix(400))"
        }
        check("persist") { () throws in
            guard description.saveCommand != nil else { return "there is no commands.save" }
            try session.persist()
            return ""
        }
    }

    /// A command that no device has is refused, named, and the session goes on.
    private func refusal(_ session: CLIDeviceSession) throws -> String {
        let command = "openned-conformance-no-such-command"
        do throws(NEDError) {
            try session.dialogue.enterConfiguration()
            try session.dialogue.execute(command)
        } catch {
            guard error.code == .refused, error.command == command else { throw error }
            session.dialogue.abandonConfiguration()
            guard session.isUsable, try !session.show().tree.isEmpty else {
                throw Unmet(reason: "the session is of no use after it")
            }
            return error.message.split(separator: "\n").first.map(String.init) ?? ""
        }
        throw Unmet(reason: "the answer to an unknown command fits no pattern of errors.refusal")
    }

    // MARK: Reporting

    @discardableResult
    private func check<Result>(_ name: String, _ work: () throws -> Result) -> Result? {
        do {
            let result = try work()
            let text: String
            switch result {
            case let words as String: text = words
            case let reading as DeviceReading:
                text = "\(reading.skipped.count) lines are not in the model"
            default: text = ""
            }
            report(name, .good(text))
            return result
        } catch let unmet as Unmet {
            report(name, .bad(unmet.reason))
        } catch {
            report(name, .bad("\(error)".replacing("\n", with: " ")))
        }
        return nil
    }
}
