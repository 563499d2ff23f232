import Basics
package import ConfigTree
package import NEDKit

/// The program of a migration map: carries over what neither comparison nor rules can.
///
/// It is asked `migrate` once a device, with the old configuration, what the engine made of it, and what that lost:
///
///     { "device": "x0", "from": "mini-cli-1.0", "to": "mini-cli-2.0", "old": {...}, "carried": {...},
///       "lost": [{ "path": "/mini:contact", "reason": "the node is gone", "instances": 1 }] }
///
/// Its answer is a `ProgramChange`. Values of secret types are as the database has them: encrypted.
package struct MigrationHook: Sendable {
    package let pool: ProgramPool
    private let from: String
    private let to: String

    /// - Parameters: short ned-ids.
    package init(_ pool: ProgramPool, from: String, to: String) {
        self.pool = pool
        self.from = from
        self.to = to
    }

    package struct Outcome: Sendable {
        package var carried: CarriedData
        /// What the program changed in what the engine had carried over.
        package var changes: ChangeSet
        package var notes: [String]
    }

    package func carry(
        _ device: String, _ before: DataTree, _ carried: CarriedData
    ) throws(ProgramError) -> Outcome {
        do throws(ProgramChange.Fault) {
            let lost = carried.losses.map { loss in
                [
                    "path": .string(loss.path), "reason": .string(loss.reason),
                    "instances": .number("\(loss.instances)"),
                ] as JSONValue
            }
            let question: JSONValue = [
                "device": .string(device), "from": .string(from), "to": .string(to),
                "old": try ProgramChange.json(before), "carried": try ProgramChange.json(carried.tree),
                "lost": .array(lost),
            ]
            let answer: JSONValue
            do throws(ProgramError) {
                answer = try pool.lend { (program) throws(ProgramError) in try program.call("migrate", question) }
            } catch {
                throw .init(text: "", cause: error)
            }
            return try outcome(ProgramChange(answer), carried)
        } catch {
            throw error.cause ?? ProgramError(.garbage, pool.program, error.text)
        }
    }

    private func outcome(_ change: ProgramChange, _ carried: CarriedData) throws(ProgramChange.Fault) -> Outcome {
        var result = carried
        result.tree = try change.applied(to: carried.tree)
        for path in change.carried {
            let found = result.losses.filter { $0.path == path }
            guard !found.isEmpty else {
                throw .init(
                    text: "says that it carried '\(ProgramText.harmless(path, limit: 200))', which was not lost")
            }
            let count = found.reduce(0) { $0 + $1.instances }
            result.counts.dropped -= min(count, result.counts.dropped)
            result.counts.converted += count
            result.losses.removeAll { $0.path == path }
        }
        return Outcome(
            carried: result, changes: ChangeSet(carried.tree.diff(to: result.tree)), notes: change.notes)
    }
}
