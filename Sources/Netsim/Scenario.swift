import Yams

/// Faults of several devices: a scenario file, or the part `faults` of a topology file.
///
///     seed: 42
///     faults:
///       - device: r0, r1        # or: all
///         fault: refuse-line 'ip address .*' '% Bad mask'
///
/// What happens by chance is drawn from the seed and the device's place in the network, the same way each time.
struct Scenario {
    private struct Entry {
        var devices: [String]
        var rule: FaultRule
        var place: String
    }

    private var seed: UInt64 = 1
    private var entries: [Entry] = []

    init(path: String) throws(NetsimError) {
        let reader = try TopologyReader(path: path)
        try reader.requireKeys(reader.root, ["seed", "faults"])
        try self.init(reader)
    }

    /// Reads the keys `seed` and `faults` at the top of a file.
    init(_ reader: TopologyReader) throws(NetsimError) {
        if let node = reader.root["seed"] {
            guard let seed = node.scalar?.string, let number = UInt64(seed) else {
                throw reader.fault(node, "a seed is a number of at most 64 bits")
            }
            self.seed = number
        }
        for node in try reader.list(reader.root["faults"], "faults") {
            let item = try reader.mapping(node, "a fault")
            try reader.requireKeys(item, ["device", "fault"])
            guard let names = item["device"]?.string, let text = item["fault"]?.string else {
                throw reader.fault(node, "a fault has the keys device and fault")
            }
            let rule: FaultRule
            do throws(NetsimError) {
                rule = try FaultRule(ShellWords.split(text))
            } catch {
                throw reader.fault(node, error.summary, remedy: error.remedy)
            }
            let devices = names.split { $0 == "," || $0 == " " }.map(String.init)
            entries.append(Entry(devices: devices, rule: rule, place: reader.place(node)))
        }
    }

    /// What each device that is named gets.
    func plans(_ info: NetworkInfo) throws(NetsimError) -> [(NetworkDevice, FaultPlan)] {
        var plans: [Int: FaultPlan] = [:]
        for entry in entries {
            let isAll = entry.devices == ["all"]
            for name in isAll ? info.devices.map(\.name) : entry.devices {
                guard let index = info.index(of: name) else {
                    throw NetsimError(
                        .unknownDevice, entry.place, "there is no device \(name)", remedy: "see ncs-netsim list")
                }
                plans[index, default: FaultPlan(seed: seed &+ UInt64(index))].rules.append(entry.rule)
            }
        }
        return plans.sorted { $0.key < $1.key }.map { (info.devices[$0.key], $0.value) }
    }
}

/// Splits a line into words as a shell would: quotes and backslashes, nothing else.
enum ShellWords {
    static func split(_ text: String) -> [String] {
        var words: [String] = []
        var word = ""
        var isInside = false
        var quote: Character?
        var isEscaped = false
        for character in text {
            if isEscaped {
                word.append(character)
                isEscaped = false
            } else if character == "\\", quote != "'" {
                isEscaped = true
                isInside = true
            } else if let open = quote {
                if character == open { quote = nil } else { word.append(character) }
            } else if character == "'" || character == "\"" {
                quote = character
                isInside = true
            } else if character.isWhitespace {
                if isInside { words.append(word) }
                word = ""
                isInside = false
            } else {
                word.append(character)
                isInside = true
            }
        }
        if isInside { words.append(word) }
        return words
    }
}
