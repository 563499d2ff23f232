import Basics
import YANG
import Yams

/// Keys whose values have an inner form.
extension DescriptionReader {
    /// Items of the form `{expect: PATTERN, modules: [NAME@REVISION, ...]}`.
    func announcements(_ path: String) -> [DriverDescription.Announcement] {
        guard let found = node(path) else { return [] }
        guard let sequence = found.sequence else {
            fault("\(path): a list of expect and modules was expected", key: path)
            return []
        }
        return sequence.compactMap { item in
            guard let mapping = item.mapping, case .scalar(let expect)? = mapping["expect"],
                let names = mapping["modules"]?.sequence?.compactMap(\.string), mapping.count == 2
            else {
                fault(
                    "\(path): each item needs expect and a list modules, and nothing else", key: path, at: item)
                return nil
            }
            let modules = names.compactMap { name -> AnnouncedModule? in
                let parts = name.split(separator: "@", omittingEmptySubsequences: false).map(String.init)
                guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
                    fault("\(path): \(name) is not of the form NAME@REVISION", key: path, at: item)
                    return nil
                }
                return AnnouncedModule(name: parts[0], revision: parts[1])
            }
            return compile(expect.string, path, item).map {
                DriverDescription.Announcement(expect: $0, modules: modules)
            }
        }
    }

    func exchanges(_ path: String) -> [DriverDescription.Exchange] {
        guard let found = node(path) else { return [] }
        guard let sequence = found.sequence else {
            fault("\(path): a list of expect and send was expected", key: path)
            return []
        }
        return sequence.compactMap { item in
            guard let mapping = item.mapping, case .scalar(let expect)? = mapping["expect"],
                case .scalar(let send)? = mapping["send"], mapping.count == 2
            else {
                fault("\(path): each item needs expect and send, and nothing else", key: path, at: item)
                return nil
            }
            requireCredentials(send.string, path, item)
            return compile(expect.string, path, item).map {
                DriverDescription.Exchange(expect: $0, send: send.string)
            }
        }
    }

    private static let credentials: Set = ["$user", "$password", "$secondary-password"]

    /// `$word` in what is sent must be a credential that there is.
    private func requireCredentials(_ text: String, _ path: String, _ item: Node) {
        for word in text.split(separator: " ") where word.hasPrefix("$") && !Self.credentials.contains(String(word)) {
            let known = Self.credentials.sorted().joined(separator: ", ")
            fault("\(path): \(word) is none of \(known)", key: path, at: item)
        }
    }

    /// Whole seconds by step.
    func timeouts() -> [DriverDescription.Step: Duration] {
        var result: [DriverDescription.Step: Duration] = [:]
        for step in DriverDescription.Step.allCases {
            let key = "timeouts.\(step.rawValue)"
            guard let text = text(key) else { continue }
            guard let seconds = Int(text), (1...86_400).contains(seconds) else {
                fault("\(key): a number of seconds from 1 to 86400 was expected, not \(text)", key: key)
                continue
            }
            result[step] = .seconds(seconds)
        }
        return result
    }

    func identity() -> DriverDescription.Identity {
        let command = text("commands.transaction-id")
        let kind = choice("transaction-id", of: ["configuration", "model", "command"])
        switch kind ?? (command == nil ? "configuration" : "command") {
        case "model": return .model
        case "command":
            guard let command else {
                fault("transaction-id: command needs commands.transaction-id", key: "transaction-id")
                return .configuration
            }
            return .command(command)
        default: return .configuration
        }
    }
}
