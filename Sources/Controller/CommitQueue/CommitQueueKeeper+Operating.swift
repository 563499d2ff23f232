import Basics
import ConfigDatabase
import ControlProtocol
import Synchronization
import Transactions

/// What operators do with the queue. What changes an item is stored before they are told.
extension CommitQueueKeeper {
    func holds(_ id: Int64) -> Bool { state.withLock { $0.queue[id] != nil } }
    var isEmpty: Bool { state.withLock { $0.queue.items.isEmpty } }
    var itemIDs: [Int64] { state.withLock { $0.queue.items.map(\.id) } }
    func length(of device: String) -> Int { state.withLock { $0.queue.items(of: device).count } }
    func first(of device: String) -> QueueItem? { state.withLock { $0.queue.items(of: device).first } }

    private func missing(_ id: Int64) -> ControlError { ControlError(.notFound, "there is no commit queue item \(id)") }

    private func write(_ changes: [OperationalChange]) throws(ControlError) {
        do { try store.database.setOperational(changes) } catch {
            throw ControlError(.resource, "the commit queue cannot be stored: \(error)")
        }
        noteChange()
    }

    /// Puts an item into the queue that does nothing but hold those behind it.
    func addLock(_ devices: [String], blocksOthers: Bool) throws(ControlError) -> Int64 {
        var item = QueueItem(id: nextID(), created: clock.now(), isAtomic: true, devices: devices)
        item.isFictive = true
        item.isLocked = true
        item.blocksOthers = blocksOthers
        let work = QueueWork(user: "", checksSync: false, devices: [])
        try write(QueueStore.entering(item, work))
        enter(item, work)
        return item.id
    }

    func lock(_ id: Int64) throws(ControlError) {
        let item = state.withLock { state in
            state.queue.setLocked(id, true)
            return state.queue[id]
        }
        guard let item else { throw missing(id) }
        try write([QueueStore.state(item)])
    }

    /// Lets an item begin; one that does nothing, or that failed, goes.
    func unlock(_ id: Int64) throws(ControlError) {
        guard let item = state.withLock({ $0.queue[id] }) else { throw missing(id) }
        if item.isFictive || item.isHeld {
            leave(id, item.isHeld ? .failed : .deleted)
            return
        }
        let unlocked = state.withLock { state in
            state.queue.setLocked(id, false)
            return state.queue[id]
        }
        try write(unlocked.map { [QueueStore.state($0)] } ?? [])
    }

    func delete(_ id: Int64) throws(ControlError) {
        guard holds(id) else { throw missing(id) }
        guard leave(id, .deleted) else {
            throw ControlError(.locked, "commit queue item \(id) is being carried out; try again when it is not")
        }
    }

    func setAtomic(_ ids: [Int64], _ isAtomic: Bool) throws(ControlError) {
        let items = state.withLock { state in
            for id in ids { state.queue.setAtomic(id, isAtomic) }
            return ids.compactMap { state.queue[$0] }
        }
        try write(items.map { QueueStore.state($0) })
    }

    /// Tries what failed for reasons that may pass at once.
    func retry(_ id: Int64?, devices: [String]) {
        state.withLock { $0.queue.retry(id, devices: devices) }
        noteChange()
    }

    /// A device can be reached again.
    func retry(_ device: String) {
        if state.withLock({ !$0.queue.items(of: device).isEmpty }) { retry(nil, devices: [device]) }
    }

    struct Pruned: Sendable {
        var affected = 0
        var deleted = 0
    }

    func prune(_ ids: [Int64], _ names: Set<String>) throws(ControlError) -> Pruned {
        var result = Pruned()
        for id in ids {
            guard let item = state.withLock({ $0.queue[id] }), !item.isFictive else { continue }
            // The last devices of an item go with it.
            if item.devices.allSatisfy({ names.contains($0.name) }) {
                if leave(id, .deleted) {
                    result.affected += 1
                    result.deleted += 1
                }
                continue
            }
            let gone = state.withLock { $0.queue.prune(id, names) }
            guard !gone.isEmpty else { continue }
            result.affected += 1
            try write(gone.map { QueueStore.removal(of: $0, id) })
            for name in gone { devices.noteUnsent(name) }
        }
        return result
    }

    func forget(_ ids: [Int64]) throws(ControlError) {
        state.withLock { $0.completed.removeAll { ids.contains($0.id) } }
        try write(ids.flatMap { QueueStore.forgetting($0) })
    }
}
