import Basics
import Foundation
import Migration
import PackageManager

/// What is kept beside a generation of packages about the way back to the one before it. It goes when that goes.
struct ReturnRecord: Codable {
    /// The generation that was in force before.
    var from: Int
    var way: CarryReturn

    private static let limit = 1 << 30

    private static func file(_ generation: String) -> String { generation + "/.return" }

    func write(to generation: String) throws {
        guard !way.isEmpty else { return }
        try DurableFiles.replace(Self.file(generation), with: Array(try JSONEncoder().encode(self)), mode: 0o600)
    }

    private static func read(_ generation: String) -> ReturnRecord? {
        guard let bytes = try? DurableFiles.read(file(generation), limit: limit) else { return nil }
        return try? JSONDecoder().decode(ReturnRecord.self, from: Data(bytes))
    }

    /// The steps from the generation in force back to the latest that had the packages of an earlier one, the latest first:
    /// what happened to the data before that is the business of who went back then.
    static func way(to earlier: Int, from controller: NetworkController) -> [CarryReturn] {
        let store = controller.packages.generations
        let wanted = store.note(earlier)?.digest
        var number = controller.system.generation.number
        var steps: [CarryReturn] = []
        while number > earlier, store.note(number)?.digest != wanted {
            let record = read(store.path(number))
            if let record { steps.append(record.way) }
            number = min(record?.from ?? number - 1, number - 1)
        }
        return steps
    }
}
