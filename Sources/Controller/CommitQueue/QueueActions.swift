import ConfigTree
import ControlProtocol
import Foundation
import Synchronization
import Transactions
import YANG

/// The actions below `/devices/commit-queue`.
enum QueueActions {
    private static let root = "/tailf-ncs:devices/commit-queue/"
    private typealias Table = [String: ActionTable.Handler]

    static let handlers: [String: ActionTable.Handler] = {
        var table: [String: ActionTable.Handler] = [:]
        for (name, handler) in ofQueue { table[root + name] = handler }
        for (name, handler) in ofItem { table[root + "queue-item/" + name] = handler }
        for (name, handler) in ofCompleted { table[root + "completed/" + name] = handler }
        return table
    }()

    private static func id(_ call: ActionCall) throws(ControlError) -> Int64 {
        guard let id = Int64(try call.key(of: "queue-item")) else { throw call.invalid("the id is no number") }
        return id
    }

    private static func deadline(_ call: ActionCall) -> Date? {
        call.text("timeout").flatMap { Double($0) }.map { Date(timeIntervalSinceNow: $0) }
    }

    private static func prune(_ call: ActionCall, _ output: RowDraft, _ ids: [Int64]) throws(ControlError) {
        let names = call.list("device")
        guard !names.isEmpty else { throw call.invalid("the parameter device is missing") }
        let pruned = try call.controller.queue.prune(ids, Set(names))
        output.put("num-affected-queue-items", "\(pruned.affected)")
        output.put("num-deleted-queue-items", "\(pruned.deleted)")
    }

    private static let ofQueue: Table = [
        "add-lock": { (call, output) throws(ControlError) in
            let named = call.list("device")
            let all = call.controller.running.allDevices().compactMap { $0.keys.first }
            let id = try call.controller.queue.addLock(
                named.isEmpty ? all : named, blocksOthers: call.flag("block-others"))
            output.put("commit-queue-id", "\(id)")
        },
        "clear": { (call, output) throws(ControlError) in
            let queue = call.controller.queue
            let count = queue.itemIDs.count { queue.leave($0, .deleted) }
            output.put("num-deleted-queue-items", "\(count)")
        },
        "prune": { (call, output) throws(ControlError) in try prune(call, output, call.controller.queue.itemIDs) },
        "set-atomic-behaviour": { (call, _) throws(ControlError) in
            let queue = call.controller.queue
            try queue.setAtomic(queue.itemIDs, try call.required("atomic") == "true")
        },
        "wait-until-empty": { (call, output) throws(ControlError) in
            let queue = call.controller.queue
            let isEmpty = queue.wait(until: deadline(call)) { call.controller.isStopping || queue.isEmpty }
            output.put("result", isEmpty ? "empty" : "timeout")
        },
    ]

    private static let ofItem: Table = [
        "lock": { (call, _) throws(ControlError) in try call.controller.queue.lock(try id(call)) },
        "unlock": { (call, _) throws(ControlError) in try call.controller.queue.unlock(try id(call)) },
        "delete": { (call, _) throws(ControlError) in try call.controller.queue.delete(try id(call)) },
        "retry": { (call, _) throws(ControlError) in
            call.controller.queue.retry(try id(call), devices: call.list("device"))
        },
        "prune": { (call, output) throws(ControlError) in try prune(call, output, [try id(call)]) },
        "set-atomic-behaviour": { (call, _) throws(ControlError) in
            try call.controller.queue.setAtomic([try id(call)], try call.required("atomic") == "true")
        },
        "wait-until-completed": { (call, output) throws(ControlError) in
            let timeout = call.text("timeout").flatMap { Int($0) }
            output.put("result", call.controller.queueOutcome(try id(call), timeout: timeout).status.rawValue)
        },
    ]

    private static let ofCompleted: Table = [
        "purge": { (call, output) throws(ControlError) in
            let queue = call.controller.queue
            let ids = queue.state.withLock { $0.completed.map(\.id) }
            try queue.forget(ids)
            output.put("purged-queue-items", "\(ids.count)")
        },
        "queue-item/delete": { (call, _) throws(ControlError) in try call.controller.queue.forget([try id(call)]) },
        "queue-item/rollback": { (call, _) throws(ControlError) in try rollBack(call) },
    ]

    private static func rollBack(_ call: ActionCall) throws(ControlError) {
        let (controller, id) = (call.controller, try id(call))
        guard let result = controller.queue.result(of: id), let work = controller.queue.store.readWork(id),
            work.whole != nil
        else { throw ControlError(.notFound, "commit queue item \(id) has nothing to be taken back with") }
        guard controller.rollBack(id, work, Set(result.unsent)) else {
            throw ControlError(.conflict, "commit queue item \(id) cannot be taken back; see show alarms alarm-list")
        }
        if controller.queue.holds(id) { controller.queue.leave(id, .failed) }
        try controller.queue.forget([id])
    }
}
