import ConfigTree
import Migration

/// What an operator reads of one device's migration: no more than `limit` lines of each kind, whatever the data.
struct EventLines {
    private static let limit = 50
    let isVerbose: Bool
    var notes: [String] = []
    private var events: [String] = []
    private var eventCount = 0

    /// The first instances that are not kept as they are, one a line, and how many more there are.
    var changes: [String] {
        eventCount > events.count ? events + ["and \(eventCount - events.count) more"] : events
    }

    init(isVerbose: Bool) { self.isVerbose = isVerbose }

    mutating func add(_ event: CarryEvent) {
        eventCount += 1
        guard events.count < Self.limit else { return }
        let old = event.value.map { " \($0)" } ?? ""
        switch event.fate {
        case .converted(let new, let place):
            events.append(
                "\(event.path.keypath):\(old) becomes\(new.map { " \($0)" } ?? "")\(place.map { " at \($0)" } ?? "")")
        case .defaulted(let new, let reason):
            events.append("\(event.path.keypath):\(old) becomes the default \(new): \(reason)")
        case .dropped(let reason, let instances):
            events.append("\(event.path.keypath):\(old) is dropped: \(reason) (\(instances) instances)")
        }
    }

    /// Says what the program of a migration map did.
    mutating func addProgram(_ name: String, _ outcome: MigrationHook.Outcome) {
        let items = outcome.changes.items
        notes.append("program \(name): \(items.count) changes")
        if isVerbose {
            notes += items.prefix(Self.limit).map { item in
                // A secret is not for the eye, however it is written.
                switch item.edit {
                case .set: "program \(name) sets \(item.path)"
                case .delete: "program \(name) deletes \(item.path)"
                default: "program \(name) changes \(item.path)"
                }
            }
        }
        notes += outcome.notes.map { "program \(name): \($0)" }
    }

    /// Says how what the device holds differs from what was carried over.
    mutating func crossCheck(_ difference: [DiffNode]) {
        let items = ChangeSet(difference).items
        guard !items.isEmpty else { return }
        notes.append("the device differs from what was carried over in \(items.count) places")
        if isVerbose { notes += items.prefix(Self.limit).map { "the device has another: \($0.path)" } }
    }

    func text(_ carried: CarriedData) -> String? {
        var lines = notes
        if isVerbose {
            let counts = carried.counts
            lines.append(
                "\(counts.kept) instances kept, \(counts.converted) converted, \(counts.defaulted) defaulted, "
                    + "\(counts.dropped) dropped")
            lines += changes
        }
        if !carried.losses.isEmpty {
            lines.append("not carried over:")
            lines += carried.losses.prefix(Self.limit).map { "\($0.path): \($0.reason) (\($0.instances) instances)" }
        }
        return lines.isEmpty ? nil : lines.joined(separator: "\n")
    }
}
