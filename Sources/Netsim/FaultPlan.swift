import Basics

/// What goes wrong at a device on demand: the content of its `faults.json`.
struct FaultPlan: Hashable {
    /// From which what happens by chance is drawn.
    var seed: UInt64 = 1
    var rules: [FaultRule] = []

    init(rules: [FaultRule] = [], seed: UInt64 = 1) {
        self.rules = rules
        self.seed = seed
    }

    /// Reads a file; none means no faults.
    init(path: String) throws(NetsimError) {
        guard DurableFiles.exists(path) else { return }
        do {
            let value = try JSONValue.parse(try DurableFiles.read(path, limit: 1 << 20), file: path)
            seed = value["seed"]?.string.flatMap { UInt64($0) } ?? 1
            for rule in value["rules"]?.array ?? [] {
                rules.append(try FaultRule((rule.array ?? []).compactMap(\.string)))
            }
        } catch {
            throw NetsimError(.usage, path, "\(error)", remedy: "use ncs-netsim fault to write the file")
        }
    }

    func write(to path: String) throws(NetsimError) {
        do {
            if rules.isEmpty { return try DurableFiles.remove(path) }
            let value: JSONValue = [
                "seed": .string("\(seed)"), "rules": .array(rules.map { .array($0.words.map { .string($0) }) }),
            ]
            try PlainFiles.write(path, Array((value.print(pretty: true) + "\n").utf8))
        } catch {
            throw NetsimError(.system, "", "\(error)")
        }
    }

    func has(_ effect: FaultRule.Effect) -> Bool { rules.contains { $0.effect == effect } }
}
