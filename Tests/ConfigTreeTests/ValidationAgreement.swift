import Basics
import ConfigTree
import TestSupport
import Testing
import YANG

/// Goes from state to state by random edits and compares the validation of each change with that of the whole tree.
struct ValidationAgreement {
    struct Figures: CustomStringConvertible {
        var edits = 0
        var valid = 0
        var invalid = 0
        var pruned = 0
        /// How often each kind of violation was found, by app tag or first word.
        var kinds: [String: Int] = [:]
        var largest = 0

        mutating func add(_ other: Figures) {
            edits += other.edits
            valid += other.valid
            invalid += other.invalid
            pruned += other.pruned
            kinds.merge(other.kinds, uniquingKeysWith: +)
            largest = max(largest, other.largest)
        }

        var description: String {
            let found = kinds.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
            return "\(edits) edits, \(valid) valid and \(invalid) invalid states, \(pruned) nodes deleted by when,"
                + " largest tree \(largest) nodes; violations: \(found)"
        }
    }

    /// A change of which the two validations say different things.
    struct Difference: Error, CustomStringConvertible {
        var description: String
    }

    let validator: Validator
    private(set) var data: RandomData
    private(set) var tree: DataTree
    private var known: Set<Diagnostic> = []
    private(set) var figures = Figures()
    /// A tree of more nodes than these begins anew.
    var sizeLimit = 400

    init(_ model: DataModel, seed: UInt64, breadth: Int = 80) {
        validator = Validator(model)
        data = RandomData(model, seed: seed, breadth: breadth)
        tree = DataTree(model)
        known = Set(validator.violations(in: tree))
    }

    mutating func run(edits: Int) throws {
        while figures.edits < edits { try step() }
    }

    /// The tree after one more edit, whatever comes of it.
    mutating func edited() throws -> DataTree { try data.edit(tree) }

    private mutating func step() throws {
        var new = tree
        for _ in 0...Int.random(in: 0..<4, using: &data.random) {
            new = try data.edit(new)
            figures.edits += 1
        }
        if data.random.chance(1, of: 2) { new = try prune(new) }
        if data.random.chance(1, of: 2) { new = try repair(new) }
        let full = try compare(new)
        if full.isEmpty { figures.valid += 1 } else { figures.invalid += 1 }
        for fault in full { figures.kinds[fault.kind, default: 0] += 1 }
        let size = new.lines.count
        figures.largest = max(figures.largest, size)
        if size > sizeLimit {
            tree = DataTree(tree.model)
            known = Set(validator.violations(in: tree))
        } else if full.isEmpty || data.random.chance(1, of: 12) {
            tree = new
            known = full
        }
    }

    private func compare(_ new: DataTree) throws -> Set<Diagnostic> {
        let full = Set(validator.violations(in: new, limit: .max))
        let found = Set(validator.violations(in: new, changedFrom: tree, limit: .max))
        let missing = full.subtracting(found).subtracting(known)
        let surplus = found.subtracting(full)
        guard missing.isEmpty, surplus.isEmpty else {
            throw Difference(
                description: "missing \(missing.sorted { $0.description < $1.description })\nsurplus \(surplus)\nof"
                    + " \(ChangeSet(tree.diff(to: new)).json)\nin \(tree.lines.joined(separator: "\n"))")
        }
        return full
    }

    /// What became of conditions is no matter of chance: nothing that the old tree had may be left with a false one.
    private mutating func prune(_ new: DataTree) throws -> DataTree {
        let (pruned, removed) = try validator.pruned(new, changedFrom: tree)
        figures.pruned += removed.count
        guard known.isEmpty else { return pruned }
        for fault in validator.violations(in: pruned, limit: .max) where fault.summary.contains("'when' expression") {
            guard let path = fault.path, tree.isStored(try tree.path(path)) else { continue }
            throw Difference(description: "not deleted: \(fault) of \(ChangeSet(tree.diff(to: new)).json)")
        }
        return pruned
    }

    /// Mends what a few rounds can mend: sets what is missing, takes away what is wrong.
    private mutating func repair(_ broken: DataTree) throws -> DataTree {
        var tree = broken
        for _ in 0..<6 {
            let faults = validator.violations(in: tree, limit: 30)
            if faults.isEmpty { break }
            for fault in faults { tree = (try? mend(fault, in: tree)) ?? tree }
        }
        return tree
    }

    private mutating func mend(_ fault: Diagnostic, in tree: DataTree) throws -> DataTree {
        let path = try tree.path(fault.path ?? "/")
        guard let node = path.last?.node else { return tree }
        if fault.summary.hasSuffix("is not configured"), node.kind == .leaf,
            let value = data.value(of: node, in: tree, at: path)
        {
            return try tree.applying(.set(value), at: path)
        }
        if fault.appTag == "too-few-elements" {
            return try tree.applying(.create, at: data.newEntry(node, path.parent, in: tree))
        }
        return try tree.applying(.delete, at: node.isKey || fault.appTag == "missing-choice" ? path.parent : path)
    }
}

extension Diagnostic {
    fileprivate var kind: String {
        if let appTag { return appTag }
        if summary.contains("'when' expression") { return "when" }
        if summary.contains("is not configured") { return "mandatory" }
        if summary.contains("exclude each other") { return "several-cases" }
        return "own"
    }
}
