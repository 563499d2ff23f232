import Basics
import ConfigTree
import ControlProtocol
import Events
import Foundation
import PackageManager

/// `packages generations`, `rollback` and `confirm`: the sets of packages that were in force, and the way back to them.
enum GenerationActions {
    static let list: ActionTable.Handler = { (call, output) throws(ControlError) in
        let store = call.controller.packages.generations
        let current = call.controller.system.generation.number
        for number in store.numbers() where number <= current {
            let item = output.item("generation", "\(number)")
            item.put("in-force", number == current)
            guard let note = store.note(number) else { continue }
            item.put("time", note.time.formatted(.iso8601))
            item.put("user", note.user)
            if let origin = note.copyOf { item.put("copy-of", "\(origin)") }
            for (name, version) in note.packages { item.item("package", name).put("version", version) }
        }
        guard let pending = call.controller.packageConfirmation.current else { return }
        output.put("returns-to", "\(pending.back)")
        output.put("returns-at", EventTime(microseconds: pending.deadline).plainText)
    }

    /// Without a number, to the one before. The data of now comes along.
    static let rollback: ActionTable.Handler = { (call, output) throws(ControlError) in
        try call.controller.packages.turn.take(for: call.session.user.name) { () throws(ControlError) in
            let number = try wanted(call)
            let activation = PackageActivation(call)
            let plan = try activation.planReturn(to: number)
            let isAgreed = call.flag("dry-run") || call.flag("force") || call.text("expected-plan") != nil
            if !isAgreed, let reason = plan.lossText {
                activation.discard(plan)
                throw ControlError(
                    .validation,
                    "data that the packages of generation \(number) have no place for would be lost: \(reason)\n"
                        + "If this is intended, proceed with 'force' parameter.")
            }
            try PackageActions.carryOut(plan, activation, call, output, copyOf: number)
            guard !call.flag("dry-run") else { return }
            try call.controller.packageConfirmation.end()
            output.put(
                "info",
                "the load path still holds what was left: packages reload would load that again")
        }
    }

    private static func wanted(_ call: ActionCall) throws(ControlError) -> Int {
        let store = call.controller.packages.generations
        let current = call.controller.system.generation.number
        let earlier = store.numbers().filter { $0 < current && store.note($0) != nil }
        let kept = earlier.map(String.init).joined(separator: ", ")
        guard let text = call.text("generation") else {
            guard let last = earlier.last else {
                throw ControlError(.notFound, "there is no earlier generation of packages")
            }
            return last
        }
        guard let number = Int(text), earlier.contains(number) else {
            throw ControlError(
                .notFound,
                "generation \(text) is not there; "
                    + (kept.isEmpty ? "there is no earlier one" : "there are: \(kept)"))
        }
        return number
    }

    static let confirm: ActionTable.Handler = { (call, _) throws(ControlError) in
        guard call.controller.packageConfirmation.current != nil else {
            throw ControlError(.notFound, "no reload of packages waits for being confirmed")
        }
        try call.controller.packageConfirmation.end()
        call.controller.alarms.clear(.packageOperationFailure, device: "ncs")
    }
}
