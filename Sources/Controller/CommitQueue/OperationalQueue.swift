import Basics
import ConfigTree
import Events
import Synchronization
import Transactions

/// `/devices/commit-queue`: what waits, and what has left.
struct OperationalQueue: OperationalProvider {
    let path = "/devices/commit-queue"
    let keeper: CommitQueueKeeper

    func fill(_ node: RowDraft, _ moment: OperationalMoment) {
        let (queue, completed) = keeper.state.withLock { ($0.queue, $0.completed) }
        let now = keeper.clock.now()
        for item in queue.items { fill(node.item("queue-item", "\(item.id)"), item, queue, now) }
        // What is held is over, although it still blocks its devices.
        let held = queue.items.filter(\.isHeld).map { CompletedQueueItem($0, end: .failed, when: now) }
        guard !completed.isEmpty || !held.isEmpty else { return }
        let list = node.inner("completed")
        for item in completed + held { fill(list.item("queue-item", "\(item.id)"), item) }
    }

    private func fill(_ entry: RowDraft, _ item: QueueItem, _ queue: CommitQueue, _ now: Int64) {
        let waitsFor = queue.waitsFor(item)
        if let tag = item.tag { entry.put("tag", tag) }
        entry.put("age", "\(max(0, (now - item.created) / 1_000_000))")
        entry.put("status", Self.status(item, waitsFor))
        for device in item.devices { entry.put("devices", device.name) }
        for name in waitsFor { entry.put("waiting-for", name) }
        for device in item.devices {
            if let reason = device.transientError { entry.item("transient", device.name).put("reason", reason) }
            if let reason = device.failure { entry.item("failed", device.name).put("reason", reason) }
            if device.state == .done { entry.put("completed", device.name) }
        }
        entry.put("is-atomic", item.isAtomic)
    }

    private static func status(_ item: QueueItem, _ waitsFor: [String]) -> String {
        if item.isHeld { return "failed" }
        if item.isLocked { return "locked" }
        if item.isExecuting || item.devices.contains(where: { $0.transientError != nil }) { return "executing" }
        return waitsFor.isEmpty ? "waiting" : "blocked"
    }

    private func fill(_ entry: RowDraft, _ item: CompletedQueueItem) {
        if let tag = item.tag { entry.put("tag", tag) }
        entry.put("when", EventTime(microseconds: item.when).yangText)
        entry.put("succeeded", item.end == .completed)
        for device in item.devices { entry.put("devices", device) }
        for device in item.completed { entry.put("completed", device) }
        for failure in item.failures { entry.item("failed", failure.device).put("reason", failure.reason) }
    }
}
