import Basics
import Foundation
import YANG

/// What goes wrong at a device on demand: the content of its `faults.json`, an array of rules.
///
/// Patterns are XSD regular expressions over the whole command, without the blanks around it. Only commands in
/// configuration mode are looked at; the device counts them from its start, or from the last change of the file.
struct FaultPlan: Hashable {
    enum Action: Hashable {
        /// The command is answered with the message and does nothing.
        case refuse(pattern: String, message: String)
        /// The connection breaks instead of the command.
        case hangUpAt(pattern: String)
        /// The connection breaks instead of the n-th command from now on; once.
        case hangUpAfter(Int)
        /// The device loses power instead of carrying out the command: it answers nobody until it is started again.
        case powerOffAt(pattern: String)
        case powerOffAfter(Int)
        /// The command is neither carried out nor answered.
        case silence(pattern: String)
    }

    static let standardMessage = "% Refused by fault injection"

    var actions: [Action] = []

    // MARK: File

    init(actions: [Action] = []) { self.actions = actions }

    /// Reads a file; none means no faults.
    init(path: String) throws(NetsimError) {
        guard DurableFiles.exists(path) else { return }
        do {
            let value = try JSONValue.parse(try DurableFiles.read(path, limit: 1 << 20), file: path)
            for rule in value.array ?? [] {
                guard let action = Action(rule) else {
                    throw NetsimError(.usage, path, "a rule is none", remedy: "use ncs-netsim fault to write the file")
                }
                actions.append(action)
            }
        } catch let error as NetsimError {
            throw error
        } catch {
            throw NetsimError(.usage, "", "\(error)", remedy: "use ncs-netsim fault to write the file")
        }
    }

    func write(to path: String) throws(NetsimError) {
        do {
            if actions.isEmpty { return try DurableFiles.remove(path) }
            let text = JSONValue.array(actions.map(\.json)).print(pretty: true) + "\n"
            try PlainFiles.write(path, Array(text.utf8))
        } catch {
            throw NetsimError(.system, "", "\(error)")
        }
    }
}

extension FaultPlan.Action {
    init?(_ value: JSONValue) {
        guard let name = value["fault"]?.string else { return nil }
        let pattern = value["pattern"]?.string
        if let pattern, (try? PatternMatcher(pattern, acceptingExtraEscapes: true)) == nil { return nil }
        switch (name, pattern, value["after"]?.int) {
        case ("refuse-line", let pattern?, _):
            self = .refuse(pattern: pattern, message: value["message"]?.string ?? FaultPlan.standardMessage)
        case ("hang-up-line", let pattern?, _): self = .hangUpAt(pattern: pattern)
        case ("power-off-line", let pattern?, _): self = .powerOffAt(pattern: pattern)
        case ("silent-line", let pattern?, _): self = .silence(pattern: pattern)
        case ("hang-up-after", _, let count?) where count > 0: self = .hangUpAfter(count)
        case ("power-off-after", _, let count?) where count > 0: self = .powerOffAfter(count)
        default: return nil
        }
    }

    var json: JSONValue {
        switch self {
        case .refuse(let pattern, let message):
            ["fault": "refuse-line", "pattern": .string(pattern), "message": .string(message)]
        case .hangUpAt(let pattern): ["fault": "hang-up-line", "pattern": .string(pattern)]
        case .powerOffAt(let pattern): ["fault": "power-off-line", "pattern": .string(pattern)]
        case .powerOffAfter(let count): ["fault": "power-off-after", "after": .number(String(count))]
        case .hangUpAfter(let count): ["fault": "hang-up-after", "after": .number(String(count))]
        case .silence(let pattern): ["fault": "silent-line", "pattern": .string(pattern)]
        }
    }

    /// As the command `fault` takes and shows it.
    var words: String {
        switch self {
        case .refuse(let pattern, let message):
            "refuse-line \"\(pattern)\"" + (message == FaultPlan.standardMessage ? "" : " \"\(message)\"")
        case .hangUpAt(let pattern): "hang-up-line \"\(pattern)\""
        case .powerOffAt(let pattern): "power-off-line \"\(pattern)\""
        case .powerOffAfter(let count): "power-off-after \(count)"
        case .hangUpAfter(let count): "hang-up-after \(count)"
        case .silence(let pattern): "silent-line \"\(pattern)\""
        }
    }
}

/// The faults of a running device: follows its file, counts commands.
struct FaultInjector {
    /// What is to happen instead of a command.
    enum Effect: Hashable { case refuse(String), hangUp, powerOff, silence }

    private let path: String
    private var version = ""
    private var rules: [(action: FaultPlan.Action, matcher: PatternMatcher?)] = []
    private var count = 0

    init(path: String) { self.path = path }

    /// Called once for each command in configuration mode.
    mutating func effect(on command: String) -> Effect? {
        follow()
        guard !rules.isEmpty else { return nil }
        count += 1
        for rule in rules {
            let isMatch = rule.matcher?.matches(command) ?? false
            switch rule.action {
            case .hangUpAfter(let number): if count == number { return .hangUp }
            case .powerOffAfter(let number): if count == number { return .powerOff }
            case .refuse(_, let message): if isMatch { return .refuse(message) }
            case .silence: if isMatch { return .silence }
            case .hangUpAt: if isMatch { return .hangUp }
            case .powerOffAt: if isMatch { return .powerOff }
            }
        }
        return nil
    }

    /// Reads the file again if it has changed. A file that cannot be read injects nothing.
    private mutating func follow() {
        var info = stat()
        let isThere = stat(path, &info) == 0
        let found = isThere ? "\(info.st_ino) \(info.st_size) \(info.st_mtim.tv_sec).\(info.st_mtim.tv_nsec)" : ""
        guard found != version else { return }
        version = found
        count = 0
        let plan = (try? FaultPlan(path: path)) ?? FaultPlan()
        rules = plan.actions.map { action in
            let pattern: String? =
                switch action {
                case .refuse(let pattern, _), .hangUpAt(let pattern), .powerOffAt(let pattern), .silence(let pattern):
                    pattern
                case .hangUpAfter, .powerOffAfter: nil
                }
            return (action, pattern.flatMap { try? PatternMatcher($0, acceptingExtraEscapes: true) })
        }
    }
}
